#include "tests/simulation/observer.hpp"

namespace syncd::simulation {

Observer::Observer(const Disk& disk, const std::string& path)
    : database_(path, storage::OpenMode::read_only, disk.vfs()) {}

std::map<std::string, StoredRecord> Observer::records(const std::string& installation, const std::string& object) {
    auto row = database_.query(
        "SELECT r.record_id, r.raw, r.visible, r.missing, r.deleted_at, r.updated_at, r.recheck_at FROM record r "
        "JOIN object_state o ON o.key = r.object_key WHERE o.installation_id = ? AND o.object = ?");
    row.bind(installation, object);
    std::map<std::string, StoredRecord> found;
    while (row.step())
        found[row.text(0)] = {row.text(1), row.integer(2) != 0, int(row.integer(3)),
                              row.time(4), row.time(5),         !row.is_null(6)};
    return found;
}

std::vector<StoredObject> Observer::objects() {
    auto row = database_.query(
        "SELECT o.installation_id, o.object, o.backfill, coalesce(o.next_url, ''), o.since, o.last_due_at, "
        "o.last_full_at, count(p.id), count(CASE WHEN p.read_type = 'triggered' THEN 1 END), o.paused, "
        "coalesce((SELECT h.health FROM connection_health h WHERE h.installation_id = o.installation_id), 'healthy') = "
        "'healthy' "
        "FROM object_state o LEFT JOIN operations p ON p.status = 'in_progress' "  // by the index on that
        "AND p.action_type = 'read' AND +p.installation_id = o.installation_id AND +p.object = o.object GROUP BY o.key "
        "ORDER BY 1, 2");
    std::vector<StoredObject> found;
    while (row.step())
        found.push_back({row.text(0), row.text(1), row.text(2), row.text(3), row.time(4), row.time(5), row.time(6),
                         row.integer(7), row.integer(8), row.integer(10) != 0, row.integer(9) != 0});
    return found;
}

std::vector<StoredQuery> Observer::queries(const std::string& installation, const std::string& object) {
    auto row = database_.query(
        "SELECT q.itwin_id, q.slice, q.done FROM query q JOIN object_state o ON o.key = q.object_key "
        "WHERE o.installation_id = ? AND o.object = ? ORDER BY 1, 2");
    row.bind(installation, object);
    std::vector<StoredQuery> found;
    while (row.step()) found.push_back({row.text(0), row.text(1), row.integer(2) != 0});
    return found;
}

Bearings Observer::bearings(const std::string& installation, const std::string& object) {
    Bearings found;
    auto row = database_.query(
        "SELECT next_url, next_cursor, next_itwin_id, next_slice, next_rows, backfill, since, last_full_at, "
        "last_due_at "
        "FROM object_state WHERE installation_id = ? AND object = ?");
    row.bind(installation, object);
    if (row.step())
        for (int i = 0; i < 9; ++i) (i < 5 ? found.position : found.times) += row.text(i) + " ";
    auto cursor = database_.query("SELECT itwin_id, cursor FROM cursors WHERE installation_id = ? AND object = ?");
    cursor.bind(installation, object);
    while (cursor.step()) found.cursors[cursor.text(0)] = cursor.text(1);
    return found;
}

std::vector<std::string> Observer::bodies(const std::string& operation) {
    auto row = database_.query(
        "SELECT b.body FROM message m JOIN message_body b ON b.message_key = m.key WHERE m.operation_id = ? ORDER BY "
        "m.key");
    row.bind(operation);
    std::vector<std::string> found;
    while (row.step()) found.push_back(row.text(0));
    return found;
}

std::vector<StoredMessage> Observer::messages(const std::string& destination, const std::string& installation,
                                              const std::string& object) {
    auto row = database_.query(
        "SELECT m.id, m.status, b.body, m.sequence, m.by_url FROM message m "
        "JOIN message_body b ON b.message_key = m.key JOIN stream s ON s.key = m.stream_key "
        "WHERE s.destination = ? AND s.installation_id = ? AND s.object = ? ORDER BY m.sequence");
    row.bind(destination, installation, object);
    std::vector<StoredMessage> found;
    while (row.step()) found.push_back({row.text(0), row.text(1), row.text(2), row.integer(3), row.integer(4) != 0});
    return found;
}

std::vector<StoredMessage> Observer::messages_of(const std::string& operation) {
    auto row = database_.query(
        "SELECT m.id, m.status, m.sequence FROM message m JOIN stream s ON s.key = m.stream_key "
        "WHERE m.operation_id = ? AND s.object <> 'notifications'");
    row.bind(operation);
    std::vector<StoredMessage> found;
    while (row.step()) found.push_back({row.text(0), row.text(1), {}, row.integer(2)});
    return found;
}

bool Observer::is_healthy(const std::string& installation) {
    auto row = database_.query("SELECT health FROM connection_health WHERE installation_id = ?");
    row.bind(installation);
    return !row.step() || row.text_view(0) == "healthy";
}

std::vector<StoredOperation> Observer::operations() {
    auto row = database_.query(
        "SELECT id, object, status, result, read_type, created_at, deletes, installation_id, action_type FROM "
        "operations ORDER BY "
        "id");
    std::vector<StoredOperation> found;
    while (row.step())
        found.push_back({row.text(0), row.text(1), row.text(2), row.text(3), row.text(4),
                         row.time(5).value_or(Timestamp{}), row.integer(6), row.text(7), row.text(8)});
    return found;
}

std::optional<StoredOperation> Observer::operation(const std::string& id) {
    auto row = database_.query(
        "SELECT id, object, status, result, read_type, created_at, deletes, installation_id, action_type FROM "
        "operations WHERE id = "
        "?");
    row.bind(id);
    if (!row.step()) return std::nullopt;
    return StoredOperation{row.text(0),    row.text(1), row.text(2),
                           row.text(3),    row.text(4), row.time(5).value_or(Timestamp{}),
                           row.integer(6), row.text(7), row.text(8)};
}

std::vector<StoredWrite> Observer::writes() {
    auto row = database_.query(
        "SELECT key, position, attempts, id, operation_id, installation_id, object, type, record_id, status, error, "
        "deadline_at FROM write ORDER BY operation_id, position");
    std::vector<StoredWrite> found;
    while (row.step())
        found.push_back({row.integer(0), row.integer(1), row.integer(2), row.text(3), row.text(4), row.text(5),
                         row.text(6), row.text(7), row.text(8), row.text(9), row.text(10),
                         row.time(11).value_or(Timestamp{})});
    return found;
}

std::vector<StoredWriteOperation> Observer::write_operations() {
    auto row = database_.query(
        "SELECT w.operation_id, o.status, w.asynchronous, (SELECT count(*) FROM message m JOIN message_body b "
        "ON b.message_key = m.key WHERE m.operation_id = w.operation_id AND instr(b.body, 'write.async.done') > 0) "
        "FROM write_operation w JOIN operations o ON o.id = w.operation_id ORDER BY 1");
    std::vector<StoredWriteOperation> found;
    while (row.step()) found.push_back({row.text(0), row.text(1), row.integer(2) != 0, row.integer(3)});
    return found;
}

std::string Observer::operation_of_key(const std::string& scope, const std::string& key) {
    auto row = database_.query("SELECT operation_id FROM idempotency WHERE scope = ? AND key = ?");
    row.bind(scope, key);
    return row.step() ? row.text(0) : std::string();
}

std::int64_t Observer::open_writes() {
    auto row = database_.query("SELECT count(*) FROM write WHERE status IN ('pending', 'sending')");
    row.step();
    return row.integer(0);
}

std::string Observer::unknown_write() {
    auto row = database_.query("SELECT id FROM write WHERE status = 'unknown' ORDER BY key LIMIT 1");
    return row.step() ? row.text(0) : std::string();
}

std::string Observer::refresh_token(const std::string& installation) {
    auto row =
        database_.query("SELECT refresh_token FROM connection_token WHERE installation_id = ? AND state = 'signed_in'");
    row.bind(installation);
    return row.step() ? row.text(0) : std::string();
}

bool Observer::is_dead(const std::string& stream, std::int64_t sequence) {
    auto row = database_.query("SELECT status FROM deliveries WHERE stream_id = ? AND sequence = ?");
    row.bind(stream, sequence);
    return row.step() && row.text_view(0) == "dead";
}

std::int64_t Observer::open_messages() {
    auto row = database_.query("SELECT count(*) FROM deliveries WHERE status IN ('pending', 'held')");
    row.step();
    return row.integer(0);
}

std::string Observer::integrity() {
    auto row = database_.query("PRAGMA integrity_check");
    row.step();
    return row.text(0);
}

}  // namespace syncd::simulation
