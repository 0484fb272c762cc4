// Whose rows are listed: the caller's own, or all of an iTwin.
#include "tests/sandbox/bench.hpp"
#include "tests/sandbox/compare.hpp"

#include <gtest/gtest.h>

namespace syncd::sandbox {
namespace {

constexpr const char* nobody = "00000000-0000-4000-8000-000000000000";

class Access : public testing::Test {
protected:
    Access() : bench({.itwins = 3, .jobs = 3, .counts = {{"reality-data", 6}}}) {
        for (const auto& row : bench.all("/itwins/?includeInactive=true", "iTwins"))
            itwins.emplace_back(row.at("id").as_string());
    }
    bj::array jobs(const std::string& filter) { return bench.all("/contextcapture/jobs?$filter=" + filter, "jobs"); }
    bj::array of_itwin(const std::string& itwin) { return jobs("iTwinId%20eq%20" + itwin); }
    bj::array data(const std::string& query = "") {
        bj::array rows;
        std::string target = "/reality-management/reality-data/?" + query;
        while (!target.empty()) {
            const auto page = bench.json(target);
            for (const auto& row : page.at("realityData").as_array()) rows.push_back(row);
            const auto& next = page.at("_links").at("next");
            target = next.is_null() ? "" : std::string(next.at("href").as_string()).substr(15);
        }
        return rows;
    }

    Bench bench;
    std::vector<std::string> itwins;
    const std::string all_time = "createdDateTime%20ge%201970-01-01T00:00:00Z";
};

TEST_F(Access, JobsOfOthersAreListedByITwinOnly) {
    bench.control("POST", "jobs/create?count=3&owner=other");

    std::size_t together = 0;
    for (const auto& itwin : itwins) together += of_itwin(itwin).size();

    EXPECT_EQ(jobs(all_time).size(), 3u);
    EXPECT_EQ(together, 6u);
}

TEST_F(Access, JobsOfAnITwinThatIsNotThereAreForbidden) {
    const auto itwin = std::string(jobs(all_time).at(0).at("iTwinId").as_string());
    ASSERT_FALSE(of_itwin(itwin).empty());
    bench.control("DELETE", "itwins/records/" + itwin);

    const auto gone = bench.get("/contextcapture/jobs?$filter=iTwinId%20eq%20" + itwin);

    EXPECT_EQ(gone.status, 403);
    EXPECT_EQ(bj::parse(gone.body).at("error").at("code"), "InsufficientPermissions");
}

TEST_F(Access, AJobIsReadByItsOwnerOrWhereItsITwinIs) {
    bench.control("POST", "jobs/create?count=1&owner=other");
    bj::value job;
    for (const auto& itwin : itwins)
        for (const auto& row : of_itwin(itwin))
            if (row.at("email") == "other@sandbox.invalid") job = row;
    const std::string id(job.at("id").as_string());

    EXPECT_EQ(bench.get("/contextcapture/jobs/" + id).status, 200);
    bench.control("DELETE", "itwins/records/" + std::string(job.at("iTwinId").as_string()));
    EXPECT_EQ(bench.get("/contextcapture/jobs/" + id).status, 404);
}

TEST_F(Access, HalfOfTheRealityDataIsSomebodyElsesAndComesByITwin) {
    std::size_t together = 0;
    for (const auto& itwin : itwins) together += data("$top=1&iTwinId=" + itwin).size();

    EXPECT_EQ(data().size(), 3u);
    EXPECT_EQ(together, 6u);
    EXPECT_EQ(bench.get(std::string("/reality-management/reality-data?iTwinId=") + nobody).status, 404);
    EXPECT_EQ(bench.get("/reality-management/reality-data?iTwinId=x").status, 422);
}

TEST_F(Access, RealityDataCanBelongToSeveralITwinsAndMove) {
    const std::string id(data().at(0).at("id").as_string());
    const auto before = data("iTwinId=" + itwins[2]).size();
    const auto set = "reality-data/records/" + id + "/itwins?set=";

    const auto both = bench.control("POST", set + itwins[1] + "," + itwins[2]);
    const auto with = data("iTwinId=" + itwins[2]).size();
    bench.control("POST", set);

    EXPECT_EQ(both.at("itwins").as_array().size(), 2u);
    EXPECT_EQ(bench.control("GET", "reality-data/records/" + id + "/itwins").at("itwins").as_array().size(), 0u);
    EXPECT_EQ(data("iTwinId=" + itwins[0]).size() + data("iTwinId=" + itwins[1]).size() +
                  data("iTwinId=" + itwins[2]).size(),
              5u);
    EXPECT_LE(before, with);
}

TEST_F(Access, RealityDataIsFoundByRangesOfWholeSecondsWithBothEnds) {
    const auto status = [&](const std::string& range) {
        return bench.get("/reality-management/reality-data?modifiedDateTime=" + range).status;
    };

    // Records are a minute apart, the last one at midnight; every second one is somebody else's.
    EXPECT_EQ(data("modifiedDateTime=2026-11-20T23:55:00Z/2026-11-20T23:57:00Z").size(), 2u);
    EXPECT_EQ(data("modifiedDateTime=2026-11-20T23:55:01Z/2026-11-20T23:56:59Z").size(), 0u);
    for (const auto* range : {"2026-11-20T23:55:00.000Z/2026-11-20T23:56:00.000Z", "2026-11-20T23:55:00Z/", "/",
                              "2026-11-20T23:55:00Z", "2026-11-20T23:56:00Z/2026-11-20T23:55:00Z"})
        EXPECT_EQ(status(range), 422) << range;
}

TEST_F(Access, OwnersAreForThoseWhoseRecordsHaveOne) {
    EXPECT_TRUE(bench.control("POST", "itwins/create?owner=other").as_object().contains("error"));
    EXPECT_THROW(Bench({.others = {{"itwins", 1}}}), std::invalid_argument);
    EXPECT_THROW(Bench({.counts = {{"itwin", 1}}}), std::invalid_argument);
    EXPECT_EQ(data().size(), 3u);
}

/// What a receiver holds of the object, as if it came in one message.
Inbox holding(const ObjectRow& row, const std::vector<std::pair<std::string, std::string>>& records) {
    Incoming incoming{.installation = "i", .object = std::string(row.name), .raw_object = std::string(row.name),
                      .read_type = "scheduled", .stream = "s", .sequence = 1};
    for (const auto& [id, raw] : records) incoming.items.push_back({id, "create", raw});
    Inbox inbox;
    inbox.take("hook", "m1", incoming);
    return inbox;
}

TEST(Compare, FindsEveryObjectEqualToItselfReadAgain) {
    StillWorld world;
    Data data(world, 1, "me@x");
    for (const auto& row : objects()) data.fill(row, 4);
    for (const auto& row : objects()) {
        std::vector<std::pair<std::string, std::string>> records;
        for (const Record* record : data.list(row)) {
            std::string text = record->text;
            if (const auto [at, size] = record->renewed; size != 0) text[at + size - 2] = '9';
            records.emplace_back(record->id, text);
        }
        EXPECT_NE(compare(data, holding(row, records), "", "").find(R"({"equal":true)"), std::string::npos) << row.name;
        records.front().second.insert(1, R"("more":1,)");
        EXPECT_NE(compare(data, holding(row, records), row.alias, "").find(R"("different":1)"), std::string::npos)
            << row.name;
    }
}

TEST(Compare, DoesNotMissWhatTheCallerMayNotSee) {
    StillWorld world;
    Data data(world, 1, "me@x");
    const auto& row = *find_object("reality-data");
    data.fill(*find_object("itwins"), 1);
    data.fill(row, 2, 1);
    const auto* mine = data.list(row).at(0);
    const auto equal = [&] {
        return compare(data, holding(row, {{mine->id, mine->text}}), "", "").starts_with(R"({"equal":true)");
    };

    EXPECT_FALSE(equal());
    data.set_itwins(row, data.list(row).at(1)->id, {});
    EXPECT_TRUE(equal());
}

TEST(Slices, OfManyITwinsAreCappedAfterTheFilterAndQuick) {
    Bench bench({.itwins = 25'000});
    const auto began = std::chrono::steady_clock::now();
    std::size_t rows = 0;
    // Records are a minute apart: four days in a slice are fewer than the cap.
    for (int day = 1; day <= 21; day += 4) {
        const auto slice = fmt::format("createdDateTime%20ge%202026-11-{:02}T00:00:00Z%20and%20createdDateTime%20lt%20"
                                       "2026-11-{:02}T00:00:00Z",
                                       day, day + 4);
        rows += bench.all("/itwins/?$top=1000&includeInactive=true&$orderby=createdDateTime%20asc&$filter=" + slice,
                          "iTwins", everything).size();
    }
    const auto before = bench.all("/itwins/?$top=1000&includeInactive=true&$filter=createdDateTime%20lt%202026-11-05"
                                  "T00:00:00Z", "iTwins", {{"X-Max-Return", "1500"}});
    const auto hidden = bench.all("/itwins/?$top=1000&$filter=createdDateTime%20ge%202026-11-20T00:00:00Z", "iTwins",
                                  {{"X-Max-Return", "1300"}});

    EXPECT_EQ(rows, 25'000u);
    EXPECT_EQ(before.size(), 1500u);
    EXPECT_GT(hidden.size(), 1200u);
    EXPECT_LT(hidden.size(), 1300u);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{5});
}

}  // namespace
}  // namespace syncd::sandbox
