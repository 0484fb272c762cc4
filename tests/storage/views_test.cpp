#include "storage/views.hpp"

#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>

namespace syncd::storage {
namespace {

using namespace syncd::testing;
using Texts = std::vector<std::string>;

Texts define(OpenStore& store, std::vector<ViewDefinition> views) {
    return store.run(store->define_views(std::move(views)));
}

std::string schema_version(OpenStore& store) { return store.value("PRAGMA schema_version"); }

TEST(Views, ShowEveryKindOfValueToAnotherConnectionWhileTheStoreIsOpen) {
    OpenStore store;
    store.commit({seen(a_record("1", R"({"id":"1","t":"\u00e4'","n":1.5,"i":7,"b":true,"o":{"a": [1]},"z":null})"))});

    define(store, {{"itwins", "itwins", {"id", "t", "n", "i", "b", "o", "z", "absent"}}});

    EXPECT_EQ(store.column("SELECT installation_id || record_id FROM itwins"), Texts{"inst1"});
    EXPECT_EQ(store.value("SELECT t FROM itwins"), "ä'");
    EXPECT_EQ(store.value("SELECT n + 1 FROM itwins"), "2.5");
    EXPECT_EQ(store.value("SELECT typeof(i) FROM itwins WHERE i = 7"), "integer");
    EXPECT_EQ(store.value("SELECT b FROM itwins"), "1");
    EXPECT_EQ(store.value("SELECT o FROM itwins"), R"({"a":[1]})");
    EXPECT_EQ(store.value("SELECT z FROM itwins"), "null");
    EXPECT_EQ(store.value("SELECT absent FROM itwins"), "null");
    EXPECT_EQ(store.value("SELECT first_seen_at || changed_at FROM itwins"), format_time(at(1)) + format_time(at(1)));
    EXPECT_EQ(store.column("SELECT name FROM pragma_table_info('itwins')"),
              (Texts{"installation_id", "record_id", "id", "t", "n", "i", "b", "o", "z", "absent", "first_seen_at",
                     "changed_at"}));
}

TEST(Views, ShowLiveRecordsOfTheirObjectOnly) {
    OpenStore store;
    store.commit({seen(a_record("1")), seen(a_record("2"))});
    store.remove({"2"});
    store.key = store.object("other");
    store.commit({seen(a_record("3"))});

    define(store, {{"itwins", "itwins", {"id"}}});

    EXPECT_EQ(store.column("SELECT id FROM itwins"), Texts{"1"});
}

TEST(Views, AreFoundByTheIndexOfTheirObject) {
    OpenStore store;
    define(store, {{"itwins", "itwins", {"id"}}});

    SQLite::Database db(store.path, SQLite::OPEN_READONLY);
    SQLite::Statement plan(db, "EXPLAIN QUERY PLAN SELECT id FROM itwins");
    std::string steps;
    while (plan.executeStep()) steps += plan.getColumn(3).getString() + "\n";
    EXPECT_EQ(steps.find("SCAN r"), std::string::npos) << steps;
}

TEST(Views, FieldsMayHaveAnyName) {
    OpenStore store;
    const Texts odd = {"it's", "a.b", "$x[0]", "select", "two words", "back\\slash", "dou\"ble", "%s{}"};
    std::string raw = R"({"id":"1")";
    for (const auto& field : odd) raw += "," + json::quote(field) + ":" + json::quote("value of " + field);
    store.commit({seen(a_record("1", raw + "}"))});

    define(store, {{"itwins", "itwins", odd}});

    for (std::size_t i = 0; i < odd.size(); ++i) {
        const auto column = fmt::format("(SELECT name FROM pragma_table_info('itwins') WHERE cid = {})", i + 2);
        EXPECT_EQ(store.value("SELECT " + column), odd[i]);
        std::string quoted = "\"";
        for (const char c : odd[i]) quoted.append(c == '"' ? 2 : 1, c);
        EXPECT_EQ(store.value("SELECT " + quoted + "\" FROM itwins"), "value of " + odd[i]);
    }
}

TEST(Views, AFieldIsPreferredToOurTimes) {
    OpenStore store;
    store.commit({seen(a_record("1", R"({"id":"1","Changed_At":"theirs"})"))});

    define(store, {{"itwins", "itwins", {"Changed_At"}}});

    EXPECT_EQ(store.value("SELECT changed_at FROM itwins"), "theirs");
    EXPECT_EQ(store.column("SELECT name FROM pragma_table_info('itwins')"),
              (Texts{"installation_id", "record_id", "Changed_At", "first_seen_at"}));
}

TEST(Views, NothingIsWrittenWhereNothingChanged) {
    OpenStore store;
    const std::vector<ViewDefinition> views = {{"itwins", "itwins", {"id", "it's"}}, {"a_b", "a/b", {"id"}}};
    define(store, views);
    const auto before = schema_version(store);

    define(store, views);
    EXPECT_EQ(schema_version(store), before);

    define(store, {{"itwins", "itwins", {"id"}}, views[1]});
    EXPECT_NE(schema_version(store), before) << "another field is another view";
    EXPECT_EQ(store.column("SELECT name FROM pragma_table_info('itwins')").size(), 5u);
}

TEST(Views, OfNoUseAreDroppedButNeitherTheSchemasNorAUsers) {
    OpenStore store;
    Database(store.path, OpenMode::read_write).execute("CREATE VIEW theirs AS SELECT 1");
    define(store, {{"itwins", "itwins", {"id"}}});

    define(store, {});

    EXPECT_EQ(store.column("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name"),
              (Texts{"deliveries", "records", "theirs", "writes"}));
}

TEST(Views, ANameThatIsTakenIsLeftAndTold) {
    OpenStore store;
    Database(store.path, OpenMode::read_write).execute("CREATE VIEW MINE AS SELECT 1 AS one");

    EXPECT_EQ(define(store, {{"Mine", "itwins", {"id"}}, {"records", "itwins", {"id"}}, {"record", "itwins", {"id"}}}),
              (Texts{"Mine", "records", "record"}));

    EXPECT_EQ(store.value("SELECT one FROM mine"), "1");
    EXPECT_NO_THROW(store.column("SELECT raw FROM records"));
}

}  // namespace
}  // namespace syncd::storage
