#include "connector/http/retry.hpp"

#include <gtest/gtest.h>

namespace syncd::http {
namespace {

using namespace std::chrono_literals;

std::optional<Duration> wait(errc code, int attempt = 1, int limited = 0, std::uint64_t random = 0,
                             std::optional<std::chrono::seconds> retry_after = {}) {
    const Error failure{.code = code, .message = "x", .retry_after = retry_after};
    return retry_wait(failure, attempt, limited, random);
}

TEST(Retry, OnlyWhatMayPassIsTriedAgain) {
    const struct {
        errc code;
        bool again;
    } table[] = {{errc::transient, true},     {errc::timed_out, true},      {errc::rate_limited, true},
                 {errc::unauthorized, false}, {errc::forbidden, false},     {errc::not_found, false},
                 {errc::too_large, false},    {errc::unprocessable, false}, {errc::refused, false},
                 {errc::invalid_body, false}, {errc::invalid_input, false}, {errc::cancelled, false},
                 {errc::internal, false}};
    for (const auto& row : table) EXPECT_EQ(wait(row.code).has_value(), row.again) << to_string(row.code);
}

TEST(Retry, SixAttemptsAreAllAndLimitsDoNotCount) {
    EXPECT_TRUE(wait(errc::transient, 5));
    EXPECT_FALSE(wait(errc::transient, 6));
    EXPECT_FALSE(wait(errc::timed_out, 6));
    EXPECT_TRUE(wait(errc::rate_limited, 6, 1000));
}

TEST(Retry, TheWaitIsDrawnBelowACeilingThatDoubles) {
    const struct {
        int attempt;
        Duration ceiling;
    } table[] = {{1, 1s}, {2, 2s}, {3, 4s}, {4, 8s}, {5, 16s}};
    for (const auto& row : table) {
        const auto last = std::uint64_t(row.ceiling.count()) - 1;
        EXPECT_EQ(wait(errc::transient, row.attempt, 0, 0), Duration::zero());
        EXPECT_EQ(wait(errc::transient, row.attempt, 0, last), row.ceiling - 1us) << row.attempt;
        EXPECT_EQ(wait(errc::transient, row.attempt, 0, last + 1), Duration::zero()) << row.attempt;
    }
}

TEST(Retry, ALimitedRequestWaitsAtLeastTwoSecondsAndAtMostOneMinuteMore) {
    for (int limited = 1; limited < 100; ++limited)
        for (const std::uint64_t random : {std::uint64_t(0), std::uint64_t(59'999'999), ~std::uint64_t(0)}) {
            EXPECT_GE(*wait(errc::rate_limited, 1, limited, random), 2s);
            EXPECT_LT(*wait(errc::rate_limited, 1, limited, random), 62s);
        }
}

TEST(Retry, RetryAfterIsALowerBound) {
    for (const auto code : {errc::transient, errc::rate_limited})
        for (const std::uint64_t random : {std::uint64_t(0), std::uint64_t(999'999), ~std::uint64_t(0)}) {
            EXPECT_GE(*wait(code, 1, 1, random, 30s), 30s);
            EXPECT_LE(*wait(code, 1, 1, random, 30s), 31s);
        }
}

TEST(Retry, RetryAfterIsObeyedUpToADay) {
    EXPECT_EQ(*wait(errc::rate_limited, 1, 1, 0, 24h), 24h);
    EXPECT_EQ(*wait(errc::rate_limited, 1, 1, 0, std::chrono::seconds{1'000'000'000}), 24h);
    EXPECT_EQ(*wait(errc::rate_limited, 1, 1, 0, 0s), 0s);
}

// Reason: the seconds become microseconds before they are cut, which overflows (undefined; in practice a negative wait)
// for a `Retry-After: 99999999999999` of the provider: it is then asked again without any pause, and 429s are not
// counted. Proposed: in problem.cpp retry_after_of(), cut at a year.
TEST(Retry, ARetryAfterBeyondAllMeasureIsADay) {
    for (const auto asked : {std::chrono::seconds{99'999'999'999'999}, std::chrono::seconds::max()})
        EXPECT_EQ(*wait(errc::rate_limited, 1, 1, 0, asked), 24h);
}

}  // namespace
}  // namespace syncd::http
