#include "tests/simulation/simulation.hpp"

#include "tests/simulation/simulated_world.hpp"

#include <algorithm>
#include <numeric>

namespace syncd::simulation {

void Figures::add(const Figures& other) {
    const auto sum = [](auto& mine, auto theirs) { mine += theirs; };
    sum(runs, other.runs), sum(violated, other.violated), sum(lives, other.lives), sum(cuts, other.cuts);
    sum(requests, other.requests), sum(attempts, other.attempts), sum(messages, other.messages);
    sum(repeated, other.repeated), sum(reads, other.reads), sum(compared, other.compared), sum(steps, other.steps);
    sum(calls, other.calls), sum(passed, other.passed), sum(gateway_errors, other.gateway_errors);
    sum(sign_ins, other.sign_ins), sum(consents, other.consents), sum(refreshes, other.refreshes);
    sum(reuses, other.reuses), sum(notices, other.notices);
    bytes_max = std::max(bytes_max, other.bytes_max);
    hours += other.hours;
    for (std::size_t i = 0; i < fault_kinds; ++i) faults[i] += other.faults[i];
}

std::int64_t Figures::total_faults() const { return std::accumulate(faults.begin(), faults.end(), std::int64_t{0}); }

RunResult run_seed(std::uint64_t seed, const RunOptions& options) {
    SimulatedWorld world(seed, options);
    return world.run();
}

}  // namespace syncd::simulation
