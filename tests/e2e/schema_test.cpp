// The schema watch: what becomes of the fields of an object's records, told to a destination of its own.
#include "config/core/time.hpp"
#include "tests/e2e/support/bench.hpp"
#include "tests/e2e/support/recorder.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

class Schema : public ::testing::Test {
protected:
    Schema() {
        auto manifest = Bench::manifest_of({{"itwins"}});
        manifest +=
            "    watchSchema:\n"
            "      destination: schemaChangeWebhook\n"
            "      schedule: \"@every 1s\"\n"
            "      allObjects:\n"
            "        fieldCreated: { enabled: always }\n"
            "        fieldDeleted: { enabled: always }\n"
            "        fieldChanged: { enabled: always }\n";
        auto config = bench.config_of({});
        config.insert(config.find("installations:"),
                      fmt::format("  schemaChangeWebhook: {{ insecure: true, url: \"{}\", secret: {} }}\n",
                                  recorder.url, Settings{}.secret));
        write_text(bench.folder / "amp.yaml", manifest);
        write_text(bench.folder / "config.yaml", config);
    }
    void put(const std::string& record) const { bench.sandbox.post("itwins/records", record); }
    /// A pass that looks at the fields: not before the watch's schedule is due again.
    void sync_when_due() {
        const auto last = checked_at();
        ASSERT_TRUE(eventually([&] {
            const auto done = bench.sync();
            EXPECT_EQ(done.exit, 0) << done.err;
            return checked_at() != last || HasFailure();
        }));
    }
    /// The watch's schedule is a second.
    void wait_until_due() {
        const auto due = parse_time(checked_at()).value() + std::chrono::milliseconds{1100};
        ASSERT_TRUE(eventually([&] { return std::chrono::system_clock::now() > due; }));
    }
    std::string checked_at() const {
        if (!std::filesystem::exists(bench.database())) return "";
        return Database(bench.database()).value("SELECT schema_checked_at FROM object_state WHERE object = 'itwins'");
    }

    Recorder recorder;
    Bench bench{{"--itwins", "0"}};
};

TEST_F(Schema, AFieldThatComesGoesOrChangesItsTypeIsToldOnce) {
    put(R"({"id":"one","displayName":"1","size":1,"old":"x","mixed":"text","note":null})");
    put(R"({"id":"fresh","displayName":"2"})");
    sync_when_due();
    EXPECT_EQ(recorder.bodies(), std::vector<std::string>())
        << "the first full read is what later ones are held against";

    put(R"({"id":"one","displayName":"1","size":1.5,"old":null,"mixed":null,"note":"now"})");
    sync_when_due();
    EXPECT_EQ(recorder.bodies(), std::vector<std::string>()) << "null, and integer against float, are no change";

    put(R"({"id":"one","displayName":"1","size":2,"mixed":{"a":1},"note":"now","fresh":[]})");
    sync_when_due();
    sync_when_due();

    const auto bodies = recorder.bodies();
    ASSERT_EQ(bodies.size(), 1u);
    const auto message = bj::parse(bodies[0]);
    EXPECT_EQ(text(message, "/action"), "watchSchema");
    EXPECT_EQ(text(message, "/objectName"), "itwins");
    EXPECT_EQ(text(message, "/groupRef"), "acme");
    EXPECT_EQ(number(message, "/resultInfo/numRecords"), 3);
    EXPECT_EQ(message.at("result"), bj::parse(R"([
        {"changeType":"fieldCreated","fieldName":"fresh","types":["array"],"previousTypes":[]},
        {"changeType":"fieldChanged","fieldName":"mixed","types":["object"],"previousTypes":["string"]},
        {"changeType":"fieldDeleted","fieldName":"old","types":[],"previousTypes":["string"]}])"));
    EXPECT_EQ(bench.sandbox.difference(), "") << "records are told to their own destination as ever";
    EXPECT_EQ(bench.sandbox.violations(), 0);
    const auto operation = text(message, "/operationId");
    EXPECT_EQ(text(bench.json({"operations", operation}), "/status"), "success");
    // The record whose id is the new field's name was told once, by its own message.
    EXPECT_EQ(bench.json({"explain", "itwins", "fresh"}).at("deliveries").as_array().size(), 1u);
}

TEST_F(Schema, AReadWithoutRecordsSaysNothing) {
    put(R"({"id":"one","displayName":"1","old":"x"})");
    sync_when_due();
    bench.sandbox.remove("itwins/records/one");
    const auto looked = checked_at();
    wait_until_due();
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(checked_at(), looked);

    put(R"({"id":"two","displayName":"2"})");
    sync_when_due();

    const auto bodies = recorder.bodies();
    ASSERT_EQ(bodies.size(), 1u);
    EXPECT_EQ(text(bj::parse(bodies[0]), "/result/0/fieldName"), "old") << "held against the last records there were";
    EXPECT_EQ(number(bj::parse(bodies[0]), "/resultInfo/numRecords"), 1);
}

TEST_F(Schema, AnObjectWhoseFieldNamesAreDataIsLeftOutAloud) {
    std::string record = R"({"id":"one")";
    for (int i = 0; i < 1001; ++i) record += fmt::format(",\"f{}\":{}", i, i);
    put(record + "}");
    ASSERT_EQ(bench.sync().exit, 0);

    EXPECT_EQ(checked_at(), "NULL");
    const auto log = bj::serialize(bench.json({"operations", text(bench.json({"operations"}), "/0/id")}));
    EXPECT_NE(log.find("more than 1000 different fields"), std::string::npos) << log;
}

TEST_F(Schema, OnlyReadsThatAreFullAndDueLook) {
    put(R"({"id":"one","displayName":"1","old":"x"})");
    ASSERT_EQ(bench.sync().exit, 0);
    const auto first = checked_at();
    wait_until_due();

    ASSERT_EQ(bench.sync({"--since", "2020-01-01T00:00:00Z"}).exit, 0) << "triggered";
    EXPECT_EQ(checked_at(), first);
    bench.sandbox.fault(R"({"path":"/itwins/","kind":"garbage","count":-1})");
    EXPECT_EQ(bench.sync().exit, 3);
    EXPECT_EQ(checked_at(), first) << "a read that failed";
    bench.sandbox.remove("faults");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_NE(checked_at(), first);
}

}  // namespace
}  // namespace syncd::e2e
