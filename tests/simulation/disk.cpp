#include "tests/simulation/disk.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace syncd::simulation {

namespace {

constexpr std::int64_t sector_bytes = 512;
constexpr std::size_t shm_locks = 8;

}  // namespace

/// One open file of one connection. Locks are real: a reader beside the writer must not think itself alone.
struct Disk::Handle {
    sqlite3_file base;  // first: SQLite sees only this
    Disk* disk;
    std::shared_ptr<File>* file;
    int lock;                         // SQLITE_LOCK_…
    std::array<char, shm_locks> shm;  // 0 none, 1 shared, 2 exclusive
};

namespace {

using Handle = Disk::Handle;

Handle& handle(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
Disk::File& file_of(sqlite3_file* file) { return **handle(file).file; }
Disk& disk_of(sqlite3_file* file) { return *handle(file).disk; }

int x_close(sqlite3_file* file) {
    std::erase(file_of(file).handles, &handle(file));
    delete handle(file).file;
    return SQLITE_OK;
}

int x_read(sqlite3_file* file, void* to, int bytes, sqlite3_int64 at) {
    if (disk_of(file).off() || disk_of(file).read_fails()) return SQLITE_IOERR_READ;
    const auto& data = file_of(file).data;
    const auto have = std::clamp<std::int64_t>(std::int64_t(data.size()) - at, 0, bytes);
    if (have > 0) std::memcpy(to, data.data() + at, std::size_t(have));
    if (have == bytes) return SQLITE_OK;
    std::memset(static_cast<char*>(to) + have, 0, std::size_t(bytes - have));
    return SQLITE_IOERR_SHORT_READ;
}

int x_write(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 at) {
    if (!disk_of(file).step()) return SQLITE_IOERR_WRITE;
    if (disk_of(file).full()) return SQLITE_FULL;
    auto& target = file_of(file);
    const auto size = std::int64_t(target.data.size());
    target.unsynced.push_back({at, at < size ? target.data.substr(std::size_t(at), std::size_t(bytes)) : std::string(),
                               std::string(static_cast<const char*>(from), std::size_t(bytes)), size});
    if (at + bytes > size) target.data.resize(std::size_t(at + bytes));
    std::memcpy(target.data.data() + at, from, std::size_t(bytes));
    return SQLITE_OK;
}

int x_truncate(sqlite3_file* file, sqlite3_int64 bytes) {
    if (!disk_of(file).step()) return SQLITE_IOERR_TRUNCATE;
    file_of(file).data.resize(std::size_t(bytes));
    file_of(file).unsynced.clear();  // taken as synced: SQLite truncates only what it needs no more
    return SQLITE_OK;
}

int x_sync(sqlite3_file* file, int) {
    if (!disk_of(file).step()) return SQLITE_IOERR_FSYNC;
    file_of(file).unsynced.clear();
    return SQLITE_OK;
}

int x_size(sqlite3_file* file, sqlite3_int64* bytes) {
    *bytes = sqlite3_int64(file_of(file).data.size());
    return SQLITE_OK;
}

int x_lock(sqlite3_file* file, int wanted) {
    for (const auto* other : file_of(file).handles) {
        if (other == &handle(file)) continue;
        const bool taken = wanted == SQLITE_LOCK_SHARED      ? other->lock >= SQLITE_LOCK_PENDING
                           : wanted == SQLITE_LOCK_EXCLUSIVE ? other->lock >= SQLITE_LOCK_SHARED
                                                             : other->lock >= SQLITE_LOCK_RESERVED;
        if (taken) return SQLITE_BUSY;
    }
    handle(file).lock = std::max(handle(file).lock, wanted);
    return SQLITE_OK;
}

int x_unlock(sqlite3_file* file, int wanted) {
    handle(file).lock = std::min(handle(file).lock, wanted);
    return SQLITE_OK;
}

int x_reserved(sqlite3_file* file, int* taken) {
    *taken =
        std::ranges::any_of(file_of(file).handles, [](const auto* each) { return each->lock >= SQLITE_LOCK_RESERVED; });
    return SQLITE_OK;
}

int x_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int x_sector(sqlite3_file*) { return int(sector_bytes); }
int x_device(sqlite3_file*) { return 0; }

int x_shm_map(sqlite3_file* file, int page, int bytes, int extend, void volatile** where) {
    auto& memory = file_of(file).shared_memory;
    *where = nullptr;
    if (!memory.contains(page)) {
        if (!extend) return SQLITE_OK;
        memory[page].reset(new char[std::size_t(bytes)]());
    }
    *where = memory[page].get();
    return SQLITE_OK;
}

int x_shm_lock(sqlite3_file* file, int first, int count, int flags) {
    auto& own = handle(file);
    for (int i = first; i < first + count; ++i) {
        const auto slot = std::size_t(i);
        if (flags & SQLITE_SHM_UNLOCK) continue;
        for (const auto* other : file_of(file).handles)
            if (other != &own && other->shm[slot] > (flags & SQLITE_SHM_SHARED ? 1 : 0)) return SQLITE_BUSY;
    }
    const char state = flags & SQLITE_SHM_UNLOCK ? 0 : flags & SQLITE_SHM_SHARED ? 1 : 2;
    for (int i = first; i < first + count; ++i) own.shm[std::size_t(i)] = state;
    return SQLITE_OK;
}

void x_shm_barrier(sqlite3_file*) {}
int x_shm_unmap(sqlite3_file* file, int remove) {
    if (remove) file_of(file).shared_memory.clear();
    return SQLITE_OK;
}

const sqlite3_io_methods methods = {2,          x_close,       x_read,      x_write,   x_truncate, x_sync,   x_size,
                                    x_lock,     x_unlock,      x_reserved,  x_control, x_sector,   x_device, x_shm_map,
                                    x_shm_lock, x_shm_barrier, x_shm_unmap, nullptr,   nullptr};

Disk& disk_of(sqlite3_vfs* vfs) { return *static_cast<Disk*>(vfs->pAppData); }

int x_open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
    auto& disk = disk_of(vfs);
    auto& opened = handle(file);
    opened.base.pMethods = nullptr;
    if (disk.off()) return SQLITE_CANTOPEN;
    // Temporary files are a process's own: they have no name and nobody finds them again.
    auto found = path ? disk.find(path, flags & SQLITE_OPEN_CREATE) : std::make_shared<Disk::File>();
    if (!found) return SQLITE_CANTOPEN;
    found->handles.push_back(&opened);
    opened.disk = &disk;
    opened.file = new std::shared_ptr<Disk::File>(std::move(found));
    opened.lock = 0;
    opened.shm.fill(0);
    opened.base.pMethods = &methods;
    if (out) *out = flags;
    return SQLITE_OK;
}

int x_delete(sqlite3_vfs* vfs, const char* path, int) {
    if (!disk_of(vfs).step()) return SQLITE_IOERR_DELETE;
    disk_of(vfs).remove(path);
    return SQLITE_OK;
}

int x_access(sqlite3_vfs* vfs, const char* path, int, int* result) {
    *result = disk_of(vfs).exists(path);
    return SQLITE_OK;
}

int x_full_path(sqlite3_vfs*, const char* path, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", path);
    return SQLITE_OK;
}

int x_randomness(sqlite3_vfs* vfs, int bytes, char* out) {
    for (int i = 0; i < bytes; ++i) out[i] = char(disk_of(vfs).random());
    return bytes;
}

int x_sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
int x_time(sqlite3_vfs*, double* julian_day) {
    *julian_day = 2461366.5;  // 2026-11-21; the product writes its times itself
    return SQLITE_OK;
}

}  // namespace

Disk::Disk(std::uint64_t seed) : chance_(seed), name_("simulated-" + std::to_string(seed)), vfs_(new sqlite3_vfs{}) {
    vfs_->iVersion = 1;
    vfs_->szOsFile = sizeof(Handle);
    vfs_->mxPathname = 512;
    vfs_->zName = name_.c_str();
    vfs_->pAppData = this;
    vfs_->xOpen = x_open;
    vfs_->xDelete = x_delete;
    vfs_->xAccess = x_access;
    vfs_->xFullPathname = x_full_path;
    vfs_->xRandomness = x_randomness;
    vfs_->xSleep = x_sleep;
    vfs_->xCurrentTime = x_time;
    sqlite3_vfs_register(vfs_.get(), 0);
}

Disk::~Disk() { sqlite3_vfs_unregister(vfs_.get()); }

bool Disk::step() {
    ++operations_;
    if (cut_at_ >= 0 && operations_ > cut_at_) off_ = true;
    return !off_;
}

bool Disk::read_fails() {
    if (failing_reads_ == 0) return false;
    --failing_reads_;
    return true;
}

std::shared_ptr<Disk::File> Disk::find(const std::string& path, bool create) {
    const auto found = files_.find(path);
    if (found != files_.end()) return found->second;
    return create ? files_.emplace(path, std::make_shared<File>()).first->second : nullptr;
}

void Disk::restart() {
    for (auto& [path, file] : files_) file->shared_memory.clear();
    failing_reads_ = 0;
    off_ = false;
    cut_at_ = -1;
}

void Disk::lose_writes(File& file) {
    for (auto write = file.unsynced.rbegin(); write != file.unsynced.rend(); ++write) {
        file.data.replace(std::size_t(write->at), write->before.size(), write->before);
        file.data.resize(std::size_t(write->size_before));
    }
    for (const auto& write : file.unsynced) {  // any of them may have reached the disk, the last sectors of it or not
        if (chance_.one_in(2)) continue;
        auto bytes = std::int64_t(write.after.size());
        if (chance_.one_in(4)) bytes = std::min(bytes, chance_.between(0, bytes / sector_bytes) * sector_bytes);
        const auto end = std::size_t(write.at + bytes);
        if (file.data.size() < end) file.data.resize(end);
        file.data.replace(std::size_t(write.at), std::size_t(bytes), write.after, 0, std::size_t(bytes));
    }
    file.unsynced.clear();
}

void Disk::power_on() {
    for (auto& [path, file] : files_) lose_writes(*file);
    restart();
}

}  // namespace syncd::simulation
