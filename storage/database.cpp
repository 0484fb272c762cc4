#include "storage/database.hpp"

#include <SQLiteCpp/Exception.h>

namespace syncd::storage {
namespace {

constexpr int busy_timeout_ms = 5000;

int flags_of(OpenMode mode) {
    return mode == OpenMode::read_write ? SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE : SQLite::OPEN_READONLY;
}

}  // namespace

Query::~Query() {
    if (!statement_) return;
    statement_->tryReset();
    try {
        statement_->clearBindings();
    } catch (const SQLite::Exception&) {  // clearing can't fail on a live statement
    }
}

std::string_view Query::text_view(int column) const {
    const auto value = statement_->getColumn(column);
    const char* text = value.getText();  // before getBytes(), which depends on the form
    return {text, std::size_t(value.getBytes())};
}

std::optional<Timestamp> Query::time(int column) const {
    return is_null(column) ? std::nullopt : parse_time(text_view(column));
}

void Query::bind_one(int index, std::string_view value) {
    statement_->bind(index, std::string(value));  // copied: the caller's text may be a temporary
}

void Query::bind_one(int index, Timestamp value) { statement_->bind(index, format_time(value)); }

void Query::bind_one(int index, Blob value) {
    const char* bytes = value.bytes.empty() ? "" : value.bytes.data();  // a null pointer would bind NULL
    statement_->bind(index, static_cast<const void*>(bytes), int(value.bytes.size()));
}

Database::Database(const std::string& path, OpenMode mode, const std::string& vfs)
    : db_(path, flags_of(mode), busy_timeout_ms, vfs) {
    if (mode == OpenMode::read_write) {
        execute("PRAGMA journal_mode=WAL");
        execute(
            "PRAGMA synchronous=FULL");  // an accepted write or a sequence number must not be taken back by a power cut
    }
    execute("PRAGMA foreign_keys=ON");
    execute("PRAGMA trusted_schema=OFF");
}

Query Database::query(const char* sql) {
    auto& statement = statements_[sql];
    if (!statement) statement = std::make_unique<SQLite::Statement>(db_, sql);
    return Query(*statement);
}

int Database::schema_version() {
    SQLite::Statement version(db_, "PRAGMA user_version");
    version.executeStep();
    return version.getColumn(0).getInt();
}

}  // namespace syncd::storage
