#include "daemon/cli/storage_key.hpp"

#include "daemon/cli/context.hpp"
#include "daemon/key_file.hpp"
#include "storage/rekey.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace syncd::cli {

namespace {

Secret key_of(const config::Config& config, const Random& random) {
    const auto& configured = config.storage.encryption_key;
    return configured ? *configured : load_or_make_key(config.storage.path, random);
}

Exit wrong_key(const config::Config& config) {
    const auto& path = config.storage.path;
    return {exit_failed, fmt::format("what {} keeps encrypted was written with another key: {}", path,
                                     config.storage.encryption_key
                                         ? "put that one into storage.encryptionKey"
                                         : "restore " + path + ".key as it was, or set storage.encryptionKey")};
}

}  // namespace

Secret storage_key(const config::Config& config, const Random& random) {
    const auto& path = config.storage.path;
    if (!config.storage.encryption_key)
        settle_new_key(path, [&](const Secret& key) { return storage::is_key_of(path, Cipher(key)).value_or(false); });
    const auto key = key_of(config, random);
    const bool there = std::filesystem::exists(path);
    if (!there || storage::is_key_of(path, Cipher(key)).value_or(false) || storage::note_key(path, Cipher(key)))
        return key;
    throw wrong_key(config);
}

void check_storage_key(const config::Config& config, const Random& random) {
    const auto& path = config.storage.path;
    if (storage::is_key_of(path, Cipher(key_of(config, random))).value_or(true)) return;
    if (storage::needs_its_key(path)) throw wrong_key(config);
}

}  // namespace syncd::cli
