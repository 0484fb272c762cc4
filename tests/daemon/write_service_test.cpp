#include "daemon/write_service.hpp"

#include "tests/daemon/played.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

using namespace std::chrono_literals;

TEST(WriteService, AQueueOfWritesNeitherSpendsTheBudgetNorHammersAProviderThatIsDown) {
    Played bench;
    bench.world.listens = false;
    bench.write(300);

    bench.advance(1h);
    EXPECT_EQ(bench.writes("pending"), "300");
    EXPECT_LE(bench.world.connects, 80) << "one write at a time tries it, in the end each minute";
    EXPECT_EQ(bench.spent(), 0);

    bench.world.listens = true;
    bench.advance(20min);
    EXPECT_EQ(bench.writes("done"), "300") << "the first that succeeds ends the wait of all";
    EXPECT_EQ(bench.requests, 300);
}

TEST(WriteService, WrongCredentialsAreNotTriedOnceForEachWrite) {
    Played bench;
    bench.token_status = 401;
    bench.write(300);

    bench.advance(1h);
    EXPECT_EQ(bench.writes("pending"), "300");
    EXPECT_LE(bench.token_requests, 10);
    EXPECT_EQ(bench.requests, 0);
    EXPECT_FALSE(bench.health().healthy);
    EXPECT_NE(bench.health().reason.find("invalid_client"), std::string::npos) << bench.health().reason;

    bench.token_status = 200;
    bench.advance(20min);
    EXPECT_EQ(bench.writes("done"), "300");
    EXPECT_TRUE(bench.health().healthy);
}

TEST(WriteService, AProviderThatRefusesFreshTokensLeavesTheWritesPendingUntilItTakesThem) {
    Played bench;
    bench.provider_status = 401;
    bench.write(50);

    bench.advance(1h);
    EXPECT_EQ(bench.writes("pending"), "50");
    EXPECT_LE(bench.requests, 60) << "twice each time that it is tried";
    EXPECT_FALSE(bench.health().healthy);

    bench.provider_status = 201;
    bench.advance(20min);
    EXPECT_EQ(bench.writes("done"), "50");
    EXPECT_TRUE(bench.health().healthy);
}

TEST(WriteService, DeadlinesEndWritesAlsoWhileTheConnectionIsDown) {
    Played bench;
    bench.world.listens = false;
    bench.write(300, 1);

    bench.advance(59min);
    EXPECT_NE(bench.writes("pending"), "0");
    bench.advance(2min);

    EXPECT_EQ(bench.writes("failed"), "300");
}

TEST(WriteService, AWriteWhoseTimeRanOutBeforeItsTurnDoesNotHoldUpTheNext) {
    Played bench([](config::Config& config) { config.provider.requests_per_hour = 1; });
    bench.write(10, 1);
    bench.write(1, 24);
    bench.advance(1s);
    ASSERT_EQ(bench.writes("done"), "1");

    bench.advance(1h + 10s);

    EXPECT_EQ(bench.writes("failed"), "9");
    EXPECT_EQ(bench.writes("done"), "2");
}

TEST(WriteService, A401ThatIsFollowedByAStopLeavesAWritePendingNotUnknown) {
    Played bench([](config::Config& config) { config.provider.requests_per_minute = 1; });
    bench.provider_status = 401;
    bench.write(1);
    bench.advance(1s);
    ASSERT_EQ(bench.requests, 1) << "it waits to be sent with another token";

    bench.daemon->stop();
    bench.advance(0s);

    EXPECT_TRUE(bench.running.done());
    EXPECT_EQ(bench.writes("pending"), "1");
}

TEST(WriteService, WhileWritesWaitForTheBudgetTheDaemonStopsAtOnce) {
    Played bench([](config::Config& config) { config.provider.requests_per_minute = 1; });
    bench.write(10);
    bench.advance(1s);
    ASSERT_EQ(bench.writes("done"), "1");

    bench.daemon->stop();
    bench.advance(0s);

    EXPECT_TRUE(bench.running.done());
    EXPECT_EQ(bench.writes("pending"), "9");
    const auto untouched = "SELECT count(*) FROM write WHERE status = 'pending' AND attempts = 0 AND failures = 0";
    EXPECT_EQ(SQLite::Database(bench.path).execAndGet(untouched).getString(), "9");
}

}  // namespace
}  // namespace syncd
