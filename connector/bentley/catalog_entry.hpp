// The catalog's text, member by member, with what is wrong in it. For the files that read the catalog only.
#pragma once

#include "connector/bentley/catalog.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncd::bentley {

/// The first defect of the text; empty while there is none.
class Defect {
public:
    void add(std::string_view where, std::string_view what) {
        if (text_.empty()) text_ = fmt::format("{}: {}", where, what);
    }
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

enum class Need { mandatory, optional };

/// One object of the text: hands out its members by name and type, and knows which ones nobody asked for.
class Entry {
public:
    Entry(const boost::json::object& members, std::string where, Defect& defect)
        : members_(&members), where_(std::move(where)), defect_(&defect) {}

    void refuse(std::string_view name, std::string_view what) const {
        defect_->add(fmt::format("{}.{}", where_, name), what);
    }
    void refuse_whole(std::string_view what) const { defect_->add(where_, what); }

    bool has(std::string_view name) const { return members_->contains(name); }

    std::string text(std::string_view name, Need need = Need::mandatory);
    /// A text that must say something.
    std::string word(std::string_view name, Need need = Need::mandatory);
    std::vector<std::string> words(std::string_view name, Need need = Need::mandatory);
    std::map<std::string, std::string> texts(std::string_view name, Need need = Need::mandatory);
    int number(std::string_view name, int fallback, int max);
    std::set<int> statuses(std::string_view name);
    bool flag(std::string_view name, Need need = Need::mandatory);
    /// A member that is an object itself; empty where it is absent or defective.
    std::optional<Entry> entry(std::string_view name, Need need = Need::optional);
    /// A member that is a list of objects.
    std::vector<Entry> entries(std::string_view name);
    /// A member that is a list of lists of words.
    std::vector<std::vector<std::string>> groups(std::string_view name);

    /// Refuses what was not asked for; to be called last. Notes are for people.
    void finish() const;

private:
    const boost::json::value* take(std::string_view name, Need need);
    int checked(std::string_view name, const boost::json::value& value, int min, int max) const;

    const boost::json::object* members_;
    std::string where_;
    Defect* defect_;
    std::set<std::string, std::less<>> asked_;
};

/// One of the named values; the first one where the name is not among them.
template <class Value, std::size_t size>
Value choice(Entry& entry, std::string_view name, const std::pair<std::string_view, Value> (&values)[size]) {
    const std::string word = entry.text(name);
    std::string allowed;
    for (const auto& [text, value] : values) {
        if (text == word) return value;
        allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", text);
    }
    entry.refuse(name, fmt::format("is \"{}\", must be one of {}", word, allowed));
    return values[0].second;
}

/// "v1" -> the whole media type.
std::string accept(Entry& entry);
/// A path of the provider. With `of_one_record` it names the record by {id}, else it holds no braces.
std::string path(Entry& entry, bool of_one_record);
/// A member that must have the place into which the name in braces is put.
std::string with_place(Entry& entry, const std::string& member, const std::string& place);

/// What an object's `write` says.
WriteFacts write_facts(Entry entry);
/// The shape of a record with these fields; the three maps are those of WriteFacts. Defects go to `entry`.
Shape shape_of(Entry& entry, const WriteFacts& write);

}  // namespace syncd::bentley
