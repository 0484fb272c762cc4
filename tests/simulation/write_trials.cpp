// What writes rarely meet by chance, brought about on purpose in some of the worlds that write.
#include "tests/simulation/scenario.hpp"

#include <algorithm>
#include <array>

namespace syncd::simulation {
namespace {

using namespace std::chrono_literals;
using Kind = Event::Kind;

config::WriteObject& written(config::Installation& installation, const std::string& object) {
    const auto found = std::ranges::find(installation.writes, object, &config::WriteObject::object);
    if (found != installation.writes.end()) return *found;
    return installation.writes.emplace_back(
        config::WriteObject{.object = object, .mapped_name = object, .deletes = true});
}

void add_orders(Chance& chance, Scenario& scenario, Kind kind, std::int64_t count, Duration from, Duration until,
                const std::string& object) {
    for (; count > 0; --count)
        scenario.events.push_back({.kind = kind, .at = chance.between(from, until), .length = {}, .object = object});
}

/// Creates whose answers are lost, among many records of others and in lists that lag behind.
void lose_creates(Chance& chance, Scenario& scenario, Faults& faults) {
    for (auto& installation : scenario.config.installations) {
        auto& catalogs = written(installation, "library/catalogs");
        catalogs.marker = true;
        catalogs.retry_unknown = false;
        if (chance.one_in(3)) (void)written(installation, "itwins");
        if (chance.one_in(3)) (void)written(installation, "contextcapture/jobs");
    }
    scenario.others = int(chance.between(0, 9));
    constexpr std::array objects{"library/catalogs", "library/catalogs", "itwins", "contextcapture/jobs"};
    for (auto orders = chance.between(2, 5); orders > 0; --orders)
        add_orders(chance, scenario, Kind::create, 1, 0s, 12min, objects[std::size_t(chance.between(0, 3))]);
    faults.set(Fault::write_lost, 2);
    faults.set(Fault::write_lag, 2);
    faults.set(Fault::write_late, chance.one_in(2) ? 4 : 0);
    faults.set(Fault::write_refused, 0);
    if (chance.one_in(2)) faults.set(Fault::lookup_fails, 0);
    if (chance.one_in(2)) faults.set(Fault::write_removed, 2);
}

/// A key that somebody else's record has had for long; requests that never arrive.
void rival(Chance& chance, Scenario& scenario, Faults& faults) {
    scenario.twin = true;
    for (auto& installation : scenario.config.installations) (void)written(installation, "itwins");
    add_orders(chance, scenario, Kind::create, chance.between(1, 3), 0s, 10min, "itwins");
    faults.set(Fault::write_unheard, 2);
    faults.set(Fault::write_refused, 0);
}

/// Writes that wait while the process is gone for longer than they may.
void outlive_deadlines(Chance& chance, Scenario& scenario) {
    const auto end = chance.between(Duration{1min}, Duration{10min});
    scenario.config.provider.max_concurrent_requests = 1;
    scenario.events.push_back({.kind = Kind::partition_api, .at = end - 40s, .length = 50s, .object = "itwins"});
    add_orders(chance, scenario, Kind::order, chance.between(2, 5), end - 30s, end - 1s, "itwins");
    scenario.endings.insert(scenario.endings.begin(),
                            {.kind = chance.one_in(2) ? Ending::Kind::crash : Ending::Kind::power_cut,
                             .after = end,
                             .down = chance.between(Duration{50min}, Duration{130min})});
}

}  // namespace

void try_writes(std::uint64_t seed, Scenario& scenario, Faults& faults) {
    Chance chance(seed ^ 0x7B1A15ull);
    if (chance.one_in(3)) lose_creates(chance, scenario, faults);
    if (chance.one_in(6)) rival(chance, scenario, faults);
    if (chance.one_in(4)) {
        faults.set(Fault::write_cut, chance.between(2, 5));
        scenario.insists = true;
    }
    if (chance.one_in(4)) faults.set(Fault::write_full, chance.between(1, 4));
    if (chance.one_in(8)) outlive_deadlines(chance, scenario);
    scenario.shares_keys = chance.one_in(2);
}

}  // namespace syncd::simulation
