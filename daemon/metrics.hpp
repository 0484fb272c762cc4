// What this process has counted since it began: the part of /metrics that no table knows.
#pragma once

#include "config/core/time.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace syncd {

/// Durations by length.
struct Histogram {
    static constexpr std::array<double, 9> bounds = {0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15};  // seconds, upper ends
    std::array<std::int64_t, bounds.size() + 1> counts{};  // the last one: longer than all bounds
    double sum_seconds = 0;

    void add(Duration duration);
};

/// Attempts of one destination.
struct AttemptCounts {
    std::map<std::string_view, std::int64_t> by_result;  // delivered, retry, dead, held
    Histogram durations;
};

/// Reads of one object of one installation.
struct ReadCounts {
    std::int64_t success = 0, failure = 0;
    std::int64_t creates = 0, updates = 0, deletes = 0;  // records
};

struct Metrics {
    std::map<std::pair<std::string, std::string>, ReadCounts> reads;  // by installation and object
};

}  // namespace syncd
