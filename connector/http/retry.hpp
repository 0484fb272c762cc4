// When to try a request again. Pure.
#pragma once

#include "config/core/error.hpp"
#include "config/core/time.hpp"

#include <cstdint>
#include <optional>

namespace syncd::http {

inline constexpr int attempts_max = 6;                               // of one request; 429 does not count
inline constexpr Duration retry_after_max = std::chrono::hours{24};  // a longer wait is not obeyed but cut to this

/// How long to wait before the next attempt; empty: give up. `attempt` counts from 1, those that ended in 429 left out;
/// `limited` counts those. Full jitter: a uniform draw below 1 s, 2 s, 4 s … 60 s. A Retry-After is a lower bound.
std::optional<Duration> retry_wait(const Error& failure, int attempt, int limited, std::uint64_t random);

}  // namespace syncd::http
