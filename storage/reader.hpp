// The database for those who only look: command line and reports, whether the daemon runs or not. Never writes.
#pragma once

#include "config/core/time.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncd::storage {

/// What lists are narrowed to; empty texts don't narrow.
struct ListFilter {
    std::string installation_id, object, status, destination{};  // the last one of deliveries only
    std::string record_id{};                                     // of writes only
    std::int64_t limit = 50;
    std::optional<std::int64_t> after{};  // key of the row that the page before ended with
};

struct ObjectRow {
    std::string installation_id, object;
    std::int64_t records = 0, held_deletes = 0;
    bool paused = false;
    std::string backfill;  // pending, running, done
    std::string cursor;    // empty: none
    std::optional<Timestamp> last_due_at;
    std::string last_operation_id, last_status, last_at;  // empty: never read
    std::string last_success_at;
    std::int64_t last_processed = 0, last_pages = 0;  // of that operation
    std::optional<std::int64_t> last_estimated;
};

struct HealthRow {
    bool healthy = true;
    std::string reason, updated_at;  // updated_at is empty where the connection was not used yet
};

/// Empty where the daemon has not run with it yet.
struct InstallationRow {
    std::string created_at, updated_at;
};

/// A user's consent, without what is secret.
struct ConsentRow {
    std::string client_id;
    bool needs_consent = false;
    std::string consented_at, expires_at;
};

struct OperationRow {
    std::string id, installation_id, object, status, result, read_type, created_at, updated_at;
    std::int64_t pages = 0, processed = 0, creates = 0, updates = 0, deletes = 0;
    std::optional<std::int64_t> estimated;
    std::string action_type;  // read, write
    std::int64_t key = 0;     // grows with every row
};

struct LogRow {
    std::string at, level, message;
    std::int64_t key = 0;
};

struct DeliveryRow {
    std::string id, destination, installation_id, object, operation_id, status, next_attempt_at, created_at, updated_at,
        stream_id;
    std::int64_t num_records = 0, attempts = 0, sequence = 0;
    std::int64_t key = 0;  // grows with every row
};

struct AttemptRow {
    std::string at, error;
    std::int64_t status = 0, duration_ms = 0;
};

struct DestinationRow {
    std::string name, state, reason, failing_since, last_accepted_at;
    std::int64_t pending = 0, held = 0, dead = 0;
    std::string created_at, updated_at;
};

struct WriteRow {
    std::string id, operation_id, installation_id, object, type, record_id, status, error, problem, sent_at,
        next_attempt_at, deadline_at, created_at, updated_at;  // problem: the provider's, JSON
    std::int64_t attempts = 0;
    std::int64_t key = 0;  // grows with every row
};

struct RecordRow {
    std::string id, raw, created_at, updated_at, deleted_at;
};

/// A record, and what is still to come.
struct KnownRecord {
    std::string installation_id;
    RecordRow row;
    std::string delete_waits;  // of the forms of Missing in store.hpp: once, held, approved; empty: it was there
    std::string recheck_at;    // when it is read again by its id; empty: never
};

/// A delivery that tells of a record.
struct TellingDelivery {
    DeliveryRow delivery;
    std::string change;
};

class Reader {
public:
    /// Throws when there is no such database, or its schema is not ours.
    explicit Reader(const std::string& path);
    Reader(Reader&& other) noexcept;
    ~Reader();

    std::vector<ObjectRow> objects(const std::string& installation_id);
    HealthRow health(const std::string& installation_id);
    InstallationRow installation(const std::string& id);
    /// Empty when no user has signed in.
    std::optional<ConsentRow> consent(const std::string& installation_id);
    /// Lists are newest first.
    std::vector<OperationRow> operations(const ListFilter& filter);
    std::optional<OperationRow> operation(const std::string& id);
    /// The last read of the object that was a backfill, as far as it is kept.
    std::optional<OperationRow> backfill(const std::string& installation_id, const std::string& object);
    /// Oldest first, after the line of that key; limit -1: all.
    std::vector<LogRow> operation_log(const std::string& id, std::int64_t after = 0, std::int64_t limit = -1);
    std::vector<WriteRow> writes(const ListFilter& filter);
    std::optional<WriteRow> write(const std::string& id);
    /// Ids of what the writes of an operation have created, updated or deleted.
    std::vector<std::string> written_records(const std::string& operation_id);
    /// How many writes there are in each status that any is in.
    std::map<std::string, std::int64_t> write_counts();
    std::vector<DeliveryRow> deliveries(const ListFilter& filter);
    std::optional<DeliveryRow> delivery(const std::string& id);
    std::vector<AttemptRow> attempts(const std::string& delivery_id);
    std::string body(const std::string& delivery_id);
    std::vector<DestinationRow> destinations();
    /// Calls `use` for every record, by id; with `deleted` for the deleted ones only. `since`: changed at or after.
    void records(const std::string& installation_id, const std::string& object, std::optional<Timestamp> since,
                 bool deleted, const std::function<void(const RecordRow&)>& use);
    /// The record in every installation that knows it, or in that one.
    std::vector<KnownRecord> find_record(const std::string& installation_id, const std::string& object,
                                         const std::string& id);
    /// Deliveries that tell of the record, oldest first. `change_in` answers what a message, given by its body or by
    /// the list that its downloadUrl serves, says of it; empty: nothing.
    std::vector<TellingDelivery> deliveries_of(const std::string& installation_id, const std::string& object,
                                               const std::string& record_id,
                                               const std::function<std::string(std::string_view)>& change_in);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace syncd::storage
