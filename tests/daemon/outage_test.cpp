#include "daemon/outage.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

using namespace std::chrono_literals;

const Error unreachable{.code = errc::transient, .message = "connecting: refused", .sent = false};

TEST(Outage, PausesGrowFrom15SecondsTo15Minutes) {
    Outage outage;
    EXPECT_FALSE(outage.lasts());
    Tick now{48h};
    for (const auto pause : {15s, 30s, 60s, 120s, 240s, 480s, 900s, 900s}) {
        EXPECT_TRUE(outage.fail(unreachable, now));
        EXPECT_TRUE(outage.lasts());
        EXPECT_EQ(outage.left(now), pause);
        now += pause;
        EXPECT_EQ(outage.left(now), 0s);
    }
}

TEST(Outage, WhatWasUnderWayWhenItBeganDoesNotMakeItLonger) {
    Outage outage;
    const Tick now{48h};
    outage.fail(unreachable, now);

    for (int i = 0; i < 20; ++i) EXPECT_FALSE(outage.fail(unreachable, now + 5s));

    EXPECT_EQ(outage.left(now), 15s);
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
    EXPECT_EQ(outage.left(now + 2min), 15s);
}

TEST(Outage, WithoutATokenItLastsUntilSomebodyMayAskForOne) {
    Outage outage;
    const Tick now{48h};

    outage.fail({.code = errc::unauthorized, .message = "", .retry_after = 200s, .sent = false}, now);

    EXPECT_EQ(outage.left(now), 200s);
}

}  // namespace
}  // namespace syncd
