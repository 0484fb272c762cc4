#include "tests/sandbox/inbox.hpp"

#include "config/core/json.hpp"
#include "tests/sandbox/call.hpp"
#include "tests/sandbox/signature.hpp"

#include <fmt/format.h>

#include <limits>

namespace syncd::sandbox {

std::string_view to_string(Violation violation) {
    switch (violation) {
        case Violation::signature: return "signature";
        case Violation::headers: return "headers";
        case Violation::timestamp: return "timestamp";
        case Violation::method: return "method";
        case Violation::malformed: return "malformed";
        case Violation::record_count: return "recordCount";
        case Violation::id_reused: return "idReused";
        case Violation::gap: return "gap";
        case Violation::disorder: return "disorder";
        case Violation::sequence_reused: return "sequenceReused";
        case Violation::overlap: return "overlap";
        case Violation::authorization: return "authorization";
    }
    return "unknown";
}

void Inbox::blame(Violation violation, std::string text) {
    ++blamed_;
    ++by_kind_[violation];
    examples_.push_back(fmt::format("{}: {}", to_string(violation), text));
    if (examples_.size() > examples_max) examples_.pop_front();
}

void Inbox::see(const std::string& webhook_id, std::string_view stable_body) {
    const auto hash = sign_bytes("", stable_body);
    const auto [at, fresh] = bodies_.try_emplace(webhook_id, hash);
    if (!fresh && at->second != hash) blame(Violation::id_reused, webhook_id);
}

bool Inbox::take(const std::string& hook, const std::string& webhook_id, const Incoming& incoming) {
    auto& stream = streams_[hook + " " + incoming.stream];
    if (stream.number == 0) {
        stream.number = std::uint32_t(streams_.size());
        stream.key = {hook, incoming.installation, incoming.raw_object};
    }
    const auto known = stream.ids.find(incoming.sequence);
    if (known != stream.ids.end() && known->second == webhook_id) {
        ++counts_.duplicates;
        return false;
    }
    check_sequence(stream, webhook_id, incoming);
    stream.ids.emplace(incoming.sequence, webhook_id);
    stream.last = std::max(stream.last, incoming.sequence);
    ++stream.messages;
    ++counts_.messages;
    if (!incoming.of_records) {
        counts_.others += std::uint64_t(incoming.count);
        return true;
    }
    counts_.records += std::uint64_t(incoming.count);
    ++(incoming.read_type == "backfill" ? counts_.backfill
                                        : incoming.read_type == "triggered" ? counts_.triggered : counts_.scheduled);
    auto& state = states_[stream.key];
    if (incoming.by_url) {
        ++counts_.by_url;
        ++state.by_url;
        downloads_.push_back({incoming.stream, incoming.download_url, webhook_id, incoming.sequence});
        if (downloads_.size() > downloads_max) downloads_.pop_front();
    }
    for (const auto& item : incoming.items) apply(state, stream, incoming.sequence, item);
    return true;
}

void Inbox::check_sequence(Stream& stream, const std::string& webhook_id, const Incoming& incoming) {
    const auto about = [&](std::int64_t wanted) {
        return fmt::format("stream {} ({} {}): {} came with sequence {}, expected {}", incoming.stream,
                           incoming.installation, incoming.raw_object, webhook_id, incoming.sequence, wanted);
    };
    const std::int64_t wanted = stream.last + 1;
    if (stream.ids.contains(incoming.sequence)) blame(Violation::sequence_reused, about(wanted));
    else if (incoming.sequence < wanted) blame(Violation::disorder, about(wanted));
    else if (incoming.sequence > wanted) blame(Violation::gap, about(wanted));
}

void Inbox::apply(State& state, const Stream& stream, std::int64_t sequence, const Incoming::Item& item) {
    const auto found = state.records.find(item.id);
    count_item(found == state.records.end() || found->second.deleted ? nullptr : &found->second, item);
    auto& held = found == state.records.end() ? state.records[item.id] : found->second;
    const bool fresh = held.stream == 0;
    if (held.stream == stream.number && held.sequence > sequence) return;  // came late: something newer is in
    const bool was_live = !fresh && !held.deleted;
    held.deleted = item.change_type == "delete";
    held.stream = stream.number;
    held.sequence = sequence;
    held.raw = item.raw;
    state.live += std::size_t(!held.deleted);
    state.live -= std::size_t(was_live);
}

void Inbox::count_item(const Held* held, const Incoming::Item& item) {
    if (item.change_type == "create") {
        ++counts_.creates;
        if (held) ++counts_.creates_of_known;
    } else if (item.change_type == "update") {
        ++counts_.updates;
        if (!held) ++counts_.updates_of_unknown;
    } else if (item.change_type == "delete") {
        ++counts_.deletes;
        if (!held) ++counts_.deletes_of_unknown;
    } else {
        ++counts_.none;
    }
}

bool Inbox::complete(const std::string& stream, std::int64_t sequence, const std::vector<Incoming::Item>& items) {
    for (auto& [name, each] : streams_) {
        if (!name.ends_with(" " + stream)) continue;
        for (const auto& item : items) apply(states_[each.key], each, sequence, item);
        return true;
    }
    return false;
}

void Inbox::take_notification(std::string_view body) {
    ++notifications_;
    notification_bodies_.emplace_back(body);
    if (notification_bodies_.size() > notifications_max) notification_bodies_.pop_front();
}

std::string Inbox::describe() const {
    std::string states, downloads, notifications;
    const auto comma = [](const std::string& list) { return list.empty() ? "" : ","; };
    for (const auto& [key, state] : states_)
        states += fmt::format(R"({}{{"hook":{},"installationId":{},"objectName":{},"records":{},"deleted":{},)"
                              R"("byUrl":{}}})",
                              comma(states), json::quote(key.hook), json::quote(key.installation),
                              json::quote(key.object), state.live, state.records.size() - state.live, state.by_url);
    for (const auto& each : downloads_)
        downloads += fmt::format(R"({}{{"streamId":{},"sequence":{},"webhookId":{},"downloadUrl":{}}})",
                                 comma(downloads), json::quote(each.stream), each.sequence,
                                 json::quote(each.webhook_id), json::quote(each.url));
    for (const auto& body : notification_bodies_) notifications += comma(notifications) + body;
    return fmt::format(
        R"("messages":{},"duplicates":{},"records":{},"creates":{},"updates":{},"deletes":{},"none":{},"others":{},"byUrl":{},)"
        R"("backfill":{},"scheduled":{},"triggered":{},"createsOfKnown":{},"updatesOfUnknown":{},)"
        R"("deletesOfUnknown":{},{},"streams":[{}],"states":[{}],"downloads":[{}],"notificationCount":{},)"
        R"("notifications":[{}])",
        counts_.messages, counts_.duplicates, counts_.records, counts_.creates, counts_.updates, counts_.deletes,
        counts_.none, counts_.others, counts_.by_url, counts_.backfill, counts_.scheduled, counts_.triggered, counts_.creates_of_known,
        counts_.updates_of_unknown, counts_.deletes_of_unknown, describe_violations(), describe_streams(), states,
        downloads, notifications_, notifications);
}

std::string Inbox::describe_violations() const {
    std::string kinds, examples;
    for (const auto& [kind, count] : by_kind_)
        kinds += fmt::format("{}\"{}\":{}", kinds.empty() ? "" : ",", to_string(kind), count);
    for (const auto& example : examples_) examples += (examples.empty() ? "" : ",") + json::quote(example);
    return fmt::format(R"("violationCount":{},"violations":{{{}}},"violationExamples":[{}])", blamed_, kinds, examples);
}

std::string Inbox::describe_streams() const {
    std::string out;
    for (const auto& [name, stream] : streams_)
        out += fmt::format(R"({}{{"streamId":{},"hook":{},"installationId":{},"objectName":{},"lastSequence":{},)"
                           R"("messages":{}}})",
                           out.empty() ? "" : ",", json::quote(name.substr(name.find(' ') + 1)),
                           json::quote(stream.key.hook), json::quote(stream.key.installation),
                           json::quote(stream.key.object), stream.last, stream.messages);
    return out;
}

}  // namespace syncd::sandbox
