// What a careful receiver makes of webhook messages: the records they add up to, and every promise that they break.
#pragma once

#include "config/core/error.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace syncd::sandbox {

inline constexpr std::size_t examples_max = 50;    // texts kept of violations
inline constexpr std::size_t downloads_max = 100;  // newest by-url messages kept
inline constexpr std::size_t notifications_max = 100;

enum class Violation {
    signature,         // missing or wrong
    headers,           // webhook-* and svix-* are not both there and equal
    timestamp,         // more than five minutes off
    method,            // not a POST of JSON
    malformed,         // a member missing or of the wrong type
    record_count,      // resultInfo.numRecords is not the number of results
    id_reused,         // the same webhook-id with another body
    gap,               // a sequence number left out
    disorder,          // a sequence number behind the last one, and not a repetition
    sequence_reused,   // the same sequence number with another webhook-id
    overlap,           // a message of a stream while another one of it was unanswered
    authorization,     // an Authorization header, where no credentials belong
};
std::string_view to_string(Violation violation);

/// A WebhookMessage cut into slices of its body.
struct Incoming {
    struct Item {
        std::string id, change_type;
        std::string_view raw;              // refers to the body
    };
    std::string installation, object, raw_object, read_type, stream, download_url;
    std::int64_t sequence = 0, count = 0;
    bool by_url = false;
    bool of_records = true;                // else of something else, such as changes of a schema
    std::int64_t others = 0;               // results of such a message
    std::vector<Item> items;
    std::string stable_body;               // the body without its download URL: equal at every attempt
};

/// `body` must outlive the answer. Errors: invalid_body naming what is missing.
result<Incoming> parse_incoming(std::string_view body);
/// A list of results, as in a message or behind a download URL.
result<std::vector<Incoming::Item>> parse_items(std::string_view list);

struct StateKey {
    std::string hook, installation, object;  // the provider's name of the object
    auto operator<=>(const StateKey&) const = default;
};

class Inbox {
public:
    struct Held {
        std::string raw;
        std::uint32_t stream = 0;          // number of the stream that it came by
        std::int64_t sequence = 0;
        bool deleted = false;
    };
    struct State {
        std::unordered_map<std::string, Held> records;  // deleted ones too
        std::size_t live = 0, by_url = 0;
    };
    struct Stream {
        StateKey key;
        std::uint32_t number = 0;
        std::int64_t last = 0;
        std::uint64_t messages = 0;
        std::unordered_map<std::int64_t, std::string> ids;  // webhook-id by sequence
    };
    struct Counts {
        std::uint64_t messages = 0, duplicates = 0, records = 0, creates = 0, updates = 0, deletes = 0, none = 0;
        std::uint64_t others = 0;  // results of messages that are not of records
        std::uint64_t by_url = 0, backfill = 0, scheduled = 0, triggered = 0;
        std::uint64_t creates_of_known = 0, updates_of_unknown = 0, deletes_of_unknown = 0;  // odd, but may be right
    };
    struct Download {
        std::string stream, url, webhook_id;
        std::int64_t sequence = 0;
    };

    /// Counts a broken promise.
    void blame(Violation violation, std::string text);
    /// Checks the id against what was seen under it before; called for refused attempts too.
    void see(const std::string& webhook_id, std::string_view stable_body);
    /// Takes a message in. False: a repetition of one that is in already.
    bool take(const std::string& hook, const std::string& webhook_id, const Incoming& incoming);
    /// Takes in what a download URL gave for a message that came without results.
    bool complete(const std::string& stream, std::int64_t sequence, const std::vector<Incoming::Item>& items);
    void take_notification(std::string_view body);

    const std::map<StateKey, State>& states() const { return states_; }
    const Counts& counts() const { return counts_; }
    std::uint64_t violations() const { return blamed_; }
    /// Counts, violations, streams, states and downloads: members of a JSON object, without the braces.
    std::string describe() const;

private:
    void check_sequence(Stream& stream, const std::string& webhook_id, const Incoming& incoming);
    void apply(State& state, const Stream& stream, std::int64_t sequence, const Incoming::Item& item);
    void count_item(const Held* held, const Incoming::Item& item);
    std::string describe_violations() const;
    std::string describe_streams() const;

    Counts counts_;
    std::uint64_t blamed_ = 0;
    std::map<Violation, std::uint64_t> by_kind_;
    std::deque<std::string> examples_;
    std::unordered_map<std::string, std::string> bodies_;  // hash by webhook-id
    std::map<std::string, Stream> streams_;                // by hook and stream id
    std::map<StateKey, State> states_;
    std::deque<Download> downloads_;
    std::uint64_t notifications_ = 0;
    std::deque<std::string> notification_bodies_;          // the newest
};

}  // namespace syncd::sandbox
