// What must be true of notifications: told when what they tell of is so, once, and of a connection's health by turns.
#pragma once

#include "tests/simulation/invariants.hpp"

#include <string>
#include <string_view>

namespace syncd::simulation {

class NoticeInvariants {
public:
    NoticeInvariants(Journal& journal, const Scenario& scenario, Receivers& receivers)
        : journal_(journal), scenario_(scenario), receivers_(receivers) {}

    /// One has reached a receiver.
    void arrived(Observer& database, std::string_view body);
    void look(Observer& database);
    /// In the end, in peace, when everything was accepted.
    void check_end(Observer& database);

private:
    void check_turns(Observer& database, const std::string& destination, const std::string& installation);
    void check_backfills(Observer& database, const std::string& destination, bool end);

    Journal& journal_;
    const Scenario& scenario_;
    Receivers& receivers_;
};

}  // namespace syncd::simulation
