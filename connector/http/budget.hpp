// Requests per client, as the provider counts them: a limit a minute, one an hour, and how many at once.
#pragma once

#include "connector/http/retry.hpp"
#include "connector/world/deadline.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <optional>

namespace syncd::http {

/// Who goes first when the budget is short. Each class that waits gets at least every tenth request.
enum class Priority { write, proxy, scheduled, backfill };
inline constexpr std::size_t priorities = 4;

struct BudgetLimits {
    std::int64_t per_minute = 0, per_hour = 0;  // 0: no limit
    std::int64_t concurrent = 1;
};

/// Stores that one more request is about to be sent, so that a restart does not give it out again.
using OnSpend = std::function<awaitable<void>()>;

/// What came of the requests of this process.
struct Answers {
    std::array<std::int64_t, 6> by_class{};  // 1: 1xx … 5: 5xx; 0: no answer
    std::int64_t rate_limited = 0;           // of the 4xx: 429
};

class Budget {
public:
    Budget(World& world, BudgetLimits limits, OnSpend on_spend = {})
        : world_(world), limits_(limits), on_spend_(std::move(on_spend)) {}

    /// The right to one request, given back when it is destroyed.
    class Permit {
    public:
        Permit(Budget* budget, Priority priority) : budget_(budget), priority_(priority) {}
        Permit(Permit&& other) noexcept
            : budget_(std::exchange(other.budget_, nullptr)), priority_(other.priority_), noted_(other.noted_) {}
        Permit(const Permit&) = delete;
        Permit& operator=(const Permit&) = delete;
        Permit& operator=(Permit&&) = delete;
        ~Permit() {
            if (budget_) budget_->release(priority_, true);
        }
        /// Certainly nothing was sent: gives it back, and it does not count.
        void give_back();

    private:
        friend class Budget;
        Budget* budget_;
        Priority priority_;
        std::optional<std::int64_t> noted_;  // the minute since 1970 for which it was stored
    };

    /// Waits until a request of this class may be sent, counts it and stores that; empty: nobody is to wait any more.
    /// Throws what storing throws.
    awaitable<std::optional<Permit>> acquire(Priority priority);
    /// Counts what a request that had its permit was answered; 0: nothing.
    void count_answer(int status);
    const Answers& answers() const { return answers_; }
    /// Requests that count towards the limits now; zero for a window without a limit.
    struct Used {
        std::int64_t minute = 0, hour = 0;
    };
    Used used();
    const BudgetLimits& limits() const { return limits_; }
    /// The same, but gives up after `limit`: empty.
    awaitable<std::optional<Permit>> acquire_within(Priority priority, Duration limit);
    /// The process is stopping: whoever waits, or would have to, gets nothing.
    void close();
    /// How long until the limits of a minute and an hour leave room for a request; zero: now.
    Duration wait_time();
    /// The provider asks to be left alone for so long, of which a day counts. Nobody is held back by that: see
    /// held_for().
    void hold(Duration time) { held_until_ = std::max(held_until_, world_.tick() + std::min(time, retry_after_max)); }
    /// How long the provider still wants to be left alone; zero: it does not.
    Duration held_for() { return std::max<Duration>(held_until_ - world_.tick(), Duration::zero()); }
    /// What was spent before this process began: requests by minute since 1970, sent at most `late` after it was
    /// stored.
    void restore(const std::map<std::int64_t, std::int64_t>& by_minute, Duration late = Duration::zero());

private:
    struct Waiter {
        Waiter(World& world, Priority p) : bell(world), priority(p) {}
        Doorbell bell;
        Priority priority;
        bool granted = false;
    };
    struct Place;

    void release(Priority priority, bool counts);
    /// Stores that the permit's request is about to be sent.
    awaitable<void> note(Permit& permit);
    void grant();
    /// How long until one more request fits into both windows; zero: now.
    Duration until_free();
    std::list<Waiter>::iterator pick();

    World& world_;
    BudgetLimits limits_;
    OnSpend on_spend_;
    std::list<Waiter> waiting_;
    std::deque<Tick> minute_, hour_;             // ends of requests inside the windows, at most as many as the limit
    std::array<int, priorities> passed_over_{};  // grants since the class last had one while it waits
    Answers answers_;
    std::int64_t running_ = 0, proxied_ = 0;     // under way; of class proxy
    std::int64_t spare_ = 0, spare_minute_ = 0;  // stored for that minute, but nothing was sent
    Tick held_until_{};
    bool closed_ = false;
};

}  // namespace syncd::http
