// What scripts read: --json, exit statuses and the tables.
#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <sstream>

namespace syncd::e2e {
namespace {

const std::regex rfc3339("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z");

void expect_members(const bj::value& value, const std::vector<std::string>& names) {
    ASSERT_TRUE(value.is_object()) << value;
    for (const auto& name : names) EXPECT_TRUE(value.as_object().contains(name)) << name << " is not in " << value;
}

TEST(Json, StatusSaysWhatTheContractSays) {
    Bench bench({"--itwins", "7"}, {.objects = {{"itwins", "*/10 * * * *"}, {"contextcapture/jobs", "@hourly"}}});
    ASSERT_EQ(bench.sync({"--object", "itwins"}).exit, 0);
    const auto status = bench.json({"status"});
    ASSERT_EQ(status.as_array().size(), 2u);
    for (const auto& row : status.as_array())
        expect_members(row, {"installationId", "integration", "groupRef", "health", "paused", "object", "records",
                             "cursor", "lastRead", "nextRead", "lagSeconds"});
    EXPECT_EQ(text(status, "/0/integration"), "bentley");
    EXPECT_EQ(text(status, "/0/groupRef"), "acme");
    EXPECT_EQ(text(status, "/0/health"), "healthy");
    EXPECT_EQ(text(status, "/0/object"), "itwins");
    EXPECT_FALSE(status.at_pointer("/0/paused").as_bool());
    EXPECT_EQ(number(status, "/0/records"), 7);
    EXPECT_EQ(text(status, "/0/lastRead/status"), "success");
    EXPECT_TRUE(std::regex_match(text(status, "/0/lastRead/at"), rfc3339));
    EXPECT_TRUE(std::regex_match(text(status, "/0/nextRead"), rfc3339));
    EXPECT_GE(number(status, "/0/lagSeconds"), 0);
    EXPECT_TRUE(status.at_pointer("/1/lastRead").is_null());
    EXPECT_TRUE(status.at_pointer("/1/cursor").is_null());
    EXPECT_EQ(text(status, "/0/lastRead/operationId"), text(bench.json({"operations"}), "/0/id"));
}

TEST(Json, StatusShowsAlsoAnInstallationThatOnlyWritesAndThatItsCredentialsAreWrong) {
    Bench bench({"--itwins", "1"});
    write_text(bench.folder / "amp.yaml",
               "specVersion: 1.0.0\nintegrations:\n  - name: bentley\n    displayName: Bentley\n    provider: bentley\n"
               "    write:\n      objects:\n        - objectName: itwins\n");
    bench.sandbox.post("tokens?secret=another");
    auto daemon = bench.daemon();
    const auto row = [&] {
        const auto status = bench.json({"status"});
        EXPECT_EQ(status.as_array().size(), 1u);
        expect_members(status.at(0), {"installationId", "integration", "groupRef", "health", "paused", "object",
                                      "records", "cursor", "lastRead", "nextRead", "lagSeconds"});
        EXPECT_EQ(text(status, "/0/object"), "");
        EXPECT_TRUE(status.at_pointer("/0/nextRead").is_null());
        return text(status, "/0/health");
    };
    EXPECT_EQ(row(), "healthy");

    const auto accepted =
        fetch("POST", daemon.url("/write/v1/projects/acme/integrations/bentley/objects/itwins"),
              R"({"groupRef":"acme","type":"create","mode":"asynchronous",)"
              R"("record":{"class":"Endeavor","subClass":"Project","displayName":"Bridge","number":"1"}})",
              {"Content-Type: application/json"});
    EXPECT_LT(accepted.status, 300) << accepted.body;
    EXPECT_TRUE(eventually([&] { return row() == "unhealthy"; }));
    EXPECT_NE(bench.run({"status"}).out.find("unhealthy: "), std::string::npos);

    bench.sandbox.post("tokens?secret=sandbox-secret");
    EXPECT_EQ(bench.sync().exit, 0) << "has it tried at once";
    EXPECT_TRUE(eventually([&] { return row() == "healthy"; }));
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(Json, TheInstallationsIdIsTheDocumentedUuid) {
    Bench bench({"--itwins", "1"});
    ASSERT_EQ(bench.sync().exit, 0);
    // python3 -c 'import uuid; print(uuid.uuid5(uuid.NAMESPACE_URL, "bentley-syncd:acme/bentley/acme"))'
    EXPECT_EQ(text(bench.json({"status"}), "/0/installationId"), "59356733-3a31-530c-8a82-b551ca8ed912");
}

TEST(Json, OperationsAndDeliveriesAreListsNewestFirst) {
    Bench bench({"--itwins", "7"}, {.objects = {{"itwins"}, {"curated-content/cesium"}}});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post("itwins/change?count=1");
    ASSERT_EQ(bench.sync({"--object", "itwins"}).exit, 0);

    const auto operations = bench.json({"operations"});
    ASSERT_EQ(operations.as_array().size(), 3u);
    expect_members(operations.at(0),
                   {"id", "installationId", "actionType", "object", "status", "result", "createTime", "updateTime"});
    EXPECT_GE(text(operations, "/0/createTime"), text(operations, "/2/createTime"));
    EXPECT_EQ(text(operations, "/0/actionType"), "read");
    EXPECT_EQ(number(operations, "/0/updates"), 1);
    EXPECT_TRUE(bench.json({"operations", text(operations, "/0/id")}).at("logs").is_array());
    EXPECT_EQ(bench.json({"operations", "--object", "curated-content/cesium"}).as_array().size(), 1u);
    EXPECT_EQ(bench.json({"operations", "--limit", "2"}).as_array().size(), 2u);
    EXPECT_EQ(bench.json({"operations", "--status", "failure"}).as_array().size(), 0u);

    const auto deliveries = bench.json({"deliveries"});
    ASSERT_EQ(deliveries.as_array().size(), 3u);
    expect_members(deliveries.at(0), {"id", "destination", "installationId", "object", "operationId", "numRecords",
                                      "status", "attempts"});
    EXPECT_EQ(text(deliveries, "/0/operationId"), text(operations, "/0/id"));
    EXPECT_EQ(text(deliveries, "/0/status"), "delivered");
    EXPECT_EQ(number(deliveries, "/0/attempts"), 1);
    EXPECT_EQ(bench.json({"deliveries", "--object", "itwins", "--status", "delivered"}).as_array().size(), 2u);
    EXPECT_EQ(bench.run({"operations", "no-such-id"}).exit, 1);
    EXPECT_EQ(bench.run({"deliveries", "no-such-id"}).exit, 1);
}

TEST(Json, AnotherInstallationsIdNarrowsToNothing) {
    Bench bench({"--itwins", "7"});
    ASSERT_EQ(bench.sync().exit, 0);
    const auto id = text(bench.json({"status"}), "/0/installationId");
    EXPECT_EQ(bench.json({"operations", "--installation", id}).as_array().size(), 1u);
    EXPECT_EQ(bench.json({"operations", "--installation", "another"}).as_array().size(), 0u);
    EXPECT_EQ(bench.json({"deliveries", "--installation", "another"}).as_array().size(), 0u);
    for (const char* command : {"sync", "status"})
        EXPECT_EQ(bench.run({command, "--installation", "another"}).exit, 2) << command;
}

TEST(Json, RecordsAreLinesWithTheProvidersBytes) {
    Bench bench({"--itwins", "0"});
    const std::string raw = R"({"id":"n 1\n","latitude":40.10,"x":1E2})";
    bench.sandbox.post("itwins/records", raw);
    bench.sandbox.post("itwins/records", R"({"id":"2"})");
    ASSERT_EQ(bench.sync().exit, 0);
    const auto listed = bench.run({"records", "itwins"});
    std::istringstream lines(listed.out);
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count)
        expect_members(bj::parse(line), {"id", "raw", "createdAt", "updatedAt", "deletedAt"});
    EXPECT_EQ(count, 2);
    EXPECT_NE(listed.out.find(raw), std::string::npos) << listed.out;
    EXPECT_EQ(bench.run({"records", "itwins", "--since", "2999-01-01T00:00:00Z"}).out, "");
    EXPECT_EQ(bench.run({"records", "itwins", "--deleted"}).out, "");
    EXPECT_EQ(bench.run({"records", "no-such-object"}).exit, 2);
}

TEST(Json, ObjectsIsTheCatalog) {
    Bench bench;
    const auto objects = bench.json({"objects"});
    std::int64_t readable = 0;
    for (const auto& object : objects.as_array())
        readable += object.as_object().contains("read") && object.at("read").as_bool();
    EXPECT_EQ(readable, 19);
}

TEST(Tables, OfTheContractAreReadableWhileTheDaemonRuns) {
    Bench bench(
        {"--itwins", "50", "--jobs", "10"},
        {.objects = {{"itwins", "@every 1s"},
                     {"contextcapture/jobs", "0 0 1 1 *", "backfill: { defaultPeriod: { fullHistory: true } }"}}});
    auto daemon = bench.daemon();
    ASSERT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 60; }));
    ASSERT_TRUE(eventually([&] { return bench.json({"deliveries", "--status", "pending"}).as_array().empty(); }));

    Database database(bench.database());
    EXPECT_EQ(
        database.value("SELECT count(*) FROM (SELECT installation_id, object, record_id, raw, created_at, updated_at, "
                       "deleted_at FROM records) WHERE object = 'itwins' AND deleted_at IS NULL"),
        "50");
    EXPECT_EQ(database.value("SELECT count(*) FROM (SELECT installation_id, object, itwin_id, cursor, updated_at "
                             "FROM cursors) WHERE itwin_id = ''"),
              "1");
    EXPECT_NE(database.value("SELECT count(*) FROM (SELECT id, installation_id, action_type, object, status, result, "
                             "created_at, updated_at FROM operations) WHERE action_type = 'read'"),
              "0");
    EXPECT_EQ(
        database.value("SELECT sum(num_records) FROM (SELECT id, destination, installation_id, object, operation_id, "
                       "num_records, status, attempts, next_attempt_at, created_at, updated_at FROM deliveries)"),
        "60");
    for (const auto& row :
         database.rows("SELECT created_at, updated_at FROM records UNION SELECT created_at, updated_at "
                       "FROM operations UNION SELECT created_at, updated_at FROM deliveries UNION "
                       "SELECT cursor, updated_at FROM cursors"))
        for (const auto& time : row) EXPECT_TRUE(std::regex_match(time, rfc3339)) << time;
    EXPECT_EQ(database.value("PRAGMA journal_mode"), "wal");
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(Tables, AReaderThatStaysOpenDoesNotStopTheDaemon) {
    Bench bench({"--itwins", "100"}, {.objects = {{"itwins", "@every 1s"}}});
    auto daemon = bench.daemon();
    ASSERT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 100; }));
    Database database(bench.database());
    database.rows("BEGIN");
    EXPECT_EQ(database.value("SELECT count(*) FROM records"), "100");
    bench.sandbox.post("itwins/create?count=5");
    EXPECT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 105; }));
    EXPECT_EQ(database.value("SELECT count(*) FROM records"), "100") << "a snapshot";
    EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace syncd::e2e
