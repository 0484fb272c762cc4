#include "daemon/scheduler.hpp"

#include <algorithm>

namespace syncd {
namespace {

constexpr Duration longest_nap = std::chrono::minutes{1};   // the wall clock may jump meanwhile
constexpr Duration first_pause = std::chrono::seconds{15};  // of an unhealthy connection
constexpr Duration longest_pause = std::chrono::minutes{15};
constexpr Duration broken_pause = std::chrono::seconds{10};  // after the store failed

/// Hears wake() as long as it lives.
class Listening {
public:
    Listening(std::vector<Doorbell*>& bells, Doorbell& bell) : bells_(bells), bell_(&bell) { bells_.push_back(bell_); }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;
    ~Listening() { std::erase(bells_, bell_); }

private:
    std::vector<Doorbell*>& bells_;
    Doorbell* bell_;
};

bool is_refused(const ReadOutcome& outcome) { return outcome.error && outcome.error->code == errc::unauthorized; }

}  // namespace

/// What an object's next read depends on beside its schedule.
struct Scheduler::Turn {
    bool first = true;  // since the process began
    int refusals = 0;   // 401 in a row: tried again with growing pauses, whatever the schedule says
    Tick next_try{};

    void note(const ReadOutcome& outcome, Tick now) {
        refusals = is_refused(outcome) ? refusals + 1 : 0;
        if (refusals == 0) return;
        // Of a user: waits for consent, then goes on at once.
        next_try = now;
        if (outcome.error->needs_consent) return;
        Duration pause = first_pause * (1 << std::min(refusals - 1, 6));
        // Without a token: nobody asks for one before then.
        if (!outcome.error->sent && outcome.error->retry_after) pause = *outcome.error->retry_after;
        next_try += std::min(longest_pause, pause);
    }
};

Health::Health(ReaderContext& context)
    : context_(context), storing_(context.world, [this](std::exception_ptr failure) {
          context_.log.error("connection.not_noted",
                             {{"installation", context_.installation.id}, {"error", describe(failure)}});
      }) {}

void Health::hear(const std::optional<Error>& refused) {
    heard_ = {.success = !refused, .error = refused};
    if (known_ != heard_.success && storing_.size() == 0) storing_.spawn(store_heard());
}

awaitable<void> Health::store_heard() {
    while (known_ != heard_.success) {
        const auto heard = heard_;  // there may be more meanwhile
        co_await note(heard);
    }
}

awaitable<void> Health::settle() {
    while (!co_await storing_.join(std::chrono::hours{24})) {
    }
}

awaitable<void> Health::note(const ReadOutcome& outcome) {
    const bool refused = is_refused(outcome);
    if (outcome.error && !refused) co_return;  // says nothing about the credentials
    const bool healthy = !refused;
    if (known_ == healthy) co_return;
    const auto& id = context_.installation.id;
    const bool recovered = healthy && known_.has_value();
    if (!co_await set(healthy, refused ? outcome.error->message : "")) co_return;  // another read said so meanwhile
    if (refused)
        context_.log.error("connection.unhealthy", {{"installation", id}, {"error", outcome.error->message}});
    else if (recovered)
        context_.log.info("connection.healthy", {{"installation", id}});
}

awaitable<bool> Health::set(bool healthy, std::string reason) {
    const auto& installation = context_.installation;
    const auto notices = healthy ? context_.notifier.connection(ConnectionEvent::refreshed, installation)
                                 : context_.notifier.unhealthy(installation, reason);
    co_await context_.store.set_health(installation.id, healthy, std::move(reason), context_.world.now(), notices);
    context_.ring_for(notices);
    co_return std::exchange(known_, healthy) != healthy;
}

Timestamp next_due(const config::Schedule& schedule, std::optional<Timestamp> last_due_at, Timestamp now) {
    if (!last_due_at || *last_due_at > now) return now;  // in the future: the clock was set back
    return schedule.next(*last_due_at);
}

void Scheduler::wake() {
    for (auto* bell : bells_) bell->ring();
}

Scheduler::Scheduler(ReaderContext& context, std::vector<std::unique_ptr<ObjectReader>>& readers, Health& health)
    : context_(context), readers_(readers), health_(health), group_(context.world, [this](std::exception_ptr failure) {
          context_.log.error("schedule.broken", {{"error", describe(failure)}});
      }) {}

awaitable<void> Scheduler::run() {
    for (auto& reader : readers_)
        if (!reader->object().disabled) group_.spawn(serve(*reader));
    if (context_.installation.connection.grant == config::Grant::authorization_code) group_.spawn(watch_consent());
    while (!co_await group_.join(std::chrono::hours{24})) {
    }
}

awaitable<void> Scheduler::serve(ObjectReader& reader) {
    Doorbell bell(context_.world);
    const Listening listening(bells_, bell);
    Turn turn;
    while (!context_.stopping()) {
        std::exception_ptr broken;
        try {
            co_await wait_until_due(reader, bell, turn);
            if (context_.stopping()) break;
            const auto outcome = co_await reader.read({.by_schedule = true, .due_at = context_.world.now()});
            co_await health_.note(outcome);
            turn.note(outcome, context_.world.tick());
            if (outcome.success && reader.object().object == "itwins") wake();  // others may wait for its first read
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

awaitable<bool> Scheduler::knows_itwins(const ObjectReader& reader) {
    if (!reader.object().itwins.all) co_return true;
    const auto itwins = co_await context_.store.object_state(context_.installation.id, "itwins");
    co_return itwins.backfill == storage::ObjectState::Backfill::done;
}

awaitable<void> Scheduler::watch_consent() {
    Doorbell bell(context_.world);
    const Listening listening(bells_, bell);
    while (!context_.stopping()) {
        std::exception_ptr broken;
        try {
            if (const auto& missing = context_.connector.tokens().needs_consent())
                co_await health_.note({.error = *missing});
        } catch (const std::exception&) {
            broken = std::current_exception();
        }
        if (context_.stopping()) break;
        if (broken)
            context_.log.error("read.broken",
                               {{"installation", context_.installation.id}, {"error", describe(broken)}});
        co_await bell.wait(broken ? broken_pause : longest_nap);
    }
}

awaitable<void> Scheduler::wait_until_due(ObjectReader& reader, Doorbell& bell, Turn& turn) {
    using Backfill = storage::ObjectState::Backfill;
    while (!context_.stopping()) {
        const auto state = co_await context_.store.object_state(context_.installation.id, reader.object().object);
        const auto now = context_.world.now();
        const bool waits = state.paused || context_.reads_wait() || context_.connector.tokens().needs_consent() ||
                           !co_await knows_itwins(reader);
        const bool cut_off = std::exchange(turn.first, false) && state.backfill == Backfill::running;
        if (cut_off && !waits) co_return;  // goes on at once
        const Duration wait = turn.refusals > 0 ? turn.next_try - context_.world.tick()
                                                : next_due(reader.object().schedule, state.last_due_at, now) - now;
        if (!waits && wait <= Duration::zero()) co_return;
        co_await bell.wait(waits ? longest_nap : std::min(wait, longest_nap));
    }
}

}  // namespace syncd
