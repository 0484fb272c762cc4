#include "connector/http/retry.hpp"

#include <algorithm>

namespace syncd::http {
namespace {

constexpr Duration first_wait = std::chrono::seconds{1};
constexpr Duration longest_wait = std::chrono::seconds{60};
constexpr Duration limited_wait =
    std::chrono::seconds{2};  // 429 without a usable Retry-After, as the vendor's client does

Duration backoff(int attempt, std::uint64_t random) {
    const int doublings = std::clamp(attempt - 1, 0, 6);
    const auto ceiling = std::min(longest_wait, first_wait * (1 << doublings));
    return Duration{std::int64_t(random % std::uint64_t(ceiling.count()))};
}

}  // namespace

std::optional<Duration> retry_wait(const Error& failure, int attempt, int limited, std::uint64_t random) {
    const bool is_limited = failure.code == errc::rate_limited;
    const bool again = is_limited || failure.code == errc::transient || failure.code == errc::timed_out;
    if (!again || (!is_limited && attempt >= attempts_max)) return std::nullopt;
    const auto jitter = backoff(is_limited ? limited : attempt, random);
    if (failure.retry_after) {
        const Duration asked =
            std::min(*failure.retry_after, std::chrono::floor<std::chrono::seconds>(retry_after_max));
        return asked + (is_limited ? std::min(jitter, first_wait) : jitter);
    }
    return is_limited ? limited_wait + jitter : jitter;
}

}  // namespace syncd::http
