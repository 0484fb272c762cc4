#include "storage/object_state.hpp"

#include "storage/notices.hpp"

namespace syncd::storage {
namespace {

ObjectState::Backfill backfill_of(std::string_view text) {
    if (text == "running") return ObjectState::Backfill::running;
    return text == "done" ? ObjectState::Backfill::done : ObjectState::Backfill::pending;
}

std::int64_t minute_of(Timestamp time) {
    return std::chrono::floor<std::chrono::minutes>(time).time_since_epoch().count();
}

}  // namespace

Timestamp enter_installation(Database& db, const std::string& id, const std::string& digest, Timestamp now,
                             const InstallationFacts& facts) {
    std::optional<std::string> last_config;  // of one that is known
    auto updated_at = now;
    bool same_digest = false, same_facts = false;
    {
        auto known = db.query("SELECT digest, updated_at, fields, config FROM installation WHERE id = ?");
        known.bind(id);
        if (known.step()) {
            same_digest = known.text_view(0) == digest;
            if (same_digest) updated_at = known.time(1).value_or(now);
            last_config = known.text(3);
            same_facts = known.text_view(2) == facts.fields && *last_config == facts.config;
        }
    }
    db.run("INSERT OR IGNORE INTO meta (key, value) VALUES ('installation_created:' || ?, ?)", id, now);
    if (same_digest && same_facts) return updated_at;
    db.run(
        "INSERT INTO installation (id, digest, updated_at, fields, config) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, updated_at = excluded.updated_at, "
        "fields = excluded.fields, config = excluded.config",
        id, digest, updated_at, facts.fields, facts.config);
    const bool noted_first = same_digest && last_config->empty();  // by a version before this one
    if (facts.build && !noted_first) notify(db, facts.build(last_config), now);
    return updated_at;
}

ObjectState object_state(Database& db, const std::string& installation_id, const std::string& object) {
    db.run("INSERT OR IGNORE INTO object_state (installation_id, object) VALUES (?, ?)", installation_id, object);
    auto row = db.query(
        "SELECT o.key, o.paused, o.backfill, o.since, o.deliver_from, o.next_url, o.next_cursor, o.operation_id, "
        "o.last_due_at, o.last_full_at, o.page_size, c.cursor, o.live, o.next_itwin_id, o.next_slice, o.next_rows, "
        "o.redeliver, o.schema_checked_at FROM object_state o "
        "LEFT JOIN cursors c ON c.installation_id = o.installation_id AND c.object = o.object AND c.itwin_id = '' "
        "WHERE o.installation_id = ? AND o.object = ?");
    row.bind(installation_id, object);
    row.step();
    ObjectState state;
    state.key = row.integer(0);
    state.paused = row.integer(1) != 0;
    state.backfill = backfill_of(row.text_view(2));
    state.since = row.time(3);
    state.deliver_from = row.time(4);
    state.next_url = row.text(5);
    state.next_cursor = row.time(6);
    state.operation_id = row.text(7);
    state.last_due_at = row.time(8);
    state.last_full_at = row.time(9);
    if (!row.is_null(10)) state.page_size = row.integer(10);
    state.cursor = row.time(11);
    state.records = row.integer(12);
    state.next_itwin_id = row.text(13);
    state.next_from = row.time(14);
    state.next_rows = row.integer(15);
    state.redeliver = row.integer(16) != 0;
    state.schema_checked_at = row.time(17);
    return state;
}

void set_paused(Database& db, const std::string& installation_id, const std::string& object, bool paused) {
    db.run(
        "INSERT INTO object_state (installation_id, object, paused) VALUES (?, ?, ?) "
        "ON CONFLICT (installation_id, object) DO UPDATE SET paused = excluded.paused",
        installation_id, object, paused);
}

void set_health(Database& db, const std::string& installation_id, bool healthy, const std::string& reason,
                Timestamp now, const Notices& notices) {
    const char* health = healthy ? "healthy" : "unhealthy";
    bool was_healthy = true;
    {
        auto known = db.query("SELECT health FROM connection_health WHERE installation_id = ?");
        known.bind(installation_id);
        if (known.step()) was_healthy = known.text_view(0) == "healthy";
    }
    db.run(
        "INSERT INTO connection_health (installation_id, health, reason, updated_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (installation_id) DO UPDATE SET health = excluded.health, reason = excluded.reason, "
        "updated_at = excluded.updated_at",
        installation_id, health, reason, now);
    if (healthy != was_healthy) notify(db, notices, now);
}

void add_spent(Database& db, const std::string& client_id, Timestamp now) {
    db.run(
        "INSERT INTO budget (client_id, minute, requests) VALUES (?, ?, 1) "
        "ON CONFLICT (client_id, minute) DO UPDATE SET requests = requests + 1",
        client_id, minute_of(now));
    db.run("DELETE FROM budget WHERE minute < ?", minute_of(now) - 61);
}

std::map<std::string, std::map<std::int64_t, std::int64_t>> budget_spent(Database& db, std::int64_t since_minute) {
    std::map<std::string, std::map<std::int64_t, std::int64_t>> spent;
    auto row = db.query("SELECT client_id, minute, requests FROM budget WHERE minute >= ?");
    row.bind(since_minute);
    while (row.step()) spent[row.text(0)][row.integer(1)] = row.integer(2);
    return spent;
}

}  // namespace syncd::storage
