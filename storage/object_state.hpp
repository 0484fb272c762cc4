// Rows about installations and their objects. Each function runs inside a transaction of the writer.
#pragma once

#include "storage/database.hpp"
#include "storage/store.hpp"

namespace syncd::storage {

Timestamp enter_installation(Database& db, const std::string& id, const std::string& digest, Timestamp now,
                             const InstallationFacts& facts = {});
ObjectState object_state(Database& db, const std::string& installation_id, const std::string& object);
void set_paused(Database& db, const std::string& installation_id, const std::string& object, bool paused);
void set_health(Database& db, const std::string& installation_id, bool healthy, const std::string& reason,
                Timestamp now, const Notices& notices = {});

/// Counts one request of this client in the minute of `now`.
void add_spent(Database& db, const std::string& client_id, Timestamp now);
/// Requests by client and minute, from `since_minute` on.
std::map<std::string, std::map<std::int64_t, std::int64_t>> budget_spent(Database& db, std::int64_t since_minute);

}  // namespace syncd::storage
