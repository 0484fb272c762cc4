#include "storage/operations.hpp"

#include "storage/notices.hpp"
#include "storage/queries.hpp"
#include "storage/records.hpp"

namespace syncd::storage {
namespace {

constexpr int log_lines_max = 1000;  // of one operation: a bad day must not fill the disk

const char* level_name(LogLevel level) {
    switch (level) {
        case LogLevel::info: return "info";
        case LogLevel::warn: return "warn";
        case LogLevel::error: return "error";
    }
    return "info";
}

/// Takes the rows of an UPDATE … RETURNING id, installation_id, object, result, read_type; tells of triggered reads.
/// How many.
std::int64_t tell_interrupted(Database& db, Query row, const BuildInterrupted& build, Timestamp now) {
    std::vector<InterruptedRead> triggered;
    std::int64_t count = 0;
    for (; row.step(); ++count)
        if (build && row.text_view(4) == to_string(ReadType::triggered))
            triggered.push_back({row.text(0), row.text(1), row.text(2), row.text(3)});
    for (const auto& read : triggered) notify(db, build(read), now);
    return count;
}

}  // namespace

void accept_read(Database& db, const std::string& operation_id, const std::string& installation_id,
                 const std::string& object, Timestamp now) {
    db.run(
        "INSERT INTO operations (id, installation_id, action_type, object, status, read_type, created_at, updated_at) "
        "VALUES (?1, ?2, 'read', ?3, 'in_progress', 'triggered', ?4, ?4)",
        operation_id, installation_id, object, now);
}

void begin_read(Database& db, const BeginRead& read) {
    forget_seen(db, read.object_key);
    enter_queries(db, read.object_key, read.itwins, read.backfill);
    // Left alone: what waits for its turn, and a cut backfill that a triggered read comes before.
    auto interrupted = db.query(
        "UPDATE operations SET status = 'failure', updated_at = ?1, result = 'interrupted: its end could not be "
        "stored' "
        "WHERE status = 'in_progress' AND action_type = 'read' AND id <> ?2 "
        "AND NOT (read_type = 'triggered' AND pages = 0) "
        "AND (installation_id, object) = (SELECT installation_id, object FROM object_state WHERE key = ?3) "
        "AND (?4 OR id NOT IN (SELECT operation_id FROM object_state WHERE key = ?3 AND backfill = 'running' "
        "AND operation_id IS NOT NULL)) RETURNING id, installation_id, object, result, read_type");
    interrupted.bind(read.now, read.operation_id, read.object_key, read.resumed);
    tell_interrupted(db, std::move(interrupted), read.interrupted, read.now);
    // A backfill that goes on has its operation already, and so has a read that waited.
    db.run(
        "INSERT OR IGNORE INTO operations (id, installation_id, action_type, object, status, read_type, estimated, "
        "created_at, updated_at) SELECT ?1, installation_id, 'read', object, 'in_progress', ?2, ?3, ?4, ?4 "
        "FROM object_state WHERE key = ?5",
        read.operation_id, to_string(read.type), read.estimated, read.now, read.object_key);
    if (read.backfill)
        db.run(
            "UPDATE object_state SET backfill = 'running', since = ?, deliver_from = ?, operation_id = ?, "
            "next_url = NULL, next_cursor = NULL, next_itwin_id = '', next_slice = '', "
            "next_rows = 0 WHERE key = ?",
            read.since, read.deliver_from, read.operation_id, read.object_key);
    if (read.resumed)
        db.run("UPDATE object_state SET operation_id = ? WHERE key = ?", read.operation_id, read.object_key);
}

void finish_read(Database& db, const FinishRead& read) {
    forget_seen(db, read.object_key);
    const char* status = read.in_progress ? "in_progress" : read.success ? "success" : "failure";
    db.run("UPDATE operations SET status = ?, result = ?, updated_at = ? WHERE id = ?", status, read.result, read.now,
           read.operation_id);
    if (!read.success && !read.in_progress)  // a backfill that failed goes on under a new operation
        db.run("UPDATE object_state SET operation_id = NULL WHERE key = ? AND operation_id = ?", read.object_key,
               read.operation_id);
    if (read.due_at) db.run("UPDATE object_state SET last_due_at = ? WHERE key = ?", *read.due_at, read.object_key);
    if (read.backfill_done)
        db.run(
            "UPDATE object_state SET backfill = 'done', next_url = NULL, next_cursor = NULL, next_itwin_id = '', "
            "next_slice = '', next_rows = 0, operation_id = NULL "
            "WHERE key = ?",
            read.object_key);
    if (read.full_since)
        db.run("UPDATE object_state SET last_full_at = ? WHERE key = ?", *read.full_since, read.object_key);
    if (read.redelivered) db.run("UPDATE object_state SET redeliver = 0 WHERE key = ?", read.object_key);
    if (read.page_size) db.run("UPDATE object_state SET page_size = ? WHERE key = ?", *read.page_size, read.object_key);
    if (read.kept_schedule)
        db.run("UPDATE object_state SET kept_at = ?, overdue_at = NULL WHERE key = ?", read.now, read.object_key);
    notify(db, read.notices, read.now);
    if (read.backfill_done)
        notify_once_accepted(db, read.object_key, read.destination, read.backfill_notices, read.now);
    if (read.redelivered) wait_for_redelivery(db, read.object_key, read.now);
}

void log_operation(Database& db, const std::string& operation_id, LogLevel level, const std::string& message,
                   Timestamp now) {
    db.run(
        "INSERT INTO operation_log (operation_id, at, level, message) SELECT ?1, ?2, ?3, ?4 "
        "WHERE EXISTS (SELECT 1 FROM operations WHERE id = ?1) "
        "AND (SELECT count(*) FROM operation_log WHERE operation_id = ?1) < ?5",
        operation_id, now, level_name(level), message, log_lines_max);
}

std::int64_t fail_interrupted(Database& db, Timestamp now, const BuildInterrupted& build) {
    auto interrupted = db.query(
        "UPDATE operations SET status = 'failure', updated_at = ?, "
        "result = 'interrupted: the process ended before the read did; the next read covers it' "
        "WHERE status = 'in_progress' AND action_type = 'read' AND id NOT IN "
        "(SELECT operation_id FROM object_state WHERE backfill = 'running' AND operation_id IS NOT NULL) "
        "RETURNING id, installation_id, object, result, read_type");
    interrupted.bind(now);
    return tell_interrupted(db, std::move(interrupted), build, now);
}

}  // namespace syncd::storage
