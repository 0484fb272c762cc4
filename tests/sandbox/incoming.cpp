// How a webhook message is read: strictly, and without copying its records.
#include "config/core/json.hpp"
#include "tests/sandbox/call.hpp"
#include "tests/sandbox/inbox.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>

namespace syncd::sandbox {
namespace {

Error malformed(std::string what) { return {errc::invalid_body, std::move(what)}; }

result<std::string> text_of(std::string_view object, std::string_view name) {
    const auto slice = json::find(object, name);
    auto text = slice ? json::as_string(*slice) : std::nullopt;
    if (!text) return malformed(fmt::format("{} is missing or no string", name));
    return *text;
}

result<std::int64_t> number_of(std::string_view object, std::string_view name, std::int64_t low) {
    const auto slice = json::find(object, name);
    const auto number = slice ? parse_number(*slice, low, std::numeric_limits<std::int64_t>::max()) : std::nullopt;
    if (!number) return malformed(fmt::format("{} is missing or no number from {}", name, low));
    return *number;
}

/// Members that a message must have, whatever is in it.
result<void> check_members(std::string_view body) {
    static constexpr std::array names = {"action",       "projectId",    "provider",       "groupRef",
                                         "groupName",    "consumerRef",  "consumerName",   "installationUpdateTime",
                                         "operationId",  "operationTime"};
    for (const auto* name : names)
        if (auto text = text_of(body, name); !text) return text.error();
    return {};
}

result<void> read_result_info(std::string_view body, Incoming& incoming) {
    const auto info = json::find(body, "resultInfo");
    if (!info) return malformed("resultInfo is missing");
    const auto type = text_of(*info, "type");
    if (!type) return type.error();
    const auto count = number_of(*info, "numRecords", 0);
    if (!count) return count.error();
    incoming.count = *count;
    incoming.by_url = *type == "url";
    if (!incoming.by_url && *type != "inline") return malformed("resultInfo.type is neither inline nor url");
    if (!incoming.by_url) return {};
    const auto slice = json::find(*info, "downloadUrl");
    const auto url = slice ? json::as_string(*slice) : std::nullopt;
    if (!url || url->empty()) return malformed("resultInfo.downloadUrl is missing");
    incoming.download_url = *url;
    incoming.stable_body.erase(std::size_t(slice->data() - body.data()), slice->size());
    return {};
}

}  // namespace

result<std::vector<Incoming::Item>> parse_items(std::string_view list) {
    if (json::kind(list) != json::Kind::array) return malformed("result is no list");
    std::vector<Incoming::Item> items;
    for (const auto element : json::elements(list)) {
        const auto id = text_of(element, "id");
        if (!id) return id.error();
        const auto type = text_of(element, "changeType");
        if (!type) return type.error();
        if (!has_word("create update delete none", *type)) return malformed("changeType is " + *type);
        const auto raw = json::find(element, "raw");
        if (!raw || json::kind(*raw) != json::Kind::object) return malformed("raw is missing in a result");
        const auto fields = json::find(element, "fields");
        if (!fields || json::kind(*fields) != json::Kind::object) return malformed("fields is missing in a result");
        items.push_back({*id, *type, *raw});
    }
    return items;
}

result<Incoming> parse_incoming(std::string_view body) {
    if (const auto valid = json::validate(body); !valid) return malformed(valid.error().message);
    if (const auto members = check_members(body); !members) return members.error();
    Incoming incoming;
    incoming.stable_body = body;
    for (const auto& [name, into] : {std::pair<const char*, std::string*>{"installationId", &incoming.installation},
                                     {"objectName", &incoming.object},
                                     {"rawObjectName", &incoming.raw_object},
                                     {"streamId", &incoming.stream}}) {
        auto text = text_of(body, name);
        if (!text) return text.error();
        *into = std::move(*text);
    }
    const auto action = text_of(body, "action");
    incoming.of_records = action && *action == "read";
    if (incoming.of_records) {
        auto type = text_of(body, "readType");
        if (!type) return type.error();
        incoming.read_type = std::move(*type);
        if (!has_word("backfill scheduled triggered", incoming.read_type)) return malformed("readType is unknown");
    }
    const auto sequence = number_of(body, "sequence", 1);
    if (!sequence) return sequence.error();
    incoming.sequence = *sequence;
    if (const auto info = read_result_info(body, incoming); !info) return info.error();
    const auto list = json::find(body, "result");
    if (!list && incoming.by_url) return incoming;
    if (!list) return malformed("result is missing");
    if (incoming.by_url && json::kind(*list) == json::Kind::null) return incoming;
    if (!incoming.of_records) {
        if (json::kind(*list) != json::Kind::array) return malformed("result is no list");
        incoming.others = std::int64_t(json::elements(*list).size());
        return incoming;
    }
    auto items = parse_items(*list);
    if (!items) return items.error();
    incoming.items = std::move(*items);
    return incoming;
}

}  // namespace syncd::sandbox
