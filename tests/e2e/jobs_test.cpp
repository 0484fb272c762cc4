// Jobs change after their birth, which a list by creation time never shows.
#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

struct Kind {
    std::string object, alias;
    std::vector<std::string> states;  // from the first to the last
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.object; }

const Kind kinds[] = {{"contextcapture/jobs", "jobs", {"Queued", "Active", "Success"}},
                      {"reality-analysis/jobs", "analysis-jobs", {"Queued", "Active", "Success"}},
                      {"realityconversion/jobs", "conversion-jobs", {"unsubmitted", "active", "success"}}};

class Jobs : public ::testing::TestWithParam<Kind> {
protected:
    Settings settings(const std::string& more = {}) const {
        return {.objects = {{"itwins"},
                            {GetParam().object, "0 0 1 1 *", "backfill: { defaultPeriod: { fullHistory: true } }"}},
                .read = GetParam().object + ": { fullEvery: 0, overlap: 0 " + more + "}"};
    }
    std::vector<std::string> counts(std::int64_t jobs) const {
        return {"--itwins", "2", "--count", GetParam().alias + "=" + std::to_string(jobs)};
    }
};

TEST_P(Jobs, EachStateIsDeliveredOnceTheCursorHasPassedTheirBirth) {
    Bench bench(counts(70), settings());
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/creates"), 72);

    for (std::int64_t step = 1; step < std::int64_t(GetParam().states.size()); ++step) {
        bench.sandbox.post(GetParam().alias + "/advance");
        ASSERT_EQ(bench.sync().exit, 0);
        EXPECT_EQ(number(bench.sandbox.receiver(), "/updates"), 70 * step) << GetParam().states[std::size_t(step)];
        EXPECT_EQ(bench.sandbox.difference(), "");
    }
    // They have ended: nobody asks for them any more.
    bench.sandbox.post("stats/reset");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(bench.sandbox.requests("/" + GetParam().object), 1);
    EXPECT_EQ(bench.sandbox.violations(), 0);
}

TEST_P(Jobs, OfOtherPeopleAreFollowedPerITwin) {
    Bench bench(counts(4), settings(", iTwins: all"));
    bench.sandbox.post(GetParam().alias + "/create?count=40&owner=other");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/creates"), 46);
    bench.sandbox.post("stats/reset");
    bench.sandbox.post(GetParam().alias + "/advance");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/updates"), 44);
    EXPECT_LE(bench.sandbox.requests("/" + GetParam().object), 12) << "in groups, not one by one";
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST_P(Jobs, AreReadOneByOneWhereTheListByIdsIsRefused) {
    Bench bench(counts(5), settings());
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post(GetParam().alias + "/advance");
    const auto ids = GetParam().object == "reality-analysis/jobs" ? "id%20eq" : "id%20in";
    bench.sandbox.fault(R"({"path":"/)" + GetParam().object + R"(","contains":")" + ids +
                        R"(","status":422,"count":-1})");
    const auto synced = bench.sync();
    EXPECT_EQ(synced.exit, 0) << synced.out;
    EXPECT_EQ(number(bench.sandbox.receiver(), "/updates"), 5);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST_P(Jobs, AnOpenOneThatIsGoneIsDeletedWhenItsOwnReadHasSaidSoTwice) {
    Bench bench(counts(5), settings());
    ASSERT_EQ(bench.sync().exit, 0);
    const auto records = bench.sandbox.get(GetParam().alias + "/records").as_array();
    const std::string id(records[0].at("id").as_string());
    bench.sandbox.remove(GetParam().alias + "/records/" + id);

    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 0);
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 1);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST_P(Jobs, ThatHaveEndedAreNeverDeleted) {
    Bench bench(counts(5), settings());
    bench.sandbox.post(GetParam().alias + "/advance?state=" + GetParam().states.back());
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post(GetParam().alias + "/delete?count=3");
    for (int i = 0; i < 3; ++i) ASSERT_EQ(bench.sync({"--full"}).exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 0);
}

INSTANTIATE_TEST_SUITE_P(All, Jobs, ::testing::ValuesIn(kinds),
                         [](const auto& each) {
                             auto name = each.param.object.substr(0, each.param.object.find('/'));
                             std::erase(name, '-');
                             return name;
                         });

}  // namespace
}  // namespace syncd::e2e
