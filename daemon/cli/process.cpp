#include "daemon/cli/process.hpp"

#include "connector/world/real_world.hpp"
#include "daemon/commands.hpp"
#include "daemon/daemon.hpp"
#include "daemon/key_file.hpp"
#include "daemon/lock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <csignal>

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
        if (config.storage.encryption_key) return *config.storage.encryption_key;
        return load_or_make_key(config.storage.path, [this] { return world->random(); });
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
    std::unique_ptr<World> world;
    storage::Store store;
};

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
    boost::asio::signal_set signals(process.io, SIGTERM, SIGINT);
    Timer grace(*process.world);
    std::function<void(boost::system::error_code, int)> on_signal = [&](boost::system::error_code cancelled, int) {
        if (cancelled) return;
        signals.async_wait(on_signal);
        daemon.stop();  // a second signal cuts what is in flight, and so does the end of the grace time
        grace.async_wait(stop_grace, [&](error_code ended) {
            if (!ended) daemon.stop();
        });
    };
    signals.async_wait(on_signal);
    auto work = [&]() -> awaitable<void> {
        co_await daemon.start();
        answer = co_await run_command(daemon, command, arguments);
        done = true;
        co_await daemon.shut_down();
        signals.cancel();
        grace.cancel();
    };
    auto showing = [&]() -> awaitable<void> { co_await show_progress(*process.world, progress, done); };
    asio::co_spawn(process.io, showing(), [](std::exception_ptr) {});
    process.run(work());
    return answer;
}

result<std::string> answer_of(const http::Response& response) {
    if (response.status == 200) return response.body;
    const bool known = bool(json::validate(response.body));
    const auto detail = known ? json::find(response.body, "detail") : std::nullopt;
    const auto text = detail ? json::as_string(*detail).value_or("") : fmt::format("HTTP {}", response.status);
    return Error{response.status == 400 ? errc::invalid_input : errc::refused, text};
}

result<std::string> hand_over(const Context& context, const Holder& holder, const std::string& command,
                              const std::string& arguments, const Progress& progress) {
    if (holder.address.empty())
        return Error{errc::refused, fmt::format("{} is in use by process {}, which takes no commands: wait until it ends",
                                                context.config->storage.path, holder.pid)};
    asio::io_context io{1};
    const auto world = make_real_world(io);
    http::Client client(*world);
    result<std::string> answer = Error{errc::internal, "not run"};
    bool done = false;
    auto work = [&]() -> awaitable<void> {
        auto url = http::parse_url("http://" + holder.address + "/control/" + command);
        if (!url) {
            answer = url.error();
            co_return;
        }
        http::Request request{.method = "POST", .target = url->target, .body = arguments};
        request.headers.add("Content-Type", "application/json");
        const auto& keys = context.config->server.api_keys;
        if (!keys.empty()) request.headers.add("X-Api-Key", keys.front().reveal());
        auto response = co_await client.send(*url, std::move(request), {.timeout = hand_over_timeout});
        answer = response ? answer_of(*response) : result<std::string>(response.error());
        done = true;
    };
    auto showing = [&]() -> awaitable<void> { co_await show_progress(*world, progress, done); };
    asio::co_spawn(io, work(), [&](std::exception_ptr) { done = true; });
    asio::co_spawn(io, showing(), [](std::exception_ptr) {});
    io.run();
    return answer;
}

/// One life of the daemon under one configuration; true when it ended to take up another, which is then in `replacement`.
bool live(const Context& context, DatabaseLock& lock, Process& process, std::unique_ptr<config::Config>& replacement) {
    const auto log = make_log(context.config->logging, config::LogLevel::debug);
    Daemon daemon(*process.world, process.store, *context.config, bentley::Catalog::builtin(), log,
                  process.key(*context.config));
    std::unique_ptr<config::Config> next;
    boost::asio::signal_set signals(process.io, SIGTERM, SIGINT, SIGHUP);
    std::function<void(boost::system::error_code, int)> on_signal = [&](boost::system::error_code cancelled, int signal) {
        if (cancelled) return;
        signals.async_wait(on_signal);
        if (signal == SIGHUP) {
            Context fresh{.config_path = context.config_path};
            try {
                fresh.load();
                if (fresh.config->storage.path != context.config->storage.path)
                    throw Exit{exit_usage, "storage.path can't change while the daemon runs"};
            } catch (const Exit& refused) {
                log.error("config.refused", {{"error", refused.message.empty() ? "see above; the old one goes on" : refused.message}});
                return;
            }
            next = std::move(fresh.config);
        }
        log.info(signal == SIGHUP ? "daemon.reloading" : "daemon.stopping", {{"signal", signal}});
        daemon.stop();
    };
    signals.async_wait(on_signal);
    auto work = [&]() -> awaitable<void> {
        const auto port = daemon.listen();
        co_await daemon.start();
        const auto& host = context.config->server.host;
        const auto address = fmt::format("{}:{}", host.find(':') == std::string::npos ? host : "[" + host + "]", port);
        lock.publish(address);
        log.info("daemon.started", {{"version", SYNCD_VERSION},
                                    {"address", address},
                                    {"database", context.config->storage.path},
                                    {"installations", context.config->installations.size()}});
        sd_notify(0, "READY=1");
        co_await daemon.run();
        signals.cancel();
    };
    process.run(work());
    log.info("daemon.stopped", {});
    if (!next) return false;
    replacement = std::move(next);
    return true;
}

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

int run_daemon(Context& context) {
    auto lock = lock_database(context.config->storage.path);
    Process process(*context.config);
    for (std::unique_ptr<config::Config> replacement; live(context, lock, process, replacement);)
        context.config = std::move(replacement);
    return exit_done;
}

}  // namespace syncd::cli
