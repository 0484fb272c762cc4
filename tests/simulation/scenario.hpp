// What a seed stands for: a configuration, how the provider and the receivers behave, which faults may strike, when the
// process dies. Small on purpose: a long life hides bugs, because the next full read heals them.
#pragma once

#include "config/config.hpp"
#include "connector/bentley/catalog.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/provider.hpp"
#include "tests/simulation/receiver.hpp"

#include <vector>

namespace syncd::simulation {

/// Something that happens once, at a time of its own.
struct Event {
    enum class Kind {
        stir,
        crowd,
        remove_many,
        remove_all,
        partition_api,
        partition_hook,
        outage,
        revoke,
        full_disk,
        bad_reads,
        clock_jump,
        trigger,
        pause,
        order,
        repeat,
        passage,
        withdraw,
        create  // an order of that object
    };
    Kind kind{};
    Duration at{}, length{};
    std::string object;
    std::int64_t count = 0;
    std::string installation{};                // trigger, pause
    std::optional<Duration> since{}, until{};  // trigger: so long ago
};

/// How one life of the process ends.
struct Ending {
    enum class Kind { power_cut_at_write, power_cut, crash, stop } kind{};
    std::int64_t writes = 0;  // power_cut_at_write: after so many operations of the disk
    Duration after{};         // the others: of its life
    Duration down{};          // until the next life begins
};

/// What of the daemon's server and of its users' consent a world has.
struct AccessRules {
    bool writes = false;   // orders come over HTTP
    bool passes = false;   // customers' requests pass through the proxy
    bool users = false;    // connections are of users who sign in
    bool notices = false;  // a destination is told of every event
    bool serves() const { return writes || passes || users; }
};

struct Scenario {
    config::Config config;
    bentley::Catalog catalog;
    ProviderRules provider;
    std::vector<ReceiverRules> receivers;
    std::map<std::string, int> rows_at_first;  // by object
    std::vector<Event> events;
    std::vector<Ending> endings;
    AccessRules access;
    bool writes = false;        // there are orders to write
    bool insists = false;       // customers ask again where the process ended before it answered
    bool shares_keys = false;   // customers of two installations choose the same keys
    bool twin = false;          // somebody else has made what is ordered, long before, with the same key
    int others = 0;             // catalogs of others: lookups have several pages
    bool resolves = false;      // the operator decides about writes whose outcome is unknown
    bool heals = false;         // ends with full reads; else with what the last read left
    int reads = 1;              // of every object, successful ones; then the world ends
    Duration length{};          // at the latest
    std::int64_t rows_max = 0;  // where the provider cuts a list silently; 0: nowhere
};

inline constexpr auto public_url = "http://syncd.test";

enum class Mode { mixed, one_pass };

/// `mode` one_pass: none of the worlds has a read that could heal what went wrong.
Scenario make_scenario(std::uint64_t seed, Mode mode, Faults& faults);
/// What calls the daemon, and whose consent it has; make_scenario() has it done.
void add_access(Scenario& scenario, std::uint64_t seed, Faults& faults);
/// Brings about what writes rarely meet; from a stream of its own.
void try_writes(std::uint64_t seed, Scenario& scenario, Faults& faults);

}  // namespace syncd::simulation
