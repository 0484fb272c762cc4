// Notifications as their receiver gets them: signed, once, and when what they tell of has come true.
#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

/// The data of every notification of that event that came.
bj::array came(const Bench& bench, const std::string& event) {
    bj::array found;
    const auto receiver = bench.sandbox.receiver();
    for (const auto& each : receiver.at("notifications").as_array())
        if (text(each, "/notificationType") == event) found.push_back(each.at("data"));
    return found;
}
/// A field of the notifications, whose destination may be disabled.
std::string deliveries(Bench& bench, const std::string& field) {
    return Database(bench.database()).value("SELECT " + field + " FROM deliveries WHERE object = 'notifications'");
}

TEST(Notifications, OfAFirstPassAreOfTheInstallationAndItsBackfill) {
    Bench bench({"--itwins", "30"}, {.events = "all"});
    ASSERT_EQ(bench.sync().exit, 0);

    const auto created = came(bench, "installation.created");
    ASSERT_EQ(created.size(), 1u) << bench.sandbox.receiver();
    EXPECT_EQ(text(created, "/0/groupRef"), "acme");
    EXPECT_TRUE(created[0].at_pointer("/config/read/objects/itwins").is_object());
    const auto done = came(bench, "read.backfill.done");
    ASSERT_EQ(done.size(), 1u);
    EXPECT_EQ(text(done, "/0/objectName"), "itwins");
    EXPECT_EQ(text(done, "/0/projectId"), "acme");
    EXPECT_EQ(bench.sandbox.violations(), 0) << bench.sandbox.receiver();

    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/notificationCount"), 2) << "nothing has happened since";
    const auto listed = bench.json({"deliveries", "--object", "notifications"});
    ASSERT_EQ(listed.as_array().size(), 2u);
    EXPECT_EQ(text(listed, "/0/destination"), "alerts");
    EXPECT_EQ(text(listed, "/0/status"), "delivered");
}

TEST(Notifications, OnlyWhatWasAskedForIsTold) {
    Bench bench({"--itwins", "3"}, {.events = "read.triggered.done"});
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/notificationCount"), 0);
}

TEST(Notifications, ABackfillIsDoneWhenItsLastMessageWasAcceptedAndNotBefore) {
    Bench bench({"--itwins", "60"}, {.destination = "maxPayloadBytes: 20000, ", .events = "read.backfill.done"});
    bench.sandbox.receiver_fault(R"({"hook":"bentley","status":503,"count":-1,"afterPages":1})");
    ASSERT_EQ(bench.sync({"--drain", "500ms"}).exit, 3);
    EXPECT_EQ(Database(bench.database()).value("SELECT status FROM operations"), "success");
    EXPECT_EQ(came(bench, "read.backfill.done").size(), 0u) << "the read is done, its messages are not";

    bench.sandbox.remove("receiver/faults");  // the next process delivers the rest
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(came(bench, "read.backfill.done").size(), 1u);
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bench.sandbox.violations(), 0);
}

TEST(Notifications, AreTriedAgainUnderTheSameId) {
    Bench bench({"--itwins", "3"}, {.events = "read.backfill.done"});
    bench.sandbox.receiver_fault(R"({"hook":"alerts","status":503,"processed":true,"count":2})");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(came(bench, "read.backfill.done").size(), 3u) << "twice the answer was lost";
    EXPECT_EQ(bench.json({"deliveries", "--object", "notifications"}).as_array().size(), 1u);
    EXPECT_EQ(bench.sandbox.violations(), 0) << "the same id with another body would be one";
}

TEST(Notifications, AReceiverThatIsDownHoldsBackNoRecords) {
    Bench bench({"--itwins", "3"}, {.events = "all"});
    bench.sandbox.receiver_fault(R"({"hook":"alerts","status":503,"count":-1})");
    ASSERT_EQ(bench.sync({"--drain", "1s"}).exit, 3);
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(Database(bench.database()).value("SELECT status FROM deliveries WHERE object = 'itwins'"), "delivered");
}

TEST(Notifications, AnUnhealthyConnectionIsToldOnceForEachChange) {
    Bench bench({"--itwins", "3"}, {.events = "read.schedule.paused, connection.error, connection.refreshed"});
    bench.sandbox.post("tokens?secret=another");
    EXPECT_EQ(bench.sync().exit, 3);
    EXPECT_EQ(bench.sync().exit, 3);
    const auto paused = came(bench, "read.schedule.paused");
    ASSERT_EQ(paused.size(), 1u) << bench.sandbox.receiver();
    EXPECT_FALSE(text(paused, "/0/error").empty());
    EXPECT_EQ(bj::serialize(paused).find("sandbox-secret"), std::string::npos);
    EXPECT_EQ(came(bench, "connection.error").size(), 1u);
    EXPECT_EQ(came(bench, "connection.refreshed").size(), 0u);

    bench.sandbox.post("tokens?secret=sandbox-secret");
    EXPECT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(came(bench, "connection.refreshed").size(), 1u);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/notificationCount"), 3);
}

TEST(Notifications, ADestinationThatIsDisabledIsToldToTheOther) {
    Bench bench({"--itwins", "3"}, {.events = "destination.webhook.disabled"});
    bench.sandbox.receiver_fault(R"({"hook":"bentley","status":410,"count":1})");
    bench.sync({"--drain", "5s"});
    EXPECT_TRUE(eventually([&] { return came(bench, "destination.webhook.disabled").size() == 1; }));
    const auto disabled = came(bench, "destination.webhook.disabled");
    EXPECT_EQ(text(disabled, "/0/destinationName"), "bentleyWebhook");
    EXPECT_EQ(text(disabled, "/0/url"), bench.sandbox.hook);
    EXPECT_EQ(deliveries(bench, "installation_id || destination"), "alerts");
}

TEST(Notifications, ADestinationThatIsDisabledItselfGetsItOnceItIsEnabled) {
    Bench bench({"--itwins", "3"}, {.events = "destination.webhook.disabled, read.backfill.done"});
    bench.sandbox.receiver_fault(R"({"hook":"alerts","status":410,"count":1})");
    bench.sync({"--drain", "2s"});
    EXPECT_EQ(number(bench.sandbox.receiver(), "/notificationCount"), 0);
    EXPECT_EQ(Database(bench.database())
                  .value("SELECT group_concat(DISTINCT status) FROM deliveries WHERE "
                         "object = 'notifications'"),
              "held");
    ASSERT_EQ(bench.run({"destinations", "enable", "alerts"}).exit, 0);
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(came(bench, "destination.webhook.disabled").size(), 1u);
    EXPECT_EQ(came(bench, "read.backfill.done").size(), 1u);
}

TEST(Notifications, ATriggeredReadTellsHowItEnded) {
    Bench bench({"--itwins", "3"}, {.events = "read.triggered.done, read.triggered.error"});
    ASSERT_EQ(bench.sync().exit, 0);
    auto daemon = bench.daemon();
    const auto trigger = [&] {
        const auto answer = fetch("POST", daemon.url("/read/v1/projects/acme/integrations/bentley/objects/itwins"),
                                  R"({"groupRef":"acme","mode":"async","sinceTimestamp":"2026-01-01T00:00:00Z"})",
                                  {"Content-Type: application/json"});
        return text(bj::parse(answer.body), "/operationId");
    };
    const auto done = trigger();
    ASSERT_TRUE(eventually([&] { return came(bench, "read.triggered.done").size() == 1; }));
    EXPECT_EQ(text(came(bench, "read.triggered.done"), "/0/operationId"), done);
    EXPECT_EQ(text(came(bench, "read.triggered.done"), "/0/fromTimestamp"), "2026-01-01T00:00:00.000Z");

    bench.sandbox.fault(R"({"path":"/itwins/","status":403,"count":1})");
    const auto failed = trigger();
    ASSERT_TRUE(eventually([&] { return came(bench, "read.triggered.error").size() == 1; }));
    EXPECT_EQ(text(came(bench, "read.triggered.error"), "/0/operationId"), failed);
    EXPECT_NE(text(came(bench, "read.triggered.error"), "/0/error").find("403"), std::string::npos);

    bench.sandbox.fault(R"({"path":"/itwins/","kind":"hang","count":-1})");
    const auto before = bench.sandbox.requests("/itwins/");
    const auto cut = trigger();
    ASSERT_TRUE(eventually([&] { return bench.sandbox.requests("/itwins/") > before; }));
    daemon.crash();
    bench.sandbox.remove("faults");
    ASSERT_EQ(bench.sync().exit, 0);
    const auto errors = came(bench, "read.triggered.error");
    ASSERT_EQ(errors.size(), 2u) << "the next process tells of it";
    EXPECT_EQ(text(errors, "/1/operationId"), cut);
    EXPECT_EQ(daemon.program.running(), false);
}

TEST(Notifications, DeletesHeldByTheFuseAreToldOnceWithTheirNumber) {
    Bench bench({"--itwins", "200"}, {.events = "read.deletes.held"});
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post("itwins/delete?count=21");
    ASSERT_EQ(bench.sync().exit, 0);
    ASSERT_EQ(bench.sync().exit, 0);
    const auto held = came(bench, "read.deletes.held");
    ASSERT_EQ(held.size(), 1u) << bench.sandbox.receiver();
    EXPECT_EQ(number(held, "/0/numRecords"), 21);
    EXPECT_EQ(text(held, "/0/objectName"), "itwins");
}

TEST(Notifications, ForgetTellsThatAnInstallationIsGoneAndKeepsTheOthersNotifications) {
    Bench bench({"--itwins", "3"}, {.events = "installation.deleted, installation.updated, read.backfill.done"});
    ASSERT_EQ(bench.sync().exit, 0);
    ASSERT_EQ(bench.run({"forget"}).exit, 0);
    EXPECT_EQ(deliveries(bench, "count(*)"), "1") << "what belongs to the configuration stays";

    auto text_of = read_text(bench.folder / "config.yaml");
    const std::string from = "groupRef: acme";
    text_of.replace(text_of.find(from), from.size(), "groupRef: another");
    write_text(bench.folder / "config.yaml", text_of);
    ASSERT_EQ(bench.run({"forget"}).exit, 0);
    ASSERT_EQ(bench.sync().exit, 0);
    const auto deleted = came(bench, "installation.deleted");
    ASSERT_EQ(deleted.size(), 1u) << bench.sandbox.receiver();
    EXPECT_EQ(text(deleted, "/0/groupRef"), "acme");
    EXPECT_TRUE(deleted[0].at_pointer("/config/read/objects/itwins").is_object());

    text_of.replace(text_of.find("groupRef: another"), 17, "groupRef: another\n    groupName: Renamed");
    write_text(bench.folder / "config.yaml", text_of);
    ASSERT_EQ(bench.sync().exit, 0);
    const auto updated = came(bench, "installation.updated");
    ASSERT_EQ(updated.size(), 1u) << bench.sandbox.receiver();
    EXPECT_EQ(text(updated, "/0/groupName"), "Renamed");
    EXPECT_TRUE(updated[0].at_pointer("/lastConfig/read/objects/itwins").is_object());
}

}  // namespace
}  // namespace syncd::e2e
