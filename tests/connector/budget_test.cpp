#include "connector/http/budget.hpp"

#include "tests/support/run.hpp"
#include "tests/support/test_world.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gtest/gtest.h>

#include <algorithm>

namespace syncd::http {
namespace {

using namespace std::chrono_literals;
using testing::TestWorld;

/// Asks for `count` requests one after the other, each of which takes `takes`; notes when each was allowed.
awaitable<void> worker(TestWorld& world, Budget& budget, Priority priority, int count, Duration takes,
                       std::vector<std::pair<Tick, Priority>>& grants) {
    for (int i = 0; i < count; ++i) {
        const auto permit = co_await budget.acquire(priority);
        grants.emplace_back(world.tick(), priority);
        Timer timer(world);
        if (takes > Duration::zero()) co_await timer.async_wait(takes);
    }
}

struct Bench {
    TestWorld world;
    Budget budget;
    std::vector<std::pair<Tick, Priority>> grants;
    std::vector<testing::Running<void>> workers;

    explicit Bench(BudgetLimits limits) : budget(world, limits) {}
    ~Bench() {  // nobody may wait in a budget that is gone
        for (int hours = 0; hours < 100 && !all_done(); ++hours) advance(1h);
    }
    void work(Priority priority, int count, Duration takes = {}) {
        workers.push_back(testing::start(world.context, worker(world, budget, priority, count, takes, grants)));
    }
    void advance(Duration time) { world.advance(time); }
    bool all_done() const {
        return std::ranges::all_of(workers, [](const auto& each) { return each.done(); });
    }
    /// The most grants inside any window of that length.
    std::size_t most_within(Duration window) const {
        std::size_t most = 0;
        for (std::size_t i = 0, j = 0; j < grants.size(); ++j) {
            while (grants[j].first - grants[i].first >= window) ++i;
            most = std::max(most, j - i + 1);
        }
        return most;
    }
    std::ptrdiff_t granted(Priority priority) const {
        return std::ranges::count_if(grants, [&](const auto& grant) { return grant.second == priority; });
    }
};

TEST(Budget, WithoutLimitsNobodyWaits) {
    Bench bench({.per_minute = 0, .per_hour = 0, .concurrent = 1});

    bench.work(Priority::scheduled, 1000);
    bench.advance(0s);

    EXPECT_TRUE(bench.all_done());
}

TEST(Budget, NoSlidingMinuteHoldsMoreThanItsLimit) {
    Bench bench({.per_minute = 20, .per_hour = 0, .concurrent = 4});
    for (int i = 0; i < 4; ++i) bench.work(Priority::scheduled, 50, 700ms);

    for (int i = 0; i < 1200; ++i) bench.advance(1s);

    EXPECT_TRUE(bench.all_done());
    EXPECT_LE(bench.most_within(60s), 20u);
}

TEST(Budget, NoSlidingHourHoldsMoreThanItsLimit) {
    Bench bench({.per_minute = 20, .per_hour = 100, .concurrent = 4});
    for (int i = 0; i < 4; ++i) bench.work(Priority::scheduled, 80, 100ms);

    for (int i = 0; i < 5 * 60; ++i) bench.advance(60s);

    EXPECT_TRUE(bench.all_done());
    EXPECT_LE(bench.most_within(1h), 100u);
    EXPECT_LE(bench.most_within(60s), 20u);
}

TEST(Budget, TheLimitIsUsedUp) {
    Bench bench({.per_minute = 20, .per_hour = 0, .concurrent = 4});

    bench.work(Priority::scheduled, 1000);
    bench.advance(10min);

    EXPECT_GE(bench.grants.size(), 180u);
}

TEST(Budget, NoMoreThanAllowedRunAtOnce) {
    Bench bench({.per_minute = 0, .per_hour = 0, .concurrent = 3});
    for (int i = 0; i < 10; ++i) bench.work(Priority::scheduled, 1, 10s);

    bench.advance(0s);
    EXPECT_EQ(bench.grants.size(), 3u);
    bench.advance(10s);
    EXPECT_EQ(bench.grants.size(), 6u);
    bench.advance(30s);

    EXPECT_TRUE(bench.all_done());
}

TEST(Budget, WritesGoFirstThenProxyThenScheduledThenBackfill) {
    Bench bench({.per_minute = 0, .per_hour = 0, .concurrent = 1});
    bench.work(Priority::backfill, 1, 1s);  // has it
    bench.advance(0s);
    for (const auto priority : {Priority::backfill, Priority::scheduled, Priority::proxy, Priority::write})
        bench.work(priority, 1, 1s);

    bench.advance(10s);

    std::vector<Priority> order;
    for (const auto& [when, priority] : bench.grants) order.push_back(priority);
    EXPECT_EQ(order, (std::vector{Priority::backfill, Priority::write, Priority::proxy, Priority::scheduled,
                                  Priority::backfill}));
}

TEST(Budget, EachWaitingClassGetsAtLeastATenth) {
    Bench bench({.per_minute = 0, .per_hour = 0, .concurrent = 1});
    for (const auto priority : {Priority::write, Priority::proxy, Priority::scheduled, Priority::backfill})
        for (int i = 0; i < 3; ++i) bench.work(priority, 1000, 1s);

    bench.advance(1000s);

    EXPECT_GE(bench.granted(Priority::proxy), 97);
    EXPECT_GE(bench.granted(Priority::scheduled), 97);
    EXPECT_GE(bench.granted(Priority::backfill), 97);
    EXPECT_GE(bench.granted(Priority::write), 600) << "the rest is the highest class's";
    for (auto& worker : bench.workers) EXPECT_FALSE(worker.done());
    bench.advance(12'000s);
    EXPECT_TRUE(bench.all_done());
}

TEST(Budget, AClassThatDoesNotWaitSavesNothingUp) {
    Bench bench({.per_minute = 0, .per_hour = 0, .concurrent = 1});
    bench.work(Priority::write, 100, 1s);
    bench.advance(60s);
    bench.work(Priority::backfill, 20, 1s);
    const auto before = bench.grants.size();
    bench.work(Priority::write, 100, 1s);

    bench.advance(12s);

    const auto early = std::count_if(bench.grants.begin() + std::ptrdiff_t(before), bench.grants.end(),
                                     [](const auto& grant) { return grant.second == Priority::backfill; });
    EXPECT_LE(early, 2);
    bench.advance(1h);
    EXPECT_TRUE(bench.all_done());
}

TEST(Budget, WhatWasSpentBeforeARestartCounts) {
    Bench bench({.per_minute = 10, .per_hour = 100, .concurrent = 4});
    const auto minute = std::chrono::floor<std::chrono::minutes>(bench.world.now()).time_since_epoch().count();
    bench.budget.restore({{minute - 30, 92}, {minute, 7}});

    bench.work(Priority::scheduled, 20);
    bench.advance(0s);
    EXPECT_EQ(bench.grants.size(), 1u) << "99 of the hour's 100 are spent";

    bench.advance(70min);
    EXPECT_TRUE(bench.all_done());
}

TEST(Budget, WhatWasSpentLongBeforeARestartDoesNotCount) {
    Bench bench({.per_minute = 10, .per_hour = 100, .concurrent = 4});
    const auto minute = std::chrono::floor<std::chrono::minutes>(bench.world.now()).time_since_epoch().count();
    bench.budget.restore({{minute - 63, 100}, {minute - 3, 9}});

    bench.work(Priority::scheduled, 10);
    bench.advance(0s);

    EXPECT_TRUE(bench.all_done());
}

TEST(Budget, APermitForWhichNothingWasSentDoesNotCount) {
    Bench bench({.per_minute = 2, .per_hour = 2, .concurrent = 1});
    const auto give_back = [&]() -> awaitable<void> {
        auto permit = co_await bench.budget.acquire(Priority::write);
        permit->give_back();
    };

    for (int i = 0; i < 10; ++i) testing::run(bench.world.context, give_back());
    EXPECT_EQ(bench.budget.used().hour, 0);

    bench.work(Priority::write, 3);
    bench.advance(0s);
    EXPECT_EQ(bench.grants.size(), 2u) << "the others do";
}

TEST(Budget, WhatWasStoredForNothingIsNotStoredAgainInItsMinute) {
    TestWorld world;
    int stored = 0;
    Budget budget(world, {.per_minute = 100, .per_hour = 0, .concurrent = 4}, [&]() -> awaitable<void> {
        ++stored;
        co_return;
    });
    const auto spend = [&](bool sent) -> awaitable<void> {
        auto permit = co_await budget.acquire(Priority::write);
        if (!sent) permit->give_back();
    };

    for (int i = 0; i < 10; ++i) testing::run(world.context, spend(false));
    EXPECT_EQ(stored, 1);
    for (int i = 0; i < 3; ++i) testing::run(world.context, spend(true));
    EXPECT_EQ(stored, 3) << "each request that was sent is stored";

    testing::run(world.context, spend(false));
    world.advance(60s);
    testing::run(world.context, spend(true));
    EXPECT_EQ(stored, 5) << "a minute later it can't stand for another";
}

TEST(Budget, WhatCouldNotBeStoredWasNotSentAndDoesNotCount) {
    TestWorld world;
    const auto broken = []() -> awaitable<void> {
        throw std::runtime_error("the disk is full");
        co_return;
    };
    Budget budget(world, {.per_minute = 1, .per_hour = 0, .concurrent = 1}, broken);

    EXPECT_THROW((void)testing::run(world.context, budget.acquire(Priority::write)), std::runtime_error);

    EXPECT_EQ(budget.used().minute, 0);
}

TEST(Budget, MoreSpentThanAllowedIsWaitedFor) {
    Bench bench({.per_minute = 10, .per_hour = 0, .concurrent = 4});
    const auto minute = std::chrono::floor<std::chrono::minutes>(bench.world.now()).time_since_epoch().count();
    bench.budget.restore({{minute, 1'000'000'000}});

    bench.work(Priority::scheduled, 1);
    bench.advance(59s);
    EXPECT_TRUE(bench.grants.empty());

    bench.advance(3min);
    EXPECT_TRUE(bench.all_done());
}

/// A waiter that can be cancelled.
struct Cancellable {
    asio::cancellation_signal signal;
    bool done = false, failed = false;
    void wait(Bench& bench, Priority priority) {
        asio::co_spawn(
            bench.world.context, worker(bench.world, bench.budget, priority, 1, 0s, bench.grants),
            asio::bind_executor(bench.world.context.get_executor(),
                                asio::bind_cancellation_slot(signal.slot(), [this](std::exception_ptr failure) {
                                    done = true;
                                    failed = failure != nullptr;
                                })));
    }
};

TEST(Budget, ACancelledWaiterGivesItsPlaceUp) {
    Bench bench({.per_minute = 0, .per_hour = 0, .concurrent = 1});
    bench.work(Priority::scheduled, 1, 10s);
    Cancellable first;
    first.wait(bench, Priority::write);
    bench.work(Priority::backfill, 1, 1s);
    bench.advance(1s);

    first.signal.emit(asio::cancellation_type::terminal);
    bench.advance(0s);
    EXPECT_TRUE(first.done && first.failed);

    bench.advance(20s);
    EXPECT_TRUE(bench.all_done());
    EXPECT_EQ(bench.granted(Priority::write), 0);
}

TEST(Budget, AWaiterThatIsCancelledAsItsTurnComesPassesItOn) {
    Bench bench({.per_minute = 0, .per_hour = 0, .concurrent = 1});
    Cancellable first;
    std::optional<Budget::Permit> held;
    auto hold = [&]() -> awaitable<void> {
        auto permit = co_await bench.budget.acquire(Priority::scheduled);
        held.emplace(std::move(*permit));
    };
    testing::run(bench.world.context, hold());
    first.wait(bench, Priority::write);
    bench.work(Priority::backfill, 3, 1s);
    bench.advance(0s);

    held.reset();  // the turn is the first one's now, which has not run yet
    first.signal.emit(asio::cancellation_type::terminal);
    bench.advance(20s);

    EXPECT_TRUE(first.done);
    EXPECT_TRUE(bench.all_done());
}

TEST(Budget, ProxiedRequestsLeaveOnePlaceToTheOthers) {
    Bench bench({.per_minute = 0, .per_hour = 0, .concurrent = 3});
    for (int i = 0; i < 5; ++i) bench.work(Priority::proxy, 1, 1h);
    bench.work(Priority::backfill, 1, 1s);

    bench.advance(1s);
    EXPECT_EQ(bench.granted(Priority::proxy), 2);
    EXPECT_EQ(bench.granted(Priority::backfill), 1);
    bench.advance(3h);
    EXPECT_EQ(bench.granted(Priority::proxy), 5);
}

TEST(Budget, WhoHasNoTimeGivesUpAndTakesNothing) {
    Bench bench({.per_minute = 1, .per_hour = 0, .concurrent = 1});
    bench.work(Priority::scheduled, 1);
    bench.advance(0s);
    EXPECT_GT(bench.budget.wait_time(), 60s);

    auto hasty = testing::start(bench.world.context, bench.budget.acquire_within(Priority::proxy, 10s));
    bench.advance(9s);
    EXPECT_FALSE(hasty.done());
    bench.advance(1s);
    ASSERT_TRUE(hasty.done());
    EXPECT_FALSE(hasty.get());

    bench.advance(51s);
    EXPECT_EQ(bench.budget.wait_time(), 0s);
    auto patient = testing::start(bench.world.context, bench.budget.acquire_within(Priority::proxy, 10s));
    bench.advance(0s);
    EXPECT_TRUE(patient.get());
}

TEST(Budget, WhatTheProviderAsksForIsTold) {
    Bench bench({.concurrent = 1});

    bench.budget.hold(30s);
    bench.budget.hold(10s);
    bench.advance(10s);

    EXPECT_EQ(bench.budget.held_for(), 20s);
    bench.advance(30s);
    EXPECT_EQ(bench.budget.held_for(), 0s);
}

TEST(Budget, ASillyRetryAfterHoldsForADayAtMost) {
    Bench bench({.concurrent = 1});

    bench.budget.hold(24h * 365);

    EXPECT_EQ(bench.budget.held_for(), 24h);
}

TEST(Budget, WhoeverWaitsWhenItClosesGetsNothingAtOnce) {
    Bench bench({.per_minute = 1, .per_hour = 0, .concurrent = 4});
    bench.work(Priority::write, 1);
    bench.advance(0s);
    auto waiting = testing::start(bench.world.context, bench.budget.acquire(Priority::write));
    bench.advance(0s);
    EXPECT_FALSE(waiting.done());

    bench.budget.close();
    bench.advance(0s);
    ASSERT_TRUE(waiting.done());
    EXPECT_FALSE(waiting.get());
    EXPECT_FALSE(testing::run(bench.world.context, bench.budget.acquire(Priority::backfill)));
}

}  // namespace
}  // namespace syncd::http
