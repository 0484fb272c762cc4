#include "tests/simulation/life.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace syncd::simulation {
namespace {

constexpr Duration teardown_max = std::chrono::hours{30};  // virtual: longer than any wait that is not cut

}  // namespace

Life::Life(Surroundings around, int number, const config::Config& config, OnLog on_log)
    : around_(around),
      world_(around.machine, number),
      log_([this, on_log = std::move(on_log)](Level, std::string_view event, std::span<const LogField> fields) {
          around_.journal.note("daemon " + format_text(event, fields));
          if (on_log) on_log(event, fields);
      }),
      config_(config),
      began_(around.machine.loop.tick()) {
    around_.journal.note(fmt::format("life {} begins", number));
    try {
        const storage::StoreOptions options{.path = config_.storage.path, .vfs = around_.disk.vfs()};
        store_ = std::make_unique<storage::Store>(options, world_.executor());
        observer_ = std::make_unique<Observer>(around_.disk, config_.storage.path);
    } catch (const std::exception& failure) {
        around_.journal.note(fmt::format("the process ends: {}", failure.what()));
        return;
    }
    daemon_ = std::make_unique<Daemon>(world_, *store_, config_, around_.catalog, log_, Secret(storage_key));
    if (!config_.server.api_keys.empty()) daemon_->listen();
    running_ = true;
    asio::co_spawn(world_.executor(), run(), [this](std::exception_ptr failure) {
        if (failure) around_.journal.note("the process ends: " + describe(failure));
        running_ = false;
    });
}

awaitable<void> Life::run() {
    co_await daemon_->start();
    started_ = true;
    co_await daemon_->run();
}

void Life::stop() {
    around_.journal.note("SIGTERM");
    asio::post(world_.executor(), [this] { daemon_->stop(); });
}

void Life::kill() {
    world_.kill();
    around_.disk.cut();
    // From within the loop, as a signal handler of production would: a cancellation is passed on inline only there.
    if (running_) asio::post(world_.executor(), [this] { daemon_->cut(); });
    auto& loop = around_.machine.loop;
    loop.run_until(loop.tick() + teardown_max, [this] { return !running_; });
    if (running_) around_.journal.violate("teardown", "the daemon does not end");
}

void Life::operate(std::function<awaitable<void>(Daemon&)> work, bool& done) {
    operations_.push_back(std::move(work));
    done = false;
    asio::co_spawn(world_.executor(), operations_.back()(*daemon_), [this, &done](std::exception_ptr failure) {
        if (failure) around_.journal.note("the operator's command fails: " + describe(failure));
        done = true;
    });
}

Life::~Life() {
    auto& loop = around_.machine.loop;
    const auto settle = [&loop] { loop.run_until(loop.tick(), [] { return false; }); };
    settle();
    daemon_.reset();
    settle();
    observer_.reset();
    store_.reset();
    settle();
}

}  // namespace syncd::simulation
