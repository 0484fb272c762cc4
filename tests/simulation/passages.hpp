// Requests that customers send through the daemon's proxy: as they were meant, as the provider saw and answered them,
// and what came back.
#pragma once

#include "tests/simulation/journal.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/scenario.hpp"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace syncd::simulation {

/// A request on its way through the proxy, and how often the provider got it.
struct Passage {
    std::string installation;
    http::Request asked;  // as it is to reach the provider
    bool rewrites = false, may_ask = true, throttles = false;
    struct Exchange {
        http::Response answer;
        bool reused = false;                // over a connection that had served before
        bool begun = false, ended = false;  // of the answer, what reached the process
    };
    std::vector<Exchange> exchanges{};
};

class Passages {
public:
    Passages(Machine& machine, Journal& journal, const Scenario& scenario, std::uint64_t seed)
        : machine_(machine), journal_(journal), scenario_(scenario), faults_(machine.network.faults()), chance_(seed) {}

    /// A new one; `request` is what the customer sends to the daemon.
    std::size_t begin(const std::string& installation, http::Request& request);
    /// What the provider says to it; `refused`: the token is not good.
    Reply answer(const Arrival& arrival, const std::string& installation, std::optional<Reply> refused);
    /// What the customer has of the answer; `troubled`: something may rightly hinder the daemon.
    void heard(std::size_t number, const Heard& heard, bool troubled);
    /// That came back as the provider answered them; by gateway errors.
    std::int64_t answered() const { return answered_; }
    std::int64_t failed() const { return failed_; }

private:
    void check_request(std::size_t number, const Arrival& arrival, const std::string& installation);
    void check_repetition(std::size_t number, const Arrival& arrival);
    void check_answer(std::size_t number, const Heard& heard);
    void violate(std::size_t number, const std::string& which, const std::string& how);
    std::string some_text(std::int64_t bytes_max);
    http::Response some_answer(std::size_t number);

    Machine& machine_;
    Journal& journal_;
    const Scenario& scenario_;
    Faults& faults_;
    Chance chance_;
    std::deque<Passage> all_;
    std::int64_t answered_ = 0, failed_ = 0;
};

}  // namespace syncd::simulation
