// The key beside the database: made on first use where the configuration names none.
#pragma once

#include "config/core/ids.hpp"
#include "config/core/secret.hpp"

#include <functional>
#include <optional>
#include <string>

namespace syncd {

/// 32 bytes from `database`.key, mode 0600, made from `random` when there is no such file.
/// Throws std::runtime_error naming the file and what is wrong with it.
Secret load_or_make_key(const std::string& database, const Random& random);

// A new key stands in `database`.key.new until the database is encrypted with it. Whatever a crash leaves, one of the
// two files is the key.
/// Writes it there, on disk when this returns.
void write_new_key(const std::string& database, const Secret& key);
/// Puts the new key in the old one's place.
void take_new_key(const std::string& database);
/// What a crash between the two left: takes the new key if `in_use` says that the database is encrypted with it, else
/// removes it. To be called before the key is loaded.
void settle_new_key(const std::string& database, const std::function<bool(const Secret& key)>& in_use);

/// 32 random bytes.
Secret make_key(const Random& random);
/// 32 bytes in base64, as a key file holds them; empty: it is not that.
std::optional<Secret> parse_key(std::string text);

}  // namespace syncd
