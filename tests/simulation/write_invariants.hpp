// What must be true of writes: the queue against what the provider did, and what was told of it.
#pragma once

#include "tests/simulation/invariants.hpp"
#include "tests/simulation/writer.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace syncd::simulation {

class WriteInvariants {
public:
    WriteInvariants(Machine& machine, Journal& journal, Provider& provider, Receivers& receivers, Writer& writer)
        : machine_(machine), journal_(journal), provider_(provider), receivers_(receivers), writer_(writer) {}

    void begin_life(Observer& database, int life);
    /// A request of it has reached the provider: that it is sent must be on disk.
    void arrived(Observer& database, const std::string& label);
    /// The provider did its work: once, but for those that may be repeated.
    void carried(const std::string& label);
    /// The daemon has accepted it, and must never forget it.
    void accepted(const std::string& operation) { accepted_.insert(operation); }
    /// An attempt has ended.
    void attempted(Observer& database, const std::string& write);
    /// A read has ended that began then: whether it may have left out what was being written.
    bool may_have_left_out(const std::string& object, Tick began) const {
        const auto found = touched_.find(object);
        return found != touched_.end() && found->second >= began;
    }
    /// A read has ended: what was written meanwhile must not be as it was before.
    void after_read(Observer& database, const std::string& installation, const std::string& object);
    /// Looks at all of them; `undisturbed_since`: the process ran and nothing hindered it.
    void look(Observer& database, Tick undisturbed_since);
    /// The operator decided about one whose outcome was unknown: sent again, or given up.
    void decided(const std::string& id, bool retry) {
        decided_.insert(id);
        if (retry) retried_.insert(id);
    }
    /// In the end, in peace, when none is open any more.
    void check_end(Observer& database);
    std::int64_t ended() const { return ended_; }

private:
    struct Known {  // of a write in the database
        const Order* order = nullptr;
        const OrderedWrite* write = nullptr;
        StoredWrite stored;
    };
    /// A record that was written, and must not be seen as it was before.
    struct Watch {
        std::string installation, object, id;
        std::int64_t stored = -1, written = 0;  // revisions; stored: -1 when it was not there
    };

    void refresh(Observer& database);
    const Known* by_label(const std::string& label) const;
    void violate(const Known& known, const std::string& which, const std::string& how);
    void check_ended(const Known& known);
    void check_unknown(const Known& known);
    void check_strangers(const std::set<std::string>& operations);
    bool could_be_found(const Known& known) const;
    bool deleted_by(const std::string& installation, const std::string& object, const std::string& id) const;
    void check_order(const Deeds::Record& record, const std::vector<std::string>& labels);
    void check_batches();
    void check_told(Observer& database);

    Machine& machine_;
    Journal& journal_;
    Provider& provider_;
    Receivers& receivers_;
    Writer& writer_;
    int life_ = 0;
    std::set<std::string> accepted_, retried_, decided_, held_;
    std::set<std::string> restless_;                     // objects of which records are being written
    std::map<std::string, Known> known_;                 // by label
    std::map<std::string, std::vector<Known>> batches_;  // by operation
    std::map<std::string, std::string> final_;           // by write: the status with which it ended
    std::map<std::string, Tick> touched_;                // when a write of the object's records was last in hand
    std::vector<Watch> watches_;
    std::int64_t ended_ = 0;
};

}  // namespace syncd::simulation
