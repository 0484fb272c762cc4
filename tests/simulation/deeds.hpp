// What the provider saw and did of the writes that were asked of it. Every write carries a label of its own in its
// record ("w-12"); a delete is known by its record, which is deleted by no other.
#pragma once

#include "tests/simulation/loop.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace syncd::simulation {

/// Two looks, 30 s after the answer was lost and 30 s after that, find what lists show by then.
inline constexpr Duration looks_reach = std::chrono::seconds{58};

struct Deed {
    std::string object, record_id;  // record_id: the last that it made or changed
    std::int64_t arrivals = 0;      // requests
    std::int64_t carried = 0;       // how often its work was done
    std::int64_t revision = 0;      // of the record after that
    bool missed = false;            // a delete or update that found no record
    Tick sent_at{};                 // the last request
    Duration hidden{};              // how long after that lists did not show what it made
    // When the process had the whole answer that it was done, and which life that was.
    std::optional<Tick> heard_at{};
    int heard_in_life = 0;
};

struct Deeds {
    using Record = std::pair<std::string, std::string>;  // object, id

    std::map<std::string, Deed> by_label;
    std::map<Record, std::vector<std::string>> of_record;  // labels in the order in which they were carried out
    std::map<Record, std::string> deletes;                 // label of the record's delete
    std::set<std::string> paid;                            // labels of those that start paid work
};

/// The label in a body: of a record that is sent whole the latest. Empty: none.
std::string label_in(const std::string& body);

}  // namespace syncd::simulation
