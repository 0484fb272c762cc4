#include "daemon/cli/process.hpp"

#include "connector/world/real_world.hpp"
#include "daemon/cli/storage_key.hpp"
#include "daemon/commands.hpp"
#include "daemon/daemon.hpp"
#include "daemon/http/routes.hpp"
#include "daemon/lock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <sys/statvfs.h>

#include <csignal>
#include <filesystem>

namespace syncd::cli {
namespace {

constexpr Duration progress_every = std::chrono::milliseconds{200};
constexpr Duration hand_over_timeout = std::chrono::hours{24};  // a pass over everything may take its time

Log make_log(const config::Logging& logging, config::LogLevel least) {
    const bool json = logging.format == config::LogFormat::json ||
                      (logging.format == config::LogFormat::automatic && !stderr_is_terminal());
    return Log(stderr_sink(Level(std::max(int(least), int(logging.level))), json));
}

/// Everything that a process needs to hold a database and work on it.
struct Process {
    explicit Process(const config::Config& config)
        : world(make_real_world(io)), store({config.storage.path}, writer.get_executor()) {}

    Secret key(const config::Config& config) {
        return storage_key(config, [this] { return world->random(); });
    }
    /// Runs the coroutine to its end on this thread.
    void run(awaitable<void> work) {
        std::exception_ptr failure;
        asio::co_spawn(io, std::move(work), [&](std::exception_ptr thrown) { failure = thrown; });
        io.restart();
        io.run();
        if (failure) std::rethrow_exception(failure);
    }

    asio::io_context io{1};
    asio::thread_pool writer{1};
    boost::asio::signal_set signals{io};  // keeps those that come while nobody waits
    bool ending = false;                  // a signal asked for it
    std::unique_ptr<World> world;
    storage::Store store;
};

/// Does it however the scope is left: who waits for a signal keeps the loop running.
class AtEnd {
public:
    explicit AtEnd(std::function<void()> work) : work_(std::move(work)) {}
    ~AtEnd() { work_(); }
    AtEnd(const AtEnd&) = delete;
    AtEnd& operator=(const AtEnd&) = delete;

private:
    std::function<void()> work_;
};

/// Of the volume that the file is on.
std::optional<DiskSpace> disk_space(const std::string& file) {
    auto folder = std::filesystem::path(file).parent_path();
    if (folder.empty()) folder = ".";
    struct statvfs volume{};
    if (::statvfs(folder.c_str(), &volume) != 0 || volume.f_blocks == 0) return std::nullopt;
    return DiskSpace{std::uint64_t{volume.f_bavail} * volume.f_frsize,
                     std::uint64_t{volume.f_blocks} * volume.f_frsize};
}

DatabaseLock lock_database(const std::string& path) {
    Holder holder;
    auto lock = DatabaseLock::take(path, holder);
    if (!lock) throw Exit{exit_failed, fmt::format("{} is in use by process {}", path, holder.pid)};
    return std::move(*lock);
}

awaitable<void> show_progress(World& world, const Progress& progress, const bool& done) {
    while (progress && !done) {
        Timer timer(world);
        co_await timer.async_wait(progress_every);
        progress();
    }
}

int exit_of(errc code) { return code == errc::invalid_input ? exit_usage : exit_failed; }

result<std::string> execute_here(const Context& context, const std::string& command, const std::string& arguments,
                                 const Progress& progress) {
    const auto& config = *context.config;
    Process process(config);
    const auto log = make_log(config.logging, config::LogLevel::warn);
    Daemon daemon(*process.world, process.store, config, bentley::Catalog::builtin(), log, process.key(config));
    result<std::string> answer = Error{errc::internal, "not run"};
    bool done = false;
    auto& signals = process.signals;
    for (const int signal : {SIGTERM, SIGINT}) signals.add(signal);
    Timer grace(*process.world);
    bool stopping = false;
    bool over = false;
    std::function<void(boost::system::error_code, int)> on_signal = [&](boost::system::error_code cancelled, int) {
        if (cancelled) return;
        if (!over) signals.async_wait(on_signal);
        if (std::exchange(stopping, true)) return daemon.cut();
        daemon.stop();
        grace.async_wait(stop_grace, [&](error_code ended) {
            if (!ended) daemon.cut();
        });
    };
    signals.async_wait(on_signal);
    auto work = [&]() -> awaitable<void> {
        const AtEnd wait_no_more([&] {
            over = true;
            signals.cancel();
            grace.cancel();
        });
        try {
            co_await daemon.start();
            answer = co_await run_command(daemon, command, arguments);
        } catch (const std::exception& broken) {
            answer = Error{errc::internal, broken.what()};
        }
        done = true;
        co_await daemon.shut_down();
    };
    auto showing = [&]() -> awaitable<void> { co_await show_progress(*process.world, progress, done); };
    asio::co_spawn(process.io, showing(), [](std::exception_ptr) {});
    process.run(work());
    return answer;
}

result<std::string> answer_of(const http::Response& response) {
    if (response.status == 200) return response.body;
    if (response.status == 401)
        return Error{errc::unauthorized,
                     "the running daemon has other apiKeys than this configuration: restart or reload it"};
    const bool known = bool(json::validate(response.body));
    const auto detail = known ? json::find(response.body, "detail") : std::nullopt;
    const auto text = detail ? json::as_string(*detail).value_or("") : fmt::format("HTTP {}", response.status);
    return Error{response.status == 400 ? errc::invalid_input : errc::refused, text};
}

result<std::string> hand_over(const Context& context, const Holder& holder, const std::string& command,
                              const std::string& arguments, const Progress& progress) {
    if (holder.address.empty())
        return Error{errc::refused,
                     fmt::format("{} is in use by process {}, which takes no commands: wait until it ends",
                                 context.config->storage.path, holder.pid)};
    asio::io_context io{1};
    const auto world = make_real_world(io);
    http::Client client(*world);
    result<std::string> answer = Error{errc::internal, "not run"};
    bool done = false;
    auto work = [&]() -> awaitable<void> {
        const auto& tls = context.config->server.tls;
        auto url = http::parse_url((tls ? "https://" : "http://") + holder.address + "/control/" + command);
        if (!url) {
            answer = url.error();
            co_return;
        }
        http::Request request{.method = "POST", .target = url->target, .body = arguments};
        request.headers.add("Content-Type", "application/json");
        const auto& keys = context.config->server.api_keys;
        if (!keys.empty()) request.headers.add("X-Api-Key", keys.front().reveal());
        http::SendOptions options{.timeout = hand_over_timeout};
        if (tls) options.pinned_file = tls->certificate_file;  // whatever name it is for: it is our own
        auto response = co_await client.send(*url, std::move(request), std::move(options));
        answer = response ? answer_of(*response) : result<std::string>(response.error());
        done = true;
    };
    auto showing = [&]() -> awaitable<void> { co_await show_progress(*world, progress, done); };
    asio::co_spawn(io, work(), [&](std::exception_ptr) { done = true; });
    asio::co_spawn(io, showing(), [](std::exception_ptr) {});
    io.run();
    return answer;
}

/// One life of the daemon under one configuration, from its signals' point of view. One that comes between two lives is
/// the next one's.
class Life {
public:
    Life(const Context& context, DatabaseLock& lock, Process& process)
        : context_(context),
          lock_(lock),
          process_(process),
          log_(make_log(context.config->logging, config::LogLevel::debug)),
          daemon_(*process.world, process.store, *context.config, bentley::Catalog::builtin(), log_,
                  process.key(*context.config)) {
        wait_for_signal();
        daemon_.watch_disk([path = context.config->storage.path] { return disk_space(path); });
    }

    awaitable<void> run() {
        const AtEnd wait_no_more([this] {
            over_ = true;
            process_.signals.cancel();
        });
        std::exception_ptr failure;
        try {
            co_await serve();
        } catch (const std::exception&) {
            failure = std::current_exception();
        }
        if (failure) co_await give_up();
        if (failure) std::rethrow_exception(failure);
        log_.info("daemon.stopped", {});
    }
    /// The configuration to go on with; empty: end.
    std::unique_ptr<config::Config> next;

private:
    awaitable<void> serve() {
        const auto port = daemon_.listen();
        co_await daemon_.start();
        const auto address = with_port(context_.config->server.host, port);
        lock_.publish(address);
        log_.info("daemon.started", {{"version", SYNCD_VERSION},
                                     {"address", address},
                                     {"database", context_.config->storage.path},
                                     {"installations", context_.config->installations.size()}});
        sd_notify(0, "READY=1");
        co_await daemon_.run();
    }
    /// After a failure: that one is thrown, not another one on the way out.
    awaitable<void> give_up() {
        try {
            co_await daemon_.shut_down();
        } catch (const std::exception& broken) {
            log_.error("daemon.broken", {{"error", broken.what()}});
        }
    }
    void wait_for_signal() {
        process_.signals.async_wait([this](error_code cancelled, int signal) {
            if (cancelled) return;
            if (!over_) wait_for_signal();  // it may have come just before the end
            signal == SIGHUP ? reload() : end(signal);
        });
    }
    void end(int signal) {
        next.reset();
        if (std::exchange(process_.ending, true)) return daemon_.cut();
        log_.info("daemon.stopping", {{"signal", signal}});
        daemon_.stop();
    }
    /// Throws what would keep the next life from beginning, while this one can still go on.
    void check(const config::Config& fresh) {
        if (fresh.storage.path != context_.config->storage.path)
            throw Exit{exit_usage, "storage.path can't change while the daemon runs"};
        check_storage_key(fresh, [this] { return process_.world->random(); });
        auto server = fresh.server;
        server.port = 0;  // its own may be ours
        listen_on(*process_.world, server)->close();
    }
    void reload() {
        if (process_.ending) return;
        Context fresh{.config_path = context_.config_path};
        try {
            fresh.load();
            check(*fresh.config);
        } catch (const std::exception& refused) {
            const std::string said = refused.what();
            const auto why = said.empty() ? "its errors stand above" : said;
            log_.error("config.refused", {{"error", why + "; the old configuration goes on"}});
            return;
        }
        next = std::move(fresh.config);
        log_.info("daemon.reloading", {});
        daemon_.stop();
    }

    const Context& context_;
    DatabaseLock& lock_;
    Process& process_;
    Log log_;
    Daemon daemon_;
    bool over_ = false;
};

}  // namespace

boost::json::object execute(const Context& context, const std::string& command, const boost::json::object& arguments,
                            const Progress& progress) {
    const auto text = boost::json::serialize(arguments);
    const auto& path = context.config->storage.path;
    const auto holder = DatabaseLock::holder(path);
    result<std::string> answer = Error{errc::internal, "not run"};
    if (holder) {
        answer = hand_over(context, *holder, command, text, progress);
    } else {
        const auto lock = lock_database(path);
        answer = execute_here(context, command, text, progress);
    }
    if (!answer) throw Exit{exit_of(answer.error().code), answer.error().message};
    return boost::json::parse(*answer).as_object();
}

void run_online(const std::function<awaitable<void>(World& world)>& work) {
    asio::io_context io{1};
    const auto world = make_real_world(io);
    std::exception_ptr failure;
    asio::co_spawn(io, work(*world), [&](std::exception_ptr thrown) { failure = thrown; });
    io.run();
    if (failure) std::rethrow_exception(failure);
}

int run_daemon(Context& context) {
    auto lock = lock_database(context.config->storage.path);
    Process process(*context.config);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) process.signals.add(signal);
    for (std::unique_ptr<config::Config> next, previous;;) {
        std::exception_ptr failure;
        try {
            Life life(context, lock, process);
            process.run(life.run());
            next = std::move(life.next);
        } catch (const std::exception&) {
            failure = std::current_exception();
        }
        if (failure) {  // a configuration taken up by SIGHUP that can't be lived with, such as a port in use
            if (!previous || process.ending) std::rethrow_exception(failure);
            make_log(previous->logging, config::LogLevel::debug)
                .error("config.refused", {{"error", describe(failure) + "; the old configuration goes on"}});
            next = std::move(previous);
            previous = nullptr;
        } else {
            previous = std::move(context.config);
        }
        if (!next) break;
        context.config = std::move(next);  // only now: the life before referred to the old one
    }
    return exit_done;
}

}  // namespace syncd::cli
