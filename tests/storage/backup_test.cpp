#include "storage/backup.hpp"

#include "storage/migrate.hpp"
#include "storage/reader.hpp"
#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

namespace syncd::storage {
namespace {

using namespace syncd::testing;
using Texts = std::vector<std::string>;

std::string message_of(const std::function<void()>& broken) {
    try {
        broken();
    } catch (const std::exception& failure) {
        return failure.what();
    }
    return "nothing thrown";
}

Texts files_in(const TemporaryFolder& folder) {
    Texts names;
    for (const auto& entry : std::filesystem::directory_iterator(folder.file(".")))
        names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
}

class Backup : public ::testing::Test {
protected:
    void back_up() { storage::back_up(store.path, copies.file("copy.db"), at(100)); }
    /// The copy in place of the database, opened.
    void restore() {
        back_up();
        store.store.reset();
        for (const auto* beside : {"", "-wal", "-shm"}) std::filesystem::remove(store.path + beside);
        std::filesystem::rename(copies.file("copy.db"), store.path);
        store.open();
    }
    Texts of_messages(const std::string& what) {
        return store.column("SELECT " + what + " FROM deliveries ORDER BY created_at, sequence");
    }

    OpenStore store;
    TemporaryFolder copies;
};

TEST_F(Backup, IsOnePrivateFileWithEverything) {
    store.commit({seen(a_record("1")), seen(a_record("2"))});

    back_up();

    EXPECT_EQ(files_in(copies), Texts{"copy.db"});
    struct stat facts{};
    ASSERT_EQ(::stat(copies.file("copy.db").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600u);
    Reader copy(copies.file("copy.db"));
    int records = 0;
    copy.records("inst", "itwins", {}, false, [&](const RecordRow&) { ++records; });
    EXPECT_EQ(records, 2);
    EXPECT_EQ(copy.deliveries({}).size(), 2u);
}

TEST_F(Backup, LeavesTheDatabaseAsItIs) {
    store.commit({seen(a_record("1"))});

    back_up();

    EXPECT_EQ(store.value("SELECT count(*) FROM meta"), "0");
    EXPECT_EQ(store.claim().size(), 1u);
    store.open();
    EXPECT_EQ(store->take_restored(), std::nullopt);
    EXPECT_EQ(store.claim().size(), 1u);
}

TEST_F(Backup, NeitherWaitsForAWriterNorShowsWhatItHasNotCommitted) {
    store.commit({seen(a_record("1"))});
    Database writer(store.path, OpenMode::read_write);
    writer.execute("BEGIN IMMEDIATE; DELETE FROM record");

    back_up();

    writer.execute("ROLLBACK");
    SQLite::Database copy(copies.file("copy.db"), SQLite::OPEN_READONLY);
    EXPECT_EQ(copy.execAndGet("SELECT count(*) FROM record").getInt(), 1);
}

TEST_F(Backup, NeverOverwrites) {
    copies.write("copy.db", "mine");

    const auto said = message_of([&] { back_up(); });

    EXPECT_NE(said.find("copy.db is there already"), std::string::npos) << said;
    EXPECT_EQ(copies.read("copy.db"), "mine");
    EXPECT_EQ(files_in(copies), Texts{"copy.db"});
}

TEST_F(Backup, TakesThePlaceOfOneThatWasInterrupted) {
    copies.write("copy.db.partial", "half");

    back_up();

    EXPECT_EQ(files_in(copies), Texts{"copy.db"});
    EXPECT_NO_THROW(Reader(copies.file("copy.db")));
}

TEST_F(Backup, ThatFailsLeavesNothing) {
    TemporaryFolder folder;
    const auto broken = folder.write("broken.db", std::string(5000, 'x'));

    EXPECT_THROW(storage::back_up(broken, copies.file("copy.db"), at(0)), std::exception);
    const auto foreign = folder.file("foreign.db");  // fails last, where the mark is set
    Database(foreign, OpenMode::read_write).execute("CREATE TABLE t (n)");
    EXPECT_THROW(storage::back_up(foreign, copies.file("copy.db"), at(0)), std::exception);
    EXPECT_THROW(storage::back_up(folder.file("none.db"), copies.file("copy.db"), at(0)), std::exception);
    EXPECT_THROW(storage::back_up(store.path, copies.file("none/copy.db"), at(0)), std::exception);

    EXPECT_EQ(files_in(copies), Texts{});
}

TEST_F(Backup, OfACopyIsACopyOfItsOwnTime) {
    back_up();
    storage::back_up(copies.file("copy.db"), copies.file("second.db"), at(200));

    std::filesystem::rename(copies.file("second.db"), copies.file("copy.db"));
    Database copy(copies.file("copy.db"), OpenMode::read_write);
    EXPECT_EQ(storage::restore(copy), format_time(at(200)));
}

TEST_F(Backup, OfANewerSchemaIsRefused) {
    Database(store.path, OpenMode::read_write).execute("PRAGMA user_version = 99");

    EXPECT_NE(message_of([&] { back_up(); }).find("99"), std::string::npos);
    EXPECT_EQ(files_in(copies), Texts{});
}

TEST_F(Backup, RestoredIsToldOnce) {
    restore();

    EXPECT_EQ(store->take_restored(), format_time(at(100)));
    EXPECT_EQ(store->take_restored(), std::nullopt);
    store.open();
    EXPECT_EQ(store->take_restored(), std::nullopt) << "what was restored is a database like any other";
}

TEST_F(Backup, RestoredDropsWhatWaitedAndKeepsWhatIsFinalAsItWas) {
    store.commit({seen(a_record("1")), seen(a_record("2")), seen(a_record("3")), seen(a_record("4"))});
    store.attempt({.message_key = 1, .verdict = Verdict::delivered, .status = 200, .at = at(3)});
    store.attempt({.message_key = 2, .verdict = Verdict::dead, .status = 422, .at = at(3)});
    store.attempt({.message_key = 3, .verdict = Verdict::hold, .status = 410, .at = at(3)});

    restore();

    EXPECT_TRUE(store.claim().empty());
    EXPECT_EQ(of_messages("status || sequence"), (Texts{"delivered1", "dead2"}));
    EXPECT_EQ(of_messages("stream_id"), (Texts{"null", "null"})) << "that stream is no more";
    EXPECT_EQ(store.bodies(), (Texts{"1:create:1", "2:create:2"}));
    EXPECT_EQ(store.value("SELECT count(*) FROM attempt"), "2");
}

TEST_F(Backup, RestoredBeginsStreamsAnewHoweverOften) {
    const auto stream = [&](const std::string& id, const std::string& raw) {
        auto page = store.page({seen(a_record("1", raw))});
        page.new_stream_id = id;
        store.run(store->commit_page(page));
        const auto due = store.claim();
        ASSERT_EQ(due.size(), 1u);
        EXPECT_EQ(due[0].stream_id, id);
        EXPECT_EQ(due[0].sequence, 1);
        store.attempt({.message_key = due[0].key, .verdict = Verdict::delivered, .status = 200, .at = at(3)});
    };
    stream("first", R"({"id":"1","n":1})");
    for (const std::string id : {"second", "third", "fourth"}) {
        restore();
        stream(id, R"({"id":"1","n":")" + id + "\"}");
    }

    EXPECT_EQ(of_messages("sequence"), (Texts{"1", "1", "1", "1"}));
    EXPECT_EQ(store.column("SELECT coalesce(stream_id, '-') FROM deliveries ORDER BY 1"),
              (Texts{"-", "-", "-", "fourth"}));
    EXPECT_EQ(store.column("SELECT id FROM stream"), Texts{"fourth"});
}

TEST_F(Backup, RestoredReplaysHistoryBeforeWhatIsNew) {
    store.commit({seen(a_record("1"))});
    store.attempt({.message_key = 1, .verdict = Verdict::dead, .status = 422, .at = at(3)});
    restore();
    auto page = store.page({seen(a_record("2"))});
    page.new_stream_id = "new";
    store.run(store->commit_page(page));
    store.run(store->replay({.dead_only = true}, at(4)));

    const auto first = store.claim().at(0);
    EXPECT_EQ(first.body, "1:create:1");
    EXPECT_EQ(store.run(store->claim_stream(first.stream_key, first.sequence, 9, 1000)).at(0).body, "1:create:2");
}

TEST_F(Backup, RestoredReadsEverythingAgain) {
    store.run(store->begin_read({.object_key = store.key, .operation_id = "op-2", .backfill = true, .now = at(1)}));
    Database(store.path, OpenMode::read_write)
        .execute(
            "INSERT OR REPLACE INTO cursors VALUES ('inst', 'itwins', '', 't', 't'), ('inst', 'itwins', 'i', 't', 't');"
            "INSERT OR REPLACE INTO query VALUES (1, '', '', 1), (1, 'i', '', 1);"
            "UPDATE object_state SET next_url = 'u', next_cursor = 't', next_itwin_id = 'i', next_slice = 's', "
            "next_rows = 5, last_due_at = 't', last_full_at = 't', live = 3, page_size = 7;"
            "INSERT INTO budget VALUES ('client', 1, 2)");

    restore();

    EXPECT_EQ(store.value("SELECT count(*) FROM cursors"), "0");
    EXPECT_EQ(store.value("SELECT sum(done) FROM query"), "0");
    EXPECT_EQ(store.value("SELECT count(*) FROM query"), "2");
    EXPECT_EQ(
        store.value("SELECT redeliver || backfill || next_itwin_id || next_slice || next_rows || live || page_size "
                    "FROM object_state"),
        "1running037");
    EXPECT_EQ(store.value("SELECT coalesce(next_url, next_cursor, operation_id, last_due_at, last_full_at) "
                          "FROM object_state"),
              "null");
    EXPECT_EQ(store.value("SELECT status || ' ' || result FROM operations WHERE id = 'op-2'"),
              "failure restored from a backup");
    EXPECT_EQ(store.value("SELECT requests FROM budget"), "2");
}

TEST_F(Backup, RestoredKeepsABackfillThatIsDone) {
    store.run(store->finish_read({.object_key = store.key,
                                  .operation_id = "op-1",
                                  .success = true,
                                  .result = "fine",
                                  .backfill_done = true,
                                  .now = at(1)}));

    restore();

    EXPECT_EQ(store.value("SELECT backfill FROM object_state"), "done");
    EXPECT_EQ(store.value("SELECT result FROM operations"), "fine");
}

}  // namespace
}  // namespace syncd::storage
