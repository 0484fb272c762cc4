#include "daemon/lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <system_error>
#include <utility>

namespace syncd {
namespace {

std::string lock_path(const std::string& database) { return database + ".lock"; }

int open_lock(const std::string& database, int flags) {
    return ::open(lock_path(database).c_str(), flags | O_CLOEXEC, 0644);
}

struct flock whole_file() {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

Holder read_holder(int descriptor) {
    char text[256] = {};
    const auto got = ::pread(descriptor, text, sizeof text - 1, 0);
    std::istringstream in(std::string(text, got > 0 ? std::size_t(got) : 0));
    Holder holder;
    in >> holder.pid >> holder.address;
    return holder;
}

void write_holder(int descriptor, const std::string& address) {
    const auto text = std::to_string(::getpid()) + " " + address + "\n";
    if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, text.data(), text.size(), 0) != ssize_t(text.size()))
        throw std::system_error(errno, std::generic_category(), "writing the lock file");
}

}  // namespace

std::optional<DatabaseLock> DatabaseLock::take(const std::string& database, Holder& holder) {
    const int descriptor = open_lock(database, O_RDWR | O_CREAT);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "opening " + lock_path(database));
    DatabaseLock lock(descriptor);
    auto wanted = whole_file();
    if (::fcntl(descriptor, F_OFD_SETLK, &wanted) != 0) {
        holder = read_holder(descriptor);
        return std::nullopt;
    }
    write_holder(descriptor, "");
    return lock;
}

std::optional<Holder> DatabaseLock::holder(const std::string& database) {
    const int descriptor = open_lock(database, O_RDONLY);
    if (descriptor < 0) return std::nullopt;
    const DatabaseLock close_at_end(descriptor);
    auto wanted = whole_file();
    // Only asks: a lock of ours, however short, could turn away a daemon that is just starting.
    if (::fcntl(descriptor, F_OFD_GETLK, &wanted) != 0 || wanted.l_type == F_UNLCK) return std::nullopt;
    return read_holder(descriptor);
}

void DatabaseLock::publish(const std::string& address) { write_holder(descriptor_, address); }

DatabaseLock::DatabaseLock(DatabaseLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
DatabaseLock::~DatabaseLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace syncd
