#include "daemon/http/exposition.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

TEST(Exposition, WritesAFamilyWithItsSamples) {
    Exposition out;
    out.family("ready", "gauge", "As /readyz says.");
    out.sample({}, 1);
    out.family("records", "gauge", "Known records.");
    out.sample({{"installation", "i"}, {"object", "a/b"}}, 1234567890.5);

    EXPECT_EQ(out.text(),
              "# HELP bentley_syncd_ready As /readyz says.\n# TYPE bentley_syncd_ready gauge\nbentley_syncd_ready 1\n"
              "# HELP bentley_syncd_records Known records.\n# TYPE bentley_syncd_records gauge\n"
              "bentley_syncd_records{installation=\"i\",object=\"a/b\"} 1234567890.5\n");
}

TEST(Exposition, EscapesWhatWouldEndALabel) {
    Exposition out;
    out.family("x", "gauge", "X.");
    out.sample({{"group", "a\"b\\c\nd"}}, 0);

    EXPECT_TRUE(out.text().ends_with("bentley_syncd_x{group=\"a\\\"b\\\\c\\nd\"} 0\n")) << out.text();
}

TEST(Exposition, BucketsCountAllThatIsNotLonger) {
    Histogram durations;
    for (const auto ms : {5, 10, 11, 60'000}) durations.add(std::chrono::milliseconds{ms});
    Exposition out;
    out.family("d", "histogram", "D.");
    out.histogram({{"destination", "hook"}}, durations);

    const auto has = [&](const std::string& line) {
        return out.text().find("bentley_syncd_d" + line + "\n") != std::string::npos;
    };
    EXPECT_TRUE(has("_bucket{destination=\"hook\",le=\"0.01\"} 2")) << out.text();
    EXPECT_TRUE(has("_bucket{destination=\"hook\",le=\"0.05\"} 3"));
    EXPECT_TRUE(has("_bucket{destination=\"hook\",le=\"15\"} 3"));
    EXPECT_TRUE(has("_bucket{destination=\"hook\",le=\"+Inf\"} 4"));
    EXPECT_TRUE(has("_count{destination=\"hook\"} 4"));
}

}  // namespace
}  // namespace syncd
