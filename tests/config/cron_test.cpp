#include "config/cron.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace syncd::config {
namespace {

std::string next(std::string_view line, std::string_view after) {
    const auto schedule = Schedule::parse(line);
    if (!schedule) return schedule.error().message;
    return format_time_seconds(schedule->next(*parse_time(after)));
}

std::string error(std::string_view line) {
    const auto schedule = Schedule::parse(line);
    return schedule ? "no error" : schedule.error().message;
}

double per_hour(std::string_view line) { return Schedule::parse(line).value().per_hour(); }

TEST(Cron, EveryTenMinutesIsAtTheNextTen) {
    EXPECT_EQ(next("*/10 * * * *", "2026-11-21T08:03:12Z"), "2026-11-21T08:10:00Z");
    EXPECT_EQ(next("*/10 * * * *", "2026-11-21T08:10:00Z"), "2026-11-21T08:20:00Z");
    EXPECT_EQ(next("*/10 * * * *", "2026-12-31T23:59:59.999Z"), "2027-01-01T00:00:00Z");
}

TEST(Cron, NextIsAlwaysAfterTheGivenInstant) {
    EXPECT_EQ(next("0 0 * * *", "2026-11-21T00:00:00Z"), "2026-11-22T00:00:00Z");
    EXPECT_EQ(next("0 0 * * *", "2026-11-20T23:59:59.999999Z"), "2026-11-21T00:00:00Z");
}

TEST(Cron, ListsRangesAndStepsMeanWhatTheySay) {
    EXPECT_EQ(next("5,35 8-17 * * *", "2026-11-21T08:06:00Z"), "2026-11-21T08:35:00Z");
    EXPECT_EQ(next("5,35 8-17 * * *", "2026-11-21T17:35:00Z"), "2026-11-22T08:05:00Z");
    EXPECT_EQ(next("10-40/15 0 * * *", "2026-11-21T00:11:00Z"), "2026-11-21T00:25:00Z");
    EXPECT_EQ(next("5/20 * * * *", "2026-11-21T00:26:00Z"), "2026-11-21T00:45:00Z");
}

TEST(Cron, NamesStandForMonthsAndDaysInAnyCase) {
    EXPECT_EQ(next("0 0 1 JAN,jul *", "2026-11-21T00:00:00Z"), "2027-01-01T00:00:00Z");
    EXPECT_EQ(next("0 9 * * Mon-Fri", "2026-11-21T00:00:00Z"), "2026-11-23T09:00:00Z");  // a Saturday
    EXPECT_EQ(next("0 9 * * FRI-SUN", "2026-11-23T00:00:00Z"), "2026-11-27T09:00:00Z");
}

TEST(Cron, ZeroAndSevenAreSunday) {
    EXPECT_EQ(next("0 0 * * 0", "2026-11-21T00:00:00Z"), "2026-11-22T00:00:00Z");
    EXPECT_EQ(next("0 0 * * 7", "2026-11-21T00:00:00Z"), "2026-11-22T00:00:00Z");
    EXPECT_EQ(next("0 0 * * 6-7", "2026-11-21T00:00:00Z"), "2026-11-22T00:00:00Z");
}

TEST(Cron, DayOfMonthAndDayOfWeekBothRestrictedMeansEither) {
    EXPECT_EQ(next("0 0 13 * 5", "2026-11-01T00:00:00Z"), "2026-11-06T00:00:00Z");  // a Friday
    EXPECT_EQ(next("0 0 13 * 5", "2026-12-11T00:00:00Z"), "2026-12-13T00:00:00Z");  // a 13th
    EXPECT_EQ(next("0 0 13 * *", "2026-11-14T00:00:00Z"), "2026-12-13T00:00:00Z");
}

TEST(Cron, TheLeapDayComesEvenAfterEightYears) {
    EXPECT_EQ(next("0 0 29 2 *", "2026-01-01T00:00:00Z"), "2028-02-29T00:00:00Z");
    EXPECT_EQ(next("0 0 29 2 *", "2096-02-29T00:00:00Z"), "2104-02-29T00:00:00Z");
}

TEST(Cron, AliasesAreTheirLines) {
    EXPECT_EQ(next("@hourly", "2026-11-21T08:03:12Z"), "2026-11-21T09:00:00Z");
    EXPECT_EQ(next("@daily", "2026-11-21T08:03:12Z"), "2026-11-22T00:00:00Z");
    EXPECT_EQ(next("@midnight", "2026-11-21T08:03:12Z"), "2026-11-22T00:00:00Z");
    EXPECT_EQ(next("@weekly", "2026-11-21T08:03:12Z"), "2026-11-22T00:00:00Z");
    EXPECT_EQ(next("@monthly", "2026-11-21T08:03:12Z"), "2026-12-01T00:00:00Z");
    EXPECT_EQ(next("@yearly", "2026-11-21T08:03:12Z"), "2027-01-01T00:00:00Z");
    EXPECT_EQ(next("@annually", "2026-11-21T08:03:12Z"), "2027-01-01T00:00:00Z");
}

TEST(Cron, EveryCountsFromTheGivenInstant) {
    EXPECT_EQ(next("@every 30s", "2026-11-21T08:03:12Z"), "2026-11-21T08:03:42Z");
    EXPECT_EQ(next("@every 2h", "2026-11-21T23:03:12Z"), "2026-11-22T01:03:12Z");
    EXPECT_EQ(error("@every 999ms"), "@every takes one duration from 1s on, such as 30s, 5m, 2h or 7d");
    EXPECT_EQ(error("@every"), "@every takes one duration from 1s on, such as 30s, 5m, 2h or 7d");
    EXPECT_EQ(error("@every 1h 30m"), "@every takes one duration from 1s on, such as 30s, 5m, 2h or 7d");
}

TEST(Cron, AnErrorNamesTheFieldAndWhatIsAllowed) {
    EXPECT_EQ(error("60 * * * *"), "'60' is no minute; allowed are 0-59, *, lists (1,2), ranges (1-5) and steps (*/5)");
    EXPECT_EQ(error("* 24 * * *"), "'24' is no hour; allowed are 0-23, *, lists (1,2), ranges (1-5) and steps (*/5)");
    EXPECT_EQ(error("* * 0 * *"),
              "'0' is no day of month; allowed are 1-31, *, lists (1,2), ranges (1-5) and steps (*/5)");
    EXPECT_NE(error("* * * foo *").find("'foo' is no month; allowed are 1-12 or JAN-DEC"), std::string::npos);
    EXPECT_NE(error("* * * * 8").find("'8' is no day of week"), std::string::npos);
    EXPECT_NE(error("* * * *").find("a schedule of 4 fields; allowed are five fields"), std::string::npos);
    EXPECT_NE(error("0 * * * * *").find("a schedule of 6 fields"), std::string::npos);
    EXPECT_NE(error("@often").find("'@often' is no schedule"), std::string::npos);
    EXPECT_NE(error("  ").find("empty"), std::string::npos);
}

TEST(Cron, HostileFieldsAreRefused) {
    for (const auto* line : {", * * * *", "1, * * * *", "-1 * * * *", "1- * * * *", "5-1 * * * *", "*/0 * * * *",
                             "*/ * * * *", "1/2/3 * * * *", "1-2-3 * * * *", "99999999999 * * * *", "+1 * * * *"})
        EXPECT_FALSE(Schedule::parse(line).has_value()) << line;
    EXPECT_FALSE(Schedule::parse(std::string(100'000, '*')).has_value());
}

TEST(Cron, ALineThatNeverMatchesIsAnError) {
    EXPECT_EQ(error("0 0 31 2 *"), "day of month '31' never comes in month '2'");
    EXPECT_EQ(error("0 0 31 4,6,9,11 *"), "day of month '31' never comes in month '4,6,9,11'");
    EXPECT_EQ(error("0 0 31 2 1"), "no error");  // its Mondays come
}

TEST(Cron, ReadsAnHourAreAnAverage) {
    EXPECT_DOUBLE_EQ(per_hour("*/10 * * * *"), 6);
    EXPECT_DOUBLE_EQ(per_hour("@hourly"), 1);
    EXPECT_DOUBLE_EQ(per_hour("@daily"), 1.0 / 24);
    EXPECT_DOUBLE_EQ(per_hour("@every 30s"), 120);
    EXPECT_DOUBLE_EQ(per_hour("@every 7d"), 1.0 / 168);
    EXPECT_NEAR(per_hour("0 * * * 1-5"), 5.0 / 7, 1e-9);
}

TEST(Cron, ItsTextIsAsWrittenButForSpaces) {
    EXPECT_EQ(Schedule::parse(" */5  *\t* * * ").value().text(), "*/5 * * * *");
    EXPECT_TRUE(Schedule::parse("@hourly").value() == Schedule::parse(" @hourly").value());
    EXPECT_EQ(Schedule().next(Timestamp{}), Timestamp::max());
}

}  // namespace
}  // namespace syncd::config
