#include "connector/bentley/catalog.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace syncd::embedded {
extern const std::string_view catalog_json;  // generated from catalog.json by the build
}

namespace syncd::bentley {

namespace {

namespace json = boost::json;

constexpr int page_max_limit = 100'000;  // no list of the provider comes near: more is a slip of the pen
constexpr int rows_max_limit = 10'000'000;

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
    Entry(const json::object& members, std::string where, Defect& defect)
        : members_(&members), where_(std::move(where)), defect_(&defect) {}

    void refuse(std::string_view name, std::string_view what) const {
        defect_->add(fmt::format("{}.{}", where_, name), what);
    }
    void refuse_whole(std::string_view what) const { defect_->add(where_, what); }

    bool has(std::string_view name) const { return members_->contains(name); }

    std::string text(std::string_view name, Need need = Need::mandatory) {
        const json::value* value = take(name, need);
        if (value == nullptr) return {};
        if (!value->is_string()) return refuse(name, "must be a string"), std::string{};
        return json::value_to<std::string>(*value);
    }

    /// A text that must say something.
    std::string word(std::string_view name, Need need = Need::mandatory) {
        std::string result = text(name, need);
        if (result.empty() && has(name)) refuse(name, "must not be empty");
        return result;
    }

    std::vector<std::string> words(std::string_view name, Need need = Need::mandatory) {
        std::vector<std::string> result;
        const json::value* value = take(name, need);
        if (value == nullptr) return result;
        const json::array* array = value->if_array();
        if (array == nullptr || array->empty()) return refuse(name, "must be a list of strings, not empty"), result;
        for (const json::value& element : *array) {
            const json::string* string = element.if_string();
            if (string == nullptr || string->empty())
                refuse(name, "must hold strings only, none of them empty");
            else
                result.emplace_back(string->data(), string->size());
        }
        return result;
    }

    std::map<std::string, std::string> texts(std::string_view name, Need need = Need::mandatory) {
        std::map<std::string, std::string> result;
        const json::value* value = take(name, need);
        if (value == nullptr) return result;
        const json::object* object = value->if_object();
        if (object == nullptr) return refuse(name, "must be an object of strings"), result;
        for (const auto& [key, element] : *object) {
            const json::string* string = element.if_string();
            if (string == nullptr || string->empty())
                refuse(name, fmt::format("{} must be a string", view(key)));
            else
                result.emplace(key, std::string(string->data(), string->size()));
        }
        return result;
    }

    int number(std::string_view name, int fallback, int max) {
        const json::value* value = take(name, Need::optional);
        return value == nullptr ? fallback : checked(name, *value, 1, max);
    }

    std::set<int> statuses(std::string_view name) {
        std::set<int> result;
        const json::value* value = take(name, Need::mandatory);
        if (value == nullptr) return result;
        const json::array* array = value->if_array();
        if (array == nullptr || array->empty()) return refuse(name, "must be a list of statuses, not empty"), result;
        for (const json::value& element : *array) result.insert(checked(name, element, 200, 299));
        return result;
    }

    bool flag(std::string_view name) {
        const json::value* value = take(name, Need::mandatory);
        if (value == nullptr) return false;
        if (!value->is_bool()) return refuse(name, "must be true or false"), false;
        return value->as_bool();
    }

    /// A member that is an object itself; empty where it is absent or defective.
    std::optional<Entry> entry(std::string_view name, Need need = Need::optional) {
        const json::value* value = take(name, need);
        if (value == nullptr) return std::nullopt;
        if (!value->is_object()) return refuse(name, "must be an object"), std::nullopt;
        return Entry(value->get_object(), fmt::format("{}.{}", where_, name), *defect_);
    }

    /// Refuses what was not asked for; to be called last. Notes are for people.
    void finish() const {
        for (const auto& member : *members_) {
            const std::string_view name = view(member.key());
            if (name != "note" && !asked_.contains(name)) refuse(name, "is not known");
        }
    }

private:
    static std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

    const json::value* take(std::string_view name, Need need) {
        asked_.emplace(name);
        const json::value* value = members_->if_contains(name);
        if (value == nullptr && need == Need::mandatory) refuse(name, "is missing");
        return value;
    }

    int checked(std::string_view name, const json::value& value, int min, int max) const {
        const std::int64_t* number = value.if_int64();
        if (number != nullptr && *number >= min && *number <= max) return static_cast<int>(*number);
        refuse(name, fmt::format("must be a whole number from {} to {}", min, max));
        return min;
    }

    const json::object* members_;
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
std::string accept(Entry& entry) {
    const std::string version = entry.text("accept");
    const bool good = version.size() == 2 && version[0] == 'v' && version[1] >= '1' && version[1] <= '9';
    if (!good) entry.refuse("accept", "must be v1, v2 or a later version");
    return fmt::format("application/vnd.bentley.itwin-platform.{}+json", version);
}

/// A path of the provider. With `of_one_record` it names the record by {id}, else it holds no braces.
std::string path(Entry& entry, bool of_one_record) {
    std::string path = entry.text("path");
    if (!path.starts_with('/')) entry.refuse("path", "must start with /");
    if (of_one_record && path.find("{id}") == std::string::npos) entry.refuse("path", "must contain {id}");
    if (!of_one_record && path.find_first_of("{}") != std::string::npos) entry.refuse("path", "must not have braces");
    return path;
}

OwnRead own_read(Entry entry) {
    OwnRead own;
    own.path = path(entry, true);
    own.wrapper = entry.text("wrapper");
    entry.finish();
    return own;
}

Incremental incremental(Entry entry) {
    using Style = Incremental::Style;
    Incremental result;
    result.style = choice<Style>(entry, "style", {{"filter", Style::filter}, {"range", Style::range}});
    result.parameter = entry.word("parameter");
    if (result.style == Style::filter) {
        result.expression = entry.word("expression");
        if (result.expression.find("{since}") == std::string::npos) entry.refuse("expression", "must contain {since}");
        result.until = entry.word("until");
        if (result.until.find("{until}") == std::string::npos) entry.refuse("until", "must contain {until}");
    }
    result.at = entry.words("at");
    result.required = entry.flag("required");
    entry.finish();
    return result;
}

/// A member that must have the place into which the name in braces is put.
std::string with_place(Entry& entry, const std::string& member, const std::string& place) {
    auto text = entry.word(member);
    if (text.find(place) == std::string::npos) entry.refuse(member, "must contain " + place);
    return text;
}

PerITwin per_itwin(Entry entry) {
    PerITwin result;
    result.parameter = entry.word("parameter");
    result.expression = with_place(entry, "expression", "{iTwinId}");
    result.at = entry.words("at", Need::optional);
    entry.finish();
    return result;
}

ByIds by_ids(Entry entry) {
    ByIds result;
    result.parameter = entry.word("parameter");
    result.expression = with_place(entry, "expression", "{ids}");
    result.each = with_place(entry, "each", "{id}");
    result.separator = entry.word("separator");
    entry.finish();
    return result;
}

Slices slices(Entry entry) {
    Slices result;
    result.parameter = entry.word("parameter");
    result.from = with_place(entry, "from", "{from}");
    result.until = with_place(entry, "until", "{until}");
    entry.finish();
    return result;
}

void read_paging(Entry& entry, ReadFacts& read) {
    read.paging =
        choice<Paging>(entry, "paging", {{"none", Paging::none}, {"offset", Paging::offset}, {"token", Paging::token}});
    read.page_parameter = entry.text("pageParameter");
    read.page_max = entry.number("pageMax", 0, page_max_limit);
    read.page_min = entry.number("pageMin", 1, page_max_limit);
    read.rows_max = entry.number("rowsMax", 0, rows_max_limit);
    read.rows_max_default = entry.number("rowsMaxDefault", 0, rows_max_limit);
    if (read.page_parameter.empty() != (read.page_max == 0)) entry.refuse("pageMax", "goes with a pageParameter");
    if (read.page_max != 0 && read.page_min > read.page_max) entry.refuse("pageMin", "is more than pageMax");
    if (read.paging == Paging::none && read.page_max != 0) entry.refuse("paging", "is none, but there is a pageMax");
}

bool is_lower_case(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

void read_states(Entry& entry, ReadFacts& read) {
    read.state = entry.words("state", Need::optional);
    const std::vector<std::string> terminal = entry.words("terminalStates", Need::optional);
    read.terminal_states.insert(terminal.begin(), terminal.end());
    if (read.state.empty() != terminal.empty()) entry.refuse("terminalStates", "goes with a state");
    if (!std::all_of(terminal.begin(), terminal.end(), is_lower_case)) {
        entry.refuse("terminalStates", "must be in lower case");
    }
    if (!read.state.empty() && !entry.has("own")) entry.refuse("own", "is missing: a state is followed by own reads");
}

ReadFacts read_facts(Entry entry) {
    ReadFacts read;
    read.path = path(entry, false);
    read.accept = accept(entry);
    read.key = entry.word("key");
    read.id = entry.words("id");
    read.headers = entry.texts("headers", Need::optional);
    read.query = entry.texts("query", Need::optional);
    read_paging(entry, read);
    if (auto member = entry.entry("incremental")) read.incremental = incremental(*member);
    if (auto member = entry.entry("perITwin")) read.per_itwin = per_itwin(*member);
    if (auto member = entry.entry("byIds")) read.by_ids = by_ids(*member);
    if (auto member = entry.entry("slices")) read.slices = slices(*member);
    read.created = entry.words("created", Need::optional);
    read.modified = entry.words("modified", Need::optional);
    read.volatile_fields = entry.words("volatile", Need::optional);
    read.secret_fields = entry.words("secrets", Need::optional);
    read_states(entry, read);
    read.absence = choice<Absence>(entry, "absence", {{"deleted", Absence::deleted}, {"nothing", Absence::nothing}});
    if (auto member = entry.entry("own")) read.own = own_read(*member);
    read.self_link_ends = entry.has("selfLinkEnds") && entry.flag("selfLinkEnds");
    if (read.slices && (read.rows_max == 0 || read.created.empty()))
        entry.refuse("slices", "goes with a rowsMax and a created time");
    read.scope = entry.word("scope");
    read.fields = entry.texts("fields");
    if (read.fields.empty()) entry.refuse("fields", "must not be empty");
    read.confidence = choice<std::string_view>(
        entry, "confidence",
        {{"documented", "documented"}, {"observed in peer code", "observed in peer code"}, {"inferred", "inferred"}});
    entry.finish();
    return read;
}

enum class Action { create, update, remove };

bool fits(Action action, std::string_view method) {
    switch (action) {
        case Action::create: return method == "POST";
        case Action::update: return method == "PATCH" || method == "PUT";
        case Action::remove: return method == "DELETE";
    }
    return false;
}

WriteCall write_call(Entry entry, Action action) {
    WriteCall call;
    call.method = entry.text("method");
    if (!fits(action, call.method)) entry.refuse("method", "does not fit what the call does");
    call.path = path(entry, action != Action::create);
    call.accept = accept(entry);
    call.success = entry.statuses("success");
    call.wrapper = entry.text("wrapper");
    if (action == Action::create) call.id_at = entry.words("idAt");
    if (action == Action::update) call.fields = entry.words("fields", Need::optional);
    entry.finish();
    return call;
}

void check_fields(const Entry& entry, const WriteFacts& write) {
    for (const auto& [name, text] : write.optional) {
        if (write.required.contains(name)) entry.refuse("optional", name + " is required too");
    }
    if (!write.update) return;
    for (const std::string& name : write.update->fields) {
        const bool known = write.required.contains(name) || write.optional.contains(name);
        if (!known) entry.refuse("update.fields", name + " is neither in required nor in optional");
    }
}

WriteFacts write_facts(Entry entry) {
    WriteFacts write;
    if (auto member = entry.entry("create", Need::mandatory)) write.create = write_call(*member, Action::create);
    if (auto member = entry.entry("update")) write.update = write_call(*member, Action::update);
    if (auto member = entry.entry("delete")) write.remove = write_call(*member, Action::remove);
    write.required = entry.texts("required");
    write.optional = entry.texts("optional");
    check_fields(entry, write);
    entry.finish();
    return write;
}

Object object_facts(std::string name, const json::value& value, Defect& defect) {
    Object object;
    object.name = std::move(name);
    if (!value.is_object()) return defect.add(object.name, "must be an object"), object;
    Entry entry(value.get_object(), object.name, defect);
    if (auto member = entry.entry("read")) object.read = read_facts(*member);
    if (auto member = entry.entry("write")) object.write = write_facts(*member);
    if (!entry.has("read") && !entry.has("write")) entry.refuse_whole("has neither read nor write");
    entry.finish();
    return object;
}

Error invalid(std::string message) { return Error{errc::invalid_input, std::move(message)}; }

Catalog load_builtin() {
    result<Catalog> catalog = Catalog::parse(embedded::catalog_json);
    if (!catalog) throw std::logic_error(catalog.error().message);
    return std::move(*catalog);
}

}  // namespace

const Catalog& Catalog::builtin() {
    static const Catalog catalog = load_builtin();
    return catalog;
}

result<Catalog> Catalog::parse(std::string_view text) {
    boost::system::error_code failure;
    const json::value root = json::parse(json::string_view(text.data(), text.size()), failure);
    if (failure) return invalid("catalog: is not JSON: " + failure.message());
    if (!root.is_object()) return invalid("catalog: must be an object");
    Catalog catalog;
    Defect defect;
    for (const auto& member : root.get_object()) {
        const std::string name(member.key().data(), member.key().size());
        if (name == "note") continue;
        catalog.objects_.emplace(name, object_facts(name, member.value(), defect));
    }
    if (!defect.text().empty()) return invalid(defect.text());
    if (catalog.objects_.empty()) return invalid("catalog: has no objects");
    return catalog;
}

const Object* Catalog::find(std::string_view name) const {
    const auto found = objects_.find(name);
    return found == objects_.end() ? nullptr : &found->second;
}

}  // namespace syncd::bentley
