// A long backfill over a provider that is having a bad day: every page once, whatever comes between.
#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

#include <random>

namespace syncd::e2e {
namespace {

constexpr const char* object = "library/manufacturers";
constexpr const char* path = "/library/manufacturers";
constexpr std::int64_t rows = 5000, pages = 100;
constexpr std::int64_t per_minute = 200;

class Backfill : public ::testing::Test {
protected:
    Backfill() : bench({"--count", fmt::format("{}={}", object, rows)}, {.objects = {{object}}}) {
        auto config = read_text(bench.folder / "config.yaml");
        const std::string unlimited = "requestsPerMinute: 0";
        config.replace(config.find(unlimited), unlimited.size(), fmt::format("requestsPerMinute: {}", per_minute));
        write_text(bench.folder / "config.yaml", config);
    }
    void fault(const std::string& what) const { bench.sandbox.fault(fmt::format(R"({{"path":"{}",{}}})", path, what)); }
    std::int64_t asked() const { return bench.sandbox.requests(path); }
    std::int64_t committed() const {
        if (!std::filesystem::exists(bench.database())) return 0;
        try {
            const auto found = Database(bench.database()).value("SELECT pages FROM operations");
            return found.empty() ? 0 : std::stoll(found);
        } catch (const std::exception&) {  // the daemon is just making its tables
            return 0;
        }
    }
    /// Each record came once, each page was committed once, in one operation.
    void expect_whole(std::int64_t repeated = 0) {
        const auto operations = bench.json({"operations"});
        ASSERT_EQ(operations.as_array().size(), 1u) << operations;
        EXPECT_EQ(text(operations, "/0/status"), "success");
        EXPECT_EQ(text(operations, "/0/readType"), "backfill");
        EXPECT_EQ(number(operations, "/0/pages"), pages);
        EXPECT_EQ(number(operations, "/0/recordsProcessed"), rows);
        EXPECT_EQ(number(operations, "/0/creates"), rows);
        EXPECT_EQ(number(operations, "/0/updates"), 0);
        const auto receiver = bench.sandbox.receiver();
        EXPECT_EQ(number(receiver, "/creates"), rows);
        EXPECT_EQ(number(receiver, "/records"), rows);
        EXPECT_EQ(number(receiver, "/createsOfKnown"), 0);
        EXPECT_EQ(number(receiver, "/violationCount"), 0) << receiver;
        EXPECT_LE(number(receiver, "/duplicates"), repeated);
        EXPECT_EQ(bench.sandbox.difference(), "");
        EXPECT_LE(number(bench.sandbox.stats(), "/perMinuteMax"), per_minute);
        EXPECT_EQ(Database(bench.database()).value("SELECT count(*) FROM records"), std::to_string(rows));
    }

    Bench bench;
};

TEST_F(Backfill, FinishesWhateverTheProviderAnswersInBetween) {
    fault(R"("status":429,"retryAfter":1,"afterPages":10)");
    fault(R"("kind":"reset","count":4,"every":9,"afterPages":20)");
    fault(R"("kind":"close","count":2,"every":5,"afterPages":35)");
    fault(R"("status":503,"count":2,"afterPages":40)");
    fault(R"("status":500,"count":1,"afterPages":60)");
    fault(R"("status":401,"count":1,"afterPages":80)");
    fault(R"("kind":"twice","count":3,"every":7,"afterPages":82)");
    const auto done = bench.sync();
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
    EXPECT_EQ(bj::serialize(bench.sandbox.get("faults")), "[]") << "every fault was met";
    EXPECT_EQ(asked(), pages + 1 + 4 + 2 + 2 + 1 + 1) << "each page once, and once for each time that it failed";
    expect_whole();
}

TEST_F(Backfill, KilledInTheMiddleGoesOnWithThePageInFlight) {
    fault(R"("kind":"reset","count":2,"every":7,"afterPages":11)");
    fault(R"("kind":"hang","afterPages":37)");
    auto cut_off = bench.daemon();
    ASSERT_TRUE(eventually([&] { return bench.sandbox.get("faults").as_array().empty(); }));
    const auto before = committed();
    cut_off.crash();
    ASSERT_EQ(before, 37);

    bench.sandbox.post("stats/reset");
    fault(R"("status":503,"afterPages":5)");
    const auto done = bench.sync();
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
    EXPECT_EQ(asked(), pages - before + 1) << "what was committed is not asked for again";
    expect_whole(16);
}

TEST_F(Backfill, KilledAgainAndAgainRepeatsNoMoreThanThePagesInFlight) {
    constexpr unsigned seed = 11;
    constexpr int kills = 5;
    std::mt19937 random(seed);
    fault(R"("kind":"slow","delayMs":4,"count":-1)");
    for (int life = 0; life < kills; ++life) {
        const auto enough = asked() + std::uniform_int_distribution<std::int64_t>(1, 14)(random);
        auto cut_off = bench.daemon();
        ASSERT_TRUE(eventually([&] { return asked() >= enough || committed() == pages; }));
        cut_off.crash();
    }
    const auto done = bench.sync();
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
    EXPECT_GE(asked(), pages);
    EXPECT_LE(asked(), pages + kills);
    expect_whole(16 * kills);
}

}  // namespace
}  // namespace syncd::e2e
