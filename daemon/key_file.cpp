#include "daemon/key_file.hpp"

#include "config/core/base64.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace syncd {
namespace {

constexpr std::size_t key_bytes = 32;

std::string read_key(int descriptor, const std::string& path) {
    char text[128] = {};
    const auto got = ::read(descriptor, text, sizeof text - 1);
    std::string encoded(text, got > 0 ? std::size_t(got) : 0);
    while (!encoded.empty() && (encoded.back() == '\n' || encoded.back() == '\r')) encoded.pop_back();
    const auto key = base64_decode(encoded);
    if (!key || key->size() != key_bytes)
        throw std::runtime_error(path +
                                 " is not a key of 32 bytes in base64: restore it from your backup, or remove it "
                                 "to have a new one made (what it encrypted is then lost)");
    return *key;
}

std::string make_key(const std::string& path, const Random& random) {
    std::string key;
    while (key.size() < key_bytes) {
        const auto draw = random();
        key.append(reinterpret_cast<const char*>(&draw), sizeof draw);
    }
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) throw std::runtime_error("making " + path + ": " + std::strerror(errno));
    const auto text = base64_encode(key) + "\n";
    const bool written =
        ::write(descriptor, text.data(), text.size()) == ssize_t(text.size()) && ::fsync(descriptor) == 0;
    ::close(descriptor);
    if (!written) throw std::runtime_error("writing " + path + ": " + std::strerror(errno));
    return key;
}

}  // namespace

Secret load_or_make_key(const std::string& database, const Random& random) {
    const std::string path = database + ".key";
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 && errno != ENOENT) throw std::runtime_error("reading " + path + ": " + std::strerror(errno));
    if (descriptor < 0) return Secret(make_key(path, random));
    struct Close {
        int descriptor;
        ~Close() { ::close(descriptor); }
    } close_at_end{descriptor};
    return Secret(read_key(descriptor, path));
}

}  // namespace syncd
