// Brings a database to the schema that this program knows; forward only.
#pragma once

#include "storage/database.hpp"

namespace syncd::storage {

/// The newest schema that this program knows.
int schema_latest();

/// Throws std::runtime_error naming both versions when the database is newer than the program.
void require_known(Database& database);

/// Applies what is missing, each migration in one transaction with its PRAGMA user_version.
/// Throws as require_known() does.
void migrate(Database& database);

/// For readers, which may not write: throws unless the schema is exactly the one that this program knows.
void require_latest(Database& database);

}  // namespace syncd::storage
