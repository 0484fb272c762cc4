#include "tests/sandbox/compare.hpp"

#include "config/core/json.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <unordered_set>

namespace syncd::sandbox {
namespace {

/// The text with the value cut out that is another at each read.
std::string without_renewed(const ObjectRow& row, const std::string& text) {
    const auto slice = row.renewed.empty() ? std::nullopt : json::find(text, row.renewed);
    if (!slice) return text;
    std::string out = text;
    return out.erase(std::size_t(slice->data() - text.data()), slice->size());
}

struct Tally {
    std::size_t provider = 0, receiver = 0, missing = 0, extra = 0, different = 0, listed = 0;
    std::string differences;

    void list(std::string_view id, std::string_view is) {
        if (++listed > differences_max) return;
        differences += fmt::format(R"({}{{"id":{},"is":"{}"}})", differences.empty() ? "" : ",", json::quote(id), is);
    }
    bool equal() const { return missing + extra + different == 0; }
};

Tally tally(const ObjectRow& row, const Data& data, const Inbox::State& state) {
    Tally found;
    const auto rows = data.list(row);
    found.receiver = state.live;
    std::unordered_set<std::string_view> ids;
    for (const Record* record : rows) {
        ids.insert(record->id);
        if (!data.visible(row, *record)) continue;  // what was seen before may stay with the receiver
        ++found.provider;
        const auto held = state.records.find(record->id);
        if (held == state.records.end() || held->second.deleted) {
            ++found.missing;
            found.list(record->id, "missing");
        } else if (!same_record(row, record->text, held->second.raw)) {
            ++found.different;
            found.list(record->id, "different");
        }
    }
    for (const auto& [id, held] : state.records) {
        if (held.deleted || !row.absence_is_delete || ids.contains(id)) continue;
        ++found.extra;
        found.list(id, "extra");
    }
    return found;
}

}  // namespace

bool same_record(const ObjectRow& row, const std::string& a, const std::string& b) {
    if (a == b || without_renewed(row, a) == without_renewed(row, b)) return true;
    boost::system::error_code failure;
    auto left = boost::json::parse(a, failure);
    if (failure || !left.is_object()) return false;
    auto right = boost::json::parse(b, failure);
    if (failure || !right.is_object()) return false;
    for (const auto& name : {row.renewed, row.secret}) {
        if (name.empty()) continue;
        left.as_object().erase(name);
        right.as_object().erase(name);
    }
    return left == right;
}

std::string compare(const Data& data, const Inbox& inbox, std::string_view object, std::string_view hook) {
    bool equal = true;
    std::string list;
    for (const auto& [key, state] : inbox.states()) {
        const auto* row = find_object(key.object);
        if (!row || (!object.empty() && row != find_object(object)) || (!hook.empty() && key.hook != hook)) continue;
        const auto found = tally(*row, data, state);
        equal = equal && found.equal();
        list += fmt::format(R"({}{{"hook":{},"installationId":{},"objectName":{},"equal":{},"provider":{},)"
                            R"("receiver":{},"missing":{},"extra":{},"different":{},"differences":[{}]}})",
                            list.empty() ? "" : ",", json::quote(key.hook), json::quote(key.installation),
                            json::quote(key.object), found.equal(), found.provider, found.receiver, found.missing,
                            found.extra, found.different, found.differences);
    }
    return fmt::format(R"({{"equal":{},"objects":[{}]}})", equal, list);
}

}  // namespace syncd::sandbox
