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
    std::optional<Timestamp> deleted_at;
};

struct StoredObject {
    std::string installation, object, backfill, next_url;
    std::optional<Timestamp> since, last_due_at;
    std::int64_t in_progress = 0;  // operations
    bool healthy = true;
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
};

class Observer {
public:
    Observer(const Disk& disk, const std::string& path);

    std::map<std::string, StoredRecord> records(const std::string& installation, const std::string& object);
    std::vector<StoredObject> objects();
    std::vector<StoredMessage> messages(const std::string& destination, const std::string& installation,
                                        const std::string& object);
    std::vector<StoredOperation> operations();
    std::optional<StoredOperation> operation(const std::string& id);
    bool is_dead(const std::string& stream, std::int64_t sequence);
    /// Messages that are neither delivered nor dead.
    std::int64_t open_messages();
    std::string integrity();

private:
    storage::Database database_;
};

}  // namespace syncd::simulation
