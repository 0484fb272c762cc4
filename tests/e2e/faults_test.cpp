#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace syncd::e2e {
namespace {

/// A read of three pages meets `faults` and is whole in the end.
void expect_whole_in_spite_of(const std::vector<std::string>& faults) {
    Bench bench({"--itwins", "2500"});
    for (const auto& fault : faults) bench.sandbox.fault(fault);
    const auto done = bench.sync();
    EXPECT_EQ(done.exit, 0) << done.err;
    EXPECT_EQ(number(bench.sandbox.receiver(), "/creates"), 2500);
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bench.sandbox.violations(), 0);
    EXPECT_EQ(bj::serialize(bench.sandbox.get("faults")), "[]") << "every fault was met";
}

TEST(Faults, TooManyRequestsAreWaitedOutAsRetryAfterSays) {
    expect_whole_in_spite_of({R"({"path":"/itwins/","status":429,"retryAfter":1,"afterPages":1})"});
}

TEST(Faults, BurstsOfServerErrorsAreRetried) {
    expect_whole_in_spite_of({R"({"path":"/itwins/","status":503,"count":2,"afterPages":1})",
                              R"({"path":"/itwins/","status":500,"count":1,"afterPages":2})"});
}

TEST(Faults, BrokenConnectionsAreRetried) {
    expect_whole_in_spite_of({R"({"path":"/itwins/","kind":"reset","count":1})",
                              R"({"path":"/itwins/","kind":"close","count":1,"afterPages":1})"});
}

TEST(Faults, ATokenEndpointThatFailsForAMomentIsRetried) {
    expect_whole_in_spite_of({R"({"path":"/connect/token","status":503,"count":2})"});
}

TEST(Faults, ATokenRevokedInTheMiddleIsRenewed) {
    Bench bench({"--itwins", "3500"});
    bench.sandbox.fault(R"({"path":"/itwins/","kind":"slow","delayMs":500,"afterPages":2,"count":1})");
    auto reading = bench.start({"sync"});
    ASSERT_TRUE(eventually([&] { return bench.sandbox.requests("/itwins/") >= 3; }));
    bench.sandbox.post("tokens/revoke");
    EXPECT_EQ(reading.wait(), 0) << reading.err();
    const auto stats = bench.sandbox.stats();
    EXPECT_EQ(number(stats, "/tokensIssued"), 2);
    EXPECT_EQ(counted(stats, "statuses", "401"), 1);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Faults, WrongCredentialsMakeTheInstallationUnhealthyUntilTheyAreRight) {
    Bench bench({"--itwins", "5"});
    bench.sandbox.post("tokens?secret=another");
    EXPECT_EQ(bench.sync().exit, 3);
    auto status = bench.json({"status"});
    EXPECT_EQ(text(status, "/0/health"), "unhealthy");
    EXPECT_EQ(text(status, "/0/lastRead/status"), "failure");

    bench.sandbox.post("tokens?secret=sandbox-secret");
    EXPECT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(text(bench.json({"status"}), "/0/health"), "healthy");
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Faults, AnErrorOfTheProviderIsInTheOperationsLog) {
    Bench bench({"--itwins", "5"});
    bench.sandbox.fault(R"({"path":"/itwins/","status":403})");
    EXPECT_EQ(bench.sync().exit, 3);
    const auto operation = bench.json({"operations", text(bench.json({"operations"}), "/0/id")});
    EXPECT_EQ(text(operation, "/status"), "failure");
    EXPECT_NE(bj::serialize(operation.at("logs")).find("InsufficientPermissions"), std::string::npos) << operation;
}

TEST(Faults, EmptyPagesAndRepeatedRecordsAndANullNextAreFine) {
    expect_whole_in_spite_of(
        {R"({"path":"/itwins/","kind":"twice"})", R"({"path":"/itwins/","kind":"nullNext","afterPages":1})"});
}

TEST(Faults, ASmallerPageIsAskedForWhenTheProviderRefusesTheSize) {
    Bench bench({"--itwins", "1200"});
    bench.sandbox.fault(R"({"path":"/itwins/","status":422,"contains":"$top=1000","count":-1})");
    const auto done = bench.sync();
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
    EXPECT_EQ(bench.sandbox.difference(), "");
    ASSERT_EQ(bench.sync().exit, 0);
    const auto stats = bench.sandbox.stats();
    EXPECT_EQ(counted(stats, "top", "itwins 1000"), 1) << "remembered: " << stats;
    EXPECT_EQ(counted(stats, "top", "itwins 500"), 6);
}

/// A page that is wrong although its status is 200, and what the log has to say.
struct BadPage {
    std::string kind, reason;
};

void PrintTo(const BadPage& page, std::ostream* out) { *out << page.kind; }

class BadPages : public ::testing::TestWithParam<BadPage> {};

TEST_P(BadPages, FailTheReadDeleteNothingAndTheNextReadHeals) {
    Bench bench({"--itwins", "1500"});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post("itwins/delete?count=5");
    bench.sandbox.post("itwins/change?count=10");
    bench.sandbox.post("stats/reset");
    bench.sandbox.fault(fmt::format(R"({{"path":"/itwins/","kind":"{}","afterPages":1,"count":1}})", GetParam().kind));

    EXPECT_EQ(bench.sync().exit, 3);
    const auto failures = bench.json({"operations", "--status", "failure"});
    ASSERT_EQ(failures.as_array().size(), 1u);
    const auto logs = bj::serialize(bench.json({"operations", text(failures, "/0/id")}).at("logs"));
    EXPECT_NE(logs.find("page 2 of itwins"), std::string::npos) << logs;
    EXPECT_NE(logs.find(GetParam().reason), std::string::npos) << logs;
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 0);
    EXPECT_EQ(bench.sandbox.requests("/itwins/"), 2) << "a wrong answer is not asked for again at once";

    EXPECT_EQ(bench.sync().exit, 0);
    const auto receiver = bench.sandbox.receiver();
    EXPECT_EQ(number(receiver, "/deletes"), 5);
    EXPECT_EQ(number(receiver, "/updates"), 10);
    EXPECT_EQ(number(receiver, "/violationCount"), 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(number(bench.sandbox.stats(), "/tokensAstray"), 0);
    EXPECT_EQ(counted(receiver, "answers", "404"), 0) << "nobody followed a link to the other host";
}

INSTANTIATE_TEST_SUITE_P(Faults, BadPages,
                         ::testing::Values(BadPage{"html", "not JSON"}, BadPage{"truncate", ""}, BadPage{"garbage", ""},
                                           BadPage{"wrongKey", "iTwins"}, BadPage{"noId", "has no id"},
                                           BadPage{"foreignNext", "another origin"},
                                           BadPage{"loop", "page already read"}),
                         [](const auto& each) { return each.param.kind; });

TEST(Faults, AForeignNextLinkOnTheFirstPageNeverGetsTheToken) {
    Bench bench({"--itwins", "2500"});
    bench.sandbox.fault(R"({"path":"/itwins/","kind":"foreignNext","count":1})");
    EXPECT_EQ(bench.sync().exit, 3);
    EXPECT_EQ(number(bench.sandbox.stats(), "/tokensAstray"), 0);
    EXPECT_EQ(bench.sandbox.violations(), 0) << "an Authorization header at the receiver would be one";
    EXPECT_EQ(number(bench.sandbox.receiver(), "/messages"), 0);
    EXPECT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Faults, AProviderThatIsDownFailsTheReadAndTheNextOneIsWhole) {
    Bench bench({"--itwins", "5"});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.fault(R"({"path":"/itwins/","status":404,"count":1})");
    EXPECT_EQ(bench.sync().exit, 3);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 0);
    EXPECT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Faults, AMissingRouteIsNoProofThatARecordIsGone) {
    Bench bench({"--itwins", "20"});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.fault(R"({"path":"/itwins/","kind":"omit","count":1})");
    bench.sandbox.fault(R"({"path":"/itwins/*","status":404,"afterPages":1,"count":-1})");
    bench.sync();
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 0);
    bench.sandbox.remove("faults");
    EXPECT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

}  // namespace
}  // namespace syncd::e2e
