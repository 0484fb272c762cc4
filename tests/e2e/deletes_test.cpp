#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

std::int64_t deletes(const Bench& bench) { return number(bench.sandbox.receiver(), "/deletes"); }

std::int64_t held(Bench& bench) {
    const auto listed = bench.json({"deletes"});
    return listed.as_array().empty() ? 0 : number(listed, "/0/held");
}

TEST(Deletes, OfAListWithoutOwnReadsNeedASecondFullRead) {
    Bench bench({"--cesium", "12"}, {.objects = {{"curated-content/cesium"}}});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post("cesium/delete?count=2");

    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(deletes(bench), 0);
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(deletes(bench), 2);
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(deletes(bench), 2);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Deletes, ARecordThatComesBackBetweenTwoReadsIsNeverDeleted) {
    Bench bench({"--cesium", "12"}, {.objects = {{"curated-content/cesium"}}});
    ASSERT_EQ(bench.sync().exit, 0);
    for (int turn = 0; turn < 2; ++turn) {
        bench.sandbox.fault(R"({"path":"/curated-content/cesium/","kind":"omit","count":1})");
        ASSERT_EQ(bench.sync().exit, 0);
        ASSERT_EQ(bench.sync().exit, 0);
    }
    EXPECT_EQ(deletes(bench), 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Deletes, ARecordMissingFromTheListButReadableIsNotDeleted) {
    Bench bench({"--itwins", "40"});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.fault(R"({"path":"/itwins/","kind":"omit","count":2})");
    ASSERT_EQ(bench.sync().exit, 0);
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(bench.sandbox.requests("/itwins/{id}"), 2);
    EXPECT_EQ(deletes(bench), 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Deletes, ADeletedRecordCarriesItsLastKnownRawAndStaysListedAsDeleted) {
    Bench bench({"--itwins", "20"});
    bench.sandbox.post("itwins/records", R"({"id":"last","displayName":"The last"})");
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.remove("itwins/records/last");
    ASSERT_EQ(bench.sync().exit, 0);
    const auto body =
        Database(bench.database()).value("SELECT body FROM message_body ORDER BY message_key DESC LIMIT 1");
    EXPECT_NE(body.find(R"("raw":{"id":"last","displayName":"The last"},"id":"last","changeType":"delete")"),
              std::string::npos)
        << body;
    const auto listed = bench.run({"records", "itwins", "--deleted"});
    EXPECT_EQ(text(bj::parse(listed.out), "/id"), "last") << listed.out;
}

TEST(Deletes, TheFuseHoldsMoreThanATenthUntilConfirmed) {
    Bench bench({"--itwins", "200"});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post("itwins/delete?count=21");

    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(deletes(bench), 0);
    EXPECT_EQ(held(bench), 21);
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(deletes(bench), 0) << "it holds until someone decides";

    ASSERT_EQ(bench.run({"deletes", "confirm", "--object", "itwins"}).exit, 0);
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(deletes(bench), 21);
    EXPECT_EQ(held(bench), 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bench.sandbox.violations(), 0);
}

TEST(Deletes, TheFuseLetsATenthPass) {
    Bench bench({"--itwins", "200"});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post("itwins/delete?count=20");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(deletes(bench), 20);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Deletes, TheFuseLetsTenOfAFewPassButNotEleven) {
    Bench bench({"--itwins", "30"});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post("itwins/delete?count=10");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(deletes(bench), 10);
    bench.sandbox.post("itwins/delete?count=11");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(deletes(bench), 10);
    EXPECT_EQ(held(bench), 11);
}

TEST(Deletes, TheFuseHoldsWhenNoneIsLeft) {
    Bench bench({"--itwins", "5"});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post("itwins/delete?count=5");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(deletes(bench), 0);
    EXPECT_EQ(held(bench), 5);
    const auto log = bj::serialize(bench.json({"operations", text(bench.json({"operations"}), "/0/id")}).at("logs"));
    EXPECT_NE(log.find("held by the fuse"), std::string::npos) << log;

    ASSERT_EQ(bench.run({"deletes", "confirm", "--object", "itwins"}).exit, 0);
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(deletes(bench), 5);
}

TEST(Deletes, WhatIsDiscardedIsDecidedAnewByTheNextRead) {
    Bench bench({"--itwins", "100"});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post("itwins/delete?count=30");
    ASSERT_EQ(bench.sync().exit, 0);
    ASSERT_EQ(held(bench), 30);

    ASSERT_EQ(bench.run({"deletes", "discard", "--object", "itwins"}).exit, 0);
    EXPECT_EQ(held(bench), 0);
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(deletes(bench), 0);
    EXPECT_EQ(held(bench), 30);
}

TEST(Deletes, ConfirmedDeletesOfRecordsThatAreBackAreNotDelivered) {
    Bench bench({"--itwins", "100"});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post("itwins/delete?count=30");
    ASSERT_EQ(bench.sync().exit, 0);
    ASSERT_EQ(bench.run({"deletes", "confirm", "--object", "itwins"}).exit, 0);
    bench.sandbox.post("itwins/reset");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(deletes(bench), 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Deletes, MaxDeletesOfAHundredPercentIsNoFuse) {
    Bench bench({"--itwins", "50"}, {.read = "itwins: { maxDeletes: 100% }"});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post("itwins/delete?count=40");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(deletes(bench), 40);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Deletes, RecentsThatArePushedOutAreNoDeletes) {
    Bench bench({"--itwins", "60", "--recents", "25"}, {.objects = {{"itwins/recents"}}});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post("recents/create?count=8");
    for (int turn = 0; turn < 3; ++turn) ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/creates"), 33);
    EXPECT_EQ(deletes(bench), 0);
    EXPECT_EQ(held(bench), 0);
}

}  // namespace
}  // namespace syncd::e2e
