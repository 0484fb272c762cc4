// What must be true, checked as a run goes and at its end: the database against the provider's truth, what receivers
// were told against the database, schedules, operations, the fuse.
#pragma once

#include "tests/simulation/journal.hpp"
#include "tests/simulation/observer.hpp"
#include "tests/simulation/provider.hpp"
#include "tests/simulation/receiver.hpp"
#include "tests/simulation/scenario.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace syncd::simulation {

using Receivers = std::map<std::string, std::unique_ptr<Receiver>>;  // by destination

class Invariants {
public:
    Invariants(Machine& machine, Journal& journal, const Scenario& scenario, Provider& provider, Receivers& receivers)
        : machine_(machine), journal_(journal), scenario_(scenario), provider_(provider), receivers_(receivers) {}

    /// A read has ended well: the database must hold what the provider showed.
    void after_read(Observer& database, const std::string& installation, const std::string& object,
                    const std::string& operation);
    /// What each receiver took, and after it what still waits for it, must give what the database shows.
    void check_outbox(Observer& database, bool all_delivered);
    /// One read at a time, and none that is due is forgotten. `undisturbed_since`: the process ran and nothing hindered
    /// it.
    void check_schedules(Observer& database, Tick undisturbed_since);
    /// At the end of a process that ended by itself: every operation has a status and a reason.
    void check_operations(Observer& database);
    /// After full reads in peace: database and provider agree.
    void check_healed(Observer& database);
    void check_integrity(Observer& database);
    /// Tells the provider where a cut backfill must go on.
    void expect_resumes(Observer& database);
    /// The operator has confirmed held deletes: the fuse says nothing about them.
    void fuse_overruled() { fuse_overruled_ = true; }
    std::int64_t compared() const { return compared_; }

private:
    using Records = std::map<std::string, StoredRecord>;
    struct Read {
        std::string installation, object, type;
        const config::ReadObject& settings;
        const bentley::ReadFacts& facts;
        Timestamp began;
    };

    const config::ReadObject* settings(const std::string& installation, const std::string& object) const;
    const bentley::ReadFacts& facts(const std::string& object) const;
    std::vector<const Row*> listed(const Read& read, const Chain& chain) const;
    void check_shown(const Read& read, const Chain& chain, const Records& records);
    void check_cursor(const Read& read, Observer& database, const Records& records);
    void check_leftover(const Read& read, const Records& records);
    void check_fuse(const Read& read, const Chain& chain, const Records& records);
    void check_deletes(const std::string& installation, const std::string& object, const Records& records);
    void check_told(Observer& database, const std::string& installation, const config::ReadObject& object,
                    bool all_delivered);
    void check_due(const StoredObject& stored, const config::ReadObject& object);

    Machine& machine_;
    Journal& journal_;
    const Scenario& scenario_;
    Provider& provider_;
    Receivers& receivers_;
    bool fuse_overruled_ = false;
    std::int64_t compared_ = 0;
};

}  // namespace syncd::simulation
