#include "daemon/judge.hpp"

#include "tests/support/builders.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

using namespace std::chrono_literals;
using storage::Attempt;
using storage::DestinationState;
using storage::DueMessage;
using storage::Verdict;
using testing::at;

constexpr std::uint64_t no_jitter = 200;  // 0.0 %

config::Destination strict() {
    config::Destination destination;
    destination.name = "hook";
    return destination;  // 5s, 5m, 30m, 2h, 5h, 10h, 10h; disabled after 5d
}
config::Destination unordered() {
    auto destination = strict();
    destination.strict_ordering = false;
    return destination;
}
DueMessage fresh() { return {.key = 7}; }
/// A message whose schedule has used up so many waits, the last of which is over at at(0).
DueMessage tried(std::int64_t step) {
    return {.key = 7, .attempts = step, .step = step, .step_due_at = at(0), .first_attempt_at = at(-100'000)};
}
DestinationState accepting() { return {.name = "hook", .last_accepted_at = at(-1)}; }
Attempt judged(const DueMessage& message, Answer answer, const DestinationState& state = {},
               const config::Destination& destination = strict()) {
    return judge(message, state, destination, answer, at(0), no_jitter);
}

TEST(Judge, EveryStatusOfAFirstAttempt) {
    const struct {
        int status;
        Verdict verdict;
    } table[] = {
        {200, Verdict::delivered}, {201, Verdict::delivered}, {202, Verdict::delivered}, {204, Verdict::delivered},
        {299, Verdict::delivered}, {0, Verdict::retry},       {100, Verdict::retry},     {199, Verdict::retry},
        {300, Verdict::retry},     {301, Verdict::retry},     {302, Verdict::retry},     {307, Verdict::retry},
        {400, Verdict::dead},      {401, Verdict::retry},     {403, Verdict::retry},     {404, Verdict::retry},
        {405, Verdict::retry},     {408, Verdict::retry},     {409, Verdict::retry},     {410, Verdict::hold},
        {413, Verdict::dead},      {415, Verdict::retry},     {422, Verdict::dead},      {429, Verdict::retry},
        {500, Verdict::retry},     {503, Verdict::retry},     {599, Verdict::retry}};
    for (const auto& row : table) {
        const auto attempt = judged(fresh(), {.status = row.status, .error = "why"});
        EXPECT_EQ(attempt.verdict, row.verdict) << row.status;
        EXPECT_EQ(attempt.message_key, 7);
        EXPECT_EQ(attempt.status, row.status);
        EXPECT_EQ(attempt.at, at(0));
        EXPECT_EQ(attempt.disable, row.status == 410) << row.status;
        EXPECT_EQ(attempt.next_attempt_at.has_value(), row.verdict == Verdict::retry) << row.status;
    }
}

TEST(Judge, SaysWhyAnAttemptFailed) {
    EXPECT_EQ(judged(fresh(), {.error = "connection refused"}).error, "connection refused");
    EXPECT_EQ(judged(fresh(), {.status = 503}).error, "HTTP 503");
    EXPECT_EQ(judged(fresh(), {.status = 200}).error, "");
    EXPECT_NE(judged(fresh(), {.status = 410}).error.find("410 Gone"), std::string::npos);
}

TEST(Judge, TheScheduleIsUsedUpWaitByWait) {
    const Duration waits[] = {5s, 5min, 30min, 2h, 5h, 10h, 10h, 10h, 10h};
    for (std::int64_t step = 0; step < 9; ++step) {
        const auto attempt = judged(step == 0 ? fresh() : tried(step), {.status = 503}, {}, unordered());
        EXPECT_EQ(attempt.verdict, Verdict::retry);
        EXPECT_EQ(attempt.step, std::min<std::int64_t>(step + 1, 8)) << step;
        EXPECT_EQ(attempt.step_due_at, at(0) + waits[step]) << step;
        EXPECT_EQ(attempt.next_attempt_at, at(0) + waits[step]) << step;
    }
}

TEST(Judge, AnEarlyAttemptUsesUpNoWait) {
    auto woken = tried(3);
    woken.step_due_at = at(1000);

    const auto attempt = judged(woken, {.status = 503}, {}, unordered());

    EXPECT_EQ(attempt.step, 3);
    EXPECT_EQ(attempt.step_due_at, at(1000));
    EXPECT_EQ(attempt.next_attempt_at, at(1000));
}

TEST(Judge, WhatHoldsBackAStreamIsTriedEveryFifteenMinutes) {
    for (std::int64_t step = 3; step < 9; ++step) {
        const auto attempt = judged(tried(step), {.status = 503});
        EXPECT_EQ(attempt.next_attempt_at, at(0) + 15min) << step;
        EXPECT_GT(*attempt.step_due_at, at(0) + 1h) << "the wait itself goes on";
    }
    EXPECT_EQ(judged(fresh(), {.status = 503}).next_attempt_at, at(5));
}

TEST(Judge, JitterIsTwentyPercentEitherWay) {
    Timestamp least = at(1'000'000), most = at(0);
    for (std::uint64_t random = 0; random < 1000; ++random) {
        const auto due = *judge(fresh(), {}, strict(), {.status = 503}, at(0), random).next_attempt_at;
        least = std::min(least, due);
        most = std::max(most, due);
    }
    EXPECT_EQ(least, at(4));
    EXPECT_EQ(most, at(6));
    EXPECT_LE(*judge(fresh(), {}, strict(), {.status = 503}, at(0), ~std::uint64_t(0)).next_attempt_at, at(6));
}

TEST(Judge, ALongerRetryAfterIsObeyedUpToADay) {
    for (const auto& destination : {strict(), unordered()}) {
        EXPECT_EQ(judged(fresh(), {.status = 503, .retry_after = 3600s}, {}, destination).next_attempt_at, at(3600));
        EXPECT_EQ(judged(fresh(), {.status = 429, .retry_after = 1s}, {}, destination).next_attempt_at, at(5))
            << "a shorter one is not";
        EXPECT_EQ(judged(fresh(), {.status = 503, .retry_after = 240h}, {}, destination).next_attempt_at, at(0) + 24h);
    }
    EXPECT_EQ(judged(tried(4), {.status = 503, .retry_after = 20s}).next_attempt_at, at(0) + 15min);
}

// Reason: std::min<Duration>(*retry_after, ...) turns the seconds into microseconds before it cuts them, which
// overflows for more than 9.2e12 s, and bentley::error_of() keeps up to 9.2e18. Proposed: in problem.cpp
// retry_after_of(), cut at a year.
TEST(Judge, ARetryAfterBeyondAllMeasureIsADay) {
    EXPECT_EQ(judged(fresh(), {.status = 503, .retry_after = std::chrono::seconds::max()}).next_attempt_at,
              at(0) + 24h);
}

TEST(Judge, AUsedScheduleIsADeadLetterOnlyOnceOthersPass) {
    EXPECT_EQ(judged(tried(7), {.status = 500}, accepting()).verdict, Verdict::dead);
    EXPECT_EQ(judged(tried(8), {.status = 0}, accepting()).verdict, Verdict::dead);
    EXPECT_EQ(judged(tried(6), {.status = 500}, accepting()).verdict, Verdict::retry) << "a wait is left";
    EXPECT_EQ(judged(tried(7), {.status = 500}).verdict, Verdict::retry) << "nothing was ever accepted";
    DestinationState before{.name = "hook", .last_accepted_at = at(-200'000)};
    EXPECT_EQ(judged(tried(7), {.status = 500}, before).verdict, Verdict::retry) << "nothing since its first attempt";
    auto early = tried(7);
    early.step_due_at = at(1);
    EXPECT_EQ(judged(early, {.status = 500}, accepting()).verdict, Verdict::retry) << "its last wait goes on";
    EXPECT_EQ(judged(fresh(), {.status = 500}, accepting()).verdict, Verdict::retry) << "its first attempt";
}

TEST(Judge, NothingButFailuresForTooLongDisablesTheDestination) {
    const auto failing_for = [](Duration time) {
        return DestinationState{.name = "hook", .failing_since = at(0) - time, .last_failed_at = at(-60)};
    };

    const auto attempt = judged(tried(7), {.status = 503}, failing_for(5 * 24h));

    EXPECT_EQ(attempt.verdict, Verdict::hold);
    EXPECT_TRUE(attempt.disable);
    EXPECT_NE(attempt.error.find("HTTP 503"), std::string::npos);
    EXPECT_EQ(judged(tried(7), {.status = 503}, failing_for(5 * 24h - 1s)).verdict, Verdict::retry);
    EXPECT_EQ(judged(tried(7), {.status = 200}, failing_for(9 * 24h)).verdict, Verdict::delivered);
    EXPECT_EQ(judged(tried(7), {.status = 400}, failing_for(9 * 24h)).verdict, Verdict::dead);
}

TEST(Judge, FailuresWithNothingTriedBetweenThemAreNotNothingButFailures) {
    const DestinationState off{
        .name = "hook", .failing_since = at(0) - 30 * 24h, .last_failed_at = at(0) - storage::failing_gap_max};

    EXPECT_EQ(judged(tried(7), {.status = 503}, off).verdict, Verdict::retry) << "the daemon was off";
}

TEST(Judge, AnEmptyScheduleTriesAgainUntilOthersPass) {
    auto destination = strict();
    destination.retry_schedule.clear();
    EXPECT_EQ(judged(fresh(), {.status = 503}, {}, destination).next_attempt_at, at(0) + 15min);
    EXPECT_EQ(judged(tried(1), {.status = 503}, {}, destination).verdict, Verdict::retry);
    EXPECT_EQ(judged(tried(1), {.status = 503}, accepting(), destination).verdict, Verdict::dead);
}

TEST(Judge, AScheduleOfZeroAndOfYearsWorks) {
    auto destination = unordered();
    destination.retry_schedule = {0s, 24h * 365 * 10};
    EXPECT_EQ(judged(fresh(), {.status = 503}, {}, destination).next_attempt_at, at(0));
    EXPECT_EQ(judged(tried(1), {.status = 503}, {}, destination).next_attempt_at, at(0) + 24h * 365 * 10);
}

}  // namespace
}  // namespace syncd
