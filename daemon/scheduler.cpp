#include "daemon/scheduler.hpp"

#include <algorithm>

namespace syncd {
namespace {

constexpr Duration longest_nap = std::chrono::minutes{1};   // the wall clock may jump meanwhile
constexpr Duration first_pause = std::chrono::seconds{15};  // of an unhealthy connection
constexpr Duration longest_pause = std::chrono::minutes{15};
constexpr Duration broken_pause = std::chrono::seconds{10};  // after the store failed

}  // namespace

awaitable<void> Health::note(const ReadOutcome& outcome) {
    const bool refused = outcome.error && outcome.error->code == errc::unauthorized;
    if (outcome.error && !refused) co_return;  // says nothing about the credentials
    const bool was_healthy = healthy();
    const auto& id = context_.installation.id;
    if (refused) {
        const auto pause = std::min(longest_pause, first_pause * (1 << std::min(failures_, 6)));
        ++failures_;
        next_try_ = context_.world.tick() + pause;
        co_await context_.store.set_health(id, false, outcome.error->message, context_.world.now());
        if (was_healthy)
            context_.log.error("connection.unhealthy", {{"installation", id}, {"error", outcome.error->message}});
    } else if (!was_healthy || !stored_) {
        failures_ = 0;
        next_try_ = {};
        co_await context_.store.set_health(id, true, "", context_.world.now());
        if (!was_healthy) context_.log.info("connection.healthy", {{"installation", id}});
        stored_ = true;
    }
}

Timestamp next_due(const config::Schedule& schedule, std::optional<Timestamp> last_due_at, Timestamp now) {
    if (!last_due_at) return now;
    if (*last_due_at > now) return schedule.next(now);  // the clock was set back
    return schedule.next(*last_due_at);
}

void Scheduler::stop() {
    for (auto* bell : bells_) bell->ring();
}

Scheduler::Scheduler(ReaderContext& context, std::vector<std::unique_ptr<ObjectReader>>& readers, Health& health)
    : context_(context), readers_(readers), health_(health), group_(context.world, [this](std::exception_ptr failure) {
          context_.log.error("schedule.broken", {{"error", describe(failure)}});
      }) {}

awaitable<void> Scheduler::run() {
    for (auto& reader : readers_)
        if (!reader->object().disabled) group_.spawn(serve(*reader));
    while (!co_await group_.join(std::chrono::hours{24})) {
    }
}

awaitable<void> Scheduler::serve(ObjectReader& reader) {
    Doorbell bell(context_.world);
    bells_.push_back(&bell);
    struct Leave {
        std::vector<Doorbell*>& bells;
        Doorbell* bell;
        ~Leave() { std::erase(bells, bell); }
    } leave{bells_, &bell};
    bool first = true;
    while (!context_.stopping()) {
        std::exception_ptr broken;
        try {
            co_await wait_until_due(reader, bell, std::exchange(first, false));
            if (context_.stopping()) break;
            const auto outcome = co_await reader.read({.due_at = context_.world.now()});
            co_await health_.note(outcome);
        } catch (const std::exception&) {
            broken = std::current_exception();
        }
        if (!broken) continue;
        if (context_.stopping()) break;
        context_.log.error("read.broken", {{"installation", context_.installation.id},
                                           {"object", reader.object().object},
                                           {"error", describe(broken)}});
        co_await bell.wait(broken_pause);
    }
}

awaitable<void> Scheduler::wait_until_due(ObjectReader& reader, Doorbell& bell, bool first) {
    using Backfill = storage::ObjectState::Backfill;
    while (!context_.stopping()) {
        const auto state = co_await context_.store.object_state(context_.installation.id, reader.object().object);
        const auto now = context_.world.now();
        if (first && !state.paused && state.backfill == Backfill::running) co_return;  // cut off: goes on at once
        const bool unhealthy = !health_.healthy();
        const Duration wait = unhealthy ? health_.next_try() - context_.world.tick()
                                        : next_due(reader.object().schedule, state.last_due_at, now) - now;
        if (!state.paused && wait <= Duration::zero()) co_return;
        co_await bell.wait(state.paused ? longest_nap : std::min(wait, longest_nap));
    }
}

}  // namespace syncd
