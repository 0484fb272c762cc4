#include "storage/outbox.hpp"

#include "config/core/ids.hpp"
#include "storage/notices.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::storage {
namespace {

struct StreamRow {
    std::int64_t key = 0, next_sequence = 1;
    std::string id;
};

StreamRow open_stream(Database& db, const Source& source) {
    // next_sequence 0: restored from a backup, begins anew.
    db.run(
        "INSERT INTO stream (id, destination, installation_id, object) "
        "SELECT ?, ?, installation_id, object FROM object_state WHERE key = ? "
        "ON CONFLICT (destination, installation_id, object) DO UPDATE SET id = excluded.id, next_sequence = 1 "
        "WHERE next_sequence = 0",
        source.new_stream_id, source.destination, source.object_key);
    auto row = db.query(
        "SELECT s.key, s.next_sequence, s.id FROM stream s JOIN object_state o "
        "ON o.installation_id = s.installation_id AND o.object = s.object "
        "WHERE o.key = ? AND s.destination = ?");
    row.bind(source.object_key, source.destination);
    row.step();
    return {row.integer(0), row.integer(1), row.text(2)};
}

StreamRow open_notice_stream(Database& db, const Notice& notice, Timestamp now) {
    const auto id = name_uuid(fmt::format("bentley-syncd:notifications/{}/{}/{}/{}", notice.destination,
                                          notice.installation_id, format_time(now), notice.body));
    db.run(
        "INSERT INTO stream (id, destination, installation_id, object) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (destination, installation_id, object) DO UPDATE SET id = excluded.id, next_sequence = 1 "
        "WHERE next_sequence = 0",
        id, notice.destination, notice.installation_id, notices_object);
    auto row = db.query(
        "SELECT key, next_sequence, id FROM stream WHERE destination = ? AND installation_id = ? AND object = ?");
    row.bind(notice.destination, notice.installation_id, notices_object);
    row.step();
    return {row.integer(0), row.integer(1), row.text(2)};
}

/// The same stream and sequence give the same id: nothing random is needed where the sequence is given out.
std::string message_id(const std::string& stream_id, std::int64_t sequence) {
    return "msg_" + json::digest(json::quote(fmt::format("{}:{}", stream_id, sequence))).hex();
}

bool is_enabled(Database& db, const std::string& destination) {
    auto row = db.query("SELECT state FROM destinations WHERE name = ?");
    row.bind(destination);
    return !row.step() || row.text_view(0) == "enabled";
}

DestinationState destination_state(Database& db, const std::string& name) {
    auto row = db.query(
        "SELECT state, reason, failing_since, last_failed_at, last_accepted_at FROM destinations "
        "WHERE name = ?");
    row.bind(name);
    DestinationState state{.name = name};
    if (!row.step()) return state;
    state.enabled = row.text_view(0) == "enabled";
    state.reason = row.text(1);
    state.failing_since = row.time(2);
    state.last_failed_at = row.time(3);
    state.last_accepted_at = row.time(4);
    return state;
}

DueMessage due_message(const Query& row) {
    DueMessage message;
    message.key = row.integer(0);
    message.stream_key = row.integer(1);
    message.id = row.text(2);
    message.stream_id = row.text(3);
    message.installation_id = row.text(4);
    message.object = row.text(5);
    message.sequence = row.integer(6);
    message.by_url = row.integer(7) != 0;
    message.attempts = row.integer(8);
    message.step = row.integer(9);
    message.woken = row.integer(10) != 0;
    message.step_due_at = row.time(11);
    message.first_attempt_at = row.time(12);
    message.body = row.text(13);
    return message;
}

void wake_waiting(Database& db, const std::string& destination, Timestamp now) {
    db.run(
        "UPDATE message SET next_attempt_at = ?1, woken = 1 WHERE status = 'pending' AND woken = 0 AND attempts > 0 "
        "AND updated_at <= ?1 "
        "AND next_attempt_at > ?1 AND stream_key IN (SELECT key FROM stream WHERE destination = ?2)",
        now, destination);
}

/// Whether notifications came of it.
bool finish_attempt(Database& db, const std::string& destination, const Attempt& attempt) {
    // A message forgotten meanwhile has no attempts any more.
    db.run(
        "INSERT INTO attempt (message_key, at, status, error, duration_ms) SELECT ?1, ?2, ?3, ?4, ?5 "
        "WHERE EXISTS (SELECT 1 FROM message WHERE key = ?1)",
        attempt.message_key, attempt.at, attempt.status, attempt.error, attempt.duration_ms);
    const auto set_status = [&](const char* status) {
        db.run(
            "UPDATE message SET status = ?1, attempts = attempts + 1, updated_at = ?2, "
            "first_attempt_at = coalesce(first_attempt_at, ?2) WHERE key = ?3",
            status, attempt.at, attempt.message_key);
    };
    switch (attempt.verdict) {
        case Verdict::delivered: set_status("delivered"); break;
        case Verdict::dead: set_status("dead"); break;
        case Verdict::hold: set_status("held"); break;
        case Verdict::retry:
            db.run(
                "UPDATE message SET attempts = attempts + 1, woken = CASE WHEN step = ?1 THEN woken ELSE 0 END, step = "
                "?1, "
                "step_due_at = ?2, next_attempt_at = ?3, updated_at = ?4, "
                "first_attempt_at = coalesce(first_attempt_at, ?4) WHERE key = ?5",
                attempt.step, attempt.step_due_at, attempt.next_attempt_at, attempt.at, attempt.message_key);
            break;
    }
    if (attempt.verdict == Verdict::delivered) {
        const bool was_failing = destination_state(db, destination).failing_since.has_value();
        db.run(
            "UPDATE destinations SET failing_since = NULL, last_failed_at = NULL, last_accepted_at = ?1, "
            "updated_at = ?1 WHERE name = ?2",
            attempt.at, destination);
        if (was_failing) wake_waiting(db, destination, attempt.at);
    } else if (attempt.verdict != Verdict::dead) {
        // A dead letter is the message's fault. And failures with no attempt between them for a day are not "nothing
        // but failures": the daemon was off, or had nothing to send.
        db.run(
            "UPDATE destinations SET failing_since = CASE WHEN failing_since IS NULL OR last_failed_at < ?1 THEN ?2 "
            "ELSE failing_since END, last_failed_at = ?2, updated_at = ?2 WHERE name = ?3",
            attempt.at - failing_gap_max, attempt.at, destination);
    }
    bool notified = false;
    if (attempt.verdict == Verdict::delivered || attempt.verdict == Verdict::dead)
        notified = release_notices(db, attempt.message_key, attempt.at);
    if (attempt.disable) {
        const bool was_enabled = is_enabled(db, destination);
        set_destination(db, destination, false, attempt.error, attempt.at);
        if (was_enabled) notify(db, attempt.notices, attempt.at);
        notified = notified || was_enabled;
    }
    return notified;
}

void insert_message(Database& db, const StreamRow& stream, std::int64_t sequence, const std::string& operation_id,
                    const Message& message, const char* status, Timestamp now) {
    db.run(
        "INSERT INTO message (id, stream_key, sequence, operation_id, num_records, by_url, status, "
        "next_attempt_at, "
        "created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?8)",
        message_id(stream.id, sequence), stream.key, sequence, operation_id, message.records, message.by_url, status,
        now);
    db.run("INSERT INTO message_body (message_key, body, results) VALUES (?, ?, ?)", db.last_insert_key(), message.body,
           message.results);
}

std::int64_t append(Database& db, const Source& source, const auto& changes, const auto& build) {
    if (changes.empty()) return 0;
    const auto stream = open_stream(db, source);
    const auto messages = build(changes, stream.id, stream.next_sequence);
    const char* status = is_enabled(db, source.destination) ? "pending" : "held";
    std::int64_t sequence = stream.next_sequence;
    for (const auto& message : messages) {
        insert_message(db, stream, sequence, source.operation_id, message, status, source.now);
        ++sequence;
    }
    db.run("UPDATE stream SET next_sequence = ? WHERE key = ?", sequence, stream.key);
    return std::int64_t(messages.size());
}

}  // namespace

std::int64_t append_messages(Database& db, const Source& source, const std::vector<Change>& changes,
                             const BuildMessages& build) {
    return append(db, source, changes, build);
}
std::int64_t append_messages(Database& db, const Source& source, const std::vector<FieldChange>& changes,
                             const BuildFieldMessages& build) {
    return append(db, source, changes, build);
}

void append_notice(Database& db, const Notice& notice, Timestamp now) {
    const auto stream = open_notice_stream(db, notice, now);
    const char* status = is_enabled(db, notice.destination) ? "pending" : "held";
    insert_message(db, stream, stream.next_sequence, notice.operation_id, {.body = notice.body}, status, now);
    db.run("UPDATE stream SET next_sequence = next_sequence + 1 WHERE key = ?", stream.key);
}

std::map<std::string, DestinationState> enter_destinations(Database& db, const std::vector<std::string>& names,
                                                           Timestamp now) {
    std::map<std::string, DestinationState> states;
    for (const auto& name : names) {
        db.run("INSERT OR IGNORE INTO destinations (name, updated_at) VALUES (?, ?)", name, now);
        db.run("INSERT OR IGNORE INTO meta (key, value) VALUES ('destination_created:' || ?, ?)", name, now);
        states[name] = destination_state(db, name);
    }
    return states;
}

std::vector<DueMessage> claim_due(Database& db, const Claim& claim) {
    constexpr auto ordered =
        "SELECT m.key, s.key, m.id, s.id, s.installation_id, s.object, m.sequence, m.by_url, m.attempts, m.step, "
        "m.woken, "
        "m.step_due_at, m.first_attempt_at, b.body FROM stream s "
        "JOIN message m ON m.key = (SELECT h.key FROM message h WHERE h.stream_key = s.key AND h.status = 'pending' "
        "ORDER BY h.sequence LIMIT 1) JOIN message_body b ON b.message_key = m.key "
        "WHERE s.destination = ?1 AND (m.step_due_at IS NULL OR m.next_attempt_at <= ?2 OR m.next_attempt_at > ?3) AND "
        "(?4 OR NOT m.by_url) "
        "ORDER BY m.next_attempt_at LIMIT ?5";
    constexpr auto unordered =
        "SELECT m.key, s.key, m.id, s.id, s.installation_id, s.object, m.sequence, m.by_url, m.attempts, m.step, "
        "m.woken, "
        "m.step_due_at, m.first_attempt_at, b.body FROM stream s "
        "JOIN message m ON m.stream_key = s.key AND m.status = 'pending' JOIN message_body b ON b.message_key = m.key "
        "WHERE s.destination = ?1 AND (m.step_due_at IS NULL OR m.next_attempt_at <= ?2 OR m.next_attempt_at > ?3) AND "
        "(?4 OR NOT m.by_url) "
        "LIMIT ?5";
    auto row = db.query(claim.ordered ? ordered : unordered);
    row.bind(claim.destination, claim.now, claim.now + claim.longest_wait, claim.by_url,
             claim.limit + claim.busy.size());
    std::vector<DueMessage> due;
    while (due.size() < claim.limit && row.step()) {
        const std::int64_t key = row.integer(claim.ordered ? 1 : 0);
        if (std::ranges::find(claim.busy, key) == claim.busy.end()) due.push_back(due_message(row));
    }
    return due;
}

std::vector<DueMessage> claim_stream(Database& db, std::int64_t stream_key, std::int64_t after_sequence,
                                     std::size_t limit, std::size_t bytes_max) {
    auto row = db.query(
        "SELECT m.key, s.key, m.id, s.id, s.installation_id, s.object, m.sequence, m.by_url, m.attempts, m.step, "
        "m.woken, "
        "m.step_due_at, m.first_attempt_at, b.body FROM message m JOIN stream s ON s.key = m.stream_key "
        "JOIN message_body b ON b.message_key = m.key "
        "WHERE m.stream_key = ?1 AND m.status = 'pending' AND m.sequence > ?2 ORDER BY m.sequence LIMIT ?3");
    row.bind(stream_key, after_sequence, limit);
    std::vector<DueMessage> due;
    for (std::size_t bytes = 0; bytes < bytes_max && row.step(); bytes += due.back().body.size())
        due.push_back(due_message(row));
    return due;
}

DestinationState finish_attempts(Database& db, const std::string& destination, const std::vector<Attempt>& attempts) {
    bool notified = false;
    for (const auto& attempt : attempts) notified = finish_attempt(db, destination, attempt) || notified;
    auto state = destination_state(db, destination);
    state.notified = notified;
    return state;
}

std::optional<Timestamp> next_due(Database& db, const Claim& claim) {
    constexpr auto ordered =
        "SELECT s.key, CASE WHEN m.step_due_at IS NULL THEN '1970-01-01T00:00:00.000Z' ELSE m.next_attempt_at END "
        "FROM stream s JOIN message m ON m.key = (SELECT h.key FROM message h "
        "WHERE h.stream_key = s.key AND h.status = 'pending' ORDER BY h.sequence LIMIT 1) "
        "WHERE s.destination = ?1 AND (?2 OR NOT m.by_url) ORDER BY 2 LIMIT ?3";
    constexpr auto unordered =
        "SELECT m.key, CASE WHEN m.step_due_at IS NULL THEN '1970-01-01T00:00:00.000Z' ELSE m.next_attempt_at END "
        "FROM stream s JOIN message m ON m.stream_key = s.key AND m.status = 'pending' "
        "WHERE s.destination = ?1 AND (?2 OR NOT m.by_url) ORDER BY 2 LIMIT ?3";
    auto row = db.query(claim.ordered ? ordered : unordered);
    row.bind(claim.destination, claim.by_url, claim.busy.size() + 1);
    while (row.step())
        if (std::ranges::find(claim.busy, row.integer(0)) == claim.busy.end()) return row.time(1);
    return std::nullopt;
}

DestinationState set_destination(Database& db, const std::string& name, bool enabled, const std::string& reason,
                                 Timestamp now) {
    db.run("INSERT OR IGNORE INTO destinations (name, updated_at) VALUES (?, ?)", name, now);
    db.run(
        "UPDATE destinations SET state = ?, reason = ?, failing_since = NULL, last_failed_at = NULL, updated_at = ? "
        "WHERE name = ?",
        enabled ? "enabled" : "disabled", reason, now, name);
    if (enabled)
        db.run(
            "UPDATE message SET status = 'pending', step = 0, step_due_at = NULL, woken = 0, first_attempt_at = NULL, "
            "next_attempt_at = ?1, updated_at = ?1 WHERE status = 'held' "
            "AND stream_key IN (SELECT key FROM stream WHERE destination = ?2)",
            now, name);
    else
        db.run(
            "UPDATE message SET status = 'held', updated_at = ?1 WHERE status = 'pending' "
            "AND stream_key IN (SELECT key FROM stream WHERE destination = ?2)",
            now, name);
    return destination_state(db, name);
}

std::int64_t replay(Database& db, const ReplaySelection& selection, Timestamp now) {
    constexpr auto again =
        "UPDATE message SET status = CASE WHEN EXISTS (SELECT 1 FROM stream s JOIN destinations d ON d.name = "
        "s.destination "
        "WHERE s.key = message.stream_key AND d.state = 'disabled') THEN 'held' ELSE 'pending' END, step = 0, "
        "step_due_at = NULL, woken = 0, first_attempt_at = NULL, next_attempt_at = ?1, updated_at = ?1 "
        "WHERE key = ?2";
    if (!selection.ids.empty()) {
        std::int64_t count = 0;
        for (const auto& id : selection.ids) {
            std::int64_t key = 0;
            {
                auto row = db.query("SELECT key FROM message WHERE id = ? AND status IN ('delivered', 'dead')");
                row.bind(id);
                if (row.step()) key = row.integer(0);
            }
            if (key != 0) count += db.run(again, now, key);
        }
        return count;
    }
    return db.run(
        "UPDATE message SET status = CASE WHEN EXISTS (SELECT 1 FROM stream s JOIN destinations d "
        "ON d.name = s.destination WHERE s.key = message.stream_key AND d.state = 'disabled') "
        "THEN 'held' ELSE 'pending' END, step = 0, step_due_at = NULL, woken = 0, first_attempt_at = NULL, "
        "next_attempt_at = ?1, updated_at = ?1 "
        "WHERE (status = 'dead' OR (status = 'delivered' AND NOT ?2)) AND (?3 IS NULL OR created_at >= ?3) "
        "AND stream_key IN (SELECT key FROM stream WHERE (destination = ?4 OR ?4 = '') "
        "AND (installation_id = ?5 OR ?5 = ''))",
        now, selection.dead_only, selection.since, selection.destination, selection.installation_id);
}

std::int64_t count_pending(Database& db, const std::vector<std::string>& destinations) {
    std::int64_t count = 0;
    for (const auto& destination : destinations) {
        auto row = db.query(
            "SELECT count(*) FROM stream s JOIN message m ON m.stream_key = s.key AND m.status = 'pending' "
            "WHERE s.destination = ?");
        row.bind(destination);
        if (row.step()) count += row.integer(0);
    }
    return count;
}

std::optional<std::string> results_of(Database& db, const std::string& delivery_id) {
    auto row = db.query(
        "SELECT b.results FROM message m JOIN message_body b ON b.message_key = m.key "
        "WHERE m.id = ? AND m.by_url");
    row.bind(delivery_id);
    return row.step() ? std::optional(row.text(0)) : std::nullopt;
}

}  // namespace syncd::storage
