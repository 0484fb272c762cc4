// A new storage key for all that the database keeps encrypted.
#pragma once

#include "config/core/cipher.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace syncd::storage {

/// Encrypts with `to` everything that was encrypted with `from`, in one transaction, and drops what the old key can
/// read from the file. How many texts. Nobody else may have the database open to write. Throws when something does not
/// open with `from`, naming it; then nothing has changed.
std::int64_t rekey(const std::string& path, const Cipher& from, const Cipher& to, const Random& random);

/// Whether the key is the one that the database was begun with, or that rekey() encrypted with last; empty: there is no
/// database, or nothing has been noted yet.
std::optional<bool> is_key_of(const std::string& path, const Cipher& key);
/// Whether a key has been noted and something is encrypted with it.
bool needs_its_key(const std::string& path);
/// Notes that this is the database's key, unless another is and something is encrypted with it: false. Nobody else may
/// be writing.
bool note_key(const std::string& path, const Cipher& key);

}  // namespace syncd::storage
