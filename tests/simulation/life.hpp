// One life of the process: a store on the simulated disk and a daemon over it, from start to its end, however that
// comes.
#pragma once

#include "daemon/daemon.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/journal.hpp"
#include "tests/simulation/observer.hpp"

#include <list>
#include <memory>

namespace syncd::simulation {

inline constexpr auto storage_key = "a key for links";

class Life {
public:
    /// Hears every line of the daemon's log once it is noted in the journal.
    using OnLog = std::function<void(std::string_view event, std::span<const LogField> fields)>;

    struct Surroundings {
        Machine& machine;
        Disk& disk;
        Journal& journal;
        const bentley::Catalog& catalog;
    };

    Life(Surroundings around, int number, const config::Config& config, OnLog on_log);
    ~Life();

    /// The database could be opened and the daemon has read its state.
    bool started() const { return started_; }
    bool ended() const { return !running_; }
    Tick began() const { return began_; }
    /// The process is told to end, and does so by itself.
    void stop();
    /// The process is gone: from here on nothing that it does has an effect. Then lets what is left of it end.
    void kill();
    /// Runs a coroutine of the operator's; `done` when it is over.
    void operate(std::function<awaitable<void>(Daemon&)> work, bool& done);

    Daemon& daemon() { return *daemon_; }
    Observer& observer() { return *observer_; }
    int number() const { return world_.life(); }

private:
    awaitable<void> run();

    Surroundings around_;
    SimWorld world_;
    Log log_;
    config::Config config_;
    std::unique_ptr<storage::Store> store_;
    std::unique_ptr<Observer> observer_;
    std::unique_ptr<Daemon> daemon_;
    std::list<std::function<awaitable<void>(Daemon&)>> operations_;  // kept: a coroutine refers to its lambda
    Tick began_;
    bool started_ = false, running_ = false;
};

}  // namespace syncd::simulation
