#include "config/notifications.hpp"

#include "tests/config/loading.hpp"

#include <gtest/gtest.h>

namespace syncd::config {
namespace {

using namespace testing;

std::vector<Notification> notifications(const std::string& text) {
    return good(small_config("notifications: [" + text + "]\n")).notifications;
}

TEST(Notifications, ADestinationIsToldTheEventsItNames) {
    const auto told = notifications("{ destination: hook, events: [read.backfill.done, disk.low] }");
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].destination, "hook");
    EXPECT_FALSE(told[0].all);
    EXPECT_EQ(told[0].events, (std::set<std::string>{"read.backfill.done", "disk.low"}));

    EXPECT_TRUE(notifications("{ destination: hook, events: [all] }").at(0).all);
    EXPECT_TRUE(notifications("").empty());
}

TEST(Notifications, EveryEventThatThereIsCanBeNamed) {
    std::string events;
    for (const auto& event : notification_events()) events += event + ", ";
    EXPECT_EQ(notifications("{ destination: hook, events: [" + events + "] }").at(0).events.size(), 20U);
}

TEST(Notifications, TwoEntriesOfADestinationAreOneSoThatNothingIsToldTwice) {
    const auto told = notifications(
        "{ destination: hook, events: [disk.low, write.unknown] }, { destination: hook, events: [disk.low, all] }");
    ASSERT_EQ(told.size(), 1U);
    EXPECT_TRUE(told[0].all);
    EXPECT_EQ(told[0].events, (std::set<std::string>{"disk.low", "write.unknown"}));
}

TEST(Notifications, WhatIsWrongIsNamedWithWhatWasMeant) {
    const auto found =
        errors(small_config("notifications:\n"
                            "  - { destination: hok, events: [all] }\n"
                            "  - { destination: hook, events: [read.backfil.done] }\n"
                            "  - { destination: hook, events: [] }\n"
                            "  - { destination: hook, events: all }\n"
                            "  - { event: [all] }\n"));
    ASSERT_EQ(found.size(), 7U);
    EXPECT_EQ(found[0], "config.yaml:14:20: no destination is named 'hok'; did you mean 'hook'? Allowed: hook");
    EXPECT_TRUE(
        found[1].starts_with("config.yaml:15:35: no event is named 'read.backfil.done'; did you mean "
                             "'read.backfill.done'? Allowed: installation.created, "))
        << found[1];
    EXPECT_TRUE(found[1].ends_with(", disk.low, all")) << found[1];
    EXPECT_EQ(found[2], "config.yaml:16:34: events is empty; allowed: a list of events, or [all]");
    EXPECT_EQ(found[3], "config.yaml:17:34: events is a single value; allowed: a list");
    EXPECT_EQ(found[4], "config.yaml:18:5: an entry of notifications has no destination, which is required");
    EXPECT_EQ(found[5], "config.yaml:18:5: an entry of notifications has no events, which is required");
    EXPECT_TRUE(found[6].starts_with("config.yaml:18:7: unknown key 'event'")) << found[6];
}

}  // namespace
}  // namespace syncd::config
