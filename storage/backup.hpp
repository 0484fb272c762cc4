// A copy of the database while others write to it, and what it means to open such a copy.
#pragma once

#include "storage/database.hpp"

#include <optional>
#include <string>

namespace syncd::storage {

/// Writes the database at `path` as it stands now to `file`, whole or not at all, readable by its owner only. Its
/// writer goes on meanwhile. Throws when `file` is there already.
void back_up(const std::string& path, const std::string& file, Timestamp now);

/// In a copy made by back_up(), opened for the first time: what destinations and the provider did since is unknown, so
/// that streams begin anew, what was waiting is dropped, and everything is read and told again. The time of the backup;
/// empty: this is no copy.
std::optional<std::string> restore(Database& db);

}  // namespace syncd::storage
