#include "storage/leftovers.hpp"

#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>

namespace syncd::storage {
namespace {

using namespace syncd::testing;
using Texts = std::vector<std::string>;

/// Two objects of an installation with everything that may be kept of one, and their destinations.
class Leftovers : public ::testing::Test {
protected:
    Leftovers() {
        store.run(store->enter_destinations({"hook", "old"}, at(0)));
        store.run(store->enter_installation("inst", "digest", at(0)));
        store.run(store->set_health("inst", true, "", at(0)));
        fill("gone", 3);
        fill("itwins", 2);
    }
    void fill(const std::string& object, int records) {
        store.key = store.object(object);
        const auto operation = "op of " + object;
        store.begin(operation);
        store.run(store->log_operation(operation, LogLevel::warn, "x", at(1)));
        auto page = store.page({});
        for (int i = 0; i < records; ++i) page.records.push_back(seen(a_record(std::to_string(i))));
        page.operation_id = operation;
        store.run(store->commit_page(page));
        const auto first = store.claim().back().key;
        store.attempt({.message_key = first, .verdict = Verdict::delivered, .status = 200, .at = at(3)});
        Database(store.path, OpenMode::read_write)
            .execute(fmt::format("INSERT OR REPLACE INTO cursors VALUES ('inst', '{}', '', 't', 't');"
                                 "INSERT OR REPLACE INTO query (object_key, itwin_id, slice) VALUES ({}, '', '');"
                                 "INSERT OR REPLACE INTO field (object_key, name, types) VALUES ({}, 'id', 'string')",
                                 object, store.key, store.key));
    }
    Forgotten forget(const std::string& object) {
        Forgotten all;
        for (bool more = true; more;) {
            const auto done = store.run(store->forget_object({{"inst", object}}));
            all.records += done.records;
            all.messages += done.messages;
            more = done.more;
        }
        return all;
    }
    /// Rows of every table that keeps something of an object.
    std::string rows() {
        std::string text;
        for (const auto* table : {"record", "object_state", "query", "field", "cursors", "operations", "operation_log",
                                  "stream", "message", "message_body", "attempt"})
            text += fmt::format("{} {}, ", table, store.value(fmt::format("SELECT count(*) FROM {}", table)));
        return text;
    }

    OpenStore store;
};

TEST_F(Leftovers, OfAnObjectAreGoneAndTheOthersStay) {
    store.run(store->forget_object({{"inst", "itwins"}}));  // with it goes what OpenStore made
    const auto empty_object = rows();
    ASSERT_EQ(
        empty_object,
        "record 3, object_state 1, query 1, field 1, cursors 1, operations 1, operation_log 1, stream 1, message 3, "
        "message_body 3, attempt 1, ");
    fill("itwins", 2);

    const auto done = forget("gone");

    EXPECT_EQ(done.records, 3);
    EXPECT_EQ(done.messages, 3);
    EXPECT_EQ(
        rows(),
        "record 2, object_state 1, query 1, field 1, cursors 1, operations 1, operation_log 1, stream 1, message 2, "
        "message_body 2, attempt 1, ");
    EXPECT_EQ(store.value("SELECT object FROM object_state"), "itwins");
    EXPECT_EQ(store.column("SELECT DISTINCT object FROM deliveries"), Texts{"itwins"});
}

TEST_F(Leftovers, AreKnownUntilTheLastOfThemIsGone) {
    const auto names = [&] {
        Texts found;
        for (const auto& [name, written] : store.run(store->known_objects()))
            found.push_back(name.installation_id + "/" + name.object + (written ? " written" : ""));
        return found;
    };
    EXPECT_EQ(names(), (Texts{"inst/gone", "inst/itwins"}));
    forget("gone");
    EXPECT_EQ(names(), Texts{"inst/itwins"});
    Database(store.path, OpenMode::read_write)
        .execute(
            "INSERT INTO stream (id, destination, installation_id, object) VALUES ('s', 'd', 'i', 'of a stream');"
            "INSERT INTO cursors VALUES ('i', 'of a cursor', '', 't', 't');"
            "INSERT INTO operations (id, installation_id, action_type, object, status, created_at, updated_at) "
            "VALUES ('o', 'i', 'write', 'of an operation', 'success', 't', 't')");
    EXPECT_EQ(names(), (Texts{"i/of a cursor", "i/of a stream", "i/of an operation written", "inst/itwins"}));
}

TEST_F(Leftovers, OfReadsAreForgottenWithoutThoseOfWrites) {
    Database(store.path, OpenMode::read_write)
        .execute(
            "INSERT INTO operations (id, installation_id, action_type, object, status, created_at, updated_at) "
            "VALUES ('o', 'inst', 'write', 'gone', 'success', 't', 't')");

    forget("gone");

    EXPECT_EQ(store.value("SELECT count(*) FROM object_state WHERE object = 'gone'"), "0");
    EXPECT_EQ(store.column("SELECT id FROM operations WHERE object = 'gone'"), Texts{"o"});
    store.run(store->forget_object({{"inst", "gone"}, true}));
    EXPECT_EQ(store.column("SELECT id FROM operations WHERE object = 'gone'"), Texts{});
}

TEST_F(Leftovers, AreForgottenABoundedAmountACall) {
    std::vector<SeenRecord> many;
    for (int i = 0; i < 1100; ++i) many.push_back(seen(a_record("many " + std::to_string(i))));
    store.key = store.object("many");
    store.commit(std::move(many));

    const auto first = store.run(store->forget_object({{"inst", "many"}}));

    EXPECT_TRUE(first.more);
    EXPECT_EQ(first.records, 500);
    EXPECT_EQ(first.messages, 500);
    EXPECT_EQ(store.value("SELECT count(*) FROM object_state WHERE object = 'many'"), "1") << "the rest can be found";
    store.open();  // a crash between two calls
    EXPECT_EQ(forget("many").records, 600);
    EXPECT_EQ(store.value("SELECT count(*) FROM object_state WHERE object = 'many'"), "0");
}

TEST_F(Leftovers, RecordsThatNobodyWasToldOfAreBoundedToo) {
    std::vector<SeenRecord> many;
    for (int i = 0; i < 600; ++i) many.push_back(seen(a_record("many " + std::to_string(i)), true, false));
    store.key = store.object("many");
    store.commit(std::move(many));

    EXPECT_TRUE(store.run(store->forget_object({{"inst", "many"}})).more);
    EXPECT_EQ(forget("many").records, 100);
}

TEST_F(Leftovers, PendingMessagesGoFirst) {
    const auto done = store.run(store->forget_pending({"inst", "gone"}));

    EXPECT_EQ(done.messages, 2);
    EXPECT_FALSE(done.more);
    EXPECT_EQ(store.column("SELECT status FROM deliveries WHERE object = 'gone'"), Texts{"delivered"});
    EXPECT_EQ(store.value("SELECT count(*) FROM deliveries WHERE object = 'itwins' AND status = 'pending'"), "1");
}

TEST_F(Leftovers, AnAttemptAtAForgottenMessageIsDropped) {
    const auto due = store.claim();
    forget("gone");
    forget("itwins");

    for (const auto& message : due)
        EXPECT_NO_THROW(
            store.attempt({.message_key = message.key, .verdict = Verdict::delivered, .status = 200, .at = at(5)}));

    EXPECT_EQ(store.value("SELECT count(*) FROM attempt"), "0");
}

TEST_F(Leftovers, OfAnInstallationAreItsRows) {
    store.run(store->enter_installation("other", "digest", at(0)));
    store.run(store->set_health("left", true, "", at(0)));
    EXPECT_EQ(store.run(store->known_installations()), (Texts{"inst", "left", "other"}));

    store.run(store->forget_installation("inst"));

    EXPECT_EQ(store.run(store->known_installations()), (Texts{"left", "other"}));
}

TEST_F(Leftovers, DestinationsWithAStreamOrAPlaceInTheConfigurationStay) {
    store.run(store->enter_destinations({"configured"}, at(0)));

    EXPECT_EQ(store.run(store->forget_destinations({"configured"})), Texts{"old"});

    EXPECT_EQ(store.column("SELECT name FROM destinations ORDER BY name"), (Texts{"configured", "hook"}));
    forget("gone");
    forget("itwins");
    EXPECT_EQ(store.run(store->forget_destinations({"configured"})), Texts{"hook"});
}

}  // namespace
}  // namespace syncd::storage
