// What the database is good for beside the daemon: views, the life of a record, copies, and forgetting.
#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

bj::value parse(const Finished& done) { return bj::parse(done.out); }

TEST(Views, AreThereForEveryReadableObject) {
    Bench bench({"--itwins", "0"});
    bench.sandbox.post("itwins/records", R"({"id":"1","displayName":"The \"first\"","latitude":40.5,"class":null})");
    ASSERT_EQ(bench.sync().exit, 0);

    Database database(bench.database());
    EXPECT_EQ(database.rows("SELECT record_id, displayName, latitude, class FROM itwins"),
              (std::vector<std::vector<std::string>>{{"1", "The \"first\"", "40.5", "NULL"}}));
    EXPECT_EQ(database.value("SELECT count(*) FROM sqlite_schema WHERE type = 'view'"), "22");
    EXPECT_EQ(database.value("SELECT count(*) FROM contextcapture_jobs"), "0");
}

TEST(Explain, TellsTheLifeOfARecord) {
    Bench bench({"--itwins", "20"});
    const std::string id = R"(n\"1\")";  // as JSON has it
    bench.sandbox.post("itwins/records", R"({"id":")" + id + R"(","number":1E2})");
    bench.sandbox.post("itwins/records", R"({"id":"other","parentId":")" + id + R"("})");
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post("itwins/records", R"({"id":")" + id + R"(","number":2E2})");
    bench.sandbox.post("itwins/records", R"({"id":"other","parentId":")" + id + R"(","number":2})");
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.remove("itwins/records/other");
    ASSERT_EQ(bench.sync().exit, 0);

    const auto done = bench.run({"explain", "itwins", R"(n"1")", "--json"});
    ASSERT_EQ(done.exit, 0) << done.err;
    const auto one = parse(done);
    EXPECT_EQ(text(one, "/object"), "itwins");
    EXPECT_EQ(text(one, "/recordId"), R"(n"1")");
    EXPECT_TRUE(one.at_pointer("/record/deletedAt").is_null());
    EXPECT_GT(text(one, "/record/updatedAt"), text(one, "/record/createdAt"));
    EXPECT_NE(done.out.find(R"("raw":{"id":"n\"1\"","number":2E2}})"), std::string::npos) << done.out;
    ASSERT_EQ(one.at("deliveries").as_array().size(), 2u) << done.out;
    EXPECT_EQ(text(one, "/deliveries/0/changeType"), "create");
    EXPECT_EQ(text(one, "/deliveries/1/changeType"), "update");
    EXPECT_EQ(text(one, "/deliveries/1/destination"), "bentleyWebhook");
    EXPECT_EQ(number(one, "/deliveries/1/sequence"), 2);
    EXPECT_EQ(text(one, "/deliveries/1/status"), "delivered");
    EXPECT_EQ(number(one, "/deliveries/1/attempts/0/status"), 200);
    EXPECT_EQ(bench.run({"operations", text(one, "/deliveries/1/operationId")}).exit, 0);

    const auto other = bench.json({"explain", "itwins", "other"});
    ASSERT_EQ(other.at("deliveries").as_array().size(), 3u);
    EXPECT_EQ(text(other, "/deliveries/2/changeType"), "delete");
    EXPECT_TRUE(other.at_pointer("/record/deletedAt").is_string());
    const auto shown = bench.run({"explain", "itwins", "other"});
    for (const auto& word : {"first seen", "deleted", "create", "update", "delete", "delivered", "200"})
        EXPECT_NE(shown.out.find(word), std::string::npos) << word << " is not in " << shown.out;
}

TEST(Explain, KnowsARecordThatWaitsInAListByUrl) {
    Bench bench({"--itwins", "0"}, {.destination = "maxPayloadBytes: 2000, "});
    bench.sandbox.post("itwins/records", R"({"id":"big","displayName":")" + std::string(5000, 'x') + R"("})");
    EXPECT_EQ(bench.sync({"--drain", "0s"}).exit, 3);

    const auto big = bench.json({"explain", "itwins", "big"});

    EXPECT_EQ(text(big, "/deliveries/0/changeType"), "create");
    EXPECT_EQ(text(big, "/deliveries/0/status"), "pending");
    EXPECT_TRUE(big.at_pointer("/deliveries/0/attempts").as_array().empty());
}

TEST(Explain, OfAnUnknownRecordSaysSo) {
    Bench bench({"--itwins", "1"});
    ASSERT_EQ(bench.sync().exit, 0);
    const auto id = text(bench.json({"status"}), "/0/installationId");
    const auto known = Database(bench.database()).value("SELECT record_id FROM records");

    EXPECT_EQ(bench.run({"explain", "itwins", known, "--installation", id}).exit, 0);
    for (const auto& arguments :
         std::vector<std::vector<std::string>>{{"explain", "itwins", "no-such"},
                                               {"explain", "webhooks", known},
                                               {"explain", "itwins", known, "--installation", "another"}}) {
        const auto done = bench.run(arguments);
        EXPECT_EQ(done.exit, 1);
        EXPECT_NE(done.err.find("no record " + arguments[2]), std::string::npos) << done.err;
    }
}

TEST(Backup, OfARunningDaemonIsRestoredByTakingItsPlace) {
    Bench bench({"--itwins", "200"}, {.objects = {{"itwins", "@every 1s"}}});
    {
        auto daemon = bench.daemon();
        ASSERT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 200; }));
        const auto made = bench.run({"backup", "copy.db", "--json"});
        ASSERT_EQ(made.exit, 0) << made.err;
        EXPECT_GT(number(parse(made), "/bytes"), 0);
        EXPECT_EQ(bench.run({"backup", "copy.db"}).exit, 1) << "it is there already";
        EXPECT_EQ(daemon.stop(), 0);
    }
    for (const auto* beside : {"copy.db.partial", "copy.db-wal", "copy.db-shm", "copy.db-journal"})
        EXPECT_FALSE(std::filesystem::exists(bench.folder / beside)) << beside;
    const auto copied = Database(bench.folder / "copy.db").value("SELECT id FROM stream");

    bench.sandbox.post("itwins/change?count=3");
    bench.sandbox.post("itwins/delete?count=2");
    bench.sandbox.post("itwins/create?count=5");
    ASSERT_EQ(bench.sync().exit, 0);
    for (const auto* beside : {"-wal", "-shm"}) std::filesystem::remove(bench.database().string() + beside);
    std::filesystem::rename(bench.folder / "copy.db", bench.database());
    const auto before = bench.sandbox.messages();

    const auto restored = bench.sync();

    EXPECT_EQ(restored.exit, 0) << restored.err;
    EXPECT_NE(restored.err.find("database.restored"), std::string::npos) << restored.err;
    EXPECT_GT(bench.sandbox.messages(), before);
    EXPECT_EQ(bench.sandbox.violations(), 0) << bench.sandbox.receiver();
    EXPECT_EQ(bench.sandbox.difference(), "");
    Database database(bench.database());
    EXPECT_NE(database.value("SELECT id FROM stream"), copied);
    EXPECT_EQ(database.value("SELECT count(*) FROM record WHERE deleted_at IS NULL"), "203");
    EXPECT_EQ(std::stoi(database.value("SELECT sum(num_records) FROM deliveries WHERE stream_id IS NOT NULL")), 205)
        << "every record, and the deletes";
    EXPECT_EQ(bench.sync().err.find("database.restored"), std::string::npos) << "told once";
}

TEST(Backup, NeedsADatabase) {
    Bench bench({"--itwins", "1"});

    EXPECT_EQ(bench.run({"backup", "copy.db"}).exit, 1);
    EXPECT_EQ(bench.run({"backup"}).exit, 2);
    EXPECT_FALSE(std::filesystem::exists(bench.folder / "copy.db"));
}

TEST(Forget, RemovesAnObjectThatLeftTheConfiguration) {
    Bench bench({"--itwins", "7", "--cesium", "12"}, {.objects = {{"itwins"}, {"curated-content/cesium"}}});
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(bench.json({"forget"}), bj::parse(R"({"objects":[],"installations":[],"destinations":[]})"));
    bench.configure({.objects = {{"itwins"}}});

    const auto forgotten = bench.json({"forget"});

    ASSERT_EQ(forgotten.at("objects").as_array().size(), 1u) << forgotten;
    EXPECT_EQ(text(forgotten, "/objects/0/object"), "curated-content/cesium");
    EXPECT_EQ(number(forgotten, "/objects/0/records"), 12);
    EXPECT_EQ(number(forgotten, "/objects/0/messages"), 1);
    Database database(bench.database());
    EXPECT_EQ(database.rows("SELECT object FROM records UNION SELECT object FROM deliveries UNION "
                            "SELECT object FROM operations UNION SELECT object FROM cursors"),
              (std::vector<std::vector<std::string>>{{"itwins"}}));
    const auto again = bench.run({"forget"});
    EXPECT_EQ(again.exit, 0);
    EXPECT_NE(again.out.find("nothing to forget"), std::string::npos) << again.out;
}

TEST(Forget, IsHandedOverToTheDaemonWhichGoesOnSending) {
    Bench bench({"--itwins", "7", "--cesium", "12"}, {.objects = {{"itwins"}, {"curated-content/cesium"}}});
    bench.sandbox.receiver_fault(R"({"hook":"bentley","status":503,"count":-1})");
    ASSERT_EQ(bench.sync({"--drain", "0s"}).exit, 3);
    bench.sandbox.remove("receiver/faults");
    bench.configure({.objects = {{"itwins"}}});
    bench.sandbox.receiver_fault(R"({"hook":"bentley","kind":"slow","delayMs":1500,"count":-1})");
    auto daemon = bench.daemon();  // both objects' messages are in flight now

    const auto forgotten = bench.json({"forget"});

    EXPECT_EQ(text(forgotten, "/objects/0/object"), "curated-content/cesium");
    EXPECT_EQ(number(forgotten, "/objects/0/messages"), 1);
    EXPECT_EQ(bench.json({"deliveries"}).as_array().size(), 1u);
    bench.sandbox.post("itwins/change?count=1");
    EXPECT_EQ(bench.run({"sync"}).exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/updates"), 1);
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(daemon.program.err().find("broken"), std::string::npos) << daemon.program.err();
}

TEST(Forget, RemovesAnInstallationAndWithItsIdNothingElse) {
    Bench bench({"--itwins", "7"});
    ASSERT_EQ(bench.sync().exit, 0);
    const auto id = text(bench.json({"status"}), "/0/installationId");
    EXPECT_TRUE(bench.json({"forget", "--installation", id}).at("objects").as_array().empty()) << "it is configured";
    auto config = read_text(bench.folder / "config.yaml");
    const std::string group = "groupRef: acme";
    config.replace(config.find(group), group.size(), "groupRef: other");
    write_text(bench.folder / "config.yaml", config);
    ASSERT_EQ(bench.sync().exit, 0);

    const auto forgotten = bench.json({"forget", "--installation", id});

    EXPECT_EQ(text(forgotten, "/objects/0/installationId"), id);
    EXPECT_EQ(number(forgotten, "/objects/0/records"), 7);
    EXPECT_EQ(text(forgotten, "/installations/0"), id);
    Database database(bench.database());
    EXPECT_EQ(database.value("SELECT count(*) FROM records"), "7");
    EXPECT_EQ(database.value("SELECT count(*) FROM records WHERE installation_id = '" + id + "'"), "0");
}

}  // namespace
}  // namespace syncd::e2e
