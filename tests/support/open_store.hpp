// A store in a folder of its own, run from plain tests, with one object of one installation entered.
#pragma once

#include "storage/database.hpp"
#include "storage/store.hpp"
#include "tests/support/builders.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temporary_folder.hpp"

#include <string>
#include <vector>

namespace syncd::testing {

class OpenStore {
public:
    OpenStore() {
        open();
        key = object("itwins");
        begin("op-1");
    }
    void open() {
        store.reset();
        store = std::make_unique<storage::Store>(storage::StoreOptions{.path = path}, context.get_executor());
    }
    template <class T>
    T run(awaitable<T> work) {
        return testing::run(context, std::move(work));
    }
    storage::Store* operator->() { return store.get(); }

    storage::ObjectState state(const std::string& name = "itwins") { return run(store->object_state("inst", name)); }
    std::int64_t object(const std::string& name) { return state(name).key; }
    void begin(const std::string& operation) {
        run(store->begin_read(
            {.object_key = key, .operation_id = operation, .type = ReadType::scheduled, .now = at(0)}));
    }
    storage::PageCommit page(std::vector<storage::SeenRecord> records) const {
        return {.object_key = key,
                .operation_id = "op-1",
                .records = std::move(records),
                .mark_seen = storage::MarkSeen::all,
                .destination = "hook",
                .new_stream_id = "stream-" + std::to_string(key),
                .build = one_message_each,
                .now = at(1)};
    }
    /// The position of a backfill, or the end of a query, committed with a page without records.
    storage::PageCommit at_page(std::string next_url, storage::ReadQuery query = {}) const {
        auto commit = page({});
        commit.query = std::move(query);
        commit.next_url = std::move(next_url);
        return commit;
    }
    void finish_query(storage::ReadQuery query) {
        auto commit = page({});
        commit.query = std::move(query);
        commit.query_done = true;
        run(store->commit_page(commit));
    }
    storage::PageResult commit(std::vector<storage::SeenRecord> records) {
        return run(store->commit_page(page(std::move(records))));
    }
    storage::PageResult remove(std::vector<std::string> ids) {
        return run(store->commit_deletes({.object_key = key,
                                          .operation_id = "op-1",
                                          .ids = std::move(ids),
                                          .destination = "hook",
                                          .new_stream_id = "stream-" + std::to_string(key),
                                          .build = one_message_each,
                                          .now = at(2)}));
    }
    std::vector<std::string> missing(bool approved_only = false) {
        std::vector<std::string> ids;
        for (const auto& record : run(store->missing(key, approved_only, "", 1000))) ids.push_back(record.id);
        return ids;
    }
    std::vector<storage::DueMessage> claim(Timestamp now = at(10), bool ordered = true,
                                           std::vector<std::int64_t> busy = {}) {
        return run(store->claim_due({.destination = "hook",
                                     .ordered = ordered,
                                     .busy = std::move(busy),
                                     .now = now,
                                     .longest_wait = std::chrono::hours{24},
                                     .limit = 100}));
    }
    storage::DestinationState attempt(storage::Attempt done) {
        return run(store->finish_attempts("hook", {std::move(done)}));
    }

    /// The first column of every row, straight from the file.
    std::vector<std::string> column(const std::string& sql) {
        SQLite::Database db(path, SQLite::OPEN_READONLY);
        SQLite::Statement statement(db, sql);
        std::vector<std::string> values;
        while (statement.executeStep())
            values.push_back(statement.getColumn(0).isNull() ? "null" : statement.getColumn(0).getString());
        return values;
    }
    std::string value(const std::string& sql) {
        const auto values = column(sql);
        return values.empty() ? "no row" : values.front();
    }
    std::vector<std::string> bodies() { return column("SELECT body FROM message_body ORDER BY message_key"); }

    TemporaryFolder folder;
    std::string path = folder.file("test.db");
    asio::io_context context{1};
    std::unique_ptr<storage::Store> store;
    std::int64_t key = 0;
};

}  // namespace syncd::testing
