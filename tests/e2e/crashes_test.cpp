#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

#include <random>

namespace syncd::e2e {
namespace {

std::int64_t committed_pages(const Bench& bench) {
    if (!std::filesystem::exists(bench.database())) return 0;
    try {
        const auto pages =
            Database(bench.database()).value("SELECT pages FROM operations ORDER BY created_at DESC LIMIT 1");
        return pages.empty() ? 0 : std::stoll(pages);
    } catch (const std::exception&) {  // the daemon is just making its tables
        return 0;
    }
}

TEST(Crashes, ABackfillGoesOnFromItsLastCommittedPage) {
    Bench bench({"--itwins", "5000"});
    bench.sandbox.fault(R"({"path":"/itwins/","kind":"hang","afterPages":2,"count":-1})");
    auto cut_off = bench.daemon();
    ASSERT_TRUE(eventually([&] { return committed_pages(bench) == 2; }));
    ASSERT_TRUE(eventually([&] { return bench.sandbox.requests("/itwins/") == 3; }));
    cut_off.crash();

    bench.sandbox.remove("faults");
    bench.sandbox.post("stats/reset");
    const auto done = bench.sync();
    EXPECT_EQ(done.exit, 0) << done.err;
    EXPECT_EQ(bench.sandbox.requests("/itwins/"), 3) << "pages 3, 4 and 5, none that was committed";

    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bench.sandbox.violations(), 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/createsOfKnown"), 0);
    const auto operations = bench.json({"operations"});
    ASSERT_EQ(operations.as_array().size(), 1u) << operations;
    EXPECT_EQ(text(operations, "/0/status"), "success");
    EXPECT_EQ(number(operations, "/0/recordsProcessed"), 5000);
}

TEST(Crashes, AStoppedBackfillGoesOnToo) {
    Bench bench({"--itwins", "3000"});
    bench.sandbox.fault(R"({"path":"/itwins/","kind":"slow","delayMs":700,"afterPages":1,"count":1})");
    auto stopped = bench.daemon();
    ASSERT_TRUE(eventually([&] { return committed_pages(bench) >= 1; }));
    EXPECT_EQ(stopped.stop(), 0);

    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_LE(bench.sandbox.requests("/itwins/"), 4) << "at most the page in flight is asked twice";
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bench.sandbox.violations(), 0);
}

TEST(Crashes, AnInterruptedScheduledReadDeletesNothingAndTheNextOneIsWhole) {
    Bench bench({"--itwins", "2500"});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post("itwins/delete?count=5");
    bench.sandbox.post("itwins/change?count=2000");
    bench.sandbox.fault(R"({"path":"/itwins/","kind":"hang","afterPages":1,"count":-1})");
    auto cut_off = bench.start({"sync"});
    ASSERT_TRUE(eventually([&] { return bench.sandbox.requests("/itwins/") == 5 && committed_pages(bench) == 1; }));
    cut_off.kill(SIGKILL);
    cut_off.wait();
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 0);

    bench.sandbox.remove("faults");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 5);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/updates"), 2000);
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bench.sandbox.violations(), 0);
    EXPECT_EQ(bench.json({"operations", "--status", "in_progress"}).as_array().size(), 0u);
}

TEST(Crashes, DeliveriesSurviveBeingKilledAtRandomMoments) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937 random(seed);
    Bench bench({"--itwins", "3000"}, {.destination = "maxPayloadBytes: 30000, "});
    bench.sandbox.receiver_fault(R"({"hook":"bentley","kind":"slow","delayMs":8,"count":-1})");

    for (int life = 0; life < 5; ++life) {
        auto daemon = bench.daemon();
        const auto enough = bench.sandbox.messages() + std::uniform_int_distribution<std::int64_t>(1, 25)(random);
        ASSERT_TRUE(eventually([&] { return bench.sandbox.messages() >= enough; }));
        daemon.crash();
    }
    bench.sandbox.remove("receiver/faults");
    const auto done = bench.sync();
    EXPECT_EQ(done.exit, 0) << done.err;

    const auto receiver = bench.sandbox.receiver();
    EXPECT_EQ(number(receiver, "/violationCount"), 0) << receiver;
    EXPECT_EQ(number(receiver, "/creates"), 3000) << "repetitions apart";
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bench.json({"deliveries", "--status", "pending"}).as_array().size(), 0u);
}

}  // namespace
}  // namespace syncd::e2e
