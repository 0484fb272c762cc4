// Views for people who query the database: one per object, a column per field.
#pragma once

#include "storage/database.hpp"
#include "storage/store.hpp"

namespace syncd::storage {

/// Makes these views, and drops those that an earlier call made and nobody defines any more; writes nothing where
/// nothing changed. The names that could not be had: something else of that name is there.
std::vector<std::string> define_views(Database& db, const std::vector<ViewDefinition>& views);

}  // namespace syncd::storage
