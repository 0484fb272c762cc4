#include "daemon/watch.hpp"

#include "daemon/daemon.hpp"
#include "tests/support/builders.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_world.hpp"

#include <SQLiteCpp/Database.h>
#include <boost/asio/post.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace syncd {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

constexpr std::uint64_t megabyte = 1'000'000;

/// A watch over one object, read every ten minutes, and whoever is told of everything.
struct Bench {
    testing::TestWorld world;
    testing::TemporaryFolder folder;
    storage::Store store{{.path = folder.file("w.db")}, world.executor()};
    config::Config config;
    Texts logged, rung;
    Log log{[this](Level, std::string_view event, std::span<const LogField>) { logged.emplace_back(event); }};
    Notifier notifier{config};
    Watch::Budgets budgets;
    Watch watch{
        world, store, log, config, notifier, budgets, [this](const std::string& name) { rung.push_back(name); }};
    std::int64_t key = 0;
    std::optional<testing::Running<void>> running;

    Bench() {
        config.destinations["hook"].name = "hook";
        config.notifications = {{.destination = "hook", .all = true, .events = {}}};
        config.installations.push_back({.id = "inst"});
        config.installations.back().objects.push_back(
            {.object = "itwins", .mapped_name = "itwins", .schedule = config::Schedule::parse("@every 10m").value()});
        key = testing::run(world.context, store.object_state("inst", "itwins")).key;
    }
    ~Bench() {
        watch.stop();
        world.settle();
    }
    void start() {
        running = testing::start(world.context, watch.run());
        world.settle();
    }
    void read(bool sees_all = true) {
        testing::run(world.context, store.finish_read({.object_key = key,
                                                       .operation_id = "op",
                                                       .success = sees_all,
                                                       .kept_schedule = sees_all,
                                                       .now = world.now()}));
    }
    /// How many notifications of the event there are.
    int told(const std::string& event) const {
        return count("SELECT count(*) FROM message_body WHERE body LIKE '{\"notificationType\":\"" + event + "\"%'");
    }
    int count(const std::string& sql) const {
        return SQLite::Database(folder.file("w.db"), SQLite::OPEN_READONLY).execAndGet(sql).getInt();
    }
};

TEST(Watch, AReadIsOverdueAfterTwoIntervalsAndAnHourAtLeast) {
    const auto after = [](const char* schedule) {
        return overdue_after(config::Schedule::parse(schedule).value(), testing::at(0));
    };
    EXPECT_EQ(after("@every 30s"), 1h);
    EXPECT_EQ(after("0 * * * *"), 2h);
    EXPECT_EQ(after("0 0 * * *"), 48h);
}

TEST(Watch, TellsOnceOfAReadThatIsOverdueUntilItIsMadeUpFor) {
    Bench bench;
    bench.read();
    bench.start();
    bench.world.advance(69min);  // due after ten
    EXPECT_EQ(bench.told("read.overdue"), 0);
    bench.world.advance(4min);
    EXPECT_EQ(bench.told("read.overdue"), 1);
    EXPECT_EQ(bench.rung, Texts{"hook"});
    bench.world.advance(5h);
    EXPECT_EQ(bench.told("read.overdue"), 1);
    bench.read(false);
    bench.world.advance(5h);
    EXPECT_EQ(bench.told("read.overdue"), 1) << "a read that failed has not made up for it";

    bench.read();
    bench.world.advance(75min);
    EXPECT_EQ(bench.told("read.overdue"), 2);
}

TEST(Watch, APauseOrAClockThatJumpsIsNoDelay) {
    Bench bench;
    bench.read();
    bench.start();
    bench.world.jump(24h);
    bench.world.advance(30min);
    EXPECT_EQ(bench.told("read.overdue"), 0);
    testing::run(bench.world.context, bench.store.set_paused("inst", "itwins", true));
    bench.world.advance(10h);
    testing::run(bench.world.context, bench.store.set_paused("inst", "itwins", false));
    bench.world.advance(59min);
    EXPECT_EQ(bench.told("read.overdue"), 0);
    bench.world.advance(5min);
    EXPECT_EQ(bench.told("read.overdue"), 1);
}

TEST(Watch, ABudgetNearlyUsedUpIsToldOnceAnHour) {
    Bench bench;
    auto& budget = bench.budgets["client"];
    budget = std::make_unique<http::Budget>(bench.world, http::BudgetLimits{.per_hour = 10, .concurrent = 4});
    bench.budgets["unlimited"] = std::make_unique<http::Budget>(bench.world, http::BudgetLimits{.concurrent = 4});
    const auto spend = [&](int requests) {
        for (int i = 0; i < requests; ++i) testing::run(bench.world.context, budget->acquire(http::Priority::write));
    };
    bench.start();
    spend(8);
    bench.world.advance(2min);
    EXPECT_EQ(bench.told("budget.high"), 0);
    spend(1);
    bench.world.advance(30min);
    EXPECT_EQ(bench.told("budget.high"), 1);
    bench.world.advance(40min);
    spend(9);
    bench.world.advance(2min);
    EXPECT_EQ(bench.told("budget.high"), 2);
}

TEST(Watch, ADiskIsLowBelowFivePercentOr500MegabytesAndFullBelow50) {
    EXPECT_FALSE(is_low({600 * megabyte, 10'000 * megabyte}));
    EXPECT_TRUE(is_low({499 * megabyte, 1'000 * megabyte}));
    EXPECT_TRUE(is_low({4'900 * megabyte, 100'000 * megabyte}));
    EXPECT_FALSE(is_full({50 * megabyte, 100'000 * megabyte}));
    EXPECT_TRUE(is_full({49 * megabyte, 100'000 * megabyte}));
}

TEST(Watch, ALowDiskIsToldOnceForEachTimeItGetsLow) {
    Bench bench;
    std::optional<DiskSpace> space = DiskSpace{9'000 * megabyte, 10'000 * megabyte};
    bench.watch.watch_disk([&] { return space; });
    bench.start();
    EXPECT_EQ(bench.told("disk.low"), 0);
    space->available = 400 * megabyte;
    bench.world.advance(10min);
    EXPECT_EQ(bench.told("disk.low"), 1);
    EXPECT_FALSE(bench.watch.disk_full());
    space->available = 40 * megabyte;
    bench.world.advance(1min);
    EXPECT_TRUE(bench.watch.disk_full());
    space->available = 54 * megabyte;
    bench.world.advance(1min);
    EXPECT_TRUE(bench.watch.disk_full()) << "a little more, or it comes and goes";
    space->available = 501 * megabyte;
    bench.world.advance(1min);
    EXPECT_FALSE(bench.watch.disk_full());
    space->available = 400 * megabyte;
    bench.world.advance(1min);
    EXPECT_EQ(bench.told("disk.low"), 1) << "likewise";
    space->available = 9'000 * megabyte;
    bench.world.advance(1min);
    space->available = 400 * megabyte;
    bench.world.advance(1min);
    EXPECT_EQ(bench.told("disk.low"), 2);
    space.reset();
    bench.world.advance(1min);
    EXPECT_EQ(bench.logged, (Texts{"disk.low", "disk.recovered", "disk.low"}));
}

TEST(Watch, ALowDiskIsNotToldAgainByTheNextProcess) {
    Bench bench;
    const DiskSpace low{400 * megabyte, 10'000 * megabyte};
    bench.watch.watch_disk([&] { return low; });
    bench.start();
    Watch second(bench.world, bench.store, bench.log, bench.config, bench.notifier, bench.budgets,
                 [](const std::string&) {});
    second.watch_disk([&] { return low; });
    const auto running = testing::start(bench.world.context, second.run());
    bench.world.settle();
    second.stop();
    bench.world.settle();
    EXPECT_TRUE(running.done());
    EXPECT_EQ(bench.told("disk.low"), 1);
}

TEST(Watch, NobodyLooksWhereThereIsNothingToTell) {
    Bench bench;
    EXPECT_TRUE(bench.watch.is_needed());
    bench.config.notifications.clear();
    EXPECT_FALSE(bench.watch.is_needed());
    bench.watch.watch_disk([] { return std::nullopt; });
    EXPECT_TRUE(bench.watch.is_needed());
}

TEST(Watch, ReadsWaitWhileTheDiskIsFull) {
    Bench bench;
    bench.config.notifications.clear();  // nobody could be reached in this world
    DiskSpace space{40 * megabyte, 10'000 * megabyte};
    Daemon daemon(bench.world, bench.store, bench.config, bentley::Catalog::builtin(), bench.log, Secret("key"));
    daemon.watch_disk([&] { return space; });
    testing::run(bench.world.context, daemon.start());
    const auto running = testing::start(bench.world.context, daemon.run());
    bench.world.settle();
    bench.world.advance(30min);
    EXPECT_TRUE(daemon.not_ready().starts_with("disk.low")) << daemon.not_ready();
    EXPECT_EQ(bench.count("SELECT count(*) FROM operations"), 0);
    EXPECT_EQ(std::ranges::count(bench.logged, "disk.low"), 1);

    space.available = 9'000 * megabyte;
    bench.world.advance(3min);
    EXPECT_EQ(daemon.not_ready(), "");
    EXPECT_GT(bench.count("SELECT count(*) FROM operations"), 0);
    asio::post(bench.world.executor(), [&] { daemon.cut(); });  // as a signal handler would, from within the loop
    bench.world.advance(1min);
    EXPECT_TRUE(running.done());
}

}  // namespace
}  // namespace syncd
