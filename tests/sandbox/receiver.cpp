#include "tests/sandbox/receiver.hpp"

#include "config/core/json.hpp"
#include "tests/sandbox/signature.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace syncd::sandbox {
namespace {

constexpr std::string_view hooks_path = "/hooks/";
constexpr std::chrono::seconds tolerance = std::chrono::minutes{5};  // Standard Webhooks
constexpr Duration hang_default = std::chrono::hours{1};

bool same_headers(const http::Headers& headers) {
    constexpr std::array names = {"id", "timestamp", "signature"};
    return std::ranges::all_of(names, [&](const char* name) {
        const auto standard = headers.get(fmt::format("webhook-{}", name));
        return !standard.empty() && standard == headers.get(fmt::format("svix-{}", name));
    });
}

}  // namespace

Receiver::Receiver(World& world, std::vector<std::string> secrets, Log log)
    : world_(world), secrets_(std::move(secrets)), log_(std::move(log)) {}

awaitable<http::Response> Receiver::handle(http::Request request) {
    const Call call = take_apart(std::move(request));
    if (call.headers.has("Authorization")) inbox_.blame(Violation::authorization, call.method + " " + call.path);
    if (!call.path.starts_with(hooks_path) || call.path.size() == hooks_path.size()) {
        ++answers_[404];
        co_return json_response(404, R"({"error":"hooks are at /hooks/NAME"})");
    }
    const auto fault = faults_.take(call.path, call.query);
    const auto kind = fault ? fault->kind : FaultKind::slow;
    const bool process = kind == FaultKind::slow || kind == FaultKind::close || (fault && fault->processed);
    const Arrival arrival = judge(call, call.path.substr(hooks_path.size()), process);
    if (fault && (fault->delay > Duration::zero() || kind == FaultKind::hang)) {
        Timer timer(world_);
        co_await timer.async_wait(fault->delay > Duration::zero() ? fault->delay : hang_default,
                                  asio::as_tuple(asio::use_awaitable));
    }
    leave(arrival.stream, arrival.id);
    http::Response response{.status = arrival.status};
    if (kind == FaultKind::reset || kind == FaultKind::close || kind == FaultKind::hang) response.status = 0;
    if (kind == FaultKind::status || kind == FaultKind::body) response.status = fault->status;
    if (kind == FaultKind::body) {
        response.headers.add("Content-Type", fault->content_type);
        response.body = fault->body;
    }
    if (fault)
        for (const auto& [name, value] : fault->headers) response.headers.add(name, value);
    if (fault && fault->retry_after) response.headers.add("Retry-After", std::to_string(*fault->retry_after));
    if (fault && !fault->url.empty()) response.headers.add("Location", fault->url);
    ++answers_[response.status];
    if (log_ && !arrival.note.empty()) log_(fmt::format("{} status={}", arrival.note, response.status));
    co_return response;
}

Receiver::Arrival Receiver::judge(const Call& call, std::string hook, bool process) {
    Arrival arrival{.hook = std::move(hook), .id = std::string(call.headers.get("webhook-id"))};
    if (call.method != "POST" || !call.headers.get("Content-Type").starts_with("application/json")) {
        inbox_.blame(Violation::method, fmt::format("{} {}", call.method, call.headers.get("Content-Type")));
        arrival.status = 405;
        return arrival;
    }
    if (!signed_well(call)) {
        arrival.status = 401;
        arrival.note = fmt::format("{} signature=wrong", arrival.hook);
        return arrival;
    }
    judge_message(call, process, arrival);
    return arrival;
}

bool Receiver::signed_well(const Call& call) {
    const auto id = call.headers.get("webhook-id"), timestamp = call.headers.get("webhook-timestamp");
    if (!same_headers(call.headers)) {
        inbox_.blame(Violation::headers, std::string(id));
        return false;
    }
    const auto seconds = parse_number(timestamp, 0, std::numeric_limits<std::int32_t>::max());
    const auto now = std::chrono::floor<std::chrono::seconds>(world_.now()).time_since_epoch();
    if (!seconds || std::chrono::abs(now - std::chrono::seconds{*seconds}) > tolerance) {
        inbox_.blame(Violation::timestamp, fmt::format("{}: {}", id, timestamp));
        return false;
    }
    const auto signatures = split_words(call.headers.get("webhook-signature"));
    for (const auto& secret : secrets_) {
        const auto expected = sign_message(secret, id, timestamp, call.body);
        if (expected && std::ranges::find(signatures, *expected) != signatures.end()) return true;
    }
    inbox_.blame(Violation::signature, std::string(id));
    return false;
}

void Receiver::judge_message(const Call& call, bool process, Arrival& arrival) {
    const bool notification = !json::validate(call.body) || !json::find(call.body, "action");
    const auto incoming = parse_incoming(call.body);
    inbox_.see(arrival.id, incoming ? incoming->stable_body : call.body);
    if (!incoming) {
        if (notification && json::validate(call.body)) {
            if (process) inbox_.take_notification(call.body);
            arrival.note = fmt::format("{} notification signature=ok", arrival.hook);
            return;
        }
        inbox_.blame(Violation::malformed, fmt::format("{}: {}", arrival.id, incoming.error().message));
        arrival.status = 400;
        return;
    }
    if (!incoming->by_url && std::int64_t(incoming->items.size()) + incoming->others != incoming->count)
        inbox_.blame(Violation::record_count, arrival.id);
    arrival.stream = arrival.hook + " " + incoming->stream;
    enter(arrival.stream, arrival.id);
    const bool fresh = process && inbox_.take(arrival.hook, arrival.id, *incoming);
    const auto count = [&](std::string_view type) {
        return std::ranges::count(incoming->items, type, &Incoming::Item::change_type);
    };
    arrival.note = fmt::format("{} {} {} creates={} updates={} deletes={} none={} sequence={} signature=ok{}",
                               arrival.hook, incoming->object, incoming->read_type, count("create"), count("update"),
                               count("delete"), count("none"), incoming->sequence,
                               !process ? " refused" : fresh ? "" : " repeated");
}

void Receiver::enter(const std::string& stream, const std::string& id) {
    auto& ids = open_[stream];
    // The same message again is a sender's timeout, not a second message in flight; it stands for the first one too.
    if (std::ranges::any_of(ids, [&](const auto& each) { return each != id; }))
        inbox_.blame(Violation::overlap, fmt::format("{} while another is unanswered on {}", id, stream));
    ids.insert(id);
}

void Receiver::leave(const std::string& stream, const std::string& id) {
    const auto found = open_.find(stream);
    if (found == open_.end()) return;
    found->second.erase(id);
    if (found->second.empty()) open_.erase(found);
}

std::string Receiver::describe() const {
    std::string answers;
    for (const auto& [status, count] : answers_)
        answers += fmt::format("{}\"{}\":{}", answers.empty() ? "" : ",", status, count);
    return fmt::format(R"({},"answers":{{{}}})", inbox_.describe(), answers);
}

}  // namespace syncd::sandbox
