// The key of a database: configured, or in the file beside it.
#pragma once

#include "config/config.hpp"
#include "config/core/ids.hpp"

namespace syncd::cli {

/// What opens the database; made where there is none. To be called by the process that holds the database. Throws Exit
/// when the key is not the one that `rekey` encrypted with.
Secret storage_key(const config::Config& config, const Random& random);
/// Throws where storage_key() would, and leaves the database as it is, which may be in use with another key.
void check_storage_key(const config::Config& config, const Random& random);

}  // namespace syncd::cli
