// Notifications are there exactly when what they tell of was committed.
#include "storage/backup.hpp"
#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace syncd::storage {
namespace {

using namespace syncd::testing;
using Texts = std::vector<std::string>;
using namespace std::chrono_literals;

Notice a_notice(std::string body, std::string destination = "told", std::string installation = "inst") {
    return {std::move(destination), std::move(installation), "op-1", std::move(body)};
}

class NoticesTest : public ::testing::Test {
protected:
    NoticesTest() { store.run(store->enter_destinations({"hook", "told"}, at(0))); }

    /// Bodies of notifications in the order in which they came.
    Texts told(const std::string& where = "true") {
        return store.column(
            "SELECT b.body FROM message m JOIN stream s ON s.key = m.stream_key JOIN message_body b "
            "ON b.message_key = m.key WHERE s.object = 'notifications' AND " +
            where + " ORDER BY m.key");
    }
    FinishRead end(bool success = true) {
        return {.object_key = store.key,
                .operation_id = "op-1",
                .success = success,
                .result = "done",
                .now = at(5),
                .destination = "hook"};
    }
    void finish_backfill() {
        auto read = end();
        read.backfill_done = true;
        read.backfill_notices = {a_notice("backfill")};
        store.run(store->finish_read(read));
    }
    DestinationState finish(int sequence, Verdict verdict, bool disable = false, Notices notices = {}) {
        const auto key = store.value(
            "SELECT m.key FROM message m JOIN stream s ON s.key = m.stream_key WHERE s.destination = 'hook' "
            "AND s.object = 'itwins' AND m.sequence = " +
            std::to_string(sequence));
        return store.attempt({.message_key = std::stoll(key),
                              .verdict = verdict,
                              .status = 200,
                              .error = "why",
                              .at = at(10),
                              .step_due_at = at(20),
                              .next_attempt_at = at(20),
                              .disable = disable,
                              .notices = std::move(notices)});
    }
    OpenStore store;
};

TEST_F(NoticesTest, AreToldWithTheEndOfTheRead) {
    auto read = end();
    read.notices = {a_notice("first"), a_notice("second", "other")};
    store.run(store->finish_read(read));

    EXPECT_EQ(told(), (Texts{"first", "second"}));
    EXPECT_EQ(
        store.column("SELECT destination || ' ' || installation_id || ' ' || object || ' ' || operation_id || ' ' "
                     "|| num_records || ' ' || status || ' ' || sequence FROM deliveries ORDER BY destination"),
        (Texts{"other inst notifications op-1 0 pending 1", "told inst notifications op-1 0 pending 1"}));
}

TEST_F(NoticesTest, AreNotThereWhenWhatTheyTellOfCouldNotBeStored) {
    Database(store.path, OpenMode::read_write)
        .execute("CREATE TRIGGER full BEFORE INSERT ON message_body BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    auto read = end();
    read.notices = {a_notice("told")};

    EXPECT_THROW(store.run(store->finish_read(read)), std::exception);

    EXPECT_EQ(told(), Texts{});
    EXPECT_EQ(store.value("SELECT status FROM operations"), "in_progress") << "and the other way round";
}

TEST_F(NoticesTest, HaveTheirOwnStreamSoThatNothingWaitsForTheOther) {
    store.commit({seen(a_record("1"))});
    auto read = end();
    read.notices = {a_notice("a", "hook"), a_notice("b", "hook"), a_notice("c", "hook", "")};
    store.run(store->finish_read(read));

    Texts due;
    for (const auto& message : store.claim()) due.push_back(message.body);
    std::ranges::sort(due);
    EXPECT_EQ(due, (Texts{"1:create:1", "a", "c"})) << "the heads of three streams";
}

TEST_F(NoticesTest, AreHeldForADestinationThatIsDisabled) {
    store.run(store->set_destination("told", false, "gone", at(1)));
    auto read = end();
    read.notices = {a_notice("held")};
    store.run(store->finish_read(read));
    EXPECT_EQ(told("m.status = 'held'"), Texts{"held"});

    store.run(store->set_destination("told", true, "", at(9)));
    EXPECT_EQ(told("m.status = 'pending'"), Texts{"held"});
}

TEST_F(NoticesTest, OfABackfillWaitForItsLastMessage) {
    store.commit({seen(a_record("1")), seen(a_record("2"))});
    finish_backfill();
    store.commit({seen(a_record("3"))});  // of the next read
    EXPECT_EQ(told(), Texts{});

    EXPECT_FALSE(finish(1, Verdict::delivered).notified);
    EXPECT_FALSE(finish(2, Verdict::retry).notified);
    EXPECT_EQ(told(), Texts{}) << "it was not accepted";
    store.open();  // a restart
    EXPECT_TRUE(finish(2, Verdict::delivered).notified);
    EXPECT_EQ(told(), Texts{"backfill"});
    EXPECT_FALSE(finish(3, Verdict::delivered).notified);
    EXPECT_EQ(told(), Texts{"backfill"});
}

TEST_F(NoticesTest, OfABackfillWaitForEveryMessageWhereOrderDoesNotMatter) {
    store.commit({seen(a_record("1")), seen(a_record("2"))});
    finish_backfill();

    finish(2, Verdict::delivered);
    EXPECT_EQ(told(), Texts{});
    finish(1, Verdict::dead);
    EXPECT_EQ(told(), Texts{"backfill"}) << "a dead letter is not waited for";
}

TEST_F(NoticesTest, OfABackfillWaitForHeldMessages) {
    store.commit({seen(a_record("1")), seen(a_record("2"))});
    finish_backfill();
    finish(1, Verdict::hold, true);
    EXPECT_EQ(told(), Texts{});
    store.run(store->set_destination("hook", true, "", at(9)));
    finish(1, Verdict::delivered);
    EXPECT_EQ(told(), Texts{});
    finish(2, Verdict::delivered);
    EXPECT_EQ(told(), Texts{"backfill"});
}

TEST_F(NoticesTest, OfABackfillWithoutMessagesAreToldAtOnce) {
    finish_backfill();
    EXPECT_EQ(told(), Texts{"backfill"});
}

TEST_F(NoticesTest, OfABackfillWhoseMessagesAreAllAcceptedAreToldAtOnce) {
    store.commit({seen(a_record("1"))});
    finish(1, Verdict::delivered);
    finish_backfill();
    EXPECT_EQ(told(), Texts{"backfill"});
}

TEST_F(NoticesTest, OfABackfillWaitForTheRedeliveryOfARestoredDatabase) {
    store.commit({seen(a_record("1"))});
    finish_backfill();
    TemporaryFolder copies;
    back_up(store.path, copies.file("copy.db"), at(100));
    store.store.reset();
    for (const auto* beside : {"", "-wal", "-shm"}) std::filesystem::remove(store.path + beside);
    std::filesystem::rename(copies.file("copy.db"), store.path);
    store.open();

    auto page = store.page({seen(a_record("1"))});
    page.deliver_unchanged = true;
    page.new_stream_id = "anew";
    store.run(store->commit_page(page));
    auto read = end();
    read.redelivered = true;
    store.run(store->finish_read(read));
    EXPECT_EQ(told(), Texts{});
    finish(1, Verdict::delivered);
    EXPECT_EQ(told(), Texts{"backfill"});
}

TEST_F(NoticesTest, OfADisabledDestinationAreToldOnce) {
    store.commit({seen(a_record("1")), seen(a_record("2"))});
    const Notices notices = {a_notice("disabled", "told", ""), a_notice("disabled", "hook", "")};

    EXPECT_TRUE(finish(1, Verdict::hold, true, notices).notified);
    EXPECT_FALSE(finish(2, Verdict::hold, true, notices).notified) << "another attempt that was under way";

    EXPECT_EQ(told("s.destination = 'told' AND m.status = 'pending'"), Texts{"disabled"});
    EXPECT_EQ(told("s.destination = 'hook' AND m.status = 'held'"), Texts{"disabled"});
}

TEST_F(NoticesTest, OfHealthAreToldWhenItChanges) {
    const auto note = [&](bool healthy) {
        store.run(store->set_health("inst", healthy, "", at(1), {a_notice(healthy ? "whole" : "broken")}));
    };
    note(true);
    EXPECT_EQ(told(), Texts{}) << "nobody was told otherwise";
    note(false);
    store.open();
    note(false);
    EXPECT_EQ(told(), Texts{"broken"}) << "a restart changes nothing";
    note(true);
    EXPECT_EQ(told(), (Texts{"broken", "whole"}));
}

TEST_F(NoticesTest, OfHeldDeletesAreToldForNewOnesOnly) {
    store.commit({seen(a_record("1")), seen(a_record("2"))});
    store.begin("op-2");
    store.run(store->hold_missing(store.key, {a_notice("two")}, at(2)));
    store.begin("op-3");
    store.run(store->hold_missing(store.key, {a_notice("the same")}, at(3)));
    store.run(store->hold_records(store.key, {"1"}, {a_notice("the same")}, at(3)));
    EXPECT_EQ(told(), Texts{"two"});
    store.run(store->decide_held_deletes("inst", "itwins", false));
    store.run(store->hold_records(store.key, {"1"}, {a_notice("again")}, at(4)));
    EXPECT_EQ(told(), (Texts{"two", "again"}));
}

TEST_F(NoticesTest, OfInterruptedReadsAreOfTriggeredOnes) {
    store.run(store->accept_read("op-t", "inst", "itwins", at(1)));
    const BuildInterrupted build = [](const InterruptedRead& read) -> Notices {
        return {a_notice(read.operation_id + " " + read.installation_id + " " + read.object + " " + read.result)};
    };
    EXPECT_EQ(store.run(store->fail_interrupted(at(5), build)), 2);
    ASSERT_EQ(told().size(), 1u);
    EXPECT_TRUE(told().front().starts_with("op-t inst itwins interrupted")) << told().front();
    store.run(store->fail_interrupted(at(6), build));
    EXPECT_EQ(told().size(), 1u);
}

TEST_F(NoticesTest, OfInstallationsTellWhatTheyWereBefore) {
    const auto enter = [&](const std::string& digest, const std::string& config) {
        InstallationFacts facts{.fields = R"({"id":1})", .config = config, .build = {}};
        facts.build = [config](const std::optional<std::string>& last) -> Notices {
            return {a_notice(last ? "updated " + *last + " " + config : "created " + config)};
        };
        return store.run(store->enter_installation("new", digest, at(std::int64_t(digest.size())), facts));
    };
    EXPECT_EQ(enter("d", "{1}"), at(1));
    EXPECT_EQ(enter("d", "{1}"), at(1));
    EXPECT_EQ(told(), Texts{"created {1}"});
    EXPECT_EQ(enter("dd", "{2}"), at(2));
    EXPECT_EQ(enter("dd", "{3}"), at(2)) << "not what shapes its messages, but its schedule, say";
    EXPECT_EQ(told(), (Texts{"created {1}", "updated {1} {2}", "updated {2} {3}"}));

    store.run(store->forget_installation("new", at(9), [](const auto& id, const auto& fields, const auto& config) {
        return Notices{a_notice("deleted " + id + fields + config, "told", "")};
    }));
    EXPECT_EQ(told().back(), R"(deleted new{"id":1}{3})");
}

TEST_F(NoticesTest, OfAnInstallationThatAnOlderVersionKnewSayNothing) {
    store.run(store->enter_installation("old", "d", at(1)));
    InstallationFacts facts{.fields = "{}", .config = "{}", .build = {}};
    facts.build = [](const std::optional<std::string>&) -> Notices { return {a_notice("news")}; };
    store.run(store->enter_installation("old", "d", at(2), facts));
    EXPECT_EQ(told(), Texts{});
}

TEST_F(NoticesTest, OfOverdueReadsAreToldOnceUntilTheScheduleIsKept) {
    EXPECT_TRUE(store.run(store->note_overdue(store.key, {a_notice("late")}, at(1))));
    EXPECT_FALSE(store.run(store->note_overdue(store.key, {a_notice("late")}, at(2))));
    EXPECT_TRUE(store.run(store->kept_schedules("inst")).at(0).overdue);

    store.run(store->finish_read(end()));
    EXPECT_TRUE(store.run(store->kept_schedules("inst")).at(0).overdue) << "somebody else's read";
    auto read = end();
    read.kept_schedule = true;
    store.run(store->finish_read(read));
    const auto kept = store.run(store->kept_schedules("inst"));
    ASSERT_EQ(kept.size(), 1u);
    EXPECT_FALSE(kept[0].overdue);
    EXPECT_EQ(kept[0].kept_at, at(5));
    EXPECT_TRUE(store.run(store->note_overdue(store.key, {a_notice("late again")}, at(9))));
    EXPECT_EQ(told(), (Texts{"late", "late again"}));
}

TEST_F(NoticesTest, OnceIsOnceUntilItsTime) {
    const auto tell = [&](const std::string& event, std::optional<Duration> again, Timestamp now) {
        return store.run(store->tell_once(
            {.event = event, .subject = "s", .again_after = again, .notices = {a_notice(event)}, .now = now}));
    };
    EXPECT_TRUE(tell("budget", 1h, at(0)));
    EXPECT_FALSE(tell("budget", 1h, at(3599)));
    EXPECT_TRUE(tell("budget", 1h, at(3600)));
    EXPECT_TRUE(tell("budget", 1h, at(0))) << "the clock was set back";
    EXPECT_TRUE(tell("disk", std::nullopt, at(0)));
    EXPECT_FALSE(tell("disk", std::nullopt, at(1'000'000)));
    store.run(store->forget_told("disk", "s"));
    EXPECT_TRUE(tell("disk", std::nullopt, at(1'000'001)));
    EXPECT_EQ(told(), (Texts{"budget", "budget", "budget", "disk", "disk"}));
}

TEST_F(NoticesTest, AreReplayedAndPrunedLikeOtherMessages) {
    auto read = end();
    read.notices = {a_notice("a")};
    store.run(store->finish_read(read));
    EXPECT_EQ(store.run(store->count_pending({"told"})), 1);
    const auto key = std::stoll(store.value("SELECT key FROM message"));
    store.run(store->finish_attempts("told", {{.message_key = key, .verdict = Verdict::delivered, .at = at(9)}}));

    EXPECT_EQ(store.run(store->replay({.destination = "told"}, at(10))), 1);
    store.run(store->finish_attempts("told", {{.message_key = key, .verdict = Verdict::delivered, .at = at(11)}}));
    store.run(store->prune({1h, 1h, 1h, 1h}, at(11) + 2h));
    EXPECT_EQ(told(), Texts{});
}

TEST_F(NoticesTest, AreForgottenWithTheirInstallationOrDestination) {
    store.commit({seen(a_record("1"))});
    finish_backfill();  // waits
    auto read = end();
    read.notices = {a_notice("of the installation"), a_notice("of none", "told", "")};
    store.run(store->finish_read(read));

    store.run(store->forget_object({{"inst", "itwins"}}));
    EXPECT_EQ(store.value("SELECT count(*) FROM notice"), "0");
    store.run(store->forget_object({{"inst", "notifications"}}));
    EXPECT_EQ(told(), Texts{"of none"});
    EXPECT_EQ(store.run(store->forget_destinations({"hook", "told"})), Texts{});
    EXPECT_EQ(told(), Texts{"of none"});
    EXPECT_EQ(store.run(store->forget_destinations({"hook"})), Texts{"told"});
    EXPECT_EQ(told(), Texts{});
}

}  // namespace
}  // namespace syncd::storage
