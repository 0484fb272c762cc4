#include "tests/simulation/receiver.hpp"

#include "config/core/json.hpp"
#include "tests/simulation/secrets.hpp"
#include "tests/sandbox/signature.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace syncd::simulation {
namespace {

constexpr Duration acknowledging =
    std::chrono::seconds{2};  // within it an acceptance is stored, unless something happens
constexpr Duration clock_tolerance = std::chrono::minutes{5};

std::string text(std::string_view object, const char* name) {
    const auto value = json::find(object, name);
    return value ? json::as_text(*value).value_or("") : std::string();
}

std::int64_t number(const std::string& digits) {
    std::int64_t value = -1;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

}  // namespace

Receiver::Receiver(Machine& machine, Journal& journal, ReceiverRules rules, std::map<std::string, Truth>& truths)
    : machine_(machine),
      journal_(journal),
      faults_(machine.network.faults()),
      rules_(std::move(rules)),
      truths_(truths) {}

void Receiver::violate(const Message& message, const std::string& which, const std::string& how) {
    journal_.violate(which, fmt::format("{} {} {} #{} ({}): {}", rules_.destination, message.installation,
                                        message.object, message.sequence, message.id, how));
}

void Receiver::overhear(std::string_view bytes) {
    check_secrets(journal_, bytes, Place::elsewhere, rules_.destination);
    if (bytes.find("token-") != std::string_view::npos)
        journal_.violate("token", "an access token went to " + rules_.destination);
}

void Receiver::check_signature(const Arrival& arrival) {
    const auto& request = arrival.request;
    const auto id = std::string(request.headers.get("webhook-id"));
    const auto at = std::string(request.headers.get("webhook-timestamp"));
    const auto expected = sandbox::sign_message(rules_.secret, id, at, request.body);
    if (!expected || request.headers.get("webhook-signature") != *expected ||
        request.headers.get("svix-signature") != *expected)
        journal_.violate("signature", rules_.destination + " got a message with a wrong signature: " + id);
    const Timestamp signed_at{std::chrono::seconds{number(at)}};
    const auto off = machine_.now() - (machine_.loop.tick() - arrival.sent_at) - signed_at;
    const bool clock_jumped = arrival.sent_at - waits_void_at_ < clock_tolerance;
    if (clock_jumped) return;
    if (off > clock_tolerance || off < -clock_tolerance)
        journal_.violate("signature",
                         fmt::format("{} got a message signed at {}", rules_.destination, format_time(signed_at)));
}

Receiver::Message* Receiver::see(const Arrival& arrival) {
    check_signature(arrival);
    const auto& request = arrival.request;
    const auto id = std::string(request.headers.get("webhook-id"));
    const auto hash = std::hash<std::string>{}(request.body);
    auto [found, fresh] = messages_.try_emplace(id);
    auto& message = found->second;
    if (!fresh) {
        if (message.body_hash != hash) violate(message, "one-content", "another body than at the first attempt");
        return &message;
    }
    message = {.id = id,
               .stream = text(request.body, "streamId"),
               .installation = text(request.body, "installationId"),
               .object = text(request.body, "rawObjectName"),
               .sequence = number(text(request.body, "sequence")),
               .body_hash = hash};
    auto& known = streams_[message.stream][message.sequence];
    if (!known.empty()) violate(message, "one-id", "this sequence came as " + known + " before");
    known = id;
    auto& told = told_[{message.installation, message.object}];
    if (told.stream.empty()) told.stream = message.stream;
    if (told.stream != message.stream)
        violate(message, "one-stream", "a second stream for the same installation and object");
    if (std::int64_t(request.body.size()) > rules_.payload_bytes_max)
        violate(message, "payload", fmt::format("{} bytes", request.body.size()));
    return &message;
}

void Receiver::check_order(const Message& message) {
    const auto& stream = streams_.at(message.stream);
    for (std::int64_t sequence = 1; sequence < message.sequence; ++sequence) {
        const auto found = stream.find(sequence);
        if (found != stream.end() && messages_.at(found->second).acknowledged_at) continue;
        if (found != stream.end() && messages_.at(found->second).refused) continue;
        if (is_dead_(message.stream, sequence)) {
            told_.at({message.installation, message.object}).has_dead_letters = true;
            continue;
        }
        return violate(message, "order", fmt::format("#{} was not accepted before it", sequence));
    }
}

bool Receiver::may_be_forgotten(Tick from) const {
    return std::ranges::any_of(troubles_, [&](const auto& trouble) {
        return trouble.first <= from + acknowledging && trouble.second >= from;
    });
}

void Receiver::check_repetition(const Message& message) {
    const auto now = machine_.loop.tick();
    const auto forgotten = [&](Tick from) {  // an answer that came just before trouble may never have been stored
        return may_be_forgotten(from);
    };
    if (message.acknowledged_at) {
        ++repeated_;
        if (!forgotten(*message.acknowledged_at))
            violate(message, "no-needless-duplicate", "it was acknowledged and comes again");
    }
    if (message.not_before && !forgotten(*message.waits_since) && now < *message.not_before &&
        waits_void_at_ < *message.waits_since && accepted_at_ < *message.waits_since)
        violate(message, "retry-after", "it comes before the Retry-After was over");
}

/// Notifications have no place in the streams of records.
Reply Receiver::answer_notice(const Arrival& arrival) {
    check_signature(arrival);
    const auto& body = arrival.request.body;
    const auto id = std::string(arrival.request.headers.get("webhook-id"));
    const auto hash = std::hash<std::string>{}(body);
    auto& notice = seen_notices_.try_emplace(id, Notice{.body_hash = hash}).first->second;
    if (notice.body_hash != hash)
        journal_.violate("one-content", "another notification than at the first attempt: " + id);
    if (notice.acknowledged_at && !may_be_forgotten(*notice.acknowledged_at))
        journal_.violate("no-needless-duplicate", "a notification was acknowledged and comes again: " + id);
    if (on_notice_) on_notice_(body);
    const auto data = json::find(body, "data");
    if (data && text(body, "notificationType") == "write.async.done") notices_[text(*data, "operationId")].insert(id);
    journal_.note(fmt::format("receiver {} {} {}", rules_.destination, text(body, "notificationType"), id));
    const bool silent = machine_.loop.tick() < silent_until_;
    if (silent || faults_.strike(Fault::receiver_error)) return {.response = {503, {}, ""}};
    Reply reply{.response = {200, {}, ""}};
    notice.taken = true;
    reply.received = [this, id] {
        accepted_at_ = machine_.loop.tick();
        auto& acknowledged = seen_notices_.at(id).acknowledged_at;
        if (!acknowledged) acknowledged = accepted_at_;
    };
    return reply;
}

Reply Receiver::answer(const Arrival& arrival) {
    ++attempts_;
    if (json::find(arrival.request.body, "notificationType")) return answer_notice(arrival);
    auto& message = *see(arrival);
    journal_.note(fmt::format("receiver {} {} {} #{} {}", rules_.destination, message.installation, message.object,
                              message.sequence, message.id));
    check_repetition(message);
    if (rules_.ordered) check_order(message);
    if (auto failed = fail(message, arrival.request.body)) return *failed;
    take(message, arrival.request.body);
    Reply reply{.response = {faults_.chance().one_in(3) ? 204 : 200, {}, ""}};
    reply.received = [this, id = message.id] {
        auto& acknowledged = messages_.at(id).acknowledged_at;
        if (!acknowledged) acknowledged = machine_.loop.tick();
        accepted_at_ = machine_.loop.tick();
    };
    return reply;
}

std::optional<Reply> Receiver::fail(Message& message, const std::string& body) {
    auto& chance = faults_.chance();
    if (machine_.loop.tick() < silent_until_) {
        const auto kind = chance.between(0, 2);
        return Reply{.response = {503, {}, ""},
                     .way = kind == 0   ? Reply::Way::never
                            : kind == 1 ? Reply::Way::lost
                                        : Reply::Way::whole};
    }
    if (faults_.strike(Fault::receiver_error)) {
        if (chance.one_in(3)) take(message, body);  // and forgets that it did
        Reply reply{.response = {chance.one_in(4) ? 302 : 500, {}, "no"}};
        if (reply.response.status == 302) reply.response.headers.add("Location", "https://elsewhere.test/");
        return reply;
    }
    if (faults_.strike(Fault::receiver_limited)) {
        const auto wait_s = chance.one_in(8) ? chance.between(1000, 8000) : chance.between(1, 120);
        Reply reply{.response = {chance.one_in(2) ? 429 : 503, {{"Retry-After", std::to_string(wait_s)}}, ""}};
        reply.received = [this, id = message.id, wait_s] {
            messages_.at(id).waits_since = machine_.loop.tick();
            messages_.at(id).not_before =
                machine_.loop.tick() + std::chrono::seconds{wait_s} - std::chrono::milliseconds{2};
        };
        return reply;
    }
    if (faults_.strike(Fault::receiver_refuses)) {
        constexpr std::array<int, 3> statuses{400, 413, 422};
        Reply reply{.response = {statuses[std::size_t(chance.between(0, 2))], {}, ""}};
        reply.received = [this, id = message.id] {
            auto& refused = messages_.at(id);
            refused.refused = true;
            told_.at({refused.installation, refused.object}).has_dead_letters = true;
        };
        return reply;
    }
    if (faults_.strike(Fault::receiver_gone)) return Reply{.response = {410, {}, ""}};
    return std::nullopt;
}

void Receiver::take(Message& message, const std::string& body) {
    if (std::exchange(message.taken, true)) return;
    ++taken_;
    auto& told = told_.at({message.installation, message.object});
    const auto result = json::find(body, "result");
    if (!result) return violate(message, "message", "it has no result");
    const auto items = json::elements(*result);
    const auto info = json::find(body, "resultInfo");
    if (!info || number(text(*info, "numRecords")) != std::int64_t(items.size()))
        violate(message, "message", "numRecords is wrong");
    for (const auto item : items) apply(message, told, item);
}

void Receiver::apply(const Message& message, Told& told, std::string_view item) {
    const auto id = text(item, "id"), change = text(item, "changeType");
    const auto found = json::find(item, "raw");
    const auto raw = found ? std::string(*found) : std::string();
    auto& record = told.records[id];
    if (!truths_.at(message.object).emitted(id, raw))
        return violate(message, "nothing-invented", fmt::format("the provider never sent {} as {}", id, raw));
    const bool live = !record.raw.empty() && !record.deleted;
    const bool same = live && revision_of(record.raw) == revision_of(raw);
    // What is out of order or has holes can't be judged record by record; the end of the run compares it as a whole.
    if (rules_.ordered && !told.has_dead_letters) {
        if (change == "create" && live) violate(message, "no-second-telling", "a create of what it has: " + id);
        if (change == "update" && same) violate(message, "no-second-telling", "an update to what it has: " + id);
        if (change == "update" && !live && !rules_.partly_told)
            violate(message, "nothing-lost", "an update of what was never created: " + id);
        if (change == "delete" && !live && !rules_.partly_told)
            violate(message, "nothing-lost", "a delete of what was never created: " + id);
        if (change == "none" && live && !same)
            violate(message, "nothing-lost", "unchanged, but not what it was told: " + id);
    }
    if (message.sequence < record.sequence) return;
    record = {.raw = raw, .deleted = change == "delete", .sequence = message.sequence};
}

}  // namespace syncd::simulation
