#include "daemon/scheduler.hpp"

#include "tests/support/builders.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

using namespace std::chrono_literals;
using testing::at;

Timestamp due(const char* schedule, std::optional<Timestamp> last_due_at, Timestamp now) {
    return next_due(config::Schedule::parse(schedule).value(), last_due_at, now);
}

TEST(NextDue, WhatWasNeverReadIsDueAtOnce) {
    EXPECT_EQ(due("@hourly", {}, at(1234)), at(1234));
    EXPECT_EQ(due("@every 30s", {}, at(1234)), at(1234));
}

TEST(NextDue, IsTheNextTimeOfTheSchedule) {
    EXPECT_EQ(due("@hourly", at(0), at(10)), at(3600));
    EXPECT_EQ(due("*/5 * * * *", at(290), at(295)), at(300));
    EXPECT_EQ(due("@every 30s", at(100), at(101)), at(130));
    EXPECT_EQ(due("0 3 * * *", at(0), at(10)), at(3 * 3600));
}

TEST(NextDue, MissedTimesAreServedOnce) {
    const auto first = due("@hourly", at(0), at(0) + 100h);
    EXPECT_LE(first, at(0) + 100h) << "due at once";

    EXPECT_EQ(due("@hourly", at(0) + 100h, at(0) + 100h), at(0) + 101h)
        << "then as usual: a read serves the time it began";
}

TEST(NextDue, AClockThatWasSetBackDoesNotStopTheSchedule) {
    EXPECT_EQ(due("@hourly", at(0) + 1000h, at(10)), at(10));
    EXPECT_EQ(due("@every 30s", at(0) + 1000h, at(10)), at(10));
}

}  // namespace
}  // namespace syncd
