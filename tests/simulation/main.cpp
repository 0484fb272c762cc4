// simulation: runs seeds, replays one with its journal, makes a failing one smaller.
#include "tests/simulation/simulation.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <type_traits>

namespace {

using namespace syncd::simulation;

struct Order {
    std::uint64_t seeds = 100, first = 1, seed = 0, minimise = 0;
    std::int64_t minutes = 0;
    int workers = 2;
    bool log = false, one_pass = false, until_violated = false;
    std::string list, program;
};

RunOptions options_of(const Order& order) {
    return {.mode = order.one_pass ? Mode::one_pass : Mode::mixed, .print = order.log};
}

void report(const Order& order, std::uint64_t seed, const RunResult& result) {
    for (const auto& violation : result.violations) fmt::print("seed {}: {}\n", seed, violation);
    if (!result.violations.empty())
        fmt::print("  replay: {} --seed {} --log{}\n", order.program, seed, order.one_pass ? " --one-pass" : "");
    std::fflush(stdout);
}

/// Seeds that once found something, one a line; `#` begins a comment.
std::vector<std::uint64_t> listed_seeds(const std::string& path) {
    std::vector<std::uint64_t> seeds;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);)
        if (const auto seed = std::strtoull(line.c_str(), nullptr, 10); seed != 0) seeds.push_back(seed);
    return seeds;
}

/// One of several processes that share the seeds; writes its figures to `out` as they are in memory.
void work(const Order& order, int worker, int out) {
    static_assert(std::is_trivially_copyable_v<Figures>);
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::minutes{order.minutes};
    const auto kept = listed_seeds(order.list);
    Figures figures;
    const auto run = [&](std::uint64_t seed) {
        const auto result = run_seed(seed, options_of(order));
        report(order, seed, result);
        figures.add(result.figures);
    };
    const auto workers = std::uint64_t(order.workers);
    for (std::size_t i = std::size_t(worker); i < kept.size(); i += workers) run(kept[i]);
    for (std::uint64_t i = std::uint64_t(worker);; i += workers) {
        const bool over = order.minutes > 0 ? Clock::now() >= end : i >= order.seeds;
        if (over || (order.until_violated && figures.violated > 0)) break;
        run(order.first + i);
    }
    if (::write(out, &figures, sizeof figures) != sizeof figures) ::_exit(1);
}

void print_figures(const Figures& all, double seconds) {
    fmt::print(
        "{} seeds in {:.0f} s: {:.0f} simulated hours, {} lives of the process, {} cuts, {} requests, {} reads ({} of "
        "them "
        "compared with the truth), {} messages in {} attempts, {} repeated, {} faults, at most {} KB in use\n",
        all.runs, seconds, all.hours, all.lives, all.cuts, all.requests, all.reads, all.compared, all.messages,
        all.attempts, all.repeated, all.total_faults(), all.bytes_max >> 10);
    fmt::print(
        "{} calls of customers, {} passed through and {} gateway errors; {} consents, {} users connected, {} "
        "refreshes, {} "
        "of them with a used token, {} notifications\n",
        all.calls, all.passed, all.gateway_errors, all.consents, all.sign_ins, all.refreshes, all.reuses, all.notices);
    fmt::print("faults:");
    for (std::size_t i = 0; i < fault_kinds; ++i) fmt::print(" {} {}", to_string(Fault(i)), all.faults[i]);
    fmt::print("\nviolations: {}\n", all.violated);
}

int run_many(const Order& order) {
    const auto began = std::chrono::steady_clock::now();
    int ends[2];
    if (::pipe(ends) != 0) return 1;
    std::fflush(stdout);
    for (int worker = 0; worker < order.workers; ++worker) {
        if (::fork() != 0) continue;
        work(order, worker, ends[1]);
        std::fflush(stdout);
        ::_exit(0);
    }
    ::close(ends[1]);
    Figures all, part;
    int finished = 0;
    for (; ::read(ends[0], &part, sizeof part) == sizeof part; ++finished) all.add(part);
    while (::wait(nullptr) > 0) {
    }
    print_figures(all, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    if (finished < order.workers) fmt::print("a worker crashed: run with --workers 1 to see where\n");
    return all.violated == 0 && finished == order.workers ? 0 : 1;
}

/// The journal of a seed must be the same each time, or a failing seed could not be replayed.
int run_one(const Order& order) {
    auto options = options_of(order);
    const auto result = run_seed(order.seed, options);
    options.print = false;
    const bool same = run_seed(order.seed, options).hash == result.hash;
    report(order, order.seed, result);
    fmt::print("seed {}: journal {:016x}{}\n", order.seed, result.hash, same ? "" : ", another at the second run");
    return same && result.violations.empty() ? 0 : 1;
}

/// Leaves out kinds of faults, then the last faults, as long as something still breaks.
int minimise(const Order& order) {
    auto options = options_of(order);
    options.print = false;
    const auto fails = [&](const RunOptions& tried) { return !run_seed(order.minimise, tried).violations.empty(); };
    if (!fails(options)) {
        fmt::print("seed {} breaks nothing\n", order.minimise);
        return 1;
    }
    for (std::size_t i = 0; i < fault_kinds; ++i) {
        options.forbidden.push_back(Fault(i));
        if (!fails(options)) options.forbidden.pop_back();
    }
    options.faults_max = run_seed(order.minimise, options).figures.total_faults();
    for (std::int64_t step = options.faults_max; step > 0; step /= 2) {
        while (options.faults_max >= step) {
            options.faults_max -= step;
            if (fails(options)) continue;
            options.faults_max += step;
            break;
        }
    }
    options.print = order.log;
    const auto result = run_seed(order.minimise, options);
    fmt::print("seed {} still breaks with {} faults:", order.minimise, result.figures.total_faults());
    for (std::size_t i = 0; i < fault_kinds; ++i)
        if (result.figures.faults[i] > 0) fmt::print(" {} {}", to_string(Fault(i)), result.figures.faults[i]);
    fmt::print("\n");
    report(order, order.minimise, result);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Order order{.program = argv[0]};
    CLI::App app("Runs the daemon in simulated worlds, one a seed.", "simulation");
    app.add_option("--seeds", order.seeds, "How many")->capture_default_str();
    app.add_option("--first", order.first, "The first one")->capture_default_str();
    app.add_option("--minutes", order.minutes, "Run so long instead of so many");
    app.add_option("--workers", order.workers, "Processes")->capture_default_str();
    app.add_option("--list", order.list, "File of seeds to run before the others");
    app.add_option("--seed", order.seed, "Run this one, twice, and compare");
    app.add_flag("--log", order.log, "Print the journal");
    app.add_option("--minimise", order.minimise, "Find fewer faults with which this seed still fails");
    app.add_flag("--one-pass", order.one_pass, "Only worlds in which no later read can heal anything");
    app.add_flag("--until-violated", order.until_violated, "Stop at the first violation");
    CLI11_PARSE(app, argc, argv);
    if (order.minimise != 0) return minimise(order);
    return order.seed != 0 ? run_one(order) : run_many(order);
}
