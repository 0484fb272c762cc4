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

/// What the daemon's log says of a read that has ended.
struct FinishedRead {
    std::string installation, object, operation, type, status, result;
    Tick began;
};

class Invariants {
public:
    using Key = Readings::Key;

    Invariants(Machine& machine, Journal& journal, const Scenario& scenario, Provider& provider, Receivers& receivers)
        : machine_(machine), journal_(journal), scenario_(scenario), provider_(provider), receivers_(receivers) {}

    /// A life begins: tells the provider where a cut backfill must go on.
    void begin_life(Observer& database, int life);
    /// A read has ended: if well, the database must hold what the provider showed.
    void after_read(Observer& database, const FinishedRead& finished);
    /// A read ended without being able to say so; of a triggered one the log names no object.
    void read_broke(Observer& database, const Key& key);
    /// A triggered read was accepted, or refused because another one waits; `several` were asked for in one moment.
    void after_trigger(Observer& database, const Key& key, const result<std::string>& answer, bool several);
    /// An object was paused, or is read again.
    void after_pause(const Key& key, bool paused);
    /// From now on nobody knows whether it is paused.
    void doubt_pause(const Key& key) { pauses_[key].in_doubt = true; }
    /// From now on the operator has everything read, paused or not.
    void begin_peace() { peace_ = true; }
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
    /// The operator has confirmed held deletes: the fuse says nothing about them.
    void fuse_overruled() { fuse_overruled_ = true; }
    std::int64_t compared() const { return compared_; }

private:
    using Records = std::map<std::string, StoredRecord>;
    struct Read {
        Key key;
        std::string type;
        const config::ReadObject& settings;
        const bentley::ReadFacts& facts;
        Timestamp began;
        bool full = false;  // every record was asked for, though the list can be narrowed by time
    };
    /// The chains of one iTwin's slices.
    struct Group {
        std::vector<const Chain*> chains;
        bool undisturbed = true;  // nothing changed since the first of them began
    };
    using Groups = std::map<std::string, Group>;  // by iTwin
    /// Since a query's last full read.
    struct Baseline {
        bool clean = false;  // no read of it was disturbed
        std::int64_t quiet_moves = 0;
    };
    struct Pause {
        bool is = false, in_doubt = false;
        Tick from{}, to{};
    };

    const config::ReadObject* settings(const std::string& installation, const std::string& object) const;
    const bentley::ReadFacts& facts(const std::string& object) const;
    std::int64_t mutations(const std::string& object) { return provider_.truth(object).mutations(machine_.true_now()); }

    // Of one read
    Groups groups_of(const Read& read, const Reading& reading, const std::vector<StoredQuery>& queries);
    void check_complete(const Read& read, const Reading& reading, const std::vector<StoredQuery>& queries);
    void check_queries(const Read& read, Observer& database, const std::vector<StoredQuery>& queries);
    void check_others_read(const Read& read, const Reading& reading, const std::string& result,
                           const std::vector<StoredQuery>& queries, const Records& records);
    std::vector<const Row*> listed(const Read& read, const ListQuery& query) const;
    bool check_shown(const Read& read, const ListQuery& query, const Records& records);
    void check_behind_cursor(const Read& read, const std::string& itwin_id, const Group& group,
                             std::optional<Timestamp> since, const Records& records);
    void disturb(const Key& key, const Reading& reading);
    void check_open_jobs(const Read& read, const Reading& reading, const Records& records);
    void check_leftover(const Read& read, const Records& records);
    void check_fuse(const Read& read, const Reading& reading, const Records& records);
    void check_deletes(const Read& read, const Records& records);
    void check_triggered(const Read& read, const Groups& groups, Observer& database, const std::string& operation,
                         const Records& records);
    /// Whether rows are made that can't be told apart by the second of their creation.
    bool crowds() const;
    void check_bearings(const Read& read, const Bearings& now);
    void check_pause(const FinishedRead& finished);
    void check_full_is_due(const Read& read, const StoredObject& stored);
    void check_endings(Observer& database);

    void check_told(Observer& database, const std::string& installation, const config::ReadObject& object,
                    bool all_delivered);
    void check_due(const StoredObject& stored, const config::ReadObject& object);

    Machine& machine_;
    Journal& journal_;
    const Scenario& scenario_;
    Provider& provider_;
    Receivers& receivers_;
    int life_ = 0, broken_life_ = 0;              // broken: in which the end of a triggered read could not be stored
    std::map<Key, Bearings> bearings_;            // when its last read ended
    std::map<std::string, int> triggered_;        // accepted operations, and in which life
    std::map<std::string, std::string> endings_;  // status of operations that have ended
    std::map<Key, std::map<std::string, Baseline>> baselines_;  // by iTwin
    std::map<Key, std::set<std::string>> missing_once_;         // when its last read ended well
    std::map<Key, std::pair<int, Tick>> refusals_;  // reads refused in a row; until then it is not tried again
    std::map<Key, Pause> pauses_;
    bool fuse_overruled_ = false, peace_ = false;
    std::int64_t compared_ = 0;
};

}  // namespace syncd::simulation
