// A disk in memory for SQLite. Writes that were not synced are kept apart: a power cut forgets any of them and may tear
// what it keeps. It can be full, fail to read, and be cut at any write or sync.
#pragma once

#include "tests/simulation/loop.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace syncd::simulation {

class Disk {
public:
    explicit Disk(std::uint64_t seed);
    ~Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    /// The name under which SQLite finds it.
    const std::string& vfs() const { return name_; }
    /// Power fails before the operation (write, sync, truncation, deletion) that comes after so many.
    void cut_after(std::int64_t operations) { cut_at_ = operations_ + operations; }
    /// Power fails now.
    void cut() { off_ = true; }
    bool off() const { return off_; }
    /// Applies what the cut destroyed, then works again.
    void power_on();
    /// After a process died without a power cut (cut() kept it from writing more): all that it wrote is there.
    void restart();
    void set_full(bool full) { full_ = full; }
    /// The next so many reads fail. Returns how many were to fail until now.
    std::int64_t fail_reads(std::int64_t count) { return std::exchange(failing_reads_, count); }
    std::int64_t operations() const { return operations_; }
    /// Shows every file as it is in this moment, synced or not.
    template <class Look>
    void look(Look look) const {
        for (const auto& [path, file] : files_) look(path, std::string_view(file->data));
    }

    struct Write {
        std::int64_t at = 0;
        std::string before, after;  // `before` is shorter where the file grew
        std::int64_t size_before = 0;
    };
    struct Handle;
    struct File {
        std::string data;
        std::vector<Write> unsynced;
        std::map<int, std::unique_ptr<char[]>> shared_memory;
        std::vector<Handle*> handles;
    };

    // For the VFS's functions.
    bool step();  // counts an operation; false: the power is off
    bool full() const { return full_; }
    bool read_fails();
    std::shared_ptr<File> find(const std::string& path, bool create);
    bool exists(const std::string& path) const { return files_.contains(path); }
    void remove(const std::string& path) { files_.erase(path); }
    std::uint64_t random() { return chance_.draw(); }

private:
    void lose_writes(File& file);

    Chance chance_;
    std::string name_;
    std::unique_ptr<sqlite3_vfs> vfs_;
    std::map<std::string, std::shared_ptr<File>> files_;
    std::int64_t operations_ = 0, cut_at_ = -1, failing_reads_ = 0;
    bool off_ = false, full_ = false;
};

}  // namespace syncd::simulation
