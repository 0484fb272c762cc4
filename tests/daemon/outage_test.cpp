#include "daemon/outage.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

using namespace std::chrono_literals;

const Error unreachable{.code = errc::transient, .message = "connecting: refused", .sent = false};

void expect_pauses(const Error& error, const std::vector<std::chrono::seconds>& pauses) {
    Outage outage;
    EXPECT_FALSE(outage.lasts());
    Tick now{48h};
    for (const auto pause : pauses) {
        EXPECT_TRUE(outage.fail(error, now));
        EXPECT_TRUE(outage.lasts());
        EXPECT_EQ(outage.left(now), pause);
        now += pause;
        EXPECT_EQ(outage.left(now), 0s);
    }
}

TEST(Outage, PausesGrowAndLongestWhereTheConnectionIsRefused) {
    expect_pauses(unreachable, {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s});
    expect_pauses({.code = errc::unauthorized, .message = "HTTP 401"}, {15s, 30s, 60s, 120s, 240s, 480s, 900s, 900s});
}

TEST(Outage, WhatWasUnderWayWhenItBeganDoesNotMakeItLonger) {
    Outage outage;
    const Tick now{48h};
    outage.fail(unreachable, now);

    for (int i = 0; i < 20; ++i) EXPECT_FALSE(outage.fail(unreachable, now + 500ms));

    EXPECT_EQ(outage.left(now), 1s);
}

TEST(Outage, ASuccessEndsItAndTheNextBeginsAnew) {
    Outage outage;
    const Tick now{48h};
    outage.fail(unreachable, now);
    outage.fail(unreachable, now + 1min);

    EXPECT_TRUE(outage.end());
    EXPECT_FALSE(outage.end());
    EXPECT_FALSE(outage.lasts());

    outage.fail(unreachable, now + 2min);
    EXPECT_EQ(outage.left(now + 2min), 1s);
}

TEST(Outage, WithoutATokenItLastsUntilSomebodyMayAskForOne) {
    Outage outage;
    const Tick now{48h};

    outage.fail({.code = errc::unauthorized, .message = "", .retry_after = 200s, .sent = false}, now);

    EXPECT_EQ(outage.left(now), 200s);
}

}  // namespace
}  // namespace syncd
