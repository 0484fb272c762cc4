// Records, pages and messages for tests, in one short line each.
#pragma once

#include "config/core/model.hpp"
#include "storage/store.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace syncd::testing {

/// 2026-11-21T00:00:00Z and so many seconds.
inline Timestamp at(std::int64_t seconds) {
    return Timestamp{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}} + std::chrono::seconds{seconds};
}

/// A record with that id and content.
inline Record a_record(std::string id, std::string raw) {
    auto digest = json::digest(raw);
    return {.id = std::move(id), .raw = std::move(raw), .digest = digest};
}
inline Record a_record(const std::string& id) { return a_record(id, R"({"id":")" + id + R"(","name":"one"})"); }

inline storage::SeenRecord seen(Record record, bool visible = true, bool deliver = true) {
    return {std::move(record), visible, deliver};
}

/// One message for each change: `SEQUENCE:TYPE:ID`, so that a test can read what happened.
inline std::vector<Message> one_message_each(const std::vector<Change>& changes, const std::string&,
                                             std::int64_t sequence) {
    std::vector<Message> messages;
    for (const auto& change : changes)
        messages.push_back({.body = fmt::format("{}:{}:{}", sequence++, to_string(change.type), change.id),
                            .results = {},
                            .records = 1});
    return messages;
}

}  // namespace syncd::testing
