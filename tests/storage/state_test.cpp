// What is kept between reads: operations, backfill positions, cursors, budget, health; and retention.
#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>

namespace syncd::storage {
namespace {

using namespace syncd::testing;
using Texts = std::vector<std::string>;
using namespace std::chrono_literals;

FinishRead ended(const OpenStore& store, std::string operation, bool success) {
    return {.object_key = store.key,
            .operation_id = std::move(operation),
            .success = success,
            .result = "said",
            .now = at(9)};
}

TEST(Installation, ItsUpdateTimeMovesOnlyWithItsDigest) {
    OpenStore store;
    EXPECT_EQ(store.run(store->enter_installation("inst", "digest-1", at(1))), at(1));
    EXPECT_EQ(store.run(store->enter_installation("inst", "digest-1", at(2))), at(1));
    EXPECT_EQ(store.run(store->enter_installation("inst", "digest-2", at(3))), at(3));
}

TEST(Operation, EndsAsItEnded) {
    OpenStore store;
    store.run(store->finish_read(ended(store, "op-1", true)));
    store.begin("op-2");
    store.run(store->finish_read(ended(store, "op-2", false)));
    store.begin("op-3");
    auto goes_on = ended(store, "op-3", false);
    goes_on.in_progress = true;
    store.run(store->finish_read(goes_on));

    EXPECT_EQ(store.column("SELECT status FROM operations ORDER BY id"), (Texts{"success", "failure", "in_progress"}));
}

TEST(Operation, ItsLogIsBoundedAndAnUnknownOnesIsDropped) {
    OpenStore store;
    for (int i = 0; i < 1010; ++i) store.run(store->log_operation("op-1", LogLevel::warn, "line", at(1)));
    store.run(store->log_operation("op-unknown", LogLevel::info, "line", at(1)));

    EXPECT_EQ(store.value("SELECT count(*) FROM operation_log"), "1000");
}

TEST(Interrupted, ReadsThatACrashCutOffBecomeFailures) {
    OpenStore store;
    store.open();

    EXPECT_EQ(store.run(store->fail_interrupted(at(5))), 1);

    EXPECT_EQ(store.value("SELECT status FROM operations"), "failure");
    EXPECT_EQ(store.run(store->fail_interrupted(at(6))), 0);
}

TEST(Interrupted, AReadWhoseEndCouldNotBeStoredEndsWhenTheNextOfItsObjectBegins) {
    OpenStore store;
    const auto itwins = store.key;
    store.key = store.object("webhooks");
    store.begin("op-w");
    store.key = itwins;

    store.begin("op-2");

    EXPECT_EQ(store.column("SELECT status FROM operations ORDER BY id"),
              (Texts{"failure", "in_progress", "in_progress"}));
}

TEST(Interrupted, ABackfillThatGoesOnKeepsItsOperation) {
    OpenStore store;
    store.run(store->begin_read(
        {.object_key = store.key, .operation_id = "op-b", .type = ReadType::backfill, .backfill = true, .now = at(1)}));
    store.open();

    EXPECT_EQ(store.run(store->fail_interrupted(at(5))), 0);

    EXPECT_EQ(store.value("SELECT status FROM operations WHERE id = 'op-b'"), "in_progress");
    EXPECT_EQ(store.state().operation_id, "op-b");
}

TEST(Backfill, GoesFromPendingOverRunningToDone) {
    OpenStore store;
    EXPECT_EQ(store.state().backfill, ObjectState::Backfill::pending);
    store.run(store->begin_read({.object_key = store.key,
                                 .operation_id = "op-b",
                                 .type = ReadType::backfill,
                                 .backfill = true,
                                 .since = at(-100),
                                 .deliver_from = at(-50),
                                 .now = at(1)}));
    EXPECT_EQ(store.state().backfill, ObjectState::Backfill::running);
    EXPECT_EQ(store.state().since, at(-100));
    EXPECT_EQ(store.state().deliver_from, at(-50));

    auto done = ended(store, "op-b", true);
    done.backfill_done = true;
    store.run(store->finish_read(done));

    EXPECT_EQ(store.state().backfill, ObjectState::Backfill::done);
    EXPECT_EQ(store.state().since, at(-100)) << "full reads begin there too";
}

TEST(Backfill, ItsPositionIsCommittedWithItsPage) {
    OpenStore store;
    store.run(store->begin_read(
        {.object_key = store.key, .operation_id = "op-b", .type = ReadType::backfill, .backfill = true, .now = at(1)}));
    auto page = store.page({seen(a_record("1"))});
    page.next_url = "https://api.test/next?$continuationToken=x%20y";
    page.query.cursor = at(-7);
    store.run(store->commit_page(page));
    store.open();

    EXPECT_EQ(store.state().next_url, "https://api.test/next?$continuationToken=x%20y");
    EXPECT_EQ(store.state().next_cursor, at(-7));
    EXPECT_EQ(store.state().cursor, std::nullopt) << "the cursor moves when all pages are in";
}

TEST(Backfill, ThatFailedGoesOnFromItsPositionUnderANewOperation) {
    OpenStore store;
    store.run(store->begin_read(
        {.object_key = store.key, .operation_id = "op-b", .type = ReadType::backfill, .backfill = true, .now = at(1)}));
    auto page = store.page({seen(a_record("1"))});
    page.next_url = "https://api.test/next";
    store.run(store->commit_page(page));

    store.run(store->finish_read(ended(store, "op-b", false)));
    EXPECT_EQ(store.state().operation_id, "");
    EXPECT_EQ(store.state().next_url, "https://api.test/next");

    store.run(store->begin_read(
        {.object_key = store.key, .operation_id = "op-c", .type = ReadType::backfill, .resumed = true, .now = at(2)}));
    EXPECT_EQ(store.state().operation_id, "op-c");
    EXPECT_EQ(store.state().next_url, "https://api.test/next");
}

TEST(Backfill, ANewOneStartsAtTheFirstPage) {
    OpenStore store;
    auto page = store.page({});
    page.next_url = "https://api.test/old";
    store.run(store->commit_page(page));

    store.run(store->begin_read(
        {.object_key = store.key, .operation_id = "op-b", .type = ReadType::backfill, .backfill = true, .now = at(1)}));

    EXPECT_EQ(store.state().next_url, "");
}

TEST(Cursor, NeverGoesBack) {
    OpenStore store;
    store.finish_query({.cursor = at(100)});
    store.finish_query({.cursor = at(50)});
    EXPECT_EQ(store.state().cursor, at(100));

    store.finish_query({.cursor = at(101)});
    EXPECT_EQ(store.state().cursor, at(101));
}

TEST(State, DueTimePageSizeFullReadAndPauseAreKept) {
    OpenStore store;
    store.run(store->begin_read(
        {.object_key = store.key, .operation_id = "op-2", .type = ReadType::scheduled, .now = at(61)}));
    auto read = ended(store, "op-2", true);
    read.page_size = 500;
    read.due_at = at(60);
    read.full_since = at(61);
    store.run(store->finish_read(read));
    store.run(store->set_paused("inst", "itwins", true));
    store.open();

    EXPECT_EQ(store.state().last_due_at, at(60));
    EXPECT_EQ(store.state().page_size, 500);
    EXPECT_EQ(store.state().last_full_at, at(61));
    EXPECT_TRUE(store.state().paused);
    store.run(store->set_paused("inst", "itwins", false));
    EXPECT_FALSE(store.state().paused);
}

TEST(State, AnObjectThatWasPausedBeforeItWasEverReadIsPaused) {
    OpenStore store;
    store.run(store->set_paused("inst", "webhooks", true));

    EXPECT_TRUE(store.state("webhooks").paused);
}

TEST(BudgetSpent, IsKeptByClientAndMinuteForAnHour) {
    OpenStore store;
    const auto spend = [&](int requests, Timestamp now) {
        for (int i = 0; i < requests; ++i) store.run(store->add_spent("client", now));
    };
    const auto minute = std::chrono::floor<std::chrono::minutes>(at(0)).time_since_epoch().count();
    spend(2, at(1));
    spend(3, at(59));
    spend(5, at(60));
    store.open();
    using ByMinute = std::map<std::int64_t, std::int64_t>;
    EXPECT_EQ(store.run(store->budget_spent(minute)).at("client"), (ByMinute{{minute, 5}, {minute + 1, 5}}));

    spend(7, at(0) + 3h);

    EXPECT_EQ(store.run(store->budget_spent(0)).at("client"), (ByMinute{{minute + 180, 7}}));
}

const Retention short_retention{.operations = 1h, .deliveries = 1h, .dead_letters = 2h, .deleted_records = 1h};

/// One message in each status, all of the same age.
void one_of_each(OpenStore& store) {
    for (const auto* id : {"1", "2", "3", "4"}) store.commit({seen(a_record(id))});
    Database db(store.path, OpenMode::read_write);
    db.execute(
        "UPDATE message SET status = CASE sequence WHEN 1 THEN 'pending' WHEN 2 THEN 'held' WHEN 3 THEN 'delivered' "
        "ELSE 'dead' END");
}

TEST(Prune, NeverTouchesPendingOrHeld) {
    OpenStore store;
    one_of_each(store);

    while (store.run(store->prune(short_retention, at(0) + 24h * 1000))) {
    }

    EXPECT_EQ(store.column("SELECT status FROM message ORDER BY sequence"), (Texts{"pending", "held"}));
    EXPECT_EQ(store.value("SELECT count(*) FROM message_body"), "2");
    EXPECT_EQ(store.value("SELECT count(*) FROM operations"), "1") << "its messages still wait";
    EXPECT_EQ(store.value("SELECT count(*) FROM record"), "4") << "none was deleted";
}

TEST(Prune, AgesCountFromTheFinalState) {
    OpenStore store;
    one_of_each(store);

    EXPECT_FALSE(store.run(store->prune(short_retention, at(1) + 1h)));
    EXPECT_EQ(store.value("SELECT count(*) FROM message"), "4") << "not older, as old";

    store.run(store->prune(short_retention, at(2) + 1h));
    EXPECT_EQ(store.column("SELECT status FROM message ORDER BY sequence"), (Texts{"pending", "held", "dead"}));
}

TEST(Prune, TakesAttemptsAndLogsWithIt) {
    OpenStore store;
    store.commit({seen(a_record("1"))});
    store.attempt({.message_key = 1, .verdict = Verdict::delivered, .status = 200, .at = at(10)});
    store.run(store->log_operation("op-1", LogLevel::info, "line", at(1)));
    store.run(store->finish_read(ended(store, "op-1", true)));

    store.run(store->prune(short_retention, at(0) + 24h));
    store.run(store->prune(short_retention, at(0) + 24h));

    for (const auto* table : {"message", "message_body", "attempt", "operations", "operation_log"})
        EXPECT_EQ(store.value(std::string("SELECT count(*) FROM ") + table), "0") << table;
    EXPECT_EQ(store.value("SELECT next_sequence FROM stream"), "2") << "sequences go on";
}

TEST(Prune, AReadInProgressStays) {
    OpenStore store;

    store.run(store->prune(short_retention, at(0) + 24h * 1000));

    EXPECT_EQ(store.value("SELECT status FROM operations"), "in_progress");
}

TEST(Prune, DeletedRecordsGoWhenTheirTimeIsUp) {
    OpenStore store;
    store.commit({seen(a_record("1")), seen(a_record("2"))});
    store.remove({"2"});

    store.run(store->prune(short_retention, at(0) + 24h));

    EXPECT_EQ(store.column("SELECT record_id FROM record"), Texts{"1"});
    EXPECT_EQ(store.state().records, 1);
    EXPECT_EQ(store.commit({seen(a_record("2"))}).creates, 1);
}

TEST(Prune, AManyAreDroppedABoundedAmountACall) {
    OpenStore store;
    std::vector<SeenRecord> many;
    for (int i = 0; i < 1200; ++i) many.push_back(seen(a_record(std::to_string(i))));
    store.commit(std::move(many));
    Database(store.path, OpenMode::read_write).execute("UPDATE message SET status = 'delivered'");

    EXPECT_TRUE(store.run(store->prune(short_retention, at(0) + 24h)));
    EXPECT_EQ(store.value("SELECT count(*) FROM message"), "700");
    EXPECT_TRUE(store.run(store->prune(short_retention, at(0) + 24h)));
    EXPECT_FALSE(store.run(store->prune(short_retention, at(0) + 24h)));
}

}  // namespace
}  // namespace syncd::storage
