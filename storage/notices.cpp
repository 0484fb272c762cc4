#include "storage/notices.hpp"

#include "storage/outbox.hpp"

#include <algorithm>

namespace syncd::storage {
namespace {

std::optional<std::int64_t> stream_of(Database& db, std::int64_t object_key, const std::string& destination) {
    auto row = db.query(
        "SELECT s.key FROM stream s JOIN object_state o ON o.installation_id = s.installation_id "
        "AND o.object = s.object WHERE o.key = ? AND s.destination = ?");
    row.bind(object_key, destination);
    return row.step() ? std::optional(row.integer(0)) : std::nullopt;
}

bool release(Database& db, std::int64_t stream_key, Timestamp now) {
    std::vector<std::int64_t> keys;
    Notices notices;
    {
        auto row = db.query(
            "SELECT n.key, n.destination, n.installation_id, n.operation_id, n.body FROM notice n "
            "WHERE n.stream_key = ?1 AND n.sequence IS NOT NULL AND NOT EXISTS (SELECT 1 FROM message m "
            "WHERE m.stream_key = ?1 AND m.status = 'pending' AND m.sequence <= n.sequence) "
            "AND NOT EXISTS (SELECT 1 FROM message m WHERE m.stream_key = ?1 AND m.sequence <= n.sequence "
            "AND m.status = 'held') ORDER BY n.key");
        row.bind(stream_key);
        while (row.step()) {
            keys.push_back(row.integer(0));
            notices.push_back({row.text(1), row.text(2), row.text(3), row.text(4)});
        }
    }
    notify(db, notices, now);
    for (const auto key : keys) db.run("DELETE FROM notice WHERE key = ?", key);
    return !keys.empty();
}

}  // namespace

void notify(Database& db, const Notices& notices, Timestamp now) {
    for (const auto& notice : notices) append_notice(db, notice, now);
}

void notify_once_accepted(Database& db, std::int64_t object_key, const std::string& destination, const Notices& notices,
                          Timestamp now) {
    const auto stream = stream_of(db, object_key, destination);
    if (!stream) return notify(db, notices, now);
    for (const auto& notice : notices)
        db.run(
            "INSERT INTO notice (stream_key, sequence, destination, installation_id, operation_id, body) "
            "SELECT key, next_sequence - 1, ?2, ?3, ?4, ?5 FROM stream WHERE key = ?1",
            *stream, notice.destination, notice.installation_id, notice.operation_id, notice.body);
    release(db, *stream, now);
}

bool release_notices(Database& db, std::int64_t message_key, Timestamp now) {
    std::int64_t stream_key = 0;
    {
        auto row = db.query(
            "SELECT n.stream_key FROM message w JOIN notice n ON n.stream_key = w.stream_key WHERE w.key = ? LIMIT 1");
        row.bind(message_key);
        if (!row.step()) return false;
        stream_key = row.integer(0);
    }
    return release(db, stream_key, now);
}

void wait_for_redelivery(Database& db, std::int64_t object_key, Timestamp now) {
    std::vector<std::int64_t> streams;
    {
        auto row = db.query(
            "SELECT s.key FROM object_state o JOIN stream s ON s.installation_id = o.installation_id "
            "AND s.object = o.object JOIN notice n ON n.stream_key = s.key WHERE o.key = ? GROUP BY s.key");
        row.bind(object_key);
        while (row.step()) streams.push_back(row.integer(0));
    }
    for (const auto stream : streams) {
        db.run(
            "UPDATE notice SET sequence = (SELECT next_sequence - 1 FROM stream WHERE key = ?1) "
            "WHERE stream_key = ?1 AND sequence IS NULL",
            stream);
        release(db, stream, now);
    }
}

std::vector<KeptSchedule> kept_schedules(Database& db, const std::string& installation_id) {
    auto row = db.query(
        "SELECT o.key, o.object, o.paused, o.overdue_at IS NOT NULL, max(coalesce(o.kept_at, ''), "
        "coalesce((SELECT p.updated_at FROM operations p WHERE p.id = o.operation_id AND o.backfill = 'running'), '')) "
        "FROM object_state o WHERE o.installation_id = ?");
    row.bind(installation_id);
    std::vector<KeptSchedule> found;
    while (row.step()) {
        found.push_back({.object_key = row.integer(0),
                         .object = row.text(1),
                         .paused = row.integer(2) != 0,
                         .overdue = row.integer(3) != 0,
                         .kept_at = std::nullopt});
        if (!row.text_view(4).empty()) found.back().kept_at = row.time(4);
    }
    return found;
}

bool note_overdue(Database& db, std::int64_t object_key, const Notices& notices, Timestamp now) {
    if (db.run("UPDATE object_state SET overdue_at = ? WHERE key = ? AND overdue_at IS NULL", now, object_key) == 0)
        return false;
    notify(db, notices, now);
    return true;
}

bool tell_once(Database& db, const TellOnce& told) {
    // One told in the future: the clock was set back.
    const auto again = told.again_after ? std::optional(told.now - *told.again_after) : std::nullopt;
    const auto changed = db.run(
        "INSERT INTO told (event, subject, at) VALUES (?1, ?2, ?3) ON CONFLICT (event, subject) DO UPDATE SET at = ?3 "
        "WHERE ?4 IS NOT NULL AND (at <= ?4 OR at > ?3)",
        told.event, told.subject, told.now, again);
    if (changed == 0) return false;
    notify(db, told.notices, told.now);
    return true;
}

void forget_told(Database& db, const std::string& event, const std::string& subject) {
    db.run("DELETE FROM told WHERE event = ? AND subject = ?", event, subject);
}

void forget_general_notices(Database& db, const std::vector<std::string>& kept) {
    std::vector<std::int64_t> streams;
    {
        auto row = db.query("SELECT key, destination FROM stream WHERE installation_id = '' AND object = ?");
        row.bind(notices_object);
        while (row.step())
            if (std::ranges::find(kept, row.text(1)) == kept.end()) streams.push_back(row.integer(0));
    }
    for (const auto stream : streams) {
        db.run("DELETE FROM message WHERE stream_key = ?", stream);
        db.run("DELETE FROM stream WHERE key = ?", stream);
    }
}

}  // namespace syncd::storage
