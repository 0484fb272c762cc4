#include "tests/e2e/support/bench.hpp"

#include <fmt/chrono.h>
#include <gtest/gtest.h>

#include <ctime>

namespace syncd::e2e {
namespace {

std::string dump_of_everything(const Bench& bench) {
    Database database(bench.database());
    return database.dump("records") + database.dump("cursors") + database.dump("deliveries");
}

TEST(Reads, FiveThousandITwinsArriveAndThenExactlyWhatChanged) {
    Bench bench({"--itwins", "5000"});
    ASSERT_EQ(bench.sync().exit, 0);
    const auto stats = bench.sandbox.stats();
    EXPECT_EQ(counted(stats, "requests", "/itwins/"), 5);
    EXPECT_EQ(counted(stats, "xMaxReturn", "10000"), 5);
    EXPECT_EQ(counted(stats, "top", "itwins 1000"), 5);
    EXPECT_EQ(counted(stats, "prefer", "return=representation"), 5);
    EXPECT_EQ(bj::serialize(stats.at("unknownParameters")), "{}");
    EXPECT_EQ(number(bench.sandbox.receiver(), "/creates"), 5000);

    bench.sandbox.post("itwins/delete?count=50");   // the oldest
    bench.sandbox.post("itwins/change?count=300");  // the oldest that are left
    bench.sandbox.post("itwins/create?count=50");
    ASSERT_EQ(bench.sync().exit, 0);

    const auto receiver = bench.sandbox.receiver();
    EXPECT_EQ(number(receiver, "/creates"), 5050);
    EXPECT_EQ(number(receiver, "/updates"), 300);
    EXPECT_EQ(number(receiver, "/deletes"), 50);
    EXPECT_EQ(number(receiver, "/none"), 0);
    EXPECT_EQ(number(receiver, "/createsOfKnown"), 0);
    EXPECT_EQ(number(receiver, "/violationCount"), 0) << receiver;
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Reads, NothingIsWrittenOrDeliveredWhenNothingChanged) {
    Bench bench({"--itwins", "1200"}, {.objects = {{"itwins"}, {"curated-content/cesium"}}});
    ASSERT_EQ(bench.sync().exit, 0);
    const auto before = dump_of_everything(bench);
    const auto messages = bench.sandbox.messages();

    bench.sandbox.post("itwins/reorder?count=100");  // the same content, spelled otherwise
    ASSERT_EQ(bench.sync().exit, 0);

    EXPECT_EQ(bench.sandbox.messages(), messages);
    EXPECT_TRUE(before == dump_of_everything(bench)) << "records, cursors or deliveries were written";
}

TEST(Reads, ANewRecordIsDeliveredWithItsRawBytesAndItsFields) {
    Bench bench({"--itwins", "0"});
    const std::string raw =
        R"({"id":"x-1","displayName":"Ł \u0141 \"q\"","latitude":40.10,"big":12345678901234567890,"n":1E2})";
    bench.sandbox.post("itwins/records", raw);
    ASSERT_EQ(bench.sync().exit, 0);

    const auto body = Database(bench.database()).value("SELECT body FROM message_body");
    EXPECT_NE(body.find("\"raw\":" + raw), std::string::npos) << body;
    const auto message = bj::parse(body);
    EXPECT_EQ(text(message, "/result/0/changeType"), "create");
    EXPECT_EQ(text(message, "/result/0/fields/id"), "x-1");
    EXPECT_EQ(text(message, "/provider"), "bentley");
    EXPECT_EQ(text(message, "/readType"), "backfill");
    EXPECT_EQ(number(message, "/resultInfo/numRecords"), 1);
}

TEST(Reads, AllDeliversUnchangedRecordsAgain) {
    Bench bench({"--itwins", "30"});
    ASSERT_EQ(bench.sync().exit, 0);
    ASSERT_EQ(bench.sync({"--all"}).exit, 0);
    const auto receiver = bench.sandbox.receiver();
    EXPECT_EQ(number(receiver, "/creates"), 30);
    EXPECT_EQ(number(receiver, "/none"), 30);
    EXPECT_EQ(number(receiver, "/violationCount"), 0);
}

TEST(Reads, TheSampleManifestWorksAsItIs) {
    Bench bench({}, {.manifest = read_text(SYNCD_SOURCE_DIR "/tests/config/sample-amp.yaml")});
    const auto checked = bench.run({"check"});
    EXPECT_EQ(checked.exit, 0) << checked.err;
    EXPECT_EQ(checked.err, "");

    const auto synced = bench.sync();
    EXPECT_EQ(synced.exit, 0) << synced.err;
    EXPECT_EQ(bench.sandbox.get("receiver/compare").at("objects").as_array().size(), 3u);
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bench.sandbox.violations(), 0);
}

TEST(Reads, JobsAreReadFromTheCursorLessTheOverlap) {
    Bench bench(
        {"--jobs", "40"},
        {.objects = {{"contextcapture/jobs", "0 0 1 1 *", "backfill: { defaultPeriod: { fullHistory: true } }"}}});
    bench.sandbox.post("jobs/advance?state=Success");  // open ones would be read again by their ids
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/creates"), 40);
    const auto cursor = [&] {
        return Database(bench.database())
            .value("SELECT cursor FROM cursors WHERE object = 'contextcapture/jobs' AND itwin_id = ''");
    };
    const auto first = cursor();
    EXPECT_FALSE(first.empty());

    // Sandbox jobs are a minute apart, so an overlap of five minutes sees five or six of them again and delivers none.
    ASSERT_EQ(bench.sync().exit, 0);
    const auto again = number(bench.json({"operations", "--limit", "1"}), "/0/recordsProcessed");
    EXPECT_GE(again, 5);
    EXPECT_LE(again, 7);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/records"), 40);

    // The cursor is never past the provider's Date header, which has whole seconds.
    ASSERT_TRUE(
        eventually([&] { return fmt::format("{:%FT%T}", fmt::gmtime(std::time(nullptr))) > first.substr(0, 19); }));
    bench.sandbox.post("jobs/create?count=3");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/creates"), 43);
    EXPECT_GT(cursor(), first);
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bj::serialize(bench.sandbox.stats().at("unknownParameters")), "{}");
}

TEST(Reads, JobsWithoutABackfillAreDeliveredFromNowOn) {
    Bench bench({"--jobs", "20"}, {.objects = {{"contextcapture/jobs"}}});
    ASSERT_EQ(bench.sync().exit, 0);
    const auto before = number(bench.sandbox.receiver(), "/creates");
    EXPECT_LE(before, 1);  // the newest job is as old as the sandbox
    bench.sandbox.post("jobs/create?count=3");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_GE(number(bench.sandbox.receiver(), "/creates"), 3);
    EXPECT_LE(number(bench.sandbox.receiver(), "/creates"), 4);
}

TEST(Reads, AClockThatIsAheadDoesNotHideJobsThatComeLater) {
    // As if our clock were twenty minutes ahead: the provider's Date says so. Its jobs are a minute apart.
    Bench bench({"--jobs", "60"}, {.objects = {{"contextcapture/jobs"}}});
    bench.sandbox.fault(R"({"path":"/contextcapture*","kind":"date","offsetSeconds":-1200,"count":-1})");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_GE(number(bench.sandbox.receiver(), "/creates"), 19) << "the window begins at the provider's now";
    EXPECT_LE(number(bench.sandbox.receiver(), "/creates"), 22);
    const auto cursor = Database(bench.database()).value("SELECT cursor FROM cursors");
    EXPECT_LT(cursor, fmt::format("{:%FT%T}", fmt::gmtime(std::time(nullptr) - 1100))) << "never past the Date header";
    const auto id = text(bench.json({"operations"}), "/0/id");
    EXPECT_NE(bench.run({"operations", id}).out.find("clock is 20m ahead of"), std::string::npos);
}

TEST(Reads, ARecordThatStopsMatchingTheFilterIsDeliveredOnceAsDelete) {
    Bench bench({"--itwins", "0"},
                {.read = "itwins: { fieldFilters: [{ fieldName: status, operator: eq, value: Active }] }"});
    bench.sandbox.post("itwins/records", R"({"id":"a","status":"Active"})");
    bench.sandbox.post("itwins/records", R"({"id":"b","status":"Trial"})");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/creates"), 1);

    bench.sandbox.post("itwins/records", R"({"id":"a","status":"Trial"})");
    bench.sandbox.post("itwins/records", R"({"id":"b","status":"Active"})");
    ASSERT_EQ(bench.sync().exit, 0);
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/creates"), 2);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 1);
    EXPECT_EQ(bj::serialize(bench.sandbox.get("receiver/state?object=itwins")),
              R"({"b":{"id":"b","status":"Active"}})");
}

TEST(Reads, DaysZeroTakesExistingRecordsAsKnown) {
    Bench bench({"--itwins", "30"}, {.objects = {{"itwins", "0 0 1 1 *", "backfill: { defaultPeriod: { days: 0 } }"}}});
    ASSERT_EQ(bench.sync().exit, 0);
    const auto before = number(bench.sandbox.receiver(), "/records");
    EXPECT_LE(before, 1);
    bench.sandbox.post("itwins/change?count=2");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/records") - before, 2);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/updates"), 2);
}

}  // namespace
}  // namespace syncd::e2e
