// What happened in a run, line by line: hashed, so that two runs can be compared, and printed when asked; and the
// promises that were seen broken.
#pragma once

#include "config/core/log.hpp"
#include "tests/simulation/sim_world.hpp"

#include <string>
#include <vector>

namespace syncd::simulation {

class Journal {
public:
    Journal(const Machine& machine, bool print) : machine_(machine), print_(print) {}

    void note(const std::string& line);
    /// A promise is broken: `which` is its name in tests/README.md.
    void violate(const std::string& which, const std::string& how);
    bool violated() const { return !violations_.empty(); }
    const std::vector<std::string>& violations() const { return violations_; }
    std::uint64_t hash() const { return hash_; }

private:
    const Machine& machine_;
    bool print_;
    std::uint64_t hash_ = 0xCBF29CE484222325ull;
    std::vector<std::string> violations_;
};

}  // namespace syncd::simulation
