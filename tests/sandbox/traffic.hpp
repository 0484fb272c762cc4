// What callers did: counted for assertions about paging, budgets and tokens that went astray.
#pragma once

#include "config/core/time.hpp"
#include "tests/sandbox/call.hpp"
#include "tests/sandbox/objects.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

namespace syncd::sandbox {

/// How many events fell into a sliding window, now and at most.
class SlidingCount {
public:
    SlidingCount(Duration window, Duration grain) : window_(window), grain_(grain) {}
    void add(Tick now);
    std::uint64_t current(Tick now);
    std::uint64_t max() const { return max_; }
    /// When the oldest event leaves; zero when there is none.
    Duration until_free(Tick now) const;

private:
    void expire(Tick now);

    Duration window_, grain_;
    std::deque<std::pair<Tick, std::uint64_t>> slots_;
    std::uint64_t sum_ = 0, max_ = 0;
};

class Traffic {
public:
    /// A request to the API; `row` is the object, if any; `astray`: a token of ours went where it should not.
    void note(Tick now, const Call& call, const ObjectRow* row, bool astray);
    void note_status(int status) { ++statuses_[status]; }
    void note_token_astray() { ++tokens_astray_; }
    void enter() { in_flight_max_ = std::max(in_flight_max_, ++in_flight_); }
    void leave() { --in_flight_; }

    /// 0: no limit. A limit makes the provider answer 429.
    void set_limits(std::uint64_t per_minute, std::uint64_t per_hour);
    /// Seconds to wait when a limit is reached.
    std::optional<std::int64_t> over_limit(Tick now);

    /// Members of a JSON object, without the braces.
    std::string describe() const;
    void reset();

private:
    using Counts = std::map<std::string, std::uint64_t>;

    Counts paths_, max_returns_, prefers_, unknown_parameters_, tops_;
    std::map<int, std::uint64_t> statuses_;
    std::uint64_t total_ = 0, tokens_astray_ = 0, without_accept_ = 0, in_flight_ = 0, in_flight_max_ = 0;
    std::uint64_t per_minute_ = 0, per_hour_ = 0;
    SlidingCount minute_{std::chrono::minutes{1}, std::chrono::milliseconds{1}};
    SlidingCount hour_{std::chrono::hours{1}, std::chrono::seconds{1}};
};

}  // namespace syncd::sandbox
