#include "daemon/notify.hpp"

#include "config/notifications.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>

namespace syncd {
namespace {

namespace bj = boost::json;
using Texts = std::vector<std::string>;

const Texts installation_members = {"projectId", "provider",  "integrationId", "integrationName", "installationId",
                                    "groupRef",  "groupName", "connectionId",  "consumerRef",     "consumerName"};
const Texts connection_members = {"projectId", "connectionId", "provider", "groupRef", "consumerRef", "consumerName"};

struct Bench {
    config::Config config;
    Notifier notifier{config};

    Bench() {
        config.project = "acme";
        config.storage.path = "/data/syncd.db";
        for (const auto* name : {"alerts", "hook", "silent"}) config.destinations[name].name = name;
        config.destinations["hook"].url = "https://example.com/hook?code=secret";
        config.notifications = {{.destination = "hook", .all = true, .events = {}}};
        config::Installation installation{.id = "inst",
                                          .integration = "bentley",
                                          .group_ref = "group",
                                          .group_name = "Group",
                                          .consumer_ref = "user-1",
                                          .consumer_name = "User"};
        installation.connection.client_id = "client";
        installation.connection.client_secret = Secret("hidden");
        installation.objects.push_back({.object = "contextcapture/jobs",
                                        .mapped_name = "jobs",
                                        .destination = "hook",
                                        .schedule = config::Schedule::parse("@every 10m").value()});
        installation.objects.back().fields = {{.name = "id", .mapped = "", .required = true},
                                              {.name = "name", .mapped = "title"}};
        installation.objects.back().all_fields = true;
        installation.writes.push_back({.object = "itwins", .mapped_name = "itwins"});
        config.installations.push_back(std::move(installation));
    }
    const config::Installation& installation() const { return config.installations.front(); }
    ReadSubject read() const { return {installation(), installation().objects.front(), "op-1"}; }
    WriteSubject write() const { return {installation(), "itwins", "twins", "op-w"}; }
};

bj::object data_of(const storage::Notice& notice, const std::string& event, const Texts& members) {
    const auto body = bj::parse(notice.body).as_object();
    EXPECT_EQ(body.size(), 2u) << notice.body;
    EXPECT_EQ(body.at("notificationType").as_string(), event);
    const auto& known = config::notification_events();
    EXPECT_NE(std::ranges::find(known, event), known.end()) << "nobody can ask for " << event;
    auto data = body.at("data").as_object();
    for (const auto& member : members)
        EXPECT_TRUE(data.contains(member) && data.at(member).is_string()) << event << " lacks " << member;
    return data;
}
bj::object only(const storage::Notices& notices, const std::string& event,
                const Texts& members = installation_members) {
    EXPECT_EQ(notices.size(), 1u);
    return notices.size() == 1 ? data_of(notices.front(), event, members) : bj::object();
}

TEST(Notify, TellsThoseWhoAskedForTheEvent) {
    Bench bench;
    bench.config.notifications = {{.destination = "hook", .all = false, .events = {"read.backfill.done"}},
                                  {.destination = "hook", .all = false, .events = {"disk.low"}},
                                  {.destination = "alerts", .all = true, .events = {}}};

    EXPECT_EQ(bench.notifier.destinations_of("disk.low"), (Texts{"alerts", "hook"}));
    EXPECT_EQ(bench.notifier.destinations_of("read.overdue"), Texts{"alerts"});
    const auto notices = bench.notifier.backfill_done(bench.read());
    ASSERT_EQ(notices.size(), 2u);
    EXPECT_EQ(notices[0].body, notices[1].body);
    EXPECT_EQ(notices[1].destination, "hook");
    EXPECT_EQ(notices[1].installation_id, "inst");
    EXPECT_EQ(notices[1].operation_id, "op-1");

    bench.config.notifications.clear();
    EXPECT_TRUE(bench.notifier.backfill_done(bench.read()).empty());
    EXPECT_TRUE(bench.notifier.unhealthy(bench.installation(), "no").empty());
}

TEST(Notify, InstallationFieldsAreTheInstallations) {
    Bench bench;
    const auto data = only(bench.notifier.backfill_done(bench.read()), "read.backfill.done");
    EXPECT_EQ(data.at("projectId"), "acme");
    EXPECT_EQ(data.at("provider"), "bentley");
    EXPECT_EQ(data.at("integrationId"), "bentley");
    EXPECT_EQ(data.at("installationId"), "inst");
    EXPECT_EQ(data.at("connectionId"), "inst");
    EXPECT_EQ(data.at("groupRef"), "group");
    EXPECT_EQ(data.at("groupName"), "Group");
    EXPECT_EQ(data.at("consumerRef"), "user-1");
    EXPECT_EQ(data.at("consumerName"), "User");
    EXPECT_EQ(data.at("objectName"), "jobs") << "as messages have it";
    EXPECT_EQ(data.at("rawObjectName"), "contextcapture/jobs");
}

TEST(Notify, TriggeredReadsEndWellOrNot) {
    Bench bench;
    const auto since = parse_time("2026-01-01T00:00:00Z");
    const auto done = only(bench.notifier.triggered_ended(bench.read(), {.error = "", .since = since, .until = {}}),
                           "read.triggered.done");
    EXPECT_EQ(done.at("objectName"), "jobs");
    EXPECT_EQ(done.at("fromTimestamp"), "2026-01-01T00:00:00.000Z");
    EXPECT_FALSE(done.contains("untilTimestamp"));
    EXPECT_FALSE(done.contains("error"));
    const auto failed =
        only(bench.notifier.triggered_ended(bench.read(), {.error = "HTTP 403", .since = {}, .until = {}}),
             "read.triggered.error");
    EXPECT_EQ(failed.at("error"), "HTTP 403");
    const auto cut = only(bench.notifier.interrupted({"op-9", "inst", "contextcapture/jobs", "interrupted"}),
                          "read.triggered.error");
    EXPECT_EQ(cut.at("operationId"), "op-9");
    EXPECT_TRUE(bench.notifier.interrupted({"op-9", "inst", "itwins", "interrupted"}).empty()) << "it left";
}

TEST(Notify, AnUnhealthyConnectionPausesItsSchedules) {
    Bench bench;
    const auto notices = bench.notifier.unhealthy(bench.installation(), "HTTP 401");
    ASSERT_EQ(notices.size(), 2u);
    const auto paused = data_of(notices[0], "read.schedule.paused", installation_members);
    EXPECT_EQ(paused.at("error"), "HTTP 401");
    EXPECT_TRUE(paused.at("config").is_object());
    const auto error = data_of(notices[1], "connection.error", connection_members);
    EXPECT_EQ(error.at("errors"), bj::array{bj::value("HTTP 401")});
    EXPECT_EQ(error.at("error"), error.at("errors"));
    only(bench.notifier.connection(ConnectionEvent::refreshed, bench.installation()), "connection.refreshed",
         connection_members);
    only(bench.notifier.connection(ConnectionEvent::created, bench.installation()), "connection.created",
         connection_members);
    only(bench.notifier.connection(ConnectionEvent::updated, bench.installation()), "connection.updated",
         connection_members);
    only(bench.notifier.connection(ConnectionEvent::deleted, bench.installation()), "connection.deleted",
         connection_members);
}

TEST(Notify, InstallationsComeWithTheirConfigAndNoCredentials) {
    Bench bench;
    const auto facts = bench.notifier.facts_of(bench.installation());
    const auto created = only(facts.build(std::nullopt), "installation.created");
    const auto& object = created.at("config").at_pointer("/read/objects/contextcapture~1jobs").as_object();
    EXPECT_EQ(object.at("objectName"), "contextcapture/jobs");
    EXPECT_EQ(object.at("schedule"), "@every 10m");
    EXPECT_EQ(object.at("destination"), "hook");
    EXPECT_EQ(object.at("selectedFields"), (bj::object{{"id", true}}));
    EXPECT_EQ(object.at("selectedFieldMappings"), (bj::object{{"title", "name"}}));
    EXPECT_EQ(object.at("selectedFieldsAuto"), "all");
    EXPECT_TRUE(created.at("config").at_pointer("/write/objects/itwins").is_object());
    EXPECT_EQ(created.at("config").at_pointer("/proxy/enabled"), false);
    EXPECT_EQ(bj::serialize(created).find("hidden"), std::string::npos);
    EXPECT_EQ(bj::serialize(created.at("config")), facts.config);

    const auto updated = only(facts.build(R"({"provider":"bentley"})"), "installation.updated");
    EXPECT_EQ(updated.at("lastConfig"), (bj::object{{"provider", "bentley"}}));
    EXPECT_EQ(updated.at("config"), created.at("config"));
    EXPECT_TRUE(only(facts.build(""), "installation.updated").at("lastConfig").is_object()) << "it was not kept then";

    const auto notices = bench.notifier.installation_deleted("inst", facts.fields, facts.config);
    const auto deleted = only(notices, "installation.deleted");
    EXPECT_EQ(notices.front().installation_id, "") << "its own stream is forgotten with it";
    EXPECT_EQ(deleted.at("groupRef"), "group");
    EXPECT_EQ(deleted.at("config"), created.at("config"));
    const auto older = only(bench.notifier.installation_deleted("inst", "", ""), "installation.deleted");
    EXPECT_EQ(older.at("installationId"), "inst");
    EXPECT_TRUE(older.at("config").is_object());
}

TEST(Notify, ADisabledDestinationIsToldToTheOthers) {
    Bench bench;
    const auto& hook = bench.config.destinations.at("hook");
    const Texts members = {"projectId", "destinationId", "destinationName", "url"};
    const auto alone = bench.notifier.destination_disabled(hook);
    const auto data = only(alone, "destination.webhook.disabled", members);
    EXPECT_EQ(alone.front().destination, "hook") << "it waits for itself";
    EXPECT_EQ(data.at("destinationName"), "hook");
    EXPECT_EQ(data.at("url"), "https://example.com/hook") << "without the query, which may hold a secret";

    bench.config.notifications.push_back({.destination = "alerts", .all = true, .events = {}});
    const auto others = bench.notifier.destination_disabled(hook);
    only(others, "destination.webhook.disabled", members);
    EXPECT_EQ(others.front().destination, "alerts");
}

TEST(Notify, WritesSayWhatCameOfThem) {
    Bench bench;
    const auto notices = bench.notifier.write_done(bench.write(), false, {"a", "b"}, {"409: taken"});
    const auto done = only(notices, "write.async.done");
    EXPECT_EQ(notices.front().operation_id, "op-w");
    EXPECT_EQ(done.at("objectName"), "twins");
    EXPECT_EQ(done.at("success"), false);
    EXPECT_EQ(done.at("successfulRecordIds"), (bj::array{"a", "b"}));
    EXPECT_EQ(done.at("errors"), (bj::array{bj::value("409: taken")}));
    EXPECT_TRUE(
        only(bench.notifier.write_done(bench.write(), true, {}, {}), "write.async.done").at("errors").is_array());
    const auto unknown = only(bench.notifier.write_unknown(bench.write(), "w-1", "no answer"), "write.unknown");
    EXPECT_EQ(unknown.at("writeId"), "w-1");
    EXPECT_EQ(unknown.at("error"), "no answer");
}

TEST(Notify, OurOwnEventsSayHowMuch) {
    Bench bench;
    const auto held = only(bench.notifier.deletes_held(bench.read(), 12, 40), "read.deletes.held");
    EXPECT_EQ(held.at("numRecords"), 12);
    EXPECT_EQ(held.at("knownRecords"), 40);
    const auto due = parse_time("2026-01-01T00:00:00Z").value();
    const auto late = only(bench.notifier.read_overdue(bench.read(), due, std::nullopt), "read.overdue");
    EXPECT_EQ(late.at("dueTime"), "2026-01-01T00:00:00.000Z");
    EXPECT_EQ(late.at("schedule"), "@every 10m");
    const auto budget =
        only(bench.notifier.budget_high("client", 4600, 5000), "budget.high", {"projectId", "clientId"});
    EXPECT_EQ(budget.at("installationIds"), bj::array{bj::value("inst")});
    EXPECT_EQ(budget.at("requestsPerHour"), 5000);
    const auto disk = only(bench.notifier.disk_low(1, 2), "disk.low", {"projectId", "path"});
    EXPECT_EQ(disk.at("availableBytes"), 1);
}

}  // namespace
}  // namespace syncd
