#include "daemon/watch.hpp"

#include "daemon/scheduler.hpp"

#include <algorithm>

namespace syncd {
namespace {

constexpr Duration look_every = std::chrono::minutes{1};
constexpr Duration overdue_min = std::chrono::hours{1};
constexpr Duration budget_again = std::chrono::hours{1};
constexpr std::int64_t budget_high_percent = 90;

constexpr std::uint64_t megabyte = 1'000'000;
constexpr std::uint64_t low_bytes = 500 * megabyte, full_bytes = 50 * megabyte;
constexpr std::uint64_t low_percent = 5;

/// With a tenth more than it would need: else it is told again and again at the threshold.
DiskSpace less_a_tenth(const DiskSpace& space) { return {space.available / 11 * 10, space.total}; }

}  // namespace

bool is_low(const DiskSpace& space) {
    return space.available < low_bytes || space.available < space.total / 100 * low_percent;
}

bool is_full(const DiskSpace& space) { return space.available < full_bytes; }

Duration overdue_after(const config::Schedule& schedule, Timestamp due) {
    return std::max<Duration>(2 * (schedule.next(due) - due), overdue_min);
}

Watch::Watch(World& world, storage::Store& store, const Log& log, const config::Config& config,
             const Notifier& notifier, Budgets& budgets, std::function<void(const std::string& destination)> ring)
    : world_(world),
      store_(store),
      log_(log),
      config_(config),
      notifier_(notifier),
      budgets_(budgets),
      ring_(std::move(ring)),
      bell_(world) {}

bool Watch::is_needed() const {
    return space_ || !notifier_.destinations_of("read.overdue").empty() ||
           !notifier_.destinations_of("budget.high").empty();
}

void Watch::stop() {
    stopping_ = true;
    bell_.ring();
}

awaitable<void> Watch::run() {
    while (!stopping_) {
        std::exception_ptr broken;
        try {
            co_await look();
        } catch (const std::exception&) {
            broken = std::current_exception();
        }
        if (broken) log_.error("watch.broken", {{"error", describe(broken)}});
        if (!stopping_) co_await bell_.wait(look_every);
    }
}

awaitable<void> Watch::look() {
    co_await look_at_disk();
    co_await look_at_budgets();
    for (const auto& installation : config_.installations) co_await look_at_schedules(installation);
}

awaitable<void> Watch::look_at_disk() {
    const auto space = space_ ? space_() : std::nullopt;
    if (!space) co_return;
    full_ = is_full(full_ ? less_a_tenth(*space) : *space);
    const bool low = is_low(low_.value_or(false) ? less_a_tenth(*space) : *space);
    if (low_ == low) co_return;
    if (low)
        log_.error("disk.low", {{"available_bytes", space->available}, {"total_bytes", space->total}});
    else if (low_)
        log_.info("disk.recovered", {{"available_bytes", space->available}});
    if (low) {
        const bool told = co_await store_.tell_once({.event = "disk.low",
                                                     .subject = config_.storage.path,
                                                     .again_after = std::nullopt,
                                                     .notices = notifier_.disk_low(space->available, space->total),
                                                     .now = world_.now()});
        if (told) ring(notifier_.destinations_of("disk.low"));
    } else {
        co_await store_.forget_told("disk.low", config_.storage.path);
    }
    low_ = low;  // only once that is stored
}

awaitable<void> Watch::look_at_budgets() {
    for (auto& [client_id, budget] : budgets_) {
        const auto limit = budget->limits().per_hour, spent = budget->used().hour;
        if (limit == 0 || spent * 100 < limit * budget_high_percent) continue;
        const bool told = co_await store_.tell_once({.event = "budget.high",
                                                     .subject = client_id,
                                                     .again_after = budget_again,
                                                     .notices = notifier_.budget_high(client_id, spent, limit),
                                                     .now = world_.now()});
        if (!told) continue;
        log_.warn("budget.high", {{"client", client_id}, {"requests", spent}, {"limit", limit}});
        ring(notifier_.destinations_of("budget.high"));
    }
}

awaitable<void> Watch::look_at_schedules(const config::Installation& installation) {
    for (auto& kept : co_await store_.kept_schedules(installation.id))
        co_await look_at_schedule(installation, std::move(kept));
}

awaitable<void> Watch::look_at_schedule(const config::Installation& installation, storage::KeptSchedule kept) {
    const auto object = std::ranges::find(installation.objects, kept.object, &config::ReadObject::object);
    if (object == installation.objects.end() || object->disabled) co_return;
    const auto now = world_.now();
    const auto due = next_due(object->schedule, kept.kept_at, now);
    if (kept.paused || due > now) {
        late_.erase(kept.object_key);
        co_return;
    }
    // By the monotonic clock, from when we first saw it: a daemon that was off, a pause or a jump of the clock is no
    // delay.
    const Late seen{kept.kept_at, world_.tick()};
    auto& late = late_.try_emplace(kept.object_key, seen).first->second;
    if (late.kept_at != kept.kept_at) late = seen;
    if (kept.overdue || world_.tick() - late.since <= overdue_after(object->schedule, due)) co_return;
    const ReadSubject subject{installation, *object};
    const auto due_at = kept.kept_at ? due : now - (world_.tick() - late.since);
    if (!co_await store_.note_overdue(kept.object_key, notifier_.read_overdue(subject, due_at, kept.kept_at), now))
        co_return;
    log_.warn("read.overdue", {{"installation", installation.id}, {"object", kept.object}});
    ring(notifier_.destinations_of("read.overdue"));
}

void Watch::ring(const std::vector<std::string>& destinations) const {
    for (const auto& destination : destinations) ring_(destination);
}

}  // namespace syncd
