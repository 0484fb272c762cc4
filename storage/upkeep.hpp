// Retention: drops what is old enough, a bounded amount at a time.
#pragma once

#include "storage/database.hpp"
#include "storage/store.hpp"

namespace syncd::storage {

bool prune(Database& db, const Retention& retention, Timestamp now);

}  // namespace syncd::storage
