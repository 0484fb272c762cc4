// One simulated world from one seed: its lives, its cuts, its end, and what was seen broken in it.
#pragma once

#include "tests/simulation/faults.hpp"
#include "tests/simulation/scenario.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syncd::simulation {

struct RunOptions {
    Mode mode = Mode::mixed;
    bool print = false;            // the journal, to standard output
    std::vector<Fault> forbidden;  // for the minimiser
    std::int64_t faults_max = INT64_MAX;
};

/// Counted over one run or many.
struct Figures {
    std::int64_t runs = 0, violated = 0, lives = 0, cuts = 0, requests = 0, attempts = 0, messages = 0, repeated = 0,
                 reads = 0, compared = 0, steps = 0, bytes_max = 0;
    // Of the daemon's customers and users.
    std::int64_t calls = 0, passed = 0, gateway_errors = 0, sign_ins = 0, consents = 0, refreshes = 0, reuses = 0,
                 notices = 0;
    double hours = 0;
    Faults::Counts faults{};
    void add(const Figures& other);
    std::int64_t total_faults() const;
};

struct RunResult {
    std::uint64_t hash = 0;  // of all that happened
    std::vector<std::string> violations;
    Figures figures;
};

RunResult run_seed(std::uint64_t seed, const RunOptions& options);

}  // namespace syncd::simulation
