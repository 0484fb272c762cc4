// Looks into the database from beside, on the same simulated disk: what the invariants compare with the truth.
#pragma once

#include "config/core/time.hpp"
#include "storage/database.hpp"
#include "tests/simulation/disk.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace syncd::simulation {

struct StoredRecord {
    std::string raw;
    bool visible = false;
    int missing = 0;  // see Missing in storage/store.hpp
    std::optional<Timestamp> deleted_at, updated_at;
    bool rechecked = false;  // a job that is to be read again by its id
};

struct StoredObject {
    std::string installation, object, backfill, next_url;
    std::optional<Timestamp> since, last_due_at, last_full_at;
    std::int64_t in_progress = 0, triggered = 0;  // operations; triggered: those among them
    bool healthy = true, paused = false;
};

/// What a read asks for: an iTwin's rows, or a slice of creation time.
struct StoredQuery {
    std::string itwin_id, slice;
    bool done = false;
};

/// What tells an object's next read where to go on.
struct Bearings {
    std::string position;                        // of a backfill
    std::string times;                           // of reads
    std::map<std::string, std::string> cursors;  // by iTwin
};

struct StoredMessage {
    std::string id, status, body;
    std::int64_t sequence = 0;
    bool by_url = false;
};

struct StoredOperation {
    std::string id, object, status, result, read_type;
    Timestamp created_at;
    std::int64_t deletes = 0;
    std::string installation, action;
};

struct StoredWrite {
    std::int64_t key = 0, position = 0, attempts = 0;
    std::string id, operation, installation, object, type, record_id, status, error;
    Timestamp deadline_at;
};

/// An operation of writes, and how many messages tell of its end.
struct StoredWriteOperation {
    std::string id, status;
    bool asynchronous = false;
    std::int64_t notices = 0;
};

class Observer {
public:
    Observer(const Disk& disk, const std::string& path);

    std::map<std::string, StoredRecord> records(const std::string& installation, const std::string& object);
    std::vector<StoredObject> objects();
    std::vector<StoredQuery> queries(const std::string& installation, const std::string& object);
    Bearings bearings(const std::string& installation, const std::string& object);
    /// The bodies of an operation's messages.
    std::vector<std::string> bodies(const std::string& operation);
    std::vector<StoredMessage> messages(const std::string& destination, const std::string& installation,
                                        const std::string& object);
    /// An operation's messages, without their bodies.
    std::vector<StoredMessage> messages_of(const std::string& operation);
    bool is_healthy(const std::string& installation);
    std::vector<StoredOperation> operations();
    std::optional<StoredOperation> operation(const std::string& id);
    std::vector<StoredWrite> writes();
    std::vector<StoredWriteOperation> write_operations();
    /// Empty: the key is not known.
    std::string operation_of_key(const std::string& scope, const std::string& key);
    /// Writes that wait or are being sent.
    std::int64_t open_writes();
    /// The first write whose outcome is unknown; empty: none.
    std::string unknown_write();
    /// As it is stored, sealed; empty: the installation waits for a user.
    std::string refresh_token(const std::string& installation);
    bool is_dead(const std::string& stream, std::int64_t sequence);
    /// Messages that are neither delivered nor dead.
    std::int64_t open_messages();
    std::string integrity();

private:
    storage::Database database_;
};

}  // namespace syncd::simulation
