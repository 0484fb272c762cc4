#include "storage/reader.hpp"

#include "storage/database.hpp"
#include "config/core/json.hpp"
#include "storage/migrate.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace syncd::storage {
namespace {

constexpr std::size_t records_batch = 500;  // no statement stays open between what a user reads
constexpr std::int64_t bodies_batch = 100;  // of up to maxPayloadBytes each

OperationRow operation_row(const Query& row) {
    OperationRow out;
    out.id = row.text(0);
    out.installation_id = row.text(1);
    out.object = row.text(2);
    out.status = row.text(3);
    out.result = row.text(4);
    out.read_type = row.text(5);
    out.created_at = row.text(6);
    out.updated_at = row.text(7);
    out.pages = row.integer(8);
    out.processed = row.integer(9);
    out.creates = row.integer(10);
    out.updates = row.integer(11);
    out.deletes = row.integer(12);
    if (!row.is_null(13)) out.estimated = row.integer(13);
    out.action_type = row.text(14);
    out.key = row.integer(15);
    return out;
}

DeliveryRow delivery_row(const Query& row) {
    DeliveryRow out;
    out.id = row.text(0);
    out.destination = row.text(1);
    out.installation_id = row.text(2);
    out.object = row.text(3);
    out.operation_id = row.text(4);
    out.num_records = row.integer(5);
    out.status = row.text(6);
    out.attempts = row.integer(7);
    out.next_attempt_at = row.text(8);
    out.created_at = row.text(9);
    out.updated_at = row.text(10);
    out.stream_id = row.text(11);
    out.sequence = row.integer(12);
    out.key = row.integer(13);
    return out;
}

WriteRow write_row(const Query& row) {
    WriteRow out;
    int column = 0;
    for (auto* text : {&out.id, &out.operation_id, &out.installation_id, &out.object, &out.type, &out.record_id,
                       &out.status, &out.error, &out.problem, &out.sent_at, &out.next_attempt_at, &out.deadline_at,
                       &out.created_at, &out.updated_at})
        *text = row.text(column++);
    out.attempts = row.integer(column++);
    out.key = row.integer(column);
    return out;
}

}  // namespace

struct Reader::Impl {
    explicit Impl(const std::string& path) : db(path, OpenMode::read_only) { require_latest(db); }
    Database db;
};

Reader::Reader(const std::string& path) : impl_(new Impl(path)) {}
Reader::Reader(Reader&& other) noexcept = default;
Reader::~Reader() = default;

std::vector<ObjectRow> Reader::objects(const std::string& installation_id) {
    auto row = impl_->db.query(
        "SELECT o.installation_id, o.object, o.live, o.paused, o.backfill, c.cursor, o.last_due_at, "
        "(SELECT count(*) FROM record r WHERE r.object_key = o.key AND r.missing = 2 AND r.missing > 0 AND "
        "r.deleted_at IS NULL), p.id, "
        "p.status, p.updated_at, "
        "(SELECT max(q.created_at) FROM operations q WHERE q.installation_id = o.installation_id AND q.object = "
        "o.object "
        "AND q.action_type = 'read' AND q.status = 'success'), p.processed, p.pages, p.estimated "
        "FROM object_state o LEFT JOIN cursors c ON c.installation_id = o.installation_id AND c.object = o.object "
        "AND c.itwin_id = '' LEFT JOIN operations p ON p.id = (SELECT l.id FROM operations l "
        "WHERE l.installation_id = o.installation_id AND l.object = o.object AND l.action_type = 'read' ORDER BY "
        "l.created_at DESC, l.rowid DESC "
        "LIMIT 1) "
        "WHERE ?1 = '' OR o.installation_id = ?1 ORDER BY o.installation_id, o.object");
    row.bind(installation_id);
    std::vector<ObjectRow> found;
    while (row.step()) {
        ObjectRow out{.installation_id = row.text(0), .object = row.text(1), .records = row.integer(2)};
        out.paused = row.integer(3) != 0;
        out.backfill = row.text(4);
        out.cursor = row.text(5);
        out.last_due_at = row.time(6);
        out.held_deletes = row.integer(7);
        out.last_operation_id = row.text(8);
        out.last_status = row.text(9);
        out.last_at = row.text(10);
        out.last_success_at = row.text(11);
        out.last_processed = row.integer(12);
        out.last_pages = row.integer(13);
        if (!row.is_null(14)) out.last_estimated = row.integer(14);
        found.push_back(std::move(out));
    }
    return found;
}

HealthRow Reader::health(const std::string& installation_id) {
    auto row = impl_->db.query("SELECT health, reason, updated_at FROM connection_health WHERE installation_id = ?");
    row.bind(installation_id);
    if (!row.step()) return {};
    return {row.text_view(0) == "healthy", row.text(1), row.text(2)};
}

InstallationRow Reader::installation(const std::string& id) {
    auto row = impl_->db.query(
        "SELECT coalesce((SELECT value FROM meta WHERE key = 'installation_created:' || ?1), updated_at), updated_at "
        "FROM installation WHERE id = ?1");
    row.bind(id);
    if (!row.step()) return {};
    return {row.text(0), row.text(1)};
}

std::optional<ConsentRow> Reader::consent(const std::string& installation_id) {
    auto row = impl_->db.query(
        "SELECT client_id, state, consented_at, expires_at FROM connection_token WHERE installation_id = ?");
    row.bind(installation_id);
    if (!row.step()) return std::nullopt;
    return ConsentRow{row.text(0), row.text_view(1) == "needs_consent", row.text(2), row.text(3)};
}

std::vector<OperationRow> Reader::operations(const ListFilter& filter) {
    auto row = impl_->db.query(
        "SELECT id, installation_id, object, status, result, read_type, created_at, updated_at, pages, processed, "
        "creates, "
        "updates, deletes, estimated, action_type, rowid FROM operations WHERE (?1 = '' OR installation_id = ?1) AND "
        "(?2 = '' OR object = "
        "?2) "
        "AND (?3 = '' OR status = ?3) AND (?5 IS NULL OR rowid < ?5) ORDER BY rowid DESC LIMIT ?4");
    row.bind(filter.installation_id, filter.object, filter.status, filter.limit, filter.after);
    std::vector<OperationRow> found;
    while (row.step()) found.push_back(operation_row(row));
    return found;
}

std::optional<OperationRow> Reader::operation(const std::string& id) {
    auto row = impl_->db.query(
        "SELECT id, installation_id, object, status, result, read_type, created_at, updated_at, pages, processed, "
        "creates, "
        "updates, deletes, estimated, action_type, rowid FROM operations WHERE id = ?");
    row.bind(id);
    return row.step() ? std::optional(operation_row(row)) : std::nullopt;
}

std::optional<OperationRow> Reader::backfill(const std::string& installation_id, const std::string& object) {
    auto row = impl_->db.query(
        "SELECT id, installation_id, object, status, result, read_type, created_at, updated_at, pages, processed, "
        "creates, updates, deletes, estimated, action_type, rowid FROM operations "
        "WHERE installation_id = ? AND object = ? AND read_type = 'backfill' ORDER BY created_at DESC LIMIT 1");
    row.bind(installation_id, object);
    return row.step() ? std::optional(operation_row(row)) : std::nullopt;
}

std::vector<LogRow> Reader::operation_log(const std::string& id, std::int64_t after, std::int64_t limit) {
    auto row = impl_->db.query(
        "SELECT at, level, message, rowid FROM operation_log WHERE operation_id = ? AND rowid > ? ORDER BY rowid "
        "LIMIT ?");
    row.bind(id, after, limit);
    std::vector<LogRow> found;
    while (row.step()) found.push_back({row.text(0), row.text(1), row.text(2), row.integer(3)});
    return found;
}

std::vector<WriteRow> Reader::writes(const ListFilter& filter) {
    auto row = impl_->db.query(
        "SELECT id, operation_id, installation_id, object, type, record_id, status, error, problem, sent_at, "
        "CASE WHEN status = 'pending' THEN next_attempt_at END, deadline_at, created_at, updated_at, attempts, key "
        "FROM write WHERE (?1 = '' OR installation_id = ?1) AND (?2 = '' OR object = ?2) "
        "AND (?3 = '' OR status = ?3) AND (?5 IS NULL OR key < ?5) AND (?6 = '' OR record_id = ?6) "
        "ORDER BY key DESC LIMIT ?4");
    row.bind(filter.installation_id, filter.object, filter.status, filter.limit, filter.after, filter.record_id);
    std::vector<WriteRow> found;
    while (row.step()) found.push_back(write_row(row));
    return found;
}

std::optional<WriteRow> Reader::write(const std::string& id) {
    auto row = impl_->db.query(
        "SELECT id, operation_id, installation_id, object, type, record_id, status, error, problem, sent_at, "
        "CASE WHEN status = 'pending' THEN next_attempt_at END, deadline_at, created_at, updated_at, attempts, key "
        "FROM write WHERE id = ?");
    row.bind(id);
    return row.step() ? std::optional(write_row(row)) : std::nullopt;
}

std::vector<std::string> Reader::written_records(const std::string& operation_id) {
    auto row = impl_->db.query(
        "SELECT record_id FROM write WHERE operation_id = ? AND status = 'done' AND record_id <> '' ORDER BY position");
    row.bind(operation_id);
    std::vector<std::string> found;
    while (row.step()) found.push_back(row.text(0));
    return found;
}

std::map<std::string, std::int64_t> Reader::write_counts() {
    auto row = impl_->db.query("SELECT status, count(*) FROM write GROUP BY status");
    std::map<std::string, std::int64_t> found;
    while (row.step()) found[row.text(0)] = row.integer(1);
    return found;
}

std::vector<DeliveryRow> Reader::deliveries(const ListFilter& filter) {
    // CROSS JOIN: SQLite keeps the order, so that a page costs what it shows and not what there is. As the view
    // deliveries.
    auto row = impl_->db.query(
        "SELECT m.id, s.destination, s.installation_id, s.object, m.operation_id, m.num_records, m.status, m.attempts, "
        "CASE WHEN m.status = 'pending' THEN m.next_attempt_at END, m.created_at, m.updated_at, "
        "CASE WHEN m.sequence > 0 THEN s.id END, m.sequence & ((1 << 40) - 1), m.key "
        "FROM message m CROSS JOIN stream s ON s.key = m.stream_key WHERE (?1 = '' OR s.installation_id = ?1) "
        "AND (?2 = '' OR s.object = ?2) AND (?3 = '' OR m.status = ?3) AND (?5 = '' OR s.destination = ?5) "
        "AND (?6 IS NULL OR m.key < ?6) ORDER BY m.key DESC LIMIT ?4");
    row.bind(filter.installation_id, filter.object, filter.status, filter.limit, filter.destination, filter.after);
    std::vector<DeliveryRow> found;
    while (row.step()) found.push_back(delivery_row(row));
    return found;
}

std::optional<DeliveryRow> Reader::delivery(const std::string& id) {
    auto row = impl_->db.query(
        "SELECT id, destination, installation_id, object, operation_id, num_records, status, attempts, "
        "next_attempt_at, "
        "created_at, updated_at, stream_id, sequence, 0 FROM deliveries WHERE id = ?");
    row.bind(id);
    return row.step() ? std::optional(delivery_row(row)) : std::nullopt;
}

std::vector<AttemptRow> Reader::attempts(const std::string& delivery_id) {
    auto row = impl_->db.query(
        "SELECT a.at, a.error, a.status, a.duration_ms FROM attempt a JOIN message m "
        "ON m.key = a.message_key WHERE m.id = ? ORDER BY a.rowid");
    row.bind(delivery_id);
    std::vector<AttemptRow> found;
    while (row.step()) found.push_back({row.text(0), row.text(1), row.integer(2), row.integer(3)});
    return found;
}

std::string Reader::body(const std::string& delivery_id) {
    auto row =
        impl_->db.query("SELECT b.body FROM message_body b JOIN message m ON m.key = b.message_key WHERE m.id = ?");
    row.bind(delivery_id);
    return row.step() ? row.text(0) : std::string();
}

std::vector<DestinationRow> Reader::destinations() {
    // A status twice: as it stands in the condition of a partial index, which SQLite then knows to be the way.
    auto row = impl_->db.query(
        "SELECT d.name, d.state, d.reason, d.failing_since, d.last_accepted_at, "
        "(SELECT count(*) FROM stream s JOIN message m ON m.stream_key = s.key WHERE s.destination = d.name AND "
        "m.status = 'pending'), "
        "(SELECT count(*) FROM message m CROSS JOIN stream s ON s.key = m.stream_key WHERE s.destination = d.name AND "
        "m.status IN ('pending', 'held') AND m.status = 'held'), "
        "(SELECT count(*) FROM message m CROSS JOIN stream s ON s.key = m.stream_key WHERE s.destination = d.name AND "
        "m.status IN ('delivered', 'dead') AND m.status = 'dead'), "
        "coalesce((SELECT value FROM meta WHERE key = 'destination_created:' || d.name), d.updated_at), d.updated_at "
        "FROM destinations d ORDER BY d.name");
    std::vector<DestinationRow> found;
    while (row.step())
        found.push_back({row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.integer(5),
                         row.integer(6), row.integer(7), row.text(8), row.text(9)});
    return found;
}

void Reader::records(const std::string& installation_id, const std::string& object, std::optional<Timestamp> since,
                     bool deleted, const std::function<void(const RecordRow&)>& use) {
    std::int64_t object_key = 0;
    {
        auto row = impl_->db.query("SELECT key FROM object_state WHERE installation_id = ? AND object = ?");
        row.bind(installation_id, object);
        if (row.step()) object_key = row.integer(0);
    }
    for (std::string after;;) {
        std::vector<RecordRow> batch;
        {
            auto row = impl_->db.query(
                "SELECT record_id, raw, created_at, updated_at, deleted_at FROM record WHERE object_key = ?1 "
                "AND record_id > ?2 AND (deleted_at IS NOT NULL) = ?3 AND (?4 IS NULL OR updated_at >= ?4) "
                "ORDER BY record_id LIMIT ?5");
            row.bind(object_key, after, deleted, since, records_batch);
            while (row.step()) batch.push_back({row.text(0), row.text(1), row.text(2), row.text(3), row.text(4)});
        }
        for (const auto& record : batch) use(record);
        if (batch.size() < records_batch) return;
        after = batch.back().id;
    }
}

std::vector<KnownRecord> Reader::find_record(const std::string& installation_id, const std::string& object,
                                             const std::string& id) {
    auto row = impl_->db.query(
        "SELECT o.installation_id, r.record_id, r.raw, r.created_at, r.updated_at, r.deleted_at, "
        "CASE r.missing WHEN 1 THEN 'once' WHEN 2 THEN 'held' WHEN 3 THEN 'approved' ELSE '' END, r.recheck_at "
        "FROM object_state o JOIN record r ON r.object_key = o.key AND r.record_id = ?1 "
        "WHERE o.object = ?2 AND (?3 = '' OR o.installation_id = ?3) ORDER BY o.installation_id");
    row.bind(id, object, installation_id);
    std::vector<KnownRecord> found;
    while (row.step())
        found.push_back(
            {row.text(0), {row.text(1), row.text(2), row.text(3), row.text(4), row.text(5)}, row.text(6), row.text(7)});
    return found;
}

std::vector<TellingDelivery> Reader::deliveries_of(const std::string& installation_id, const std::string& object,
                                                   const std::string& record_id,
                                                   const std::function<std::string(std::string_view)>& change_in) {
    std::vector<std::int64_t> streams;
    {
        auto row = impl_->db.query("SELECT key FROM stream WHERE installation_id = ? AND object = ?");
        row.bind(installation_id, object);
        while (row.step()) streams.push_back(row.integer(0));
    }
    const auto quoted_id = json::quote(record_id);
    std::vector<std::pair<std::string, std::string>> found;  // delivery and change
    for (const auto stream : streams) {
        std::int64_t after = std::numeric_limits<std::int64_t>::min();
        for (std::int64_t rows = bodies_batch; rows == bodies_batch;) {
            // instr spares us most of the texts; what it finds may be anything, such as another field's value.
            auto row = impl_->db.query(
                "SELECT m.sequence, m.id, CASE WHEN m.by_url AND instr(b.results, ?3) > 0 THEN b.results "
                "WHEN NOT m.by_url AND instr(b.body, ?3) > 0 THEN b.body END "
                "FROM message m JOIN message_body b ON b.message_key = m.key "
                "WHERE m.stream_key = ?1 AND m.sequence > ?2 ORDER BY m.sequence LIMIT ?4");
            row.bind(stream, after, quoted_id, bodies_batch);
            for (rows = 0; row.step(); ++rows) {
                after = row.integer(0);
                if (row.is_null(2)) continue;
                if (auto change = change_in(row.text_view(2)); !change.empty())
                    found.emplace_back(row.text(1), std::move(change));
            }
        }
    }
    std::vector<TellingDelivery> deliveries;
    for (auto& [id, change] : found)
        if (auto row = delivery(id)) deliveries.push_back({std::move(*row), std::move(change)});
    std::ranges::sort(deliveries, {}, [](const TellingDelivery& each) {
        return std::tie(each.delivery.created_at, each.delivery.destination, each.delivery.sequence);
    });
    return deliveries;
}

}  // namespace syncd::storage
