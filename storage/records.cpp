#include "storage/records.hpp"

#include "storage/object_state.hpp"
#include "storage/outbox.hpp"
#include "storage/queries.hpp"

namespace syncd::storage {
namespace {

/// What is known of a record before the page.
struct Known {
    std::int64_t key = 0;  // 0: nothing
    std::string digest;
    bool visible = false, deleted = false;
    Missing missing = Missing::seen;
    std::optional<Timestamp> recheck_at;
};

Known known_record(Database& db, std::int64_t object_key, const std::string& id) {
    auto row = db.query(
        "SELECT key, digest, visible, deleted_at IS NOT NULL, missing, recheck_at FROM record "
        "WHERE object_key = ? AND record_id = ?");
    row.bind(object_key, id);
    if (!row.step()) return {};
    return {row.integer(0),          row.text(1), row.integer(2) != 0, row.integer(3) != 0,
            Missing(row.integer(4)), row.time(5)};
}

/// The change that destinations see, given whether they knew the record and whether they may know it now.
std::optional<ChangeType> visible_change(bool was, bool is, bool content_changed, bool deliver_unchanged) {
    if (!was && is) return ChangeType::create;
    if (was && !is) return ChangeType::remove;
    if (!is) return std::nullopt;
    if (content_changed) return ChangeType::update;
    if (deliver_unchanged) return ChangeType::none;
    return std::nullopt;
}

class PageApply {
public:
    PageApply(Database& db, const PageCommit& page) : db_(db), page_(page) {}

    void apply(const SeenRecord& seen) {
        const auto& record = seen.record;
        const Known known = known_record(db_, page_.object_key, record.id);
        const std::string digest = record.digest.hex();
        const bool live = known.key != 0 && !known.deleted;
        if (live && seen.meanwhile != Meanwhile::nothing) {
            db_.run("UPDATE record SET missing = 0 WHERE key = ? AND missing <> 0", known.key);
            mark(seen, known.key);
            return;
        }
        if (seen.meanwhile == Meanwhile::removed) return;
        const bool content_changed = !live || known.digest != digest;
        const std::int64_t key = keep(seen, known, digest, content_changed);
        const bool first_time = mark(seen, key);
        const auto change =
            visible_change(live && known.visible, seen.visible, content_changed, page_.deliver_unchanged && first_time);
        count(change);
        const bool unknown = known.key == 0 || change == ChangeType::none;  // of others it may have been told
        if (change && (seen.deliver || !unknown)) changes.push_back({*change, record.id, record.raw});
    }

    std::vector<Change> changes;
    PageResult result;
    std::int64_t born = 0;  // records that were not live before

private:
    /// Whether the read in hand sees it for the first time, as far as it remembers.
    bool mark(const SeenRecord& seen, std::int64_t key) {
        const bool wanted =
            page_.mark_seen == MarkSeen::all || (page_.mark_seen == MarkSeen::open && seen.recheck_at.has_value());
        if (!wanted) return true;
        return db_.run("INSERT OR IGNORE INTO temp.seen (object_key, record_key) VALUES (?, ?)", page_.object_key,
                       key) > 0;
    }

    /// Writes nothing for a record that is as it was.
    std::int64_t keep(const SeenRecord& seen, const Known& known, const std::string& digest, bool content_changed) {
        const auto& record = seen.record;
        if (known.key == 0) {
            ++born;
            db_.run(
                "INSERT INTO record (object_key, record_id, raw, digest, visible, created_at, updated_at, recheck_at) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)",
                page_.object_key, record.id, record.raw, digest, seen.visible, page_.now, seen.recheck_at);
            return db_.last_insert_key();
        }
        if (known.deleted) ++born;
        if (content_changed)
            db_.run(
                "UPDATE record SET raw = ?, digest = ?, visible = ?, missing = 0, updated_at = ?, recheck_at = ?, "
                "deleted_at = NULL WHERE key = ?",
                record.raw, digest, seen.visible, page_.now, seen.recheck_at, known.key);
        else if (known.visible != seen.visible || known.missing != Missing::seen || known.recheck_at != seen.recheck_at)
            db_.run("UPDATE record SET visible = ?, missing = 0, recheck_at = ? WHERE key = ?", seen.visible,
                    seen.recheck_at, known.key);
        return known.key;
    }

    void count(std::optional<ChangeType> change) {
        switch (change.value_or(ChangeType::none)) {
            case ChangeType::create: ++result.creates; break;
            case ChangeType::update: ++result.updates; break;
            case ChangeType::remove: ++result.deletes; break;
            case ChangeType::none: ++result.unchanged; break;
        }
    }

    Database& db_;
    const PageCommit& page_;
};

void count_in_operation(Database& db, const std::string& operation_id, std::int64_t pages, std::int64_t processed,
                        const PageResult& result, Timestamp now) {
    db.run(
        "UPDATE operations SET pages = pages + ?, processed = processed + ?, creates = creates + ?, "
        "updates = updates + ?, deletes = deletes + ?, updated_at = ? WHERE id = ?",
        pages, processed, result.creates, result.updates, result.deletes, now, operation_id);
}

void add_live(Database& db, std::int64_t object_key, std::int64_t difference) {
    if (difference != 0) db.run("UPDATE object_state SET live = live + ? WHERE key = ?", difference, object_key);
}

}  // namespace

void create_seen(Database& db) {
    db.execute(
        "CREATE TEMP TABLE IF NOT EXISTS seen (object_key INTEGER NOT NULL, record_key INTEGER NOT NULL, "
        "PRIMARY KEY (object_key, record_key)) WITHOUT ROWID");
}

void forget_seen(Database& db, std::int64_t object_key) {
    db.run("DELETE FROM temp.seen WHERE object_key = ?", object_key);
}

PageResult commit_page(Database& db, const PageCommit& page) {
    PageApply apply(db, page);
    for (const auto& seen : page.records) apply.apply(seen);
    apply.result.messages =
        append_messages(db, {page.object_key, page.operation_id, page.destination, page.new_stream_id, page.now},
                        apply.changes, page.build);
    add_live(db, page.object_key, apply.born);
    count_in_operation(db, page.operation_id, page.count_page ? 1 : 0, std::int64_t(page.records.size()), apply.result,
                       page.now);
    if (page.next_url) keep_position(db, page.object_key, page.query, *page.next_url);
    if (page.query_done) finish_query(db, page.object_key, page.query, page.now);
    return apply.result;
}

MissingCount count_missing(Database& db, std::int64_t object_key) {
    const auto one = [&](const char* sql) {
        auto row = db.query(sql);
        row.bind(object_key);
        row.step();
        return row.integer(0);
    };
    MissingCount count;
    count.known = one("SELECT live FROM object_state WHERE key = ?");
    count.approved =
        one("SELECT count(*) FROM record r WHERE r.object_key = ? AND r.missing = 3 AND r.missing > 0 AND r.deleted_at "
            "IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM temp.seen s WHERE s.object_key = r.object_key AND s.record_key = r.key)");
    const auto seen = one("SELECT count(*) FROM temp.seen WHERE object_key = ?");
    count.missing = count.known - seen - count.approved;
    return count;
}

std::vector<MissingRecord> missing(Database& db, std::int64_t object_key, bool approved_only, const std::string& after,
                                   std::size_t limit) {
    constexpr auto any =
        "SELECT r.record_id, r.missing FROM record r WHERE r.object_key = ?1 AND r.record_id > ?2 AND NOT EXISTS "
        "(SELECT 1 FROM temp.seen s WHERE s.object_key = ?1 AND s.record_key = r.key) "
        "AND r.deleted_at IS NULL AND r.missing <> 2 ORDER BY r.record_id LIMIT ?3";
    constexpr auto approved =
        "SELECT r.record_id, r.missing FROM record r WHERE r.object_key = ?1 AND r.record_id > ?2 AND NOT EXISTS "
        "(SELECT 1 FROM temp.seen s WHERE s.object_key = ?1 AND s.record_key = r.key) "
        "AND r.deleted_at IS NULL AND r.missing = 3 AND r.missing > 0 ORDER BY r.record_id LIMIT ?3";
    auto row = db.query(approved_only ? approved : any);
    row.bind(object_key, after, limit);
    std::vector<MissingRecord> found;
    while (row.step()) found.push_back({row.text(0), Missing(row.integer(1))});
    return found;
}

std::int64_t hold_missing(Database& db, std::int64_t object_key) {
    return db.run(
        "UPDATE record SET missing = 2 WHERE key IN "
        "(SELECT r.key FROM record r WHERE r.object_key = ?1 AND NOT EXISTS "
        "(SELECT 1 FROM temp.seen s WHERE s.object_key = ?1 AND s.record_key = r.key)) "
        "AND deleted_at IS NULL AND missing IN (0, 1)",
        object_key);
}

void mark_missing_once(Database& db, std::int64_t object_key, const std::vector<std::string>& ids) {
    for (const auto& id : ids)
        db.run("UPDATE record SET missing = 1 WHERE object_key = ? AND record_id = ? AND missing IN (0, 2)", object_key,
               id);
}

std::vector<OpenRecord> open_records(Database& db, std::int64_t object_key, Timestamp now, const std::string& after,
                                     std::size_t limit) {
    auto row = db.query(
        "SELECT r.record_id, r.raw, r.missing FROM record r WHERE r.object_key = ?1 AND r.record_id > ?2 "
        "AND r.recheck_at IS NOT NULL AND r.deleted_at IS NULL AND r.recheck_at <= ?3 AND NOT EXISTS "
        "(SELECT 1 FROM temp.seen s WHERE s.object_key = ?1 AND s.record_key = r.key) ORDER BY r.record_id LIMIT ?4");
    row.bind(object_key, after, now, limit);
    std::vector<OpenRecord> found;
    while (row.step()) found.push_back({row.text(0), row.text(1), Missing(row.integer(2))});
    return found;
}

std::int64_t hold_records(Database& db, std::int64_t object_key, const std::vector<std::string>& ids) {
    std::int64_t held = 0;
    for (const auto& id : ids)
        held += db.run(
            "UPDATE record SET missing = 2 WHERE object_key = ? AND record_id = ? AND deleted_at IS NULL "
            "AND missing <> 2",
            object_key, id);
    return held;
}

std::vector<std::string> redeliver_unseen(Database& db, const DeleteCommit& deletes, Timestamp began,
                                          std::size_t limit) {
    std::vector<std::string> ids;
    std::vector<Change> changes;
    {
        auto row = db.query(
            "SELECT r.record_id, r.raw, r.visible, r.deleted_at IS NOT NULL FROM record r WHERE r.object_key = ?1 "
            "AND r.record_id > ?2 AND (r.deleted_at < ?4 OR (r.deleted_at IS NULL AND NOT EXISTS "
            "(SELECT 1 FROM temp.seen s WHERE s.object_key = ?1 AND s.record_key = r.key))) ORDER BY r.record_id LIMIT "
            "?3");
        row.bind(deletes.object_key, deletes.ids.empty() ? std::string() : deletes.ids.back(), limit, began);
        while (row.step()) {
            ids.push_back(row.text(0));
            const auto type = row.integer(3) != 0 ? ChangeType::remove : ChangeType::none;
            if (row.integer(2) != 0) changes.push_back({type, row.text(0), row.text(1)});
        }
    }
    append_messages(db,
                    {deletes.object_key, deletes.operation_id, deletes.destination, deletes.new_stream_id, deletes.now},
                    changes, deletes.build);
    return ids;
}

PageResult commit_deletes(Database& db, const DeleteCommit& deletes) {
    std::vector<Change> changes;
    PageResult result;
    for (const auto& id : deletes.ids) {
        auto row = db.query(
            "UPDATE record SET deleted_at = ?1, updated_at = ?1, missing = 0 "
            "WHERE object_key = ?2 AND record_id = ?3 AND deleted_at IS NULL RETURNING raw, visible");
        row.bind(deletes.now, deletes.object_key, id);
        if (!row.step()) continue;
        ++result.deletes;
        if (row.integer(1) != 0) changes.push_back({ChangeType::remove, id, row.text(0)});
        while (row.step()) {
        }
    }
    result.messages = append_messages(
        db, {deletes.object_key, deletes.operation_id, deletes.destination, deletes.new_stream_id, deletes.now},
        changes, deletes.build);
    add_live(db, deletes.object_key, -result.deletes);
    count_in_operation(db, deletes.operation_id, 0, 0, result, deletes.now);
    return result;
}

std::int64_t decide_held_deletes(Database& db, const std::string& installation_id, const std::string& object,
                                 bool confirm) {
    return db.run(
        "UPDATE record SET missing = ?1 WHERE missing = 2 AND missing > 0 AND deleted_at IS NULL AND object_key IN "
        "(SELECT key FROM object_state WHERE object = ?2 AND (installation_id = ?3 OR ?3 = ''))",
        confirm ? 3 : 0, object, installation_id);
}

}  // namespace syncd::storage
