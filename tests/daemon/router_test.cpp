#include "daemon/http/router.hpp"

#include "daemon/daemon.hpp"
#include "storage/database.hpp"
#include "tests/support/open_store.hpp"
#include "tests/support/test_world.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace syncd {
namespace {

namespace bj = boost::json;

TEST(Match, TakesOneSegmentForAName) {
    const auto names = match("/v1/projects/{project}/operations/{id}", "/v1/projects/acme/operations/op%201");
    ASSERT_TRUE(names);
    EXPECT_EQ(*names, (Texts{{"project", "acme"}, {"id", "op 1"}}));

    for (const auto* other :
         {"/v1/projects/acme/operations", "/v1/projects/acme/operations/", "/v1/projects//operations/1",
          "/v1/projects/acme/operations/1/logs", "/v1/projects/acme/Operations/1", "", "/"})
        EXPECT_FALSE(match("/v1/projects/{project}/operations/{id}", other)) << other;
}

TEST(Match, TakesSlashesEncodedOrPlainWhereTheNameHasDots) {
    for (const auto* path : {"/objects/a/b/metadata", "/objects/a%2Fb/metadata", "/objects/a%2fb/metadata"}) {
        const auto names = match("/objects/{object...}/metadata", path);
        ASSERT_TRUE(names) << path;
        EXPECT_EQ(names->at("object"), "a/b");
    }
    EXPECT_EQ(match("/objects/{object...}/metadata", "/objects/metadata/metadata")->at("object"), "metadata");
    EXPECT_FALSE(match("/objects/{object...}/metadata", "/objects/metadata"));
    EXPECT_FALSE(match("/objects/{object...}/metadata", "/objects//metadata"));
    EXPECT_FALSE(match("/objects/{object...}/metadata", "/objects/a/b"));
}

TEST(Match, CutsAVerbOff) {
    EXPECT_EQ(match("/d/{id}:replay", "/d/msg_1:replay")->at("id"), "msg_1");
    EXPECT_EQ(match("/d/{id}:replay", "/d/msg_1%3Areplay")->at("id"), "msg_1");
    EXPECT_FALSE(match("/d/{id}:replay", "/d/:replay"));
    EXPECT_FALSE(match("/d/{id}:replay", "/d/msg_1"));
}

TEST(ParseQuery, DecodesNamesAndValues) {
    EXPECT_EQ(parse_query("a=1&b=%26+x&a=2&c&=d&&e=f=g"), (Texts{{"a", "1"}, {"b", "& x"}, {"c", ""}, {"e", "f=g"}}));
    EXPECT_TRUE(parse_query("").empty());
}

/// The routes over a database that the test fills.
struct Bench {
    testing::TestWorld world;
    testing::TemporaryFolder folder;
    storage::Store store{{.path = folder.file("r.db")}, world.executor()};
    config::Config config;
    Log log{[](Level, std::string_view, std::span<const LogField>) {}};
    std::unique_ptr<Daemon> daemon;
    std::unique_ptr<Api> api;

    Bench() {
        config.project = "acme";
        config.storage.path = folder.file("r.db");
        config.installations.push_back({.id = "inst", .integration = "bentley", .group_ref = "g"});
        daemon = std::make_unique<Daemon>(world, store, config, bentley::Catalog::builtin(), log, Secret("key"));
        api = std::make_unique<Api>(*daemon);
    }
    void execute(const std::string& sql) {
        storage::Database(config.storage.path, storage::OpenMode::read_write).execute(sql);
    }
    void add_write(int number, const std::string& status, const std::string& more = "'', ''") {
        execute(
            fmt::format("INSERT OR IGNORE INTO operations (id, installation_id, action_type, object, status, "
                        "created_at, updated_at) VALUES ('op', 'inst', 'write', 'itwins', 'success', 't', 't');"
                        "INSERT INTO write (id, operation_id, position, installation_id, object, type, record_id, "
                        "status, attempts, next_attempt_at, deadline_at, error, problem, created_at, updated_at) "
                        "VALUES ('w-{0}', 'op', {0}, 'inst', 'itwins', 'create', 'r-{0}', '{1}', 2, 'n', 'd', {2}, "
                        "'t', 't')",
                        number, status, more));
    }
    bj::value get(const std::string& target, int status = 200) {
        auto answer = testing::run(world.context, serve_api(*api, {.target = target}));
        if (!answer) return "no route";
        EXPECT_EQ(answer->status, status) << target << answer->body;
        return bj::parse(answer->body);
    }
};

TEST(WritesApi, ListsWritesNewestFirstAndNarrowed) {
    Bench bench;
    for (int i = 1; i <= 5; ++i) bench.add_write(i, i == 3 ? "unknown" : "done");

    const auto first = bench.get("/v1/projects/acme/writes?pageSize=2");
    bench.add_write(6, "pending");
    const auto token = std::string(first.at("pagination").at("nextPageToken").as_string());
    const auto second = bench.get("/v1/projects/acme/writes?pageSize=2&pageToken=" + token);

    EXPECT_EQ(first.at_pointer("/results/0/id"), "w-5");
    EXPECT_EQ(second.at_pointer("/results/0/id"), "w-3");
    EXPECT_EQ(second.at_pointer("/results/1/id"), "w-2");
    EXPECT_FALSE(second.at_pointer("/pagination/done").as_bool());
    EXPECT_EQ(bench.get("/v1/projects/acme/writes?status=unknown").at_pointer("/results/0/id"), "w-3");
    EXPECT_TRUE(bench.get("/v1/projects/acme/writes?object=webhooks").at("results").as_array().empty());
    bench.get("/v1/projects/acme/writes?status=held", 400);
}

TEST(WritesApi, ShowsWhatTheProviderSaid) {
    Bench bench;
    bench.add_write(1, "failed", R"('HTTP 409: number is taken', '{"error":{"code":"iTwinExists"}}')");
    bench.add_write(2, "pending");

    const auto failed = bench.get("/v1/projects/acme/writes/w-1");
    EXPECT_EQ(failed.at("status"), "failed");
    EXPECT_EQ(failed.at("attempts"), 2);
    EXPECT_EQ(failed.at("deadline"), "d");
    EXPECT_TRUE(failed.at("nextAttemptAt").is_null()) << "it has none";
    EXPECT_EQ(failed.at("error"), "HTTP 409: number is taken");
    EXPECT_EQ(failed.at_pointer("/problem/error/code"), "iTwinExists");
    const auto pending = bench.get("/v1/projects/acme/writes/w-2");
    EXPECT_EQ(pending.at("nextAttemptAt"), "n");
    EXPECT_TRUE(pending.at("problem").is_null());
    bench.get("/v1/projects/acme/writes/none", 404);
}

TEST(OperationsApi, OfAWriteNamesWhatItWrote) {
    Bench bench;
    bench.add_write(1, "done");
    bench.add_write(2, "failed");

    const auto operation = bench.get("/v1/projects/acme/operations/op");
    EXPECT_EQ(operation.at("actionType"), "write");
    EXPECT_EQ(operation.at_pointer("/metadata/successfulRecordIds"), bj::value_from(std::vector{"r-1"}));
}

TEST(InstallationsApi, OneThatNeverRanIsCreatedAndNoMore) {
    Bench bench;
    bench.config.installations[0].connection.client_secret = Secret("hush");
    bench.config.integrations.push_back({.name = "bentley"});
    const auto found = bench.get("/v1/projects/acme/integrations/bentley/installations");
    EXPECT_EQ(found.at_pointer("/0/connection/status"), "created");
    EXPECT_FALSE(found.at(0).as_object().contains("lastOperationStatus"));
    EXPECT_EQ(bj::serialize(found).find("hush"), std::string::npos);
}

}  // namespace
}  // namespace syncd
