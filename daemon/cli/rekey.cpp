#include "storage/rekey.hpp"

#include "connector/world/real_world.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/storage_key.hpp"
#include "daemon/key_file.hpp"
#include "daemon/lock.hpp"

#include <boost/json.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <memory>

namespace syncd::cli {
namespace {

constexpr std::size_t line_bytes_max = 1000;

/// One line of the file, or of standard input for `-`.
Secret read_new_key(const std::string& file) {
    std::ifstream opened;
    if (file != "-") {
        opened.open(file);
        if (!opened) throw Exit{exit_usage, "can't read " + file};
    }
    std::string line;
    std::getline(file == "-" ? std::cin : opened, line);
    const auto key = line.size() <= line_bytes_max ? parse_key(std::move(line)) : std::nullopt;
    if (!key)
        throw Exit{exit_usage, (file == "-" ? "standard input" : file) +
                                   " holds no key: 32 bytes in base64, as `openssl rand -base64 32` makes one"};
    return *key;
}

DatabaseLock take_lock(const std::string& path) {
    Holder holder;
    auto lock = DatabaseLock::take(path, holder);
    if (!lock)
        throw Exit{exit_failed, fmt::format("process {} uses {} with the old key: stop it first, then start it again",
                                            holder.pid, path)};
    return std::move(*lock);
}

int rekey(Context& context, const std::string& new_key_file) {
    context.load();
    const auto& storage = context.config->storage;
    const bool configured = storage.encryption_key.has_value();
    if (configured && new_key_file.empty())
        throw Exit{exit_usage,
                   "storage.encryptionKey is configured: give the new key by --new-key FILE, or - for standard input "
                   "(`openssl rand -base64 32` makes one), and then put it into the configuration"};
    context.require_database();
    const auto lock = take_lock(storage.path);
    boost::asio::io_context io;
    const auto world = make_real_world(io);
    const Random random = [&world] { return world->random(); };
    const auto old_key = storage_key(*context.config, random);
    const auto new_key = new_key_file.empty() ? make_key(random) : read_new_key(new_key_file);
    if (new_key == old_key) throw Exit{exit_usage, "the new key is the one that is in use"};

    if (!configured) write_new_key(storage.path, new_key);
    const auto count = storage::rekey(storage.path, Cipher(old_key), Cipher(new_key), random);
    if (!configured) take_new_key(storage.path);

    if (context.json) {
        print_json(boost::json::object{{"encrypted", count}});
        return exit_done;
    }
    fmt::print("{} texts are encrypted with the new key\n", count);
    if (configured)
        fmt::print("now put the new key into storage.encryptionKey: until then nothing starts with this database\n");
    else
        fmt::print("it is in {}.key; backups made before this need the old one\n", storage.path);
    return exit_done;
}

}  // namespace

void define_rekey(CLI::App& app, Context& context, Chosen& chosen) {
    auto* command = app.add_subcommand("rekey", "Encrypt what the database keeps encrypted with a new key");
    auto file = std::make_shared<std::string>();
    command->add_option("--new-key", *file,
                        "File with the new key, 32 bytes in base64; -: standard input. Without it one is made");
    command->callback([&context, &chosen, file] { chosen = [&context, file] { return rekey(context, *file); }; });
}

}  // namespace syncd::cli
