#include "daemon/cli/storage_key.hpp"

#include "daemon/cli/context.hpp"
#include "daemon/key_file.hpp"
#include "storage/rekey.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace syncd::cli {

Secret storage_key(const config::Config& config, const Random& random) {
    const auto& path = config.storage.path;
    const auto& configured = config.storage.encryption_key;
    if (!configured)
        settle_new_key(path, [&](const Secret& key) { return storage::is_key_of(path, Cipher(key)).value_or(false); });
    const auto key = configured ? *configured : load_or_make_key(path, random);
    const bool there = std::filesystem::exists(path);
    if (!there || storage::is_key_of(path, Cipher(key)).value_or(false) || storage::note_key(path, Cipher(key)))
        return key;
    throw Exit{exit_failed,
               fmt::format("what {} keeps encrypted was written with another key: {}", path,
                           configured ? "put that one into storage.encryptionKey"
                                      : "restore " + path + ".key as it was, or set storage.encryptionKey")};
}

}  // namespace syncd::cli
