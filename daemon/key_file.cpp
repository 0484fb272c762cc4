#include "daemon/key_file.hpp"

#include "config/core/base64.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace syncd {
namespace {

constexpr std::size_t key_bytes = 32;

/// The file's text, as far as a key may go.
std::string read_text(const std::string& path, int descriptor) {
    char text[128] = {};
    const auto got = ::read(descriptor, text, sizeof text - 1);
    if (got < 0) throw std::runtime_error("reading " + path + ": " + std::strerror(errno));
    return std::string(text, std::size_t(got));
}

Secret read_key(int descriptor, const std::string& path) {
    const auto key = parse_key(read_text(path, descriptor));
    if (!key)
        throw std::runtime_error(path +
                                 " is not a key of 32 bytes in base64: restore it from your backup, or remove it "
                                 "to have a new one made (what it encrypted is then lost)");
    return *key;
}

void write_key(const std::string& path, const Secret& key) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) throw std::runtime_error("making " + path + ": " + std::strerror(errno));
    const auto text = base64_encode(key.reveal()) + "\n";
    const bool written =
        ::write(descriptor, text.data(), text.size()) == ssize_t(text.size()) && ::fsync(descriptor) == 0;
    ::close(descriptor);
    if (!written) throw std::runtime_error("writing " + path + ": " + std::strerror(errno));
}

/// What was made, renamed or removed in the file's folder is on disk.
void sync_folder_of(const std::string& file) {
    auto folder = std::filesystem::path(file).parent_path().string();
    if (folder.empty()) folder = ".";
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    if (descriptor >= 0) ::close(descriptor);
    if (!synced) throw std::runtime_error("syncing " + folder + ": " + std::strerror(errno));
}

std::string key_path(const std::string& database) { return database + ".key"; }
std::string new_key_path(const std::string& database) { return database + ".key.new"; }

}  // namespace

Secret load_or_make_key(const std::string& database, const Random& random) {
    const auto path = key_path(database);
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 && errno != ENOENT) throw std::runtime_error("reading " + path + ": " + std::strerror(errno));
    if (descriptor < 0) {
        const auto key = make_key(random);
        write_key(path, key);
        sync_folder_of(database);
        return key;
    }
    struct Close {
        int descriptor;
        ~Close() { ::close(descriptor); }
    } close_at_end{descriptor};
    return read_key(descriptor, path);
}

std::optional<Secret> parse_key(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    const auto key = base64_decode(text);
    return key && key->size() == key_bytes ? std::optional(Secret(*key)) : std::nullopt;
}

Secret make_key(const Random& random) {
    std::string key;
    while (key.size() < key_bytes) {
        const auto draw = random();
        key.append(reinterpret_cast<const char*>(&draw), sizeof draw);
    }
    return Secret(key);
}

void write_new_key(const std::string& database, const Secret& key) {
    write_key(new_key_path(database), key);
    sync_folder_of(database);
}

void take_new_key(const std::string& database) {
    std::filesystem::rename(new_key_path(database), key_path(database));
    sync_folder_of(database);
}

void settle_new_key(const std::string& database, const std::function<bool(const Secret& key)>& in_use) {
    const auto path = new_key_path(database);
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 && errno == ENOENT) return;
    if (descriptor < 0) throw std::runtime_error("reading " + path + ": " + std::strerror(errno));
    std::string text;
    {
        struct Close {
            int descriptor;
            ~Close() { ::close(descriptor); }
        } close_at_end{descriptor};
        text = read_text(path, descriptor);
    }
    const auto key = parse_key(std::move(text));  // not a key: the crash came while it was written
    if (key && in_use(*key)) return take_new_key(database);
    std::filesystem::remove(path);
    sync_folder_of(database);
}

}  // namespace syncd
