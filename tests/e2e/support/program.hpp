// Child processes with their output in files, temporary folders, and waiting for what is to become true.
#pragma once

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace syncd::e2e {

inline constexpr std::chrono::seconds patience{60};  // generous: a machine under load must not fail a test

/// Polls until `condition` holds; false when patience is over.
inline bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit = patience) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (;;) {
        if (condition()) return true;
        if (std::chrono::steady_clock::now() >= end) return false;
        ::poll(nullptr, 0, 10);
    }
}

inline std::string read_text(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_text(const std::filesystem::path& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << text;
    if (!out.flush()) throw std::runtime_error("can't write " + path.string());
}

/// A new folder that goes with its object.
class Folder {
public:
    Folder() {
        auto name = (std::filesystem::temp_directory_path() / "syncd-e2e-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("can't make " + name);
        path_ = name;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

using Variables = std::map<std::string, std::string>;

/// One child process; killed when its object goes. Standard output and error go to files beside `output`.
class Program {
public:
    Program(std::vector<std::string> arguments, const std::filesystem::path& output, const Variables& variables = {})
        : out_(output.string() + ".out"), err_(output.string() + ".err") {
        std::vector<char*> argv;
        for (auto& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        write_text(out_, "");
        write_text(err_, "");
        pid_ = ::fork();
        if (pid_ < 0) throw std::runtime_error("fork failed");
        if (pid_ == 0) become(argv, output.parent_path(), variables);
    }
    ~Program() {
        if (pid_ > 0 && !status_) kill(SIGKILL), wait();
    }
    Program(Program&& other) noexcept
        : out_(std::move(other.out_)),
          err_(std::move(other.err_)),
          pid_(std::exchange(other.pid_, -1)),
          status_(other.status_) {}
    Program& operator=(Program&&) = delete;

    pid_t pid() const { return pid_; }
    std::string out() const { return read_text(out_); }
    std::string err() const { return read_text(err_); }
    void kill(int signal) const { ::kill(pid_, signal); }
    bool running() {
        if (status_) return false;
        int raw = 0;
        if (::waitpid(pid_, &raw, WNOHANG) == pid_) status_ = raw;
        return !status_;
    }
    /// Exit status, or minus the signal that ended it; kills a program that does not end.
    int wait() {
        if (!eventually([&] { return !running(); })) {
            ::kill(pid_, SIGKILL);
            int raw = 0;
            ::waitpid(pid_, &raw, 0);
            status_ = raw;
        }
        return WIFEXITED(*status_) ? WEXITSTATUS(*status_) : -WTERMSIG(*status_);
    }

private:
    [[noreturn]] void become(const std::vector<char*>& argv, const std::filesystem::path& folder,
                             const Variables& variables) const {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (const auto* name : {"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "BENTLEY_SYNCD_CONFIG"})
            ::unsetenv(name);
        for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
        const bool ready = std::freopen("/dev/null", "r", stdin) && std::freopen(out_.c_str(), "w", stdout) &&
                           std::freopen(err_.c_str(), "w", stderr) && ::chdir(folder.c_str()) == 0;
        if (ready) ::execvp(argv.front(), argv.data());
        ::_exit(127);
    }

    std::string out_, err_;
    pid_t pid_ = -1;
    std::optional<int> status_;
};

/// What a program left that ran to its end.
struct Finished {
    int exit = 0;
    std::string out, err;
};

inline Finished finish(Program program) {
    const int exit = program.wait();
    return {exit, program.out(), program.err()};
}

}  // namespace syncd::e2e
