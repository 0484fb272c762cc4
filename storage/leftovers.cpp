#include "storage/leftovers.hpp"

#include "storage/notices.hpp"
#include "storage/tokens.hpp"

#include <algorithm>

namespace syncd::storage {
namespace {

constexpr int rows_max = 500;  // a transaction: others wait behind it

}  // namespace

std::vector<Leftover> known_objects(Database& db) {
    auto row = db.query(
        "SELECT installation_id, object, 'read' FROM object_state UNION SELECT installation_id, object, 'read' FROM "
        "stream UNION SELECT installation_id, object, 'read' FROM cursors "
        "UNION SELECT installation_id, object, action_type FROM operations ORDER BY 1, 2, 3");
    std::vector<Leftover> found;
    while (row.step()) found.push_back({{row.text(0), row.text(1)}, row.text_view(2) == "write"});
    return found;
}

std::vector<std::string> known_installations(Database& db) {
    auto row = db.query(
        "SELECT id FROM installation UNION SELECT installation_id FROM connection_health "
        "UNION SELECT installation_id FROM connection_token UNION SELECT installation_id FROM pending_authorization "
        "ORDER BY 1");
    std::vector<std::string> found;
    while (row.step()) found.push_back(row.text(0));
    return found;
}

Forgotten forget_pending(Database& db, const ObjectName& object) {
    const auto messages = db.run(
        "DELETE FROM message WHERE key IN (SELECT m.key FROM stream s CROSS JOIN message m ON m.stream_key = s.key "
        "AND m.status = 'pending' WHERE s.installation_id = ? AND s.object = ? LIMIT ?)",
        object.installation_id, object.object, rows_max);
    return {.messages = messages, .more = messages == rows_max};
}

Forgotten forget_object(Database& db, const Leftover& leftover) {
    const auto& [installation_id, name] = leftover.name;
    Forgotten done;
    const auto operations = db.run(
        "DELETE FROM operations WHERE id IN (SELECT id FROM operations WHERE installation_id = ? AND object = ? "
        "AND action_type = ? LIMIT ?)",
        installation_id, name, leftover.written ? "write" : "read", rows_max);
    done.more = operations == rows_max;
    if (leftover.written) return done;
    done.messages = db.run(
        "DELETE FROM message WHERE key IN (SELECT m.key FROM stream s JOIN message m ON m.stream_key = s.key "
        "WHERE s.installation_id = ? AND s.object = ? LIMIT ?)",
        installation_id, name, rows_max);
    done.records = db.run(
        "DELETE FROM record WHERE key IN (SELECT r.key FROM object_state o JOIN record r ON r.object_key = o.key "
        "WHERE o.installation_id = ? AND o.object = ? LIMIT ?)",
        installation_id, name, rows_max);
    done.more = std::max({done.messages, done.records, operations}) == rows_max;
    if (done.more) return done;
    db.run("DELETE FROM notice WHERE stream_key IN (SELECT key FROM stream WHERE installation_id = ? AND object = ?)",
           installation_id, name);
    db.run("DELETE FROM stream WHERE installation_id = ? AND object = ?", installation_id, name);
    db.run("DELETE FROM cursors WHERE installation_id = ? AND object = ?", installation_id, name);
    db.run(
        "DELETE FROM query WHERE object_key IN (SELECT key FROM object_state WHERE installation_id = ? AND object = ?)",
        installation_id, name);
    db.run(
        "DELETE FROM field WHERE object_key IN (SELECT key FROM object_state WHERE installation_id = ? AND object = ?)",
        installation_id, name);
    db.run("DELETE FROM object_state WHERE installation_id = ? AND object = ?", installation_id, name);
    return done;
}

void forget_installation(Database& db, const std::string& id, Timestamp now, const BuildForgotten& build) {
    std::optional<std::pair<std::string, std::string>> facts;
    {
        auto row = db.query("SELECT fields, config FROM installation WHERE id = ?");
        row.bind(id);
        if (row.step()) facts.emplace(row.text(0), row.text(1));
    }
    if (facts && build) notify(db, build(id, facts->first, facts->second), now);
    forget_tokens(db, id);
    db.run("DELETE FROM connection_health WHERE installation_id = ?", id);
    db.run("DELETE FROM installation WHERE id = ?", id);
    db.run("DELETE FROM meta WHERE key = 'installation_created:' || ?", id);
}

std::vector<std::string> forget_destinations(Database& db, const std::vector<std::string>& kept) {
    forget_general_notices(db, kept);
    std::vector<std::string> unused;
    {
        auto row = db.query(
            "SELECT name FROM destinations d WHERE NOT EXISTS (SELECT 1 FROM stream s WHERE s.destination = d.name)");
        while (row.step())
            if (std::ranges::find(kept, row.text(0)) == kept.end()) unused.push_back(row.text(0));
    }
    for (const auto& name : unused) {
        db.run("DELETE FROM destinations WHERE name = ?", name);
        db.run("DELETE FROM meta WHERE key = 'destination_created:' || ?", name);
    }
    return unused;
}

}  // namespace syncd::storage
