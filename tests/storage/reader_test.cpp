#include "storage/reader.hpp"

#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace syncd::storage {
namespace {

using namespace syncd::testing;
using Texts = std::vector<std::string>;

Texts ids_of(Reader& reader, std::optional<Timestamp> since = {}, bool deleted = false) {
    Texts ids;
    reader.records("inst", "itwins", since, deleted, [&](const RecordRow& row) { ids.push_back(row.id); });
    return ids;
}

TEST(Reader, NeedsADatabaseThatIsThere) {
    TemporaryFolder folder;

    EXPECT_THROW(Reader(folder.file("none.db")), std::exception);

    EXPECT_FALSE(std::filesystem::exists(folder.file("none.db"))) << "looking makes nothing";
}

TEST(Reader, RefusesANewerSchema) {
    OpenStore store;
    Database(store.path, OpenMode::read_write).execute("PRAGMA user_version = 99");

    EXPECT_THROW(Reader reader(store.path), std::runtime_error);
}

TEST(Reader, OfAnEmptyDatabaseShowsNothing) {
    OpenStore store;
    Reader reader(store.path);

    EXPECT_TRUE(reader.objects("other").empty());
    EXPECT_TRUE(reader.health("other").healthy);
    EXPECT_EQ(reader.operation("none"), std::nullopt);
    EXPECT_EQ(reader.delivery("none"), std::nullopt);
    EXPECT_EQ(reader.body("none"), "");
    EXPECT_TRUE(reader.attempts("none").empty());
    EXPECT_TRUE(reader.destinations().empty());
    EXPECT_TRUE(ids_of(reader).empty());
}

TEST(Reader, ShowsRecordsByIdOverMoreThanOneBatch) {
    OpenStore store;
    std::vector<SeenRecord> many;
    for (int i = 0; i < 1001; ++i) many.push_back(seen(a_record(fmt::format("{:04}", i))));
    store.commit(std::move(many));
    store.remove({"0500"});
    Reader reader(store.path);

    const auto ids = ids_of(reader);

    EXPECT_EQ(ids.size(), 1000u);
    EXPECT_TRUE(std::ranges::is_sorted(ids));
    EXPECT_EQ(ids_of(reader, {}, true), Texts{"0500"});
}

TEST(Reader, ShowsExactlyOneFullBatchOnce) {
    OpenStore store;
    std::vector<SeenRecord> many;
    for (int i = 0; i < 500; ++i) many.push_back(seen(a_record(std::to_string(i))));
    store.commit(std::move(many));
    Reader reader(store.path);

    EXPECT_EQ(ids_of(reader).size(), 500u);
}

TEST(Reader, SinceIsTheTimeOfTheChange) {
    OpenStore store;
    store.commit({seen(a_record("1")), seen(a_record("2"))});
    auto later = store.page({seen(a_record("2", R"({"id":"2","n":2})"))});
    later.now = at(50);
    store.run(store->commit_page(later));
    Reader reader(store.path);

    EXPECT_EQ(ids_of(reader, at(50)), Texts{"2"});
    EXPECT_EQ(ids_of(reader, at(51)), Texts{});
}

TEST(Reader, PinsNothingWhileAUserLooks) {
    OpenStore store;
    store.commit({seen(a_record("1"))});
    Reader reader(store.path);
    Database writer(store.path, OpenMode::read_write);
    int busy = -1;

    reader.records("inst", "itwins", {}, false, [&](const RecordRow&) {
        writer.execute("UPDATE record SET raw = raw");
        busy = writer.raw().execAndGet("PRAGMA wal_checkpoint(TRUNCATE)").getInt();
    });

    EXPECT_EQ(busy, 0);
}

TEST(Reader, TellsTheStateOfAnObject) {
    OpenStore store;
    store.commit({seen(a_record("1")), seen(a_record("2"))});
    store.begin("op-2");
    store.commit({seen(a_record("1"))});
    store.finish_query({.cursor = at(5)});
    store.run(store->hold_missing(store.key));
    store.run(store->finish_read({.object_key = store.key,
                                  .operation_id = "op-2",
                                  .success = true,
                                  .result = "fine",
                                  .now = at(9)}));
    store.run(store->set_paused("inst", "itwins", true));
    Reader reader(store.path);

    const auto row = reader.objects("inst").at(0);

    EXPECT_EQ(row.object, "itwins");
    EXPECT_EQ(row.records, 2);
    EXPECT_EQ(row.held_deletes, 1);
    EXPECT_TRUE(row.paused);
    EXPECT_EQ(row.cursor, format_time(at(5)));
    EXPECT_EQ(row.last_operation_id, "op-2");
    EXPECT_EQ(row.last_status, "success");
}

TEST(Reader, TellsOperationsNewestFirstAndNarrowed) {
    OpenStore store;
    store.run(store->log_operation("op-1", LogLevel::warn, "one", at(1)));
    store.run(store->log_operation("op-1", LogLevel::error, "two", at(2)));
    store.begin("op-2");
    store.run(store->finish_read(
        {.object_key = store.key, .operation_id = "op-2", .success = false, .result = "HTTP 500", .now = at(9)}));
    Reader reader(store.path);

    EXPECT_EQ(reader.operations({}).at(0).id, "op-2");
    EXPECT_EQ(reader.operations({.limit = 1}).size(), 1u);
    EXPECT_EQ(reader.operations({.status = "failure"}).at(0).result, "HTTP 500");
    EXPECT_TRUE(reader.operations({.object = "webhooks"}).empty());
    const auto log = reader.operation_log("op-1");
    ASSERT_EQ(log.size(), 2u);
    EXPECT_EQ(log[0].level + log[0].message + log[1].level + log[1].message, "warnoneerrortwo");
}

TEST(Reader, TellsDeliveriesWithTheirAttemptsAndDestinationsWithTheirCounts) {
    OpenStore store;
    store.run(store->enter_destinations({"hook"}, at(0)));
    store.commit({seen(a_record("1")), seen(a_record("2"))});
    store.attempt({.message_key = 1,
                   .verdict = Verdict::dead,
                   .status = 422,
                   .error = "HTTP 422",
                   .duration_ms = 12,
                   .at = at(10)});
    Reader reader(store.path);

    const auto dead = reader.deliveries({.status = "dead"});
    ASSERT_EQ(dead.size(), 1u);
    EXPECT_EQ(dead[0].sequence, 1);
    EXPECT_EQ(dead[0].next_attempt_at, "") << "it has none";
    EXPECT_EQ(reader.body(dead[0].id), "1:create:1");
    EXPECT_EQ(reader.attempts(dead[0].id).at(0).status, 422);
    EXPECT_EQ(reader.delivery(dead[0].id)->attempts, 1);
    const auto hook = reader.destinations().at(0);
    EXPECT_EQ(hook.pending, 1);
    EXPECT_EQ(hook.dead, 1);
    EXPECT_EQ(hook.held, 0);
    EXPECT_EQ(hook.failing_since, "") << "a dead letter is the message's fault";
}

TEST(Reader, TellsHealth) {
    OpenStore store;
    store.run(store->set_health("inst", false, "HTTP 401", at(1)));
    Reader reader(store.path);

    EXPECT_FALSE(reader.health("inst").healthy);
    EXPECT_EQ(reader.health("inst").reason, "HTTP 401");
}

/// What a message of these tests, `SEQUENCE:TYPE:ID`, says of the record "1".
std::string change_of_1(std::string_view body) {
    const auto type = body.find(':') + 1;
    return body.ends_with(":1") ? std::string(body.substr(type, body.rfind(':') - type)) : "";
}

TEST(Reader, FindsARecordWithWhatIsToCome) {
    OpenStore store;
    store.commit({seen(a_record("1")), seen(a_record("2"))});
    store.run(store->mark_missing_once(store.key, {"1"}));
    Database(store.path, OpenMode::read_write).execute("UPDATE record SET recheck_at = 'soon' WHERE record_id = '1'");
    store.run(store->object_state("another", "itwins"));
    Reader reader(store.path);

    const auto found = reader.find_record("", "itwins", "1");

    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].installation_id, "inst");
    EXPECT_EQ(found[0].row.raw, a_record("1").raw);
    EXPECT_EQ(found[0].row.created_at, format_time(at(1)));
    EXPECT_EQ(found[0].delete_waits + " " + found[0].recheck_at, "once soon");
    EXPECT_EQ(reader.find_record("inst", "itwins", "2").at(0).delete_waits, "");
    EXPECT_TRUE(reader.find_record("another", "itwins", "1").empty());
    EXPECT_TRUE(reader.find_record("", "webhooks", "1").empty());
    EXPECT_TRUE(reader.find_record("", "itwins", "3").empty());
}

TEST(Reader, FindsTheDeliveriesThatTellOfARecordOverMoreThanOneBatch) {
    OpenStore store;
    store.commit({seen(a_record("1"))});
    std::vector<SeenRecord> many;
    for (int i = 0; i < 250; ++i) many.push_back(seen(a_record(std::to_string(1000 + i))));
    store.commit(std::move(many));
    store.remove({"1"});
    store.key = store.object("webhooks");
    store.commit({seen(a_record("1"))});
    // instr looks for the id as JSON has it.
    Database(store.path, OpenMode::read_write).execute("UPDATE message_body SET body = '\"1\" ' || body");
    Reader reader(store.path);
    int asked = 0;

    const auto found = reader.deliveries_of("inst", "itwins", "1", [&](std::string_view body) {
        ++asked;
        return change_of_1(body);
    });

    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].change + found[1].change, "createdelete");
    EXPECT_EQ(found[0].delivery.sequence, 1);
    EXPECT_EQ(found[1].delivery.sequence, 252);
    EXPECT_EQ(asked, 252);
    EXPECT_TRUE(reader.deliveries_of("other", "itwins", "1", change_of_1).empty());
    EXPECT_TRUE(reader.deliveries_of("inst", "itwins", "none", change_of_1).empty());
}

TEST(Reader, LooksIntoTheListOfAMessageByUrl) {
    OpenStore store;
    store.commit({seen(a_record("1")), seen(a_record("2"))});
    Database(store.path, OpenMode::read_write)
        .execute("UPDATE message SET by_url = 1; UPDATE message_body SET results = '\"1\"' || ':' || message_key");
    Reader reader(store.path);

    const auto found = reader.deliveries_of("inst", "itwins", "1",
                                            [](std::string_view list) { return list == "\"1\":2" ? "update" : ""; });

    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].delivery.sequence, 2);
}

}  // namespace
}  // namespace syncd::storage
