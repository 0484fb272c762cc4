// Programs of others that come from npm: a folder of tests/e2e with package.json, package-lock.json and scripts.
#pragma once

#include "tests/e2e/support/program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

namespace syncd::e2e {

/// One process at a time holds it: tests run side by side.
class FolderLock {
public:
    explicit FolderLock(const std::filesystem::path& folder)
        : descriptor_(::open((folder / "lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)) {
        ::flock(descriptor_, LOCK_EX);
    }
    ~FolderLock() { ::close(descriptor_); }
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

private:
    int descriptor_;
};

/// Whether node is there and not older than `major`; else says why in `why_not`.
inline bool has_node(const std::filesystem::path& folder, int major, std::string& why_not) {
    const auto node = finish(Program({"node", "--version"}, folder / "node"));
    const bool there = node.exit == 0 && node.out.starts_with('v');
    if (there && std::atoi(node.out.c_str() + 1) >= major) return true;
    why_not = there ? fmt::format("node {} is there, {} is needed", node.out, major) : "node is not installed";
    return false;
}

/// Installs tests/e2e/NAME in the build tree, once for all later runs, as its lock file says and without anybody's
/// install scripts; the folder there, or an empty path and `why_not`. Scripts are copied each time.
inline std::filesystem::path installed(const std::string& name, std::string& why_not, int node_major = 18) {
    namespace fs = std::filesystem;
    const fs::path source = fs::path(SYNCD_SOURCE_DIR) / "tests/e2e" / name;
    const auto target = fs::path(SYNCD_PROGRAM).parent_path().parent_path() / "tests" / name;
    fs::create_directories(target);
    const FolderLock one_at_a_time(target);
    if (!has_node(target, node_major, why_not)) return {};
    const auto lock = read_text(source / "package-lock.json");
    for (const auto& entry : fs::directory_iterator(source)) {
        const auto copy = target / entry.path().filename();
        if (read_text(copy) != read_text(entry.path())) write_text(copy, read_text(entry.path()));
    }
    if (read_text(target / "installed") == lock) return target;
    const auto npm = finish(Program({"npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"}, target / "npm"));
    if (npm.exit != 0) {
        why_not = npm.exit == 127 ? "npm is not installed" : "npm can't install: " + npm.err;
        return {};
    }
    write_text(target / "installed", lock);
    return target;
}

/// `port N` on the first line of what a program printed; 0 when it does not come.
inline int port_of(Program& program) {
    const std::string word = "port ";
    const auto ready = [&] { return !program.running() || program.out().find('\n') != std::string::npos; };
    const auto out = eventually(ready) ? program.out() : "";
    return out.starts_with(word) ? std::atoi(out.c_str() + word.size()) : 0;
}

}  // namespace syncd::e2e
