#include "connector/http/budget.hpp"

#include <algorithm>

namespace syncd::http {
namespace {

// A little longer than the provider's, because requests may bunch up on their way.
constexpr Duration minute_window = std::chrono::seconds{61};
constexpr Duration hour_window = std::chrono::seconds{3605};
constexpr int share = 10;  // a waiting class gets at least one request of so many
constexpr Duration look_again = std::chrono::hours{1};
constexpr Duration forever = std::chrono::hours{24 * 365 * 10};
constexpr Duration until_one_ends = std::chrono::seconds{1};  // an estimate, for those who ask

/// How long until `times` and the requests under way leave room for one more.
Duration wait_for(std::deque<Tick>& times, std::int64_t limit, std::int64_t running, Duration window, Tick now) {
    if (limit == 0) return Duration::zero();
    while (!times.empty() && now - times.front() >= window) times.pop_front();
    const auto room = limit - running;
    if (room <= 0) return look_again;  // whoever ends rings
    if (std::int64_t(times.size()) < room) return Duration::zero();
    return window - (now - times[times.size() - std::size_t(room)]);
}

}  // namespace

/// A waiter's place, given up when its coroutine is cancelled.
struct Budget::Place {
    Place(Budget& b, Priority p) : budget(b), priority(p), at(b.waiting_.emplace(b.waiting_.end(), b.world_, p)) {}
    ~Place() {
        const bool unused = at->granted && !taken;
        budget.waiting_.erase(at);
        if (unused) budget.release(priority, false);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    Budget& budget;
    Priority priority;
    std::list<Waiter>::iterator at;
    bool taken = false;
};

awaitable<std::optional<Budget::Permit>> Budget::acquire(Priority priority) {
    return acquire_within(priority, forever);
}

awaitable<std::optional<Budget::Permit>> Budget::acquire_within(Priority priority, Duration limit) {
    Place place(*this, priority);
    const Tick end = world_.tick() + limit;
    for (grant(); !place.at->granted; grant()) {
        const auto left = end - world_.tick();
        if (left <= Duration::zero() || closed_) co_return std::nullopt;
        const auto wait = until_free();
        co_await place.at->bell.wait(std::min(left, wait > Duration::zero() ? wait : look_again));
        if (place.at->granted) break;
    }
    place.taken = true;
    Permit permit(this, priority);
    std::exception_ptr broken;
    try {
        co_await note(permit);
    } catch (...) {
        broken = std::current_exception();
    }
    if (broken) {
        permit.give_back();
        std::rethrow_exception(broken);
    }
    co_return std::optional<Permit>(std::move(permit));
}

awaitable<void> Budget::note(Permit& permit) {
    const bool limited = limits_.per_minute != 0 || limits_.per_hour != 0;
    if (!limited || !on_spend_) co_return;
    const auto minute = std::chrono::floor<std::chrono::minutes>(world_.now()).time_since_epoch().count();
    if (spare_ > 0 && spare_minute_ == minute)
        --spare_;
    else
        co_await on_spend_();
    permit.noted_ = minute;
}

void Budget::Permit::give_back() {
    auto* budget = std::exchange(budget_, nullptr);
    if (!budget) return;
    // What is stored stays: the next request of that minute need not store it again.
    if (noted_ && std::exchange(budget->spare_minute_, *noted_) != *noted_) budget->spare_ = 0;
    if (noted_) ++budget->spare_;
    budget->release(priority_, false);
}

void Budget::close() {
    closed_ = true;
    for (auto& waiter : waiting_) waiter.bell.ring();
}

void Budget::restore(const std::map<std::int64_t, std::int64_t>& by_minute, Duration late) {
    const auto now = world_.now();
    for (const auto& [minute, requests] : by_minute) {
        // As if all of them came at the end of their minute: never too early.
        const Timestamp end{std::chrono::minutes{minute + 1}};
        const auto age = std::max<Duration>(now - end - late, Duration::zero());
        for (std::int64_t i = 0; i < requests && i < 2 * limits_.per_minute; ++i)
            if (limits_.per_minute != 0 && age < minute_window) minute_.push_back(world_.tick() - age);
        for (std::int64_t i = 0; i < requests && i < 2 * limits_.per_hour; ++i)
            if (limits_.per_hour != 0 && age < hour_window) hour_.push_back(world_.tick() - age);
    }
}

void Budget::count_answer(int status) {
    const int answer_class = status / 100;
    ++answers_.by_class[answer_class >= 1 && answer_class <= 5 ? std::size_t(answer_class) : 0];
    if (status == 429) ++answers_.rate_limited;
}

Budget::Used Budget::used() {
    until_free();  // forgets what is past
    return {limits_.per_minute == 0 ? 0 : std::int64_t(minute_.size()) + running_,
            limits_.per_hour == 0 ? 0 : std::int64_t(hour_.size()) + running_};
}

void Budget::release(Priority priority, bool counts) {
    // A request counts from its end: nobody knows when in between the provider took it.
    if (counts && limits_.per_minute != 0) minute_.push_back(world_.tick());
    if (counts && limits_.per_hour != 0) hour_.push_back(world_.tick());
    --running_;
    if (priority == Priority::proxy) --proxied_;
    grant();
}

Duration Budget::until_free() {
    const auto now = world_.tick();
    return std::max(wait_for(minute_, limits_.per_minute, running_, minute_window, now),
                    wait_for(hour_, limits_.per_hour, running_, hour_window, now));
}

Duration Budget::wait_time() {
    const auto wait = until_free();
    return wait == look_again ? until_one_ends : wait;
}

std::list<Budget::Waiter>::iterator Budget::pick() {
    auto best = waiting_.end();
    const auto rank = [&](const Waiter& waiter) {
        const int over = passed_over_[std::size_t(waiter.priority)];
        return over >= share - 1 ? -over : int(waiter.priority);  // a starved class first, else by priority
    };
    // A proxied answer lasts as long as its client takes: one place is left to the others.
    const auto may = [&](const Waiter& waiter) {
        return waiter.priority != Priority::proxy || proxied_ < std::max<std::int64_t>(limits_.concurrent - 1, 1);
    };
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at)
        if (!at->granted && may(*at) && (best == waiting_.end() || rank(*at) < rank(*best))) best = at;
    return best;
}

void Budget::grant() {
    while (running_ < limits_.concurrent && until_free() == Duration::zero()) {
        const auto next = pick();
        if (next == waiting_.end()) return;
        std::array<bool, priorities> waits{};
        for (const auto& waiter : waiting_)
            if (!waiter.granted) waits[std::size_t(waiter.priority)] = true;
        for (std::size_t i = 0; i < priorities; ++i)
            passed_over_[i] = waits[i] && i != std::size_t(next->priority) ? passed_over_[i] + 1 : 0;
        ++running_;
        if (next->priority == Priority::proxy) ++proxied_;
        next->granted = true;
        next->bell.ring();
    }
}

}  // namespace syncd::http
