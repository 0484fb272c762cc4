// EXPLAIN QUERY PLAN of what runs in loops: the statements are taken from the connection while the product runs them.
#include "storage/leftovers.hpp"
#include "storage/notices.hpp"
#include "storage/operations.hpp"
#include "storage/outbox.hpp"
#include "storage/records.hpp"
#include "storage/upkeep.hpp"
#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <functional>
#include <set>

namespace syncd::storage {
namespace {

using namespace syncd::testing;

int note_sql(unsigned, void* into, void*, void* sql) {
    static_cast<std::set<std::string>*>(into)->insert(static_cast<const char*>(sql));
    return 0;
}

/// A database with the product's schema, one object and one stream.
class Plans {
public:
    Plans() : db(store.path, OpenMode::read_write) {
        store.commit({seen(a_record("1"))});
        create_seen(db);
    }
    /// The steps of everything that `work` executes which read a whole table out of `tables`.
    std::vector<std::string> scans(const std::function<void(Database&)>& work, const std::vector<std::string>& tables) {
        std::set<std::string> executed;
        sqlite3_trace_v2(db.raw().getHandle(), SQLITE_TRACE_STMT, note_sql, &executed);
        work(db);
        sqlite3_trace_v2(db.raw().getHandle(), 0, nullptr, nullptr);
        std::vector<std::string> found;
        for (const auto& sql : executed) {
            if (sql.starts_with("--")) continue;  // inside a trigger
            SQLite::Statement plan(db.raw(), "EXPLAIN QUERY PLAN " + sql);
            while (plan.executeStep()) {
                const std::string step = plan.getColumn(3).getString();
                for (const auto& table : tables)
                    if (step == "SCAN " + table || step.starts_with("SCAN " + table + " "))
                        found.push_back(step + " of " + sql);
            }
        }
        EXPECT_FALSE(executed.empty());
        return found;
    }

    OpenStore store;
    Database db;
};

const std::vector<std::string> big_tables = {"message", "m",    "h",       "record",     "r", "message_body",
                                             "b",       "seen", "attempt", "operations", "o"};

void expect_none(const std::vector<std::string>& scans) {
    for (const auto& scan : scans) ADD_FAILURE() << scan;
}

TEST(Plans, ClaimingScansNoTable) {
    Plans plans;
    for (const bool ordered : {true, false})
        expect_none(plans.scans(
            [&](Database& db) { claim_due(db, {.destination = "hook", .ordered = ordered, .now = at(9), .limit = 8}); },
            big_tables));
    expect_none(plans.scans([](Database& db) { claim_stream(db, 1, 0, 8, 1000); }, big_tables));
    expect_none(plans.scans([](Database& db) { next_due(db, {.destination = "hook", .now = at(9)}); }, big_tables));
}

TEST(Plans, FinishingAttemptsScansNoTable) {
    Plans plans;
    for (const auto verdict : {Verdict::retry, Verdict::delivered, Verdict::dead, Verdict::hold})
        expect_none(plans.scans(
            [&](Database& db) {
                finish_attempts(db, "hook",
                                {{.message_key = 1,
                                  .verdict = verdict,
                                  .at = at(9),
                                  .step_due_at = at(10),
                                  .next_attempt_at = at(10),
                                  .disable = verdict == Verdict::hold}});
            },
            big_tables));
}

TEST(Plans, BeginningAndFinishingAReadScansNoTable) {
    Plans plans;
    const auto key = plans.store.key;
    expect_none(plans.scans(
        [&](Database& db) {
            begin_read(db, {.object_key = key,
                            .operation_id = "op-9",

                            .backfill = true,
                            .resumed = true,
                            .now = at(2)});
        },
        big_tables));
    expect_none(plans.scans(
        [&](Database& db) {
            finish_read(db, {.object_key = key,
                             .operation_id = "op-9",
                             .success = true,
                             .backfill_done = true,
                             .full_since = at(1),
                             .page_size = 5,
                             .due_at = at(1),
                             .now = at(2)});
        },
        big_tables));
    expect_none(plans.scans([&](Database& db) { log_operation(db, "op-9", LogLevel::info, "x", at(2)); }, big_tables));
}

TEST(Plans, APageScansNoTable) {
    Plans plans;
    const auto page = plans.store.page({seen(a_record("1")), seen(a_record("2"))});
    expect_none(plans.scans([&](Database& db) { commit_page(db, page); }, big_tables));
}

TEST(Plans, FindingAndCommittingDeletesScansNoTable) {
    Plans plans;
    const auto key = plans.store.key;
    expect_none(plans.scans([&](Database& db) { count_missing(db, key); }, big_tables));
    expect_none(plans.scans([&](Database& db) { missing(db, key, false, "", 10); }, big_tables));
    expect_none(plans.scans([&](Database& db) { hold_missing(db, key); }, big_tables));
    expect_none(plans.scans([&](Database& db) { mark_missing_once(db, key, {"1"}); }, big_tables));
    expect_none(plans.scans(
        [&](Database& db) {
            commit_deletes(db, {.object_key = key,
                                .operation_id = "op-1",
                                .ids = {"1"},
                                .destination = "hook",
                                .new_stream_id = "s",
                                .build = one_message_each,
                                .now = at(9)});
        },
        big_tables));
}

TEST(Plans, TellingScansNoTable) {
    Plans plans;
    const auto key = plans.store.key;
    const Notices notices = {{"hook", "inst", "op-1", "{}"}};
    expect_none(plans.scans([&](Database& db) { notify_once_accepted(db, key, "hook", notices, at(9)); }, big_tables));
    expect_none(plans.scans([&](Database& db) { wait_for_redelivery(db, key, at(9)); }, big_tables));
    expect_none(plans.scans([&](Database& db) { release_notices(db, 1, at(9)); }, big_tables));
    expect_none(plans.scans([&](Database& db) { kept_schedules(db, "inst"); }, big_tables));
}

TEST(Plans, ForgettingScansNoTable) {
    Plans plans;
    expect_none(plans.scans([](Database& db) { forget_pending(db, {"inst", "itwins"}); }, big_tables));
    expect_none(plans.scans([](Database& db) { forget_object(db, {{"inst", "itwins"}}); }, big_tables));
}

TEST(Plans, ServingADownloadScansNoTable) {
    Plans plans;
    expect_none(plans.scans([](Database& db) { results_of(db, "msg_1"); }, big_tables));
}

// Reason: prune() binds the status, so that SQLite can't use the partial index message_final and reads the whole
// message table on the writer's thread, twice every ten minutes and for each batch of 500. Proposed: in upkeep.cpp say
// `WHERE status IN ('delivered', 'dead') AND status = ? AND updated_at < ?`.
TEST(Plans, PruningScansNoTable) {
    Plans plans;
    const Retention retention{std::chrono::hours{1}, std::chrono::hours{1}, std::chrono::hours{1},
                              std::chrono::hours{1}};
    expect_none(plans.scans([&](Database& db) { prune(db, retention, at(9)); }, big_tables));
}

}  // namespace
}  // namespace syncd::storage
