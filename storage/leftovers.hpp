// What is kept of installations, objects and destinations, and forgetting it, a bounded amount a call. Each function
// runs inside a transaction of the writer; what a crash leaves of it, known_objects() still finds.
#pragma once

#include "storage/database.hpp"
#include "storage/store.hpp"

namespace syncd::storage {

/// Every object of an installation that anything is kept of.
std::vector<Leftover> known_objects(Database& db);
std::vector<std::string> known_installations(Database& db);

Forgotten forget_pending(Database& db, const ObjectName& object);
Forgotten forget_object(Database& db, const Leftover& leftover);
void forget_installation(Database& db, const std::string& id, Timestamp now, const BuildForgotten& build = {});
std::vector<std::string> forget_destinations(Database& db, const std::vector<std::string>& kept);

}  // namespace syncd::storage
