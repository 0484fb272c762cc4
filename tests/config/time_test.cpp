#include "config/core/time.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

std::string round_trip(std::string_view text) {
    const auto time = parse_time(text);
    return time ? format_time(*time) : "no time";
}

TEST(Time, IsWrittenWithMillisecondsAndZ) {
    EXPECT_EQ(format_time(Timestamp{}), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(format_time(Timestamp{1'999us}), "1970-01-01T00:00:00.001Z");
    EXPECT_EQ(format_time(Timestamp{-1us}), "1969-12-31T23:59:59.999Z");
    EXPECT_EQ(format_time_seconds(Timestamp{-1us}), "1969-12-31T23:59:59Z");
}

TEST(Time, IsReadWithAnyFractionAndOffset) {
    EXPECT_EQ(round_trip("2026-11-21T08:00:00Z"), "2026-11-21T08:00:00.000Z");
    EXPECT_EQ(round_trip("2026-11-21t08:00:00.5z"), "2026-11-21T08:00:00.500Z");
    EXPECT_EQ(round_trip("2026-11-21T08:00:00.123456789Z"), "2026-11-21T08:00:00.123Z");
    EXPECT_EQ(round_trip("2026-11-21T08:00:00+02:30"), "2026-11-21T05:30:00.000Z");
    EXPECT_EQ(round_trip("2026-11-21T23:30:00-0100"), "2026-11-22T00:30:00.000Z");
    EXPECT_EQ(round_trip("2026-11-21 08:00:00"), "2026-11-21T08:00:00.000Z");
    EXPECT_EQ(parse_time("2026-11-21T08:00:00.0000019Z"), *parse_time("2026-11-21T08:00:00Z") + 1us);
}

TEST(Time, KnowsTheCalendar) {
    EXPECT_EQ(round_trip("2028-02-29T00:00:00Z"), "2028-02-29T00:00:00.000Z");
    EXPECT_EQ(round_trip("2026-02-29T00:00:00Z"), "no time");
    EXPECT_EQ(round_trip("2100-02-29T00:00:00Z"), "no time");
    EXPECT_EQ(round_trip("2026-12-31T23:59:60Z"), "2027-01-01T00:00:00.000Z");  // a leap second
    EXPECT_EQ(round_trip("9999-12-31T23:59:59Z"), "9999-12-31T23:59:59.000Z");
    EXPECT_EQ(round_trip("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00.000Z");
}

TEST(Time, HostileTextsAreNoTime) {
    for (const auto* text : {"",
                             "2026",
                             "2026-11-21",
                             "2026-11-21T08:00",
                             "2026-13-21T08:00:00Z",
                             "2026-00-21T08:00:00Z",
                             "2026-11-31T08:00:00Z",
                             "2026-11-21T24:00:00Z",
                             "2026-11-21T08:60:00Z",
                             "2026-11-21T08:00:61Z",
                             "0000-01-01T00:00:00Z",
                             "2026-11-21T08:00:00.Z",
                             "2026-11-21T08:00:00.1234567890Z",
                             "2026-11-21T08:00:00Zx",
                             "2026-11-21T08:00:00+",
                             "2026-11-21T08:00:00+2",
                             "2026-11-21T08:00:00+02:3",
                             "2026-11-21T08:00:00+24:00",
                             "2026-11-21T08:00:00+02:60",
                             "2026-11-21T08:00:00+02:00x",
                             "2026/11/21T08:00:00Z",
                             "-026-11-21T08:00:00Z",
                             "2026-11-21X08:00:00Z",
                             "２０２６-11-21T08:00:00Z",
                             "2026-11-21T08:00:00                        Z"})
        EXPECT_EQ(parse_time(text), std::nullopt) << text;
    EXPECT_EQ(parse_time(std::string(100'000, '2')), std::nullopt);
}

TEST(Time, HttpDatesGoBothWays) {
    const auto time = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
    ASSERT_TRUE(time);
    EXPECT_EQ(format_time(*time), "1994-11-06T08:49:37.000Z");
    EXPECT_EQ(format_http_date(*time + 999ms), "Sun, 06 Nov 1994 08:49:37 GMT");
    for (const auto* text :
         {"", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 25:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"})
        EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
}

TEST(Time, DurationsHaveOneNumberAndOneUnit) {
    EXPECT_EQ(parse_duration("500ms"), 500ms);
    EXPECT_EQ(parse_duration("15s"), 15s);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("2h"), 2h);
    EXPECT_EQ(parse_duration("7d"), Duration{days{7}});
    EXPECT_EQ(parse_duration("0s"), 0s);
    for (const auto* text : {"", "5", "s", "-5s", "+5s", "5 s", " 5s", "5S", "5s ", "1h30m", "1.5h", "5us", "5w",
                             "0x5s", "99999999999999999999s", "9223372036854775807d", "1000000001s", "100001d"})
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Time, DurationsAreShownInTheirLargestExactUnit) {
    EXPECT_EQ(format_duration(0s), "0s");
    EXPECT_EQ(format_duration(1500ms), "1500ms");
    EXPECT_EQ(format_duration(90s), "90s");
    EXPECT_EQ(format_duration(60min), "1h");
    EXPECT_EQ(format_duration(days{7}), "7d");
}

}  // namespace
}  // namespace syncd
