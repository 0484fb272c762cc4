#include "storage/migrate.hpp"

#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>

namespace syncd::storage {
namespace {

using namespace syncd::testing;

std::string message_of(const std::function<void()>& broken) {
    try {
        broken();
    } catch (const std::exception& failure) {
        return failure.what();
    }
    return "nothing thrown";
}

std::string pragma(Database& db, const std::string& name) { return db.raw().execAndGet("PRAGMA " + name).getString(); }

TEST(Database, OpensWithTheDocumentedPragmas) {
    TemporaryFolder folder;
    Database db(folder.file("p.db"), OpenMode::read_write);

    EXPECT_EQ(pragma(db, "journal_mode"), "wal");
    EXPECT_EQ(pragma(db, "synchronous"), "2") << "FULL";
    EXPECT_EQ(pragma(db, "foreign_keys"), "1");
    EXPECT_EQ(pragma(db, "busy_timeout"), "5000");
    EXPECT_EQ(pragma(db, "trusted_schema"), "0");
}

TEST(Database, AReaderCantWrite) {
    TemporaryFolder folder;
    Database writer(folder.file("p.db"), OpenMode::read_write);
    writer.execute("CREATE TABLE t (n)");
    Database reader(folder.file("p.db"), OpenMode::read_only);

    EXPECT_THROW(reader.execute("INSERT INTO t VALUES (1)"), SQLite::Exception);
    EXPECT_EQ(pragma(reader, "foreign_keys"), "1");
    EXPECT_EQ(pragma(reader, "trusted_schema"), "0");
}

TEST(Database, AQueryOutOfScopeDoesNotPinTheWal) {
    TemporaryFolder folder;
    Database writer(folder.file("p.db"), OpenMode::read_write);
    writer.execute("CREATE TABLE t (n); INSERT INTO t VALUES (1), (2)");
    Database reader(folder.file("p.db"), OpenMode::read_only);
    { EXPECT_TRUE(reader.query("SELECT n FROM t").step()); }
    writer.execute("INSERT INTO t VALUES (3)");

    EXPECT_EQ(writer.raw().execAndGet("PRAGMA wal_checkpoint(TRUNCATE)").getInt(), 0) << "not busy";
}

TEST(Database, AStatementThatFailedIsUsableAgain) {
    TemporaryFolder folder;
    Database db(folder.file("p.db"), OpenMode::read_write);
    db.execute("CREATE TABLE t (n UNIQUE)");
    const auto insert = [&](int n) { return db.run("INSERT INTO t VALUES (?)", n); };
    insert(1);
    EXPECT_THROW(insert(1), SQLite::Exception);

    EXPECT_EQ(insert(2), 1);
}

TEST(Migrate, ANewDatabaseGetsTheLatestSchemaAndASecondTimeNothingHappens) {
    TemporaryFolder folder;
    Database db(folder.file("m.db"), OpenMode::read_write);

    migrate(db);
    migrate(db);

    EXPECT_EQ(db.schema_version(), schema_latest());
    EXPECT_NO_THROW(require_latest(db));
}

TEST(Migrate, ANewerSchemaIsRefusedWithBothVersionsNamed) {
    TemporaryFolder folder;
    Database db(folder.file("m.db"), OpenMode::read_write);
    db.execute("PRAGMA user_version = 4711");

    for (const auto& said : {message_of([&] { migrate(db); }), message_of([&] { require_latest(db); })}) {
        EXPECT_NE(said.find("4711"), std::string::npos) << said;
        EXPECT_NE(said.find("this program knows " + std::to_string(schema_latest())), std::string::npos) << said;
    }
    EXPECT_EQ(db.schema_version(), 4711) << "left as it is";
}

TEST(Migrate, ANewerDatabaseIsRefusedByStoreAndLeftAsItIs) {
    OpenStore store;
    store.store.reset();
    Database(store.path, OpenMode::read_write).execute("PRAGMA user_version = 4711");

    EXPECT_NE(message_of([&] { store.open(); }).find("4711"), std::string::npos);
}

TEST(Migrate, AReaderOfAnOlderDatabaseIsToldToStartTheDaemon) {
    TemporaryFolder folder;
    Database db(folder.file("m.db"), OpenMode::read_write);

    EXPECT_NE(message_of([&] { require_latest(db); }).find("start the daemon"), std::string::npos);
}

TEST(Migrate, WhatIsNoDatabaseIsRefused) {
    TemporaryFolder folder;
    const auto path = folder.write("m.db", std::string(5000, 'x'));

    EXPECT_THROW(Database(path, OpenMode::read_write), SQLite::Exception);
    EXPECT_EQ(folder.read("m.db"), std::string(5000, 'x'));
}

TEST(Schema, EveryStatusIsCheckedAndTablesAreStrict) {
    OpenStore store;
    Database db(store.path, OpenMode::read_write);
    EXPECT_THROW(db.execute("UPDATE operations SET status = 'odd'"), SQLite::Exception);
    EXPECT_THROW(db.execute("INSERT INTO destinations (name, state, updated_at) VALUES ('x', 'odd', '')"),
                 SQLite::Exception);

    EXPECT_EQ(store.value("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
                          "AND NOT strict AND name NOT LIKE 'sqlite%'"),
              "0");
}

TEST(Schema, ReadersMayRelyOnTheDocumentedColumns) {
    OpenStore store;
    for (const auto* sql :
         {"SELECT installation_id, object, record_id, raw, created_at, updated_at, deleted_at FROM records",
          "SELECT installation_id, object, itwin_id, cursor, updated_at FROM cursors",
          "SELECT id, installation_id, action_type, object, status, result, created_at, updated_at FROM operations",
          "SELECT id, destination, installation_id, object, operation_id, num_records, status, attempts, "
          "next_attempt_at, created_at, updated_at FROM deliveries"})
        EXPECT_NO_THROW(store.column(sql)) << sql;
}

}  // namespace
}  // namespace syncd::storage
