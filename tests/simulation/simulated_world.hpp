// A world from one seed: provider, receivers, machine and disk, the lives of the process in it, and all that befalls
// them.
#pragma once

#include "tests/simulation/disk.hpp"
#include "tests/simulation/invariants.hpp"
#include "tests/simulation/life.hpp"
#include "tests/simulation/notice_invariants.hpp"
#include "tests/simulation/passages.hpp"
#include "tests/simulation/sign_in.hpp"
#include "tests/simulation/simulation.hpp"
#include "tests/simulation/write_invariants.hpp"

#include <deque>

namespace syncd::simulation {

class SimulatedWorld {
public:
    SimulatedWorld(std::uint64_t seed, const RunOptions& options);
    /// From the first life to the end in peace.
    RunResult run();

private:
    void build_world();
    void schedule(const Event& event);
    void strike(const Event& event);
    void every_minute();
    void enable_destinations();
    void trigger(const Event& event);
    /// Has it written, or asks again; `other`: for something else under its key.
    void send(Order* order, bool other);
    void build_access();
    void pass(const std::string& installation);
    /// Looks for secrets on the disk, byte for byte.
    void check_disk();
    void build_users();
    void tend(const std::string& installation, Duration after, int visits);
    void sign_in(const std::string& installation, SignIns::Done done);
    std::optional<Users::Place> stored_tokens(Observer& database, const std::string& installation);
    void look_at_tokens(const std::string& access_token);
    void check_connected(const std::string& installation);
    void settle_users();
    void call_to_write(Order* order, bool other, int tries);
    /// What may befall a write as the provider carries it out.
    void carried(const std::string& label);
    void insist();
    void fill_disk(Duration length);
    void resolve_unknown();
    void settle_writes();
    void settle_pauses();
    /// Whether there is a daemon that takes commands.
    bool takes_commands() const { return life_ && life_->started() && !life_->ended() && !stopping_ && !disk_.off(); }
    void hear(std::string_view event, std::span<const LogField> fields);
    void after_read(std::span<const LogField> fields);
    template <class Check>
    void look(Check check);

    void live(const Ending* ending);
    void begin(const config::Config& config);
    void end_life(const Ending* ending);
    void stop_in_peace();
    void cut_power();
    void bury();
    void settle();
    void heal();
    bool over() const { return finished_ || journal_.violated(); }
    bool reads_done() const;
    void trouble(Duration length);
    Figures figures(Duration ran, std::int64_t bytes) const;

    Loop loop_;
    Faults faults_;
    Network network_;
    Machine machine_;
    Disk disk_;
    Journal journal_;
    Chance chance_;
    Chance access_chance_;  // of its own: what is read and what befalls it is the same with customers and without
    Scenario scenario_;
    Provider provider_;
    Receivers receivers_;
    Invariants invariants_;
    Writer writer_;
    WriteInvariants write_invariants_;
    NoticeInvariants notice_invariants_;
    Passages passages_;
    Users users_;
    SignIns sign_ins_;
    std::unique_ptr<Life> life_;
    std::map<std::pair<std::string, std::string>, int> reads_;  // that ended well
    Tick undisturbed_since_{};
    bool finished_ = false, peace_ = false, stopping_ = false, command_done_ = true;
    bool stop_wanted_ = false;  // in the middle of something
    struct Wish {
        bool paused = false, is = false;
        int asked_in_life = 0;
    };
    std::map<Invariants::Key, Wish> pauses_;
    std::deque<bool> commands_;  // whether they are done
    int lives_ = 0;
    std::int64_t cuts_ = 0, bytes_max_ = 0, reads_total_ = 0;
};

/// Lets a check look into the database, if there is one to look into; the disk's faults are not meant for it.
template <class Check>
void SimulatedWorld::look(Check check) {
    if (!life_ || disk_.off()) return;
    const auto failing = disk_.fail_reads(0);
    check(life_->observer());
    disk_.fail_reads(failing);
}

}  // namespace syncd::simulation
