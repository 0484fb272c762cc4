#include "storage/queries.hpp"

#include <set>

namespace syncd::storage {
namespace {

/// As the table has it: '' stands for the beginning.
std::string slice_of(const std::optional<Timestamp>& from) { return from ? format_time(*from) : std::string(); }

void keep_only_itwins(Database& db, std::int64_t object_key, const std::vector<std::string>& wanted) {
    const std::set<std::string> ids(wanted.begin(), wanted.end());
    std::vector<std::string> gone;
    {
        auto row = db.query("SELECT DISTINCT itwin_id FROM query WHERE object_key = ? AND itwin_id <> ''");
        row.bind(object_key);
        while (row.step())
            if (!ids.contains(row.text(0))) gone.push_back(row.text(0));
    }
    for (const auto& id : gone) db.run("DELETE FROM query WHERE object_key = ? AND itwin_id = ?", object_key, id);
    for (const auto& id : ids)
        if (!id.empty())
            db.run("INSERT OR IGNORE INTO query (object_key, itwin_id, slice) VALUES (?, ?, '')", object_key, id);
}

/// The iTwins that are not deleted, whether or not a filter hides them from destinations.
void keep_known_itwins(Database& db, std::int64_t object_key) {
    db.run(
        "DELETE FROM query WHERE object_key = ?1 AND itwin_id <> '' AND NOT EXISTS (SELECT 1 FROM object_state o "
        "JOIN object_state i ON i.installation_id = o.installation_id AND i.object = 'itwins' "
        "JOIN record r ON r.object_key = i.key AND r.record_id = query.itwin_id "
        "WHERE o.key = ?1 AND r.deleted_at IS NULL)",
        object_key);
    db.run(
        "INSERT OR IGNORE INTO query (object_key, itwin_id, slice) SELECT o.key, r.record_id, '' FROM object_state o "
        "JOIN object_state i ON i.installation_id = o.installation_id AND i.object = 'itwins' "
        "JOIN record r ON r.object_key = i.key WHERE o.key = ? AND r.deleted_at IS NULL",
        object_key);
}

}  // namespace

void enter_queries(Database& db, std::int64_t object_key, const QueriedITwins& itwins, bool backfill) {
    db.run("INSERT OR IGNORE INTO query (object_key, itwin_id, slice) VALUES (?, '', '')", object_key);
    if (itwins.all)
        keep_known_itwins(db, object_key);
    else
        keep_only_itwins(db, object_key, itwins.ids);
    // An iTwin that comes back begins anew: what was made meanwhile may lie before its cursor.
    db.run(
        "DELETE FROM cursors WHERE itwin_id <> '' AND (installation_id, object) = "
        "(SELECT installation_id, object FROM object_state WHERE key = ?1) "
        "AND itwin_id NOT IN (SELECT itwin_id FROM query WHERE object_key = ?1)",
        object_key);
    if (backfill) db.run("UPDATE query SET done = 0 WHERE object_key = ? AND done = 1", object_key);
}

std::optional<ReadQuery> next_query(Database& db, std::int64_t object_key, const std::optional<ReadQuery>& after,
                                    bool or_equal, bool unfinished) {
    const auto itwin_id = after ? after->itwin_id : std::string();
    const auto slice = after ? slice_of(after->from) : std::string();
    auto row = db.query(
        "SELECT q.itwin_id, q.slice, "
        "(SELECT min(n.slice) FROM query n WHERE n.object_key = q.object_key AND n.itwin_id = q.itwin_id "
        "AND n.slice > q.slice), c.cursor, q.done FROM query q JOIN object_state o ON o.key = q.object_key "
        "LEFT JOIN cursors c ON c.installation_id = o.installation_id AND c.object = o.object "
        "AND c.itwin_id = q.itwin_id "
        "WHERE q.object_key = ?1 AND (q.itwin_id, q.slice) >= (?2, ?3) "
        "AND (?4 OR (q.itwin_id, q.slice) <> (?2, ?3)) AND (NOT ?5 OR q.done = 0) "
        "ORDER BY q.itwin_id, q.slice LIMIT 1");
    row.bind(object_key, itwin_id, slice, or_equal || !after, unfinished);
    if (!row.step()) return std::nullopt;
    return ReadQuery{row.text(0), row.time(1), row.time(2), row.time(3), 0, row.integer(4) != 0};
}

void split_query(Database& db, std::int64_t object_key, const ReadQuery& query, Timestamp at) {
    db.run("INSERT OR IGNORE INTO query (object_key, itwin_id, slice) VALUES (?, ?, ?)", object_key, query.itwin_id,
           slice_of(at));
    db.run(
        "UPDATE object_state SET next_url = NULL, next_cursor = NULL, next_itwin_id = '', next_slice = '', next_rows = "
        "0 "
        "WHERE key = ?",
        object_key);
}

void merge_slices(Database& db, std::int64_t object_key, const std::string& itwin_id) {
    db.run("DELETE FROM query WHERE object_key = ? AND itwin_id = ? AND slice <> ''", object_key, itwin_id);
}

void keep_position(Database& db, std::int64_t object_key, const ReadQuery& query, const std::string& next_url) {
    db.run(
        "UPDATE object_state SET next_url = ?, next_cursor = ?, next_itwin_id = ?, next_slice = ?, next_rows = ? "
        "WHERE key = ?",
        next_url, query.cursor, query.itwin_id, slice_of(query.from), query.rows, object_key);
}

void finish_query(Database& db, std::int64_t object_key, const ReadQuery& query, Timestamp now) {
    db.run("UPDATE query SET done = 1 WHERE object_key = ? AND itwin_id = ? AND slice = ? AND done = 0", object_key,
           query.itwin_id, slice_of(query.from));
    if (query.cursor)
        db.run(
            "INSERT INTO cursors (installation_id, object, itwin_id, cursor, updated_at) "
            "SELECT installation_id, object, ?1, ?2, ?3 FROM object_state WHERE key = ?4 "
            "ON CONFLICT (installation_id, object, itwin_id) DO UPDATE SET cursor = excluded.cursor, "
            "updated_at = excluded.updated_at WHERE excluded.cursor > cursors.cursor",
            query.itwin_id, *query.cursor, now, object_key);
}

}  // namespace syncd::storage
