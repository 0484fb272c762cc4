#include "storage/upkeep.hpp"

#include "storage/writes.hpp"

namespace syncd::storage {
namespace {

constexpr int rows_max = 500;  // a transaction: others wait behind it

}  // namespace

bool prune(Database& db, const Retention& retention, Timestamp now) {
    // Ages count from the final state; what is pending or held is never touched.
    const auto messages = [&](const char* status, Duration age) {
        return db.run(
            "DELETE FROM message WHERE key IN (SELECT key FROM message WHERE status = ? AND status IN ('delivered', "
            "'dead') AND updated_at < ? LIMIT ?)",
            status, now - age, rows_max);
    };
    const bool full =
        messages("delivered", retention.deliveries) == rows_max || messages("dead", retention.dead_letters) == rows_max;
    const bool keys = prune_idempotency(db, now);  // first: an operation stays as long as its key
    const auto operations = db.run(
        "DELETE FROM operations WHERE id IN (SELECT o.id FROM operations o WHERE o.created_at < ?1 AND o.updated_at < "
        "?1 "
        "AND o.status <> 'in_progress' AND NOT EXISTS (SELECT 1 FROM message m WHERE m.operation_id = o.id) "
        "AND NOT EXISTS (SELECT 1 FROM idempotency i WHERE i.operation_id = o.id) LIMIT ?2)",
        now - retention.operations, rows_max);
    const auto records = db.run("DELETE FROM record WHERE key IN (SELECT key FROM record WHERE deleted_at < ? LIMIT ?)",
                                now - retention.deleted_records, rows_max);
    return full || keys || operations == rows_max || records == rows_max;
}

}  // namespace syncd::storage
