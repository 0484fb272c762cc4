// Reads of many iTwins, and of what belongs to each of them.
#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

const Settings jobs_of_all = {.objects = {{"itwins"},
                                          {"contextcapture/jobs", "0 0 1 1 *",
                                           "backfill: { defaultPeriod: { fullHistory: true } }"},
                                          {"reality-management/reality-data"}},
                              .read = "contextcapture/jobs: { iTwins: all }, "
                                      "reality-management/reality-data: { iTwins: all, maxDeletes: 100% }"};

std::vector<std::string> ids_of(const bj::value& records) {
    std::vector<std::string> ids;
    for (const auto& record : records.as_array()) ids.emplace_back(record.at("id").as_string());
    return ids;
}

TEST(Slices, MoreITwinsThanTheProviderListsAreAllRead) {
    Bench bench({"--itwins", "25400"});
    const auto first = bench.sync();
    EXPECT_EQ(first.exit, 0) << first.out << first.err;
    EXPECT_EQ(number(bench.sandbox.receiver(), "/creates"), 25400);
    EXPECT_EQ(bench.sandbox.difference(), "");
    const auto log = bench.run({"operations", text(bench.json({"operations"}), "/0/id")}).out;
    EXPECT_NE(log.find("the provider's list stops at 10000 rows: read again in slices"), std::string::npos) << log;

    // The next read knows the slices: no row is asked for twice. Deletes are found over all of them.
    bench.sandbox.post("stats/reset");
    bench.sandbox.post("itwins/delete?count=30");
    bench.sandbox.post("itwins/change?count=7");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_LE(bench.sandbox.requests("/itwins/"), 30);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 30);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/updates"), 7);
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bench.sandbox.violations(), 0);
}

TEST(Slices, ACapThatIsLowerThanAskedForIsSeen) {
    Bench bench({"--itwins", "1000"});
    bench.sandbox.fault(R"({"path":"/itwins*","kind":"status","status":500,"count":0})");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/creates"), 1000);
}

TEST(ITwins, JobsAndRealityDataOfEachAreReadWithACursorOfTheirOwn) {
    Bench bench({"--itwins", "4", "--jobs", "12", "--count", "reality-data=20"}, jobs_of_all);
    bench.sandbox.post("jobs/create?count=9&owner=other");

    const auto synced = bench.sync();
    EXPECT_EQ(synced.exit, 0) << synced.out << synced.err;
    Database database(bench.database());
    EXPECT_EQ(database.value("SELECT count(*) FROM records WHERE object = 'contextcapture/jobs'"), "21")
        << "other people's too";
    EXPECT_EQ(database.value("SELECT count(*) FROM records WHERE object = 'reality-management/reality-data'"), "20");
    EXPECT_EQ(database.value("SELECT count(*) FROM cursors WHERE object = 'contextcapture/jobs' AND itwin_id <> ''"), "4");
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(number(bench.sandbox.receiver(), "/createsOfKnown"), 0);

    bench.sandbox.post("jobs/create?count=2&owner=other");
    bench.sandbox.post("reality-data/change?count=3");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(database.value("SELECT count(*) FROM records WHERE object = 'contextcapture/jobs'"), "23");
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bench.sandbox.violations(), 0);
}

TEST(ITwins, ARealityDataThatLeavesOneOfItsITwinsIsNotDeleted) {
    Bench bench({"--itwins", "3", "--count", "reality-data=6"}, jobs_of_all);
    const auto itwins = ids_of(bench.sandbox.get("itwins/records"));
    const auto data = ids_of(bench.sandbox.get("reality-data/records"));
    bench.sandbox.post("reality-data/records/" + data[0] + "/itwins?set=" + itwins[0] + "," + itwins[1]);
    ASSERT_EQ(bench.sync().exit, 0);

    bench.sandbox.post("reality-data/records/" + data[0] + "/itwins?set=" + itwins[1]);
    ASSERT_EQ(bench.sync({"--full"}).exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 0);

    bench.sandbox.remove("reality-data/records/" + data[0]);
    ASSERT_EQ(bench.sync({"--full"}).exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 1);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(ITwins, OneThatIsRefusedFailsTheReadAndDeletesNothingButTheOthersAreRead) {
    Bench bench({"--itwins", "3", "--count", "reality-data=12", "--others", "reality-data=12"}, jobs_of_all);
    ASSERT_EQ(bench.sync().exit, 0);
    const auto itwins = ids_of(bench.sandbox.get("itwins/records"));
    bench.sandbox.post("reality-data/change?count=12");
    bench.sandbox.post("reality-data/delete?count=2");
    bench.sandbox.fault(R"({"path":"/reality-management*","contains":")" + itwins[0] +
                        R"(","status":403,"count":-1})");

    EXPECT_EQ(bench.sync({"--full"}).exit, 3);
    const auto operation = bench.json({"operations", "--object", "reality-management/reality-data"}).as_array()[0];
    EXPECT_EQ(text(operation, "/status"), "failure");
    EXPECT_NE(text(operation, "/result").find("1 of 3 iTwins could not be read"), std::string::npos) << operation;
    EXPECT_NE(text(operation, "/result").find(itwins[0]), std::string::npos) << operation;
    EXPECT_GT(number(bench.sandbox.receiver(), "/updates"), 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 0);

    bench.sandbox.remove("faults");
    ASSERT_EQ(bench.sync({"--full"}).exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 2);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(ITwins, OneThatIsRefusedFromTheBeginningDoesNotHoldUpTheOthers) {
    Bench bench({"--itwins", "3", "--jobs", "0"}, jobs_of_all);
    const auto itwins = ids_of(bench.sandbox.get("itwins/records"));
    bench.sandbox.post("jobs/create?count=6");
    bench.sandbox.fault(R"({"path":"/contextcapture*","contains":")" + itwins[1] + R"(","status":403,"count":-1})");
    EXPECT_EQ(bench.sync().exit, 3);
    bench.sandbox.post("jobs/create?count=5");
    EXPECT_EQ(bench.sync().exit, 3);
    Database database(bench.database());
    EXPECT_EQ(database.value("SELECT count(*) FROM records WHERE object = 'contextcapture/jobs'"), "11");
    EXPECT_EQ(database.value("SELECT backfill FROM object_state WHERE object = 'contextcapture/jobs'"), "done");
    bench.sandbox.remove("faults");
    EXPECT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Deletes, OneOwnReadThatFailsDoesNotKeepTheOthersFromBeingTold) {
    Bench bench({"--itwins", "40"});
    const auto ids = ids_of(bench.sandbox.get("itwins/records"));
    ASSERT_EQ(bench.sync().exit, 0);
    for (int i = 0; i < 5; ++i) bench.sandbox.remove("itwins/records/" + ids[std::size_t(i)]);
    bench.sandbox.fault(R"({"path":"/itwins/)" + ids[2] + R"(","status":400,"count":-1})");
    EXPECT_EQ(bench.sync().exit, 3);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 4);
    bench.sandbox.remove("faults");
    EXPECT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(ITwins, UnderRunTheFirstReadOfItwinsIsWaitedFor) {
    auto settings = jobs_of_all;
    for (auto& object : settings.objects) object.schedule = "@every 1h";
    Bench bench({"--itwins", "5", "--jobs", "10", "--count", "reality-data=10"}, settings);
    auto daemon = bench.daemon();
    EXPECT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 25; }))
        << bench.sandbox.receiver() << daemon.program.err();
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(ITwins, CheckShowsWhatTheyCost) {
    Bench bench({"--itwins", "7"},
                {.objects = {{"itwins", "@hourly"}, {"contextcapture/jobs", "@hourly"}}});
    const auto warned = bench.run({"check"});
    EXPECT_EQ(warned.exit, 0);
    EXPECT_NE(warned.err.find("a service application sees only its own"), std::string::npos) << warned.err;
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_NE(bench.run({"check"}).err.find("`iTwins: all` would take 8 calls an hour instead of 1"), std::string::npos)
        << bench.run({"check"}).err;

    bench.configure({.objects = {{"itwins", "@hourly"}, {"contextcapture/jobs", "@hourly"}},
                     .read = "contextcapture/jobs: { iTwins: all }"});
    EXPECT_EQ(bench.run({"check"}).err, "");
    EXPECT_EQ(number(bench.json({"check"}), "/callsPerHour"), 9);
}

TEST(ITwins, AllNeedsItwinsToBeRead) {
    Bench bench({"--itwins", "1"},
                {.objects = {{"contextcapture/jobs"}}, .read = "contextcapture/jobs: { iTwins: all }"});
    const auto checked = bench.run({"check"});
    EXPECT_EQ(checked.exit, 2);
    EXPECT_NE(checked.err.find("this installation does not read itwins"), std::string::npos) << checked.err;
}

}  // namespace
}  // namespace syncd::e2e
