// Reads that somebody asks for, schedules that are paused, and what `check --online` says.
#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

constexpr auto as_json = "Content-Type: application/json";
constexpr auto read_api = "/read/v1/projects/acme/integrations/bentley/";
const Settings reading = {.objects = {{"itwins", "@every 1h"},
                                      {"contextcapture/jobs", "@every 1h",
                                       "backfill: { defaultPeriod: { fullHistory: true } }"}}};

/// The newest operation of the object, once it has ended.
bj::value ended(Bench& bench, const std::string& id) {
    bj::value operation;
    eventually([&] {
        operation = bench.json({"operations", id});
        return operation.at("status") != "in_progress";
    });
    return operation;
}

struct Running {
    explicit Running(const Settings& settings = reading, std::vector<std::string> flags = {"--itwins", "40", "--jobs", "30"})
        : bench(std::move(flags), settings), daemon(bench.daemon()) {
        eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 70; });
        eventually([&] {
            const auto status = bench.json({"status"});
            for (const auto& row : status.as_array())
                if (row.at("lastRead").is_null() || row.at("lastRead").at("status") != "success") return false;
            return true;
        });
        bench.sandbox.post("jobs/advance?state=Success");
    }
    Answer trigger(const std::string& object, const std::string& more = {}) {
        return fetch("POST", daemon.url(read_api + ("objects/" + object)),
                     R"({"groupRef":"acme","mode":"async")" + more + "}", {as_json});
    }
    Bench bench;
    Daemon daemon;
};

TEST(Triggered, DeliversEveryRecordAndMovesNoCursor) {
    Running running;
    const auto cursor = Database(running.bench.database()).value("SELECT cursor FROM cursors");

    for (const auto* object : {"itwins", "contextcapture%2Fjobs", "contextcapture/jobs"}) {
        const auto before = number(running.bench.sandbox.receiver(), "/records");
        const auto answer = running.trigger(object);
        ASSERT_EQ(answer.status, 201) << answer.body;
        const auto operation = ended(running.bench, text(bj::parse(answer.body), "/operationId"));
        EXPECT_EQ(text(operation, "/status"), "success") << operation;
        EXPECT_EQ(text(operation, "/readType"), "triggered");
        const auto expected = std::string(object) == "itwins" ? 40 : 30;
        EXPECT_TRUE(eventually([&] { return number(running.bench.sandbox.receiver(), "/records") == before + expected; }))
            << object << running.bench.sandbox.receiver();
    }
    EXPECT_EQ(Database(running.bench.database()).value("SELECT cursor FROM cursors"), cursor);
    EXPECT_EQ(number(running.bench.sandbox.receiver(), "/triggered"), 3);
    EXPECT_EQ(running.bench.sandbox.violations(), 0);
    EXPECT_EQ(running.bench.sandbox.difference(), "");
}

TEST(Triggered, ReadsAWindowWhereTheProviderHasATimeFilter) {
    Running running;
    const auto records = running.bench.sandbox.get("jobs/records").as_array();  // a minute apart
    const std::string since(records[10].at("createdDateTime").as_string()), until(records[14].at("createdDateTime").as_string());
    const auto window = R"(,"sinceTimestamp":")" + since + R"(","untilTimestamp":")" + until + "\"";

    const auto jobs = ended(running.bench, text(bj::parse(running.trigger("contextcapture/jobs", window).body), "/operationId"));
    EXPECT_EQ(number(jobs, "/recordsProcessed"), 5) << jobs;
    const auto itwins = ended(running.bench, text(bj::parse(running.trigger("itwins", window).body), "/operationId"));
    EXPECT_EQ(number(itwins, "/recordsProcessed"), 40) << "it has no time filter";
}

TEST(Triggered, OneWaitsBehindARunningReadAndASecondIsAConflict) {
    Running running;
    running.bench.sandbox.fault(R"({"path":"/itwins*","status":503,"retryAfter":1,"count":1})");
    const auto running_read = running.trigger("itwins");
    const auto waiting = running.trigger("itwins");
    const auto refused = running.trigger("itwins");
    EXPECT_EQ(running_read.status, 201);
    EXPECT_EQ(waiting.status, 201) << waiting.body;
    EXPECT_EQ(refused.status, 409) << refused.body;
    for (const auto* answer : {&running_read, &waiting})
        EXPECT_EQ(text(ended(running.bench, text(bj::parse(answer->body), "/operationId")), "/status"), "success");
}

TEST(Triggered, WhatIsUnknownOrWrongIsSaidSo) {
    Running running;
    EXPECT_EQ(running.trigger("webhooks").status, 404);
    EXPECT_EQ(running.trigger("itwins", R"(,"sinceTimestamp":"yesterday")").status, 400);
    const auto post = [&](const std::string& path, const std::string& body) {
        return fetch("POST", running.daemon.url(path), body, {as_json}).status;
    };
    EXPECT_EQ(post("/read/v1/projects/other/integrations/bentley/objects/itwins", R"({"groupRef":"acme"})"), 404);
    EXPECT_EQ(post("/read/v1/projects/acme/integrations/other/objects/itwins", R"({"groupRef":"acme"})"), 404);
    EXPECT_EQ(post(std::string(read_api) + "objects/itwins", R"({"groupRef":"nobody","mode":"async"})"), 404);
    EXPECT_EQ(post(std::string(read_api) + "objects/itwins", R"({"mode":"async"})"), 400);
    EXPECT_EQ(post(std::string(read_api) + "objects/itwins", R"({"groupRef":"acme","mode":"sync"})"), 400);
    EXPECT_EQ(post(std::string(read_api) + "objects/itwins", "no JSON"), 400);
    EXPECT_EQ(fetch("GET", running.daemon.url(std::string(read_api) + "objects/itwins")).status, 405);
}

TEST(Triggered, SyncWithAWindowIsOneToo) {
    Bench bench({"--jobs", "30"}, {.objects = {{"contextcapture/jobs", "0 0 1 1 *",
                                                "backfill: { defaultPeriod: { fullHistory: true } }"}}});
    bench.sandbox.post("jobs/advance?state=Success");
    ASSERT_EQ(bench.sync().exit, 0);
    const auto records = bench.sandbox.get("jobs/records").as_array();
    const std::string since(records[25].at("createdDateTime").as_string());
    ASSERT_EQ(bench.sync({"--since", since}).exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/none"), 5);
    EXPECT_EQ(bench.sync({"--since", "x"}).exit, 2);
    EXPECT_EQ(bench.sync({"--since", "2026-02-01T00:00:00Z", "--until", "2026-01-01T00:00:00Z"}).exit, 2);
}

std::string installation_of(Bench& bench) { return text(bench.json({"status"}), "/0/installationId"); }

TEST(Pause, StopsTheScheduleUntilUnpausedAndThenAMissedReadRunsOnce) {
    Bench bench({"--itwins", "3"}, {.objects = {{"itwins", "@every 1s"}}});
    auto daemon = bench.daemon();
    ASSERT_TRUE(eventually([&] { return bench.sandbox.requests("/itwins/") >= 2; }));
    const auto installation = std::string(read_api) + "installations/" + installation_of(bench);
    EXPECT_EQ(fetch("POST", daemon.url(installation + ":pause")).status, 204);
    EXPECT_TRUE(bench.json({"status"}).at_pointer("/0/paused").as_bool());
    ASSERT_TRUE(eventually([&] { return bench.json({"operations", "--status", "in_progress"}).as_array().empty(); }));

    const auto before = bench.sandbox.requests("/itwins/");
    bench.sandbox.post("itwins/create?count=2");
    EXPECT_EQ(bench.run({"sync"}).exit, 0) << "an operator's own read is no schedule";
    EXPECT_EQ(bench.sandbox.requests("/itwins/"), before + 1) << "seconds have passed, and nothing else was read";

    EXPECT_EQ(fetch("POST", daemon.url(installation + ":unpause")).status, 204);
    EXPECT_TRUE(eventually([&] { return bench.sandbox.requests("/itwins/") > before + 1; }));
    EXPECT_EQ(fetch("POST", daemon.url(std::string(read_api) + "installations/nobody:pause")).status, 404);
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(Pause, TheCommandWorksWithAndWithoutTheDaemon) {
    Bench bench({"--itwins", "3"}, {.objects = {{"itwins", "@every 1s"}, {"curated-content/cesium", "@every 1s"}}});
    EXPECT_EQ(bench.run({"pause", "--object", "itwins"}).exit, 0);
    auto daemon = bench.daemon();
    EXPECT_TRUE(eventually([&] { return bench.sandbox.requests("/curated-content/cesium/") > 1; }));
    EXPECT_EQ(bench.sandbox.requests("/itwins/"), 0);
    EXPECT_NE(bench.run({"status"}).out.find("paused"), std::string::npos);
    EXPECT_EQ(bench.run({"unpause"}).exit, 0);
    EXPECT_TRUE(eventually([&] { return bench.sandbox.requests("/itwins/") > 0; }));
    EXPECT_EQ(bench.run({"pause", "--object", "nothing"}).exit, 2);
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(CheckOnline, ReadsTheSmallestPageOfEveryScheduledObject) {
    Bench bench({"--itwins", "3", "--jobs", "5"}, {.objects = {{"itwins"}, {"contextcapture/jobs"}, {"webhooks"}}});
    const auto checked = bench.run({"check", "--online"});
    EXPECT_EQ(checked.exit, 0) << checked.out << checked.err;
    EXPECT_NE(checked.out.find("(token)"), std::string::npos) << checked.out;
    for (const auto* path : {"/itwins/", "/contextcapture/jobs", "/webhooks/"})
        EXPECT_EQ(bench.sandbox.requests(path), 1) << path;
    EXPECT_EQ(bench.sandbox.messages(), 0);
    EXPECT_FALSE(std::filesystem::exists(bench.database())) << "it needs no database";

    bench.sandbox.fault(R"({"path":"/webhooks*","status":403,"count":1})");
    bench.sandbox.fault(R"({"path":"/itwins*","kind":"date","offsetSeconds":-600,"count":1})");
    const auto refused = bench.run({"check", "--online", "--json"});
    EXPECT_EQ(refused.exit, 1);
    const auto online = bj::parse(refused.out).at("online").as_array();
    ASSERT_EQ(online.size(), 4u);
    EXPECT_EQ(text(online[3], "/status"), "failure");
    EXPECT_NE(text(online[3], "/result").find("403"), std::string::npos) << online[3];
    EXPECT_NE(text(online[1], "/result").find("clock is 10m ahead"), std::string::npos) << online[1];

    bench.sandbox.post("tokens?secret=another");
    const auto locked_out = bench.run({"check", "--online"});
    EXPECT_EQ(locked_out.exit, 1);
    EXPECT_NE(locked_out.out.find("failure"), std::string::npos) << locked_out.out;
}

}  // namespace
}  // namespace syncd::e2e
