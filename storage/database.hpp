// A SQLite connection with its statements prepared once: RAII over SQLiteCpp in the few forms that this folder uses.
#pragma once

#include "config/core/time.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace syncd::storage {

/// Bytes to be bound as a BLOB.
struct Blob {
    std::string_view bytes;
};

/// A prepared statement in use. Reset and cleared when it goes out of scope, so that it never pins the WAL.
class Query {
public:
    explicit Query(SQLite::Statement& statement) : statement_(&statement) {}
    Query(Query&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    Query& operator=(Query&&) = delete;
    ~Query();

    /// Binds copies of the parameters, from the first on.
    template <class... Args>
    Query& bind(const Args&... args) {
        int index = 0;
        (bind_one(++index, args), ...);
        return *this;
    }
    /// The next row; false when there is none.
    bool step() { return statement_->executeStep(); }

    bool is_null(int column) const { return statement_->getColumn(column).isNull(); }
    std::int64_t integer(int column) const { return statement_->getColumn(column).getInt64(); }
    /// Valid until the next step.
    std::string_view text_view(int column) const;
    std::string text(int column) const { return std::string(text_view(column)); }
    std::optional<Timestamp> time(int column) const;

private:
    void bind_one(int index, std::int64_t value) { statement_->bind(index, value); }
    void bind_one(int index, int value) { statement_->bind(index, value); }
    void bind_one(int index, bool value) { statement_->bind(index, value ? 1 : 0); }
    void bind_one(int index, std::size_t value) { statement_->bind(index, std::int64_t(value)); }
    void bind_one(int index, std::string_view value);
    void bind_one(int index, const std::string& value) { bind_one(index, std::string_view(value)); }
    void bind_one(int index, const char* value) { bind_one(index, std::string_view(value)); }
    void bind_one(int index, Timestamp value);
    void bind_one(int index, Blob value);
    void bind_one(int index, std::nullopt_t) { statement_->bind(index); }
    template <class T>
    void bind_one(int index, const std::optional<T>& value) {
        if (value)
            bind_one(index, *value);
        else
            statement_->bind(index);
    }

    SQLite::Statement* statement_;
};

enum class OpenMode { read_write, read_only };

/// Not for use from two threads. Errors are SQLite::Exception.
class Database {
public:
    /// read_write creates the file if need be, sets WAL, synchronous=FULL and foreign keys. `vfs` empty: the system's.
    Database(const std::string& path, OpenMode mode, const std::string& vfs = {});

    /// `sql` must be a literal: it is prepared once and found again by its address.
    Query query(const char* sql);
    /// Runs a statement to its end; the number of rows that it changed.
    template <class... Args>
    std::int64_t run(const char* sql, const Args&... args) {
        auto statement = query(sql);
        statement.bind(args...);
        while (statement.step()) {
        }
        return db_.getChanges();
    }
    /// A script without parameters.
    void execute(const std::string& script) { db_.exec(script); }
    std::int64_t last_insert_key() const { return db_.getLastInsertRowid(); }
    int schema_version();
    SQLite::Database& raw() { return db_; }

private:
    SQLite::Database db_;
    std::unordered_map<const char*, std::unique_ptr<SQLite::Statement>> statements_;
};

}  // namespace syncd::storage
