#include "storage/writes.hpp"

#include "storage/notices.hpp"
#include "storage/operations.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::storage {
namespace {

constexpr int idempotency_rows_max = 500;  // dropped in a transaction: others wait behind it

WriteType type_of(std::string_view text) {
    return text == "create" ? WriteType::create : text == "update" ? WriteType::update : WriteType::remove;
}

WriteStatus status_of(std::string_view text) {
    for (const auto status : {WriteStatus::pending, WriteStatus::sending, WriteStatus::done, WriteStatus::failed})
        if (text == to_string(status)) return status;
    return WriteStatus::unknown;
}

Write write_row(const Query& row) {
    Write write;
    write.key = row.integer(0);
    write.id = row.text(1);
    write.operation_id = row.text(2);
    write.position = row.integer(3);
    write.installation_id = row.text(4);
    write.object = row.text(5);
    write.type = type_of(row.text_view(6));
    write.record_id = row.text(7);
    write.status = status_of(row.text_view(8));
    write.looking = row.integer(9) != 0;
    write.ambiguous = row.integer(10) != 0;
    write.attempts = row.integer(11);
    write.looks = row.integer(12);
    write.failures = row.integer(13);
    write.first_sent_at = row.time(14);
    write.sent_at = row.time(15);
    write.next_attempt_at = row.time(16).value_or(Timestamp{});
    write.deadline_at = row.time(17).value_or(Timestamp{});
    write.marker = row.text(18);
    write.error = row.text(19);
    write.problem = row.text(20);
    write.created_at = row.time(21).value_or(Timestamp{});
    write.updated_at = row.time(22).value_or(Timestamp{});
    write.body = row.text(23);
    write.answer = row.text(24);
    return write;
}

#define WRITE_COLUMNS                                                                                          \
    "w.key, w.id, w.operation_id, w.position, w.installation_id, w.object, w.type, w.record_id, w.status, "    \
    "w.looking, w.ambiguous, w.attempts, w.looks, w.failures, w.first_sent_at, w.sent_at, w.next_attempt_at, " \
    "w.deadline_at, w.marker, w.error, w.problem, w.created_at, w.updated_at, b.body, b.answer "               \
    "FROM write w JOIN write_body b ON b.write_key = w.key "

std::vector<Write> rows(Query& row) {
    std::vector<Write> found;
    while (row.step()) found.push_back(write_row(row));
    return found;
}

/// Ends the operation once none of its writes can change any more; whether it has ended.
bool end_operation(Database& db, const std::string& operation_id, Timestamp now) {
    std::int64_t open = 0, failed = 0, all = 0;
    std::string first_error;
    {
        auto row = db.query(
            "SELECT count(*), sum(status IN ('pending', 'sending', 'unknown')), sum(status = 'failed'), "
            "(SELECT error FROM write WHERE operation_id = ?1 AND status = 'failed' ORDER BY position LIMIT 1) "
            "FROM write WHERE operation_id = ?1");
        row.bind(operation_id);
        row.step();
        all = row.integer(0);
        open = row.integer(1);
        failed = row.integer(2);
        first_error = row.text(3);
    }
    if (open > 0) {
        db.run("UPDATE operations SET updated_at = ? WHERE id = ?", now, operation_id);
        return false;
    }
    const auto result = failed == 0 ? fmt::format("{} written", all)
                        : all == 1  ? first_error
                                    : fmt::format("{} of {} failed; the first: {}", failed, all, first_error);
    return db.run(
               "UPDATE operations SET status = ?, result = ?, processed = ?, updated_at = ? "
               "WHERE id = ? AND status = 'in_progress'",
               failed == 0 ? "success" : "failure", result, all - failed, now, operation_id) > 0;
}

/// Tells of the end of an operation that nobody waits for.
Notices tell_written(Database& db, const std::string& operation_id, const BuildWritten& build, Timestamp now) {
    bool told = false;
    {
        auto row = db.query("SELECT asynchronous FROM write_operation WHERE operation_id = ?");
        row.bind(operation_id);
        told = build && row.step() && row.integer(0) != 0;
    }
    if (!told) return {};
    auto notices = build(writes_of(db, operation_id));
    notify(db, notices, now);
    return notices;
}

/// What a batch that is all or none still has to send is not sent after a failure.
std::int64_t give_up_rest(Database& db, const std::string& operation_id, std::int64_t position, Timestamp now) {
    const auto count = db.run(
        "UPDATE write SET status = 'failed', error = 'not sent: an earlier record of the batch failed', updated_at = "
        "?1 "
        "WHERE operation_id = ?2 AND status = 'pending' AND position > ?3 "
        "AND EXISTS (SELECT 1 FROM write_operation o WHERE o.operation_id = ?2 AND o.all_or_none = 1)",
        now, operation_id, position);
    if (count > 0)
        db.run(
            "UPDATE write_body SET body = x'' WHERE write_key IN (SELECT key FROM write WHERE operation_id = ? "
            "AND status = 'failed')",
            operation_id);
    return count;
}

void enter(Database& db, const AcceptWrites& accept) {
    db.run(
        "INSERT INTO operations (id, installation_id, action_type, object, status, created_at, updated_at) "
        "VALUES (?1, ?2, 'write', ?3, 'in_progress', ?4, ?4)",
        accept.operation_id, accept.installation_id, accept.object, accept.now);
    db.run("INSERT INTO write_operation (operation_id, batch, all_or_none, asynchronous) VALUES (?, ?, ?, ?)",
           accept.operation_id, accept.batch, accept.all_or_none, accept.asynchronous);
    std::int64_t position = 0;
    for (const auto& write : accept.writes) {
        const bool refused = !write.error.empty();
        db.run(
            "INSERT INTO write (id, operation_id, position, installation_id, object, type, record_id, status, "
            "next_attempt_at, deadline_at, marker, error, problem, created_at, updated_at) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?9, ?9)",
            write.id, accept.operation_id, position++, accept.installation_id, accept.object, to_string(accept.type),
            write.record_id, refused ? "failed" : "pending", accept.now, accept.deadline_at, write.marker, write.error,
            write.problem);
        db.run("INSERT INTO write_body (write_key, body) VALUES (?, ?)", db.last_insert_key(),
               Blob{refused ? std::string_view() : std::string_view(write.body)});
    }
}

}  // namespace

std::string_view to_string(WriteStatus status) {
    switch (status) {
        case WriteStatus::pending: return "pending";
        case WriteStatus::sending: return "sending";
        case WriteStatus::done: return "done";
        case WriteStatus::failed: return "failed";
        case WriteStatus::unknown: return "unknown";
    }
    return "unknown";
}

void refuse_writes(Database& db, const RefusedWrites& refused) {
    db.run(
        "INSERT INTO operations (id, installation_id, action_type, object, status, result, created_at, updated_at) "
        "VALUES (?1, ?2, 'write', ?3, 'failure', ?4, ?5, ?5)",
        refused.operation_id, refused.installation_id, refused.object, "refused, nothing was sent", refused.now);
    for (const auto& reason : refused.reasons)
        log_operation(db, refused.operation_id, LogLevel::error, reason, refused.now);
}

AcceptedWrites find_request(Database& db, const IdempotencyKey& key, Timestamp now) {
    db.run("DELETE FROM idempotency WHERE scope = ? AND key = ? AND created_at < ?", key.scope, key.key,
           now - idempotency_kept);
    auto row = db.query("SELECT digest, operation_id FROM idempotency WHERE scope = ? AND key = ?");
    row.bind(key.scope, key.key);
    if (!row.step()) return {};
    return {row.text_view(0) == key.digest ? AcceptedWrites::repeated : AcceptedWrites::other_request, row.text(1)};
}

AcceptedWrites accept_writes(Database& db, const AcceptWrites& accept) {
    if (accept.idempotency)
        if (auto known = find_request(db, *accept.idempotency, accept.now); known.what != AcceptedWrites::fresh)
            return known;
    enter(db, accept);
    if (accept.idempotency)
        db.run("INSERT INTO idempotency (scope, key, digest, operation_id, created_at) VALUES (?, ?, ?, ?, ?)",
               accept.idempotency->scope, accept.idempotency->key, accept.idempotency->digest, accept.operation_id,
               accept.now);
    return {AcceptedWrites::fresh, accept.operation_id};
}

std::vector<Write> claim_writes(Database& db, const WriteClaim& claim) {
    auto row = db.query(
        "SELECT " WRITE_COLUMNS
        "WHERE w.installation_id = ?1 AND w.status = 'pending' "
        "AND (w.looking = 1 OR w.object IN (SELECT value FROM json_each(?5))) AND ((w.deadline_at <= ?2 AND "
        "(w.looking = 0 OR (?6 AND w.next_attempt_at <= ?2))) OR (NOT ?6 AND "
        "(w.next_attempt_at <= ?2 OR w.next_attempt_at > ?3) "
        "AND (w.record_id = '' OR NOT EXISTS (SELECT 1 FROM write e WHERE e.installation_id = ?1 "
        "AND e.object = w.object AND e.record_id = w.record_id AND e.key < w.key "
        "AND e.status IN ('pending', 'sending'))) "
        "AND NOT EXISTS (SELECT 1 FROM write_operation o CROSS JOIN write e ON e.operation_id = o.operation_id "
        "WHERE o.operation_id = w.operation_id AND o.all_or_none = 1 AND e.position < w.position "
        "AND e.status <> 'done'))) ORDER BY w.next_attempt_at, w.key LIMIT ?4");
    row.bind(claim.installation_id, claim.now, claim.now + claim.longest_wait, claim.limit + claim.busy.size(),
             claim.objects, claim.late_only);
    auto found = rows(row);
    std::erase_if(found,
                  [&](const Write& write) { return std::ranges::find(claim.busy, write.key) != claim.busy.end(); });
    if (found.size() > claim.limit) found.resize(claim.limit);
    return found;
}

std::optional<Timestamp> next_write_due(Database& db, const WriteClaim& claim) {
    auto row = db.query(
        "SELECT key, CASE WHEN ?4 AND looking THEN max(next_attempt_at, deadline_at) WHEN ?4 THEN deadline_at "
        "WHEN looking THEN next_attempt_at ELSE min(next_attempt_at, deadline_at) END FROM write "
        "WHERE installation_id = ?1 AND status = 'pending' AND next_attempt_at > ?2 "
        "AND (NOT ?4 OR deadline_at > ?5 OR (looking = 1 AND next_attempt_at > ?5)) "
        "AND (looking = 1 OR object IN (SELECT value FROM json_each(?3))) ORDER BY 2 LIMIT ?6");
    // With late_only what is due already counts as well: it waits for its deadline.
    row.bind(claim.installation_id, claim.late_only ? Timestamp{} : claim.now, claim.objects, claim.late_only,
             claim.now, claim.busy.size() + 1);
    while (row.step())
        if (std::ranges::find(claim.busy, row.integer(0)) == claim.busy.end()) return row.time(1);
    return std::nullopt;
}

bool begin_sending(Database& db, std::int64_t key, Timestamp now) {
    return db.run(
               "UPDATE write SET status = 'sending', attempts = attempts + 1, looks = 0, sent_at = ?1, "
               "first_sent_at = coalesce(first_sent_at, ?1), updated_at = ?1 "
               "WHERE key = ?2 AND status IN ('pending', 'sending')",
               now, key) > 0;
}

/// A record that was there before, or that another create has made, is not the one.
bool deleted_since(Database& db, std::int64_t create_key) {
    auto row = db.query(
        "SELECT 1 FROM write w JOIN write d ON d.installation_id = w.installation_id AND d.object = w.object "
        "WHERE w.key = ? AND d.type = 'delete' AND d.sent_at >= w.first_sent_at "
        "AND (d.status IN ('sending', 'done') OR d.ambiguous = 1) "
        "AND NOT EXISTS (SELECT 1 FROM write o WHERE o.installation_id = d.installation_id AND o.object = d.object "
        "AND o.record_id = d.record_id AND o.type = 'create' AND o.status = 'done') "
        "AND NOT EXISTS (SELECT 1 FROM records r WHERE r.installation_id = d.installation_id AND r.object = d.object "
        "AND r.record_id = d.record_id AND r.created_at < w.first_sent_at) LIMIT 1");
    row.bind(create_key);
    return row.step();
}

/// A record that a create was found to have made can't be that of another create, too.
WriteStep without_stolen_record(Database& db, WriteStep step) {
    if (!step.found) return step;
    auto other = db.query(
        "SELECT 1 FROM write w JOIN write o ON o.installation_id = w.installation_id AND o.object = w.object "
        "WHERE w.key = ?1 AND o.record_id = ?2 AND o.type = 'create' AND o.status = 'done' AND o.key <> ?1");
    other.bind(step.key, step.record_id);
    if (!other.step()) return step;
    step.status = WriteStatus::unknown;
    step.record_id.clear();
    step.answer.clear();
    step.error = step.note = "its outcome is unknown: the only record that could be its own is another write's";
    return step;
}

FinishedWrite finish_write(Database& db, const WriteStep& given) {
    const auto step = without_stolen_record(db, given);
    std::string operation_id;
    std::int64_t position = 0;
    {
        auto row = db.query(
            "UPDATE write SET status = ?1, looking = ?2, ambiguous = ?3, looks = ?4, failures = ?5, "
            "record_id = CASE WHEN ?6 <> '' THEN ?6 ELSE record_id END, error = ?7, problem = ?8, "
            "next_attempt_at = ?9, updated_at = ?10 WHERE key = ?11 AND status IN ('pending', 'sending') "
            "RETURNING operation_id, position");
        row.bind(to_string(step.status), step.looking, step.ambiguous, step.looks, step.failures, step.record_id,
                 step.error, step.problem, step.next_attempt_at, step.now, step.key);
        if (!row.step()) return {};
        operation_id = row.text(0);
        position = row.integer(1);
        while (row.step()) {
        }
    }
    FinishedWrite finished{.status = step.status, .stored = true};
    if (step.status == WriteStatus::done || step.status == WriteStatus::failed)
        db.run("UPDATE write_body SET body = x'', answer = ? WHERE write_key = ?", Blob{step.answer}, step.key);
    if (!step.note.empty())
        log_operation(db, operation_id, step.status == WriteStatus::failed ? LogLevel::error : LogLevel::warn,
                      step.note, step.now);
    if (step.status == WriteStatus::failed) finished.not_sent = give_up_rest(db, operation_id, position, step.now);
    if (step.status == WriteStatus::unknown) {
        notify(db, step.unknown, step.now);
        finished.notices = step.unknown;
    }
    finished.operation_ended = end_operation(db, operation_id, step.now);
    if (!finished.operation_ended) return finished;
    for (auto& notice : tell_written(db, operation_id, step.written, step.now))
        finished.notices.push_back(std::move(notice));
    return finished;
}

std::vector<Write> interrupted_writes(Database& db, const std::string& installation_id) {
    db.run(  // whoever waited for them has gone with the process
        "UPDATE write_operation SET asynchronous = 1 WHERE asynchronous = 0 AND operation_id IN "
        "(SELECT id FROM operations WHERE status = 'in_progress' AND action_type = 'write' AND installation_id = ?)",
        installation_id);
    auto row = db.query("SELECT " WRITE_COLUMNS "WHERE w.status = 'sending' AND w.installation_id = ? ORDER BY w.key");
    row.bind(installation_id);
    return rows(row);
}

std::vector<Write> writes_of(Database& db, const std::string& operation_id) {
    auto row = db.query("SELECT " WRITE_COLUMNS "WHERE w.operation_id = ? ORDER BY w.position");
    row.bind(operation_id);
    return rows(row);
}

std::optional<Write> find_write(Database& db, const std::string& id) {
    auto row = db.query("SELECT " WRITE_COLUMNS "WHERE w.id = ?");
    row.bind(id);
    return row.step() ? std::optional(write_row(row)) : std::nullopt;
}

bool leave_operation(Database& db, const std::string& operation_id) {
    return db.run(
               "UPDATE write_operation SET asynchronous = 1 WHERE operation_id = ?1 "
               "AND EXISTS (SELECT 1 FROM operations WHERE id = ?1 AND status = 'in_progress')",
               operation_id) > 0;
}

ResolvedWrite resolve_write(Database& db, const WriteResolution& resolution) {
    const auto write = find_write(db, resolution.id);
    if (!write || write->status != WriteStatus::unknown) return {};
    if (resolution.retry) {
        db.run(
            "UPDATE write SET status = 'pending', looking = 0, failures = 0, next_attempt_at = ?1, deadline_at = ?2, "
            "updated_at = ?1 WHERE key = ?3",
            resolution.now, resolution.deadline_at, write->key);
        log_operation(db, write->operation_id, LogLevel::warn, "sent again at an operator's word", resolution.now);
        return {.done = true};
    }
    db.run(
        "UPDATE write SET status = 'failed', error = 'given up by an operator: its outcome is unknown', "
        "updated_at = ? WHERE key = ?",
        resolution.now, write->key);
    db.run("UPDATE write_body SET body = x'' WHERE write_key = ?", write->key);
    log_operation(db, write->operation_id, LogLevel::error, "given up by an operator: its outcome is unknown",
                  resolution.now);
    give_up_rest(db, write->operation_id, write->position, resolution.now);
    ResolvedWrite resolved{.done = true};
    if (end_operation(db, write->operation_id, resolution.now))
        resolved.notices = tell_written(db, write->operation_id, resolution.written, resolution.now);
    return resolved;
}

bool prune_idempotency(Database& db, Timestamp now) {
    return db.run(
               "DELETE FROM idempotency WHERE (scope, key) IN (SELECT scope, key FROM idempotency WHERE created_at < ? "
               "LIMIT ?)",
               now - idempotency_kept, idempotency_rows_max) == idempotency_rows_max;
}

}  // namespace syncd::storage
