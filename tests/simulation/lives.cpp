// The lives of the process in a simulated world: how each begins and ends, and the last one, in peace.
#include "tests/simulation/simulated_world.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t requests_max = 160;  // then the world ends: it is to be small
constexpr Duration restart_pause = 20s;     // after a process that ended by itself: a full disk
constexpr Duration stop_tolerance = stop_grace + 2s;
constexpr Duration drain_max = 100h;  // the longest Retry-After is a day
constexpr Duration late_max = 5min;   // no list shows a record later than that
constexpr int healing_reads = 3;      // deletes without an own read take two, held ones one more

}  // namespace

void SimulatedWorld::begin(const config::Config& config) {
    provider_.forget_waits();
    life_ = std::make_unique<Life>(
        Life::Surroundings{machine_, disk_, journal_, scenario_.catalog}, ++lives_, config,
        [this](std::string_view event, std::span<const LogField> fields) { hear(event, fields); });
    command_done_ = true;
    stopping_ = false;
    provider_.begin_life(lives_);
    if (life_->ended()) return;
    look([this](Observer& database) {
        invariants_.check_integrity(database);
        invariants_.check_outbox(database, false);
        invariants_.begin_life(database, lives_);
        if (scenario_.writes) write_invariants_.begin_life(database, lives_);
    });
    if (scenario_.insists && !peace_) insist();
}

/// A life until its ending, or until the world is over.
void SimulatedWorld::live(const Ending* ending) {
    const bool at_write = ending && ending->kind == Ending::Kind::power_cut_at_write;
    if (at_write && faults_.planned(Fault::power_cut)) disk_.cut_after(ending->writes);
    begin(scenario_.config);
    const Tick end = ending && !at_write ? loop_.tick() + ending->after : Tick::max();
    const Tick last = Tick{48h} + scenario_.length;
    loop_.run_until(std::min(end, last), [&] {
        finished_ = finished_ || reads_done() || network_.requests() >= requests_max;
        return life_->ended() || disk_.off() || over() || stop_wanted_;
    });
    finished_ = finished_ || loop_.tick() >= last;
    end_life(ending);
}

void SimulatedWorld::end_life(const Ending* ending) {
    using Kind = Ending::Kind;
    const auto began = loop_.tick();
    check_disk();
    users_.end_life(lives_, undisturbed_since_);
    const bool between = std::exchange(stop_wanted_, false);
    if (disk_.off()) {
        cut_power();
    } else if (life_->ended()) {
        bury();
        loop_.run_until(loop_.tick() + restart_pause, [] { return false; });
    } else if (over() || !ending || between || ending->kind == Kind::stop) {
        if (!over()) (void)faults_.planned(Fault::stop);
        stop_in_peace();
    } else if (ending->kind == Kind::power_cut && faults_.planned(Fault::power_cut)) {
        disk_.cut();
        cut_power();
    } else {
        ++cuts_;
        (void)faults_.planned(Fault::crash);
        journal_.note("crash");
        life_->kill();
        life_.reset();
        disk_.restart();
    }
    for (auto& [name, receiver] : receivers_) receiver->note_trouble(began, loop_.tick());
    if (ending && !over()) loop_.run_until(loop_.tick() + ending->down, [] { return false; });
    undisturbed_since_ = std::max(undisturbed_since_, loop_.tick());
}

void SimulatedWorld::cut_power() {
    ++cuts_;
    journal_.note("power cut");
    life_->kill();
    life_.reset();
    disk_.power_on();
}

/// After a process that ended by itself; the power may still go while its database is being closed.
void SimulatedWorld::bury() {
    life_.reset();
    if (disk_.off()) journal_.note("power cut"), disk_.power_on();
    disk_.restart();
}

void SimulatedWorld::stop_in_peace() {
    const auto told = loop_.tick();
    stopping_ = true;
    life_->stop();
    loop_.run_until(told + 60s, [this] { return life_->ended() || disk_.off(); });
    if (disk_.off()) return cut_power();
    if (!life_->ended() || loop_.tick() - told > stop_tolerance)
        journal_.violate("stop", fmt::format("it took {} to end", format_duration(loop_.tick() - told)));
    if (!life_->ended()) life_->kill();
    if (peace_) look([this](Observer& database) { invariants_.check_operations(database); });
    bury();
}

/// Peace: nothing fails any more, nothing changes. What was read must reach the receivers, and with `heals` the last
/// differences must go.
void SimulatedWorld::settle() {
    journal_.note("peace");
    peace_ = true;
    invariants_.begin_peace();
    finished_ = false;
    faults_.end();
    disk_.set_full(false);
    disk_.fail_reads(0);
    for (auto& [name, receiver] : receivers_) receiver->recover();
    auto config = scenario_.config;
    for (auto& installation : config.installations)
        for (auto& object : installation.objects) object.disabled = !scenario_.heals;
    begin(config);
    if (life_->ended()) return journal_.violate("teardown", "the process can't be started in peace");
    loop_.run_until(loop_.tick() + 1min, [this] { return life_->started(); });
    enable_destinations();
    if (scenario_.access.users) settle_users();
    settle_writes();
    if (scenario_.heals) {
        loop_.run_until(loop_.tick() + late_max, [this] { return journal_.violated(); });
        heal();
    }
    std::int64_t pending = 1;
    const auto end = loop_.tick() + drain_max;
    while (pending > 0 && loop_.tick() < end && !journal_.violated()) {
        loop_.run_until(loop_.tick() + 5s, [] { return false; });
        look([&](Observer& database) { pending = database.open_messages(); });
    }
    if (journal_.violated()) return;
    look([this](Observer& database) {
        invariants_.check_outbox(database, true);
        if (scenario_.writes) write_invariants_.check_end(database);
        if (scenario_.access.notices) notice_invariants_.check_end(database);
        if (scenario_.heals) invariants_.check_healed(database);
        invariants_.check_integrity(database);
    });
    stop_in_peace();
}

/// Every write ends by itself.
void SimulatedWorld::settle_writes() {
    std::int64_t open = scenario_.writes ? 1 : 0;
    const auto end = loop_.tick() + drain_max;
    while (open > 0 && loop_.tick() < end && !journal_.violated()) {
        loop_.run_until(loop_.tick() + 5s, [] { return false; });
        look([&](Observer& database) {
            open = database.open_writes();
            write_invariants_.look(database, std::max(undisturbed_since_, life_->began()));
        });
    }
}

void SimulatedWorld::heal() {
    invariants_.fuse_overruled();
    for (int i = 0; i < healing_reads && !journal_.violated(); ++i) {
        bool done = false, good = false;
        life_->operate(
            [this, &good](Daemon& daemon) -> awaitable<void> {
                const auto report = co_await daemon.sync({.full = true, .drain = Duration{0}});
                good = report && std::ranges::all_of(report->reads, [this](const auto& read) {
                           return read.outcome.success || (read.object == "itwins" && scenario_.rows_max != 0 &&
                                                           provider_.truth("itwins").is_crowded(scenario_.rows_max));
                       });
                for (const auto& installation : scenario_.config.installations)
                    for (const auto& object : installation.objects)
                        co_await daemon.store().decide_held_deletes(installation.id, object.object, true);
            },
            done);
        loop_.run_until(loop_.tick() + 48h, [&] { return done || journal_.violated(); });
        if (!good && !journal_.violated()) journal_.violate("reads-recover", "a full read in peace does not end well");
        if (!done && life_) life_->kill();
    }
}

}  // namespace syncd::simulation
