// The key beside the database: made on first use where the configuration names none.
#pragma once

#include "config/core/ids.hpp"
#include "config/core/secret.hpp"

#include <string>

namespace syncd {

/// 32 bytes from `database`.key, mode 0600, made from `random` when there is no such file.
/// Throws std::runtime_error naming the file and what is wrong with it.
Secret load_or_make_key(const std::string& database, const Random& random);

}  // namespace syncd
