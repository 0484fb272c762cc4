#include "daemon/delivery.hpp"

#include "connector/bentley/problem.hpp"
#include "connector/world/mutex.hpp"
#include "daemon/message.hpp"
#include "daemon/signature.hpp"

#include <algorithm>
#include <deque>
#include <memory>

namespace syncd {
namespace {

using storage::Attempt;
using storage::DueMessage;
using storage::Verdict;

constexpr std::size_t lanes_max = 8;                    // streams sent at once
constexpr Duration turn_max = std::chrono::seconds{1};  // of a stream while others may be waiting for a lane
constexpr std::size_t ahead_messages_max = 16;          // read from the store in one go
constexpr std::size_t ahead_bytes_max = 4u << 20;
constexpr Duration ack_delay_max = std::chrono::milliseconds{200};  // acceptances are stored together, but not later
constexpr std::size_t answer_bytes_max = 1u << 20;
constexpr Duration look_again = std::chrono::seconds{60};
constexpr Duration shortest_wait = std::chrono::milliseconds{5};
constexpr Duration broken_pause = std::chrono::seconds{5};  // after the store failed

}  // namespace

/// Attempts that are not stored yet. Few and not for long: what is lost of them in a crash is sent twice.
class Delivery::Acks : public std::enable_shared_from_this<Acks> {
public:
    explicit Acks(Delivery& delivery) : delivery_(delivery), mutex_(delivery.world_), timer_(delivery.world_) {}

    /// Stored by the next flush(), or by itself if none comes soon: the next attempt may hang.
    void add(Attempt attempt) {
        attempts_.push_back(std::move(attempt));
        if (attempts_.size() > 1) return;
        timer_.async_wait(ack_delay_max, [weak = weak_from_this()](error_code cancelled) {
            const auto self = weak.lock();
            if (self && !cancelled) self->delivery_.flushes_.spawn(flush(self));
        });
    }
    /// While the store fails, attempts stay and their stream waits: what was accepted is not sent again.
    static awaitable<void> flush(std::shared_ptr<Acks> self) {
        const auto guard = co_await self->mutex_.lock();
        while (!self->attempts_.empty()) {
            const auto broken = co_await self->store_all();
            if (!broken) continue;
            self->delivery_.log_.error(
                "delivery.broken", {{"destination", self->delivery_.destination_.name}, {"error", describe(broken)}});
            if (self->delivery_.stopping_) break;
            Timer pause(self->delivery_.world_);
            co_await pause.async_wait(broken_pause);
        }
    }

private:
    awaitable<std::exception_ptr> store_all() {
        const bool was_failing = delivery_.state_.failing_since.has_value();
        const auto batch = attempts_;
        try {
            delivery_.state_ = co_await delivery_.store_.finish_attempts(delivery_.destination_.name, batch);
        } catch (const std::exception&) {
            co_return std::current_exception();
        }
        attempts_.erase(attempts_.begin(), attempts_.begin() + std::ptrdiff_t(batch.size()));
        if (was_failing && !delivery_.state_.failing_since) delivery_.ring();  // others may go at once
        if (delivery_.state_.notified && delivery_.notices_.ring_all) delivery_.notices_.ring_all();
        co_return nullptr;
    }

    Delivery& delivery_;
    Mutex mutex_;
    Timer timer_;
    std::vector<Attempt> attempts_;
};

Delivery::Delivery(World& world, storage::Store& store, http::Client& client, const Log& log,
                   const config::Destination& destination, storage::DestinationState state, DownloadUrl download_url,
                   DeliveryNotices notices)
    : world_(world),
      store_(store),
      client_(client),
      log_(log),
      destination_(destination),
      state_(std::move(state)),
      download_url_(std::move(download_url)),
      notices_(std::move(notices)),
      bell_(world),
      lanes_(world, [this](std::exception_ptr failure) { report(failure); }),
      flushes_(world, [this](std::exception_ptr failure) { report(failure); }) {}

void Delivery::report(std::exception_ptr failure) const {
    log_.error("delivery.broken", {{"destination", destination_.name}, {"error", describe(failure)}});
}

void Delivery::stop() {
    stopping_ = true;
    bell_.ring();
}

awaitable<void> Delivery::run() {
    while (!stopping_) {
        std::exception_ptr broken;
        Duration wait = look_again;
        try {
            if (state_.enabled && paused_ == 0) co_await start_due();
            if (state_.enabled && paused_ == 0 && lanes_.size() < lanes_max) {
                const auto due = co_await store_.next_due(claim());
                if (due) wait = std::clamp<Duration>(*due - world_.now(), shortest_wait, look_again);
            }
        } catch (const std::exception&) {
            broken = std::current_exception();
        }
        if (broken) {
            log_.error("delivery.broken", {{"destination", destination_.name}, {"error", describe(broken)}});
            wait = broken_pause;
        }
        if (!stopping_) co_await bell_.wait(wait);
    }
    while (!co_await lanes_.join(std::chrono::hours{24})) {
    }
    while (!co_await flushes_.join(std::chrono::hours{24})) {
    }
}

storage::Claim Delivery::claim() const {
    return {.destination = destination_.name,
            .ordered = destination_.strict_ordering,
            .by_url = !download_url_("").empty(),
            .busy = {busy_.begin(), busy_.end()},
            .now = world_.now(),
            .longest_wait = longest_wait(destination_)};
}

awaitable<void> Delivery::start_due() {
    const std::size_t free = lanes_max - std::min(lanes_max, lanes_.size());
    if (free == 0) co_return;
    auto wanted = claim();
    wanted.limit = free;
    wanted.busy.insert(wanted.busy.end(), yielded_.begin(), yielded_.end());
    auto due = co_await store_.claim_due(wanted);
    if (due.size() < free && !yielded_.empty()) {  // all others had their turn
        yielded_.clear();
        wanted.busy = {busy_.begin(), busy_.end()};
        due = co_await store_.claim_due(wanted);
    }
    if (paused_ > 0) co_return;
    for (auto& message : due) {
        const auto key = destination_.strict_ordering ? message.stream_key : message.key;
        busy_.insert(key);
        lanes_.spawn(lane(std::move(message), key));
    }
}

awaitable<void> Delivery::lane(DueMessage first, std::int64_t busy_key) {
    struct Release {
        Delivery& delivery;
        std::int64_t key;
        ~Release() {
            delivery.busy_.erase(key);
            delivery.bell_.ring();
        }
    } release{*this, busy_key};
    co_await send_stream(std::move(first));
}

awaitable<void> Delivery::send_stream(DueMessage message) {
    const auto acks = std::make_shared<Acks>(*this);
    std::deque<DueMessage> ahead;
    const Tick turn_ends = world_.tick() + turn_max;
    for (bool more = true; more && !stopping_ && paused_ == 0 && state_.enabled;) {
        if (lanes_.size() >= lanes_max && world_.tick() >= turn_ends) {
            yielded_.insert(message.stream_key);
            break;
        }
        co_await wait_for_slot();
        auto attempt = co_await send(message);
        const bool delivered = attempt.verdict == Verdict::delivered;
        acks->add(std::move(attempt));
        more = delivered && destination_.strict_ordering;
        if (!more || ahead.empty()) co_await Acks::flush(acks);
        if (more && ahead.empty()) {
            auto next =
                co_await store_.claim_stream(message.stream_key, message.sequence, ahead_messages_max, ahead_bytes_max);
            std::ranges::move(next, std::back_inserter(ahead));
        }
        if (ahead.empty() || (ahead.front().by_url && download_url_("").empty())) more = false;
        if (more) {
            message = std::move(ahead.front());
            ahead.pop_front();
        }
    }
    co_await Acks::flush(acks);
}

awaitable<void> Delivery::wait_for_slot() {
    const Duration gap =
        std::chrono::microseconds{1'000'000 / std::max<std::int64_t>(1, destination_.messages_per_second)};
    const Tick now = world_.tick();
    const Tick slot = std::max(now, next_slot_);
    next_slot_ = slot + gap;
    if (slot - now < std::chrono::milliseconds{1}) co_return;  // timers are not finer
    Timer timer(world_);
    co_await timer.async_wait(slot - now);
}

awaitable<Attempt> Delivery::send(const DueMessage& message) {
    ++attempts_made_;
    const Tick began = world_.tick();
    const auto answer = co_await post(message);
    const auto now = world_.now();
    auto attempt = judge(message, state_, destination_, answer, now, world_.random());
    attempt.duration_ms = (world_.tick() - began) / std::chrono::milliseconds{1};
    const bool delivered = attempt.verdict == Verdict::delivered;
    const auto verdict = delivered                           ? "delivered"
                         : attempt.verdict == Verdict::retry ? "retry"
                         : attempt.verdict == Verdict::dead  ? "dead"
                                                             : "held";
    ++counts_.by_result[verdict];
    counts_.durations.add(world_.tick() - began);
    log_.write(delivered ? Level::debug : Level::warn, "delivery.attempted",
               {{"delivery", message.id},
                {"destination", destination_.name},
                {"object", message.object},
                {"attempt", message.attempts + 1},
                {"status", answer.status},
                {"verdict", verdict},
                {"error", attempt.error},
                {"duration_ms", attempt.duration_ms},
                {"next_attempt_at", attempt.next_attempt_at ? format_time(*attempt.next_attempt_at) : ""}});
    if (attempt.disable && notices_.disabled) attempt.notices = notices_.disabled();
    if (attempt.disable)
        log_.error("destination.disabled", {{"destination", destination_.name}, {"error", attempt.error}});
    co_return attempt;
}

awaitable<Answer> Delivery::post(const DueMessage& message) {
    const auto url = http::parse_url(destination_.url);
    if (!url) co_return Answer{.error = url.error().message};
    http::Request request{.method = "POST", .target = url->target};
    request.body = message.by_url ? with_download_url(message.body, download_url_(message.id)) : message.body;
    const auto timestamp =
        std::to_string(std::chrono::floor<std::chrono::seconds>(world_.now()).time_since_epoch().count());
    const auto signature = webhook_signature(destination_.secrets, message.id, timestamp, request.body);
    request.headers.add("Content-Type", "application/json");
    for (const std::string family : {"webhook", "svix"}) {
        request.headers.add(family + "-id", message.id);
        request.headers.add(family + "-timestamp", timestamp);
        request.headers.add(family + "-signature", signature);
    }
    for (const auto& [name, value] : destination_.headers) request.headers.add(name, value);
    auto response = co_await client_.send(*url, std::move(request),
                                          {.timeout = destination_.timeout,
                                           .body_bytes_max = answer_bytes_max,
                                           .ca_file = destination_.ca_file,
                                           .status_is_enough = true});
    if (!response) co_return Answer{.error = response.error().message};
    co_return Answer{.status = response->status, .retry_after = bentley::error_of(*response).retry_after};
}

storage::Claim Delivery::everything() const {
    auto claimed = claim();
    claimed.busy.clear();
    return claimed;
}

awaitable<storage::DestinationState> Delivery::set_enabled(bool enabled) {
    state_ = co_await store_.set_destination(destination_.name, enabled, enabled ? "" : "disabled by the operator",
                                             world_.now());
    log_.info(enabled ? "destination.enabled" : "destination.disabled", {{"destination", destination_.name}});
    ring();
    co_return state_;
}

}  // namespace syncd
