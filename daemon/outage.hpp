// How long writes wait for a connection that fails, and that one at a time tries it. Pure.
#pragma once

#include "config/core/error.hpp"
#include "config/core/time.hpp"

#include <algorithm>

namespace syncd {

class Outage {
public:
    /// A request could not be sent, or was refused. Whether the pause begins or gets longer by that: what was under way
    /// when it began says nothing new.
    bool fail(const Error& error, Tick now) {
        if (now < until_) return false;
        const bool refused = error.code == errc::unauthorized;
        const Duration grown = (refused ? first_pause_refused : first_pause) * (1 << std::min(failures_++, 10));
        // Nobody asks for a token before then.
        const bool known = !error.sent && refused && error.retry_after;
        until_ = now + std::min(refused ? longest_pause_refused : longest_pause, known ? *error.retry_after : grown);
        return true;
    }
    /// The connection works. Whether it did not before.
    bool end() {
        const bool lasted = lasts();
        *this = {};
        return lasted;
    }
    bool lasts() const { return failures_ > 0; }
    /// Until one write may try; zero: now.
    Duration left(Tick now) const { return std::max<Duration>(until_ - now, Duration::zero()); }

private:
    static constexpr Duration first_pause = std::chrono::seconds{1}, longest_pause = std::chrono::minutes{1};
    static constexpr Duration first_pause_refused = std::chrono::seconds{15};
    static constexpr Duration longest_pause_refused = std::chrono::minutes{15};
    int failures_ = 0;  // in a row
    Tick until_{};
};

}  // namespace syncd
