// Every object that the catalog says can be read, through the whole program, against a provider that was written from
// the documentation and not from the catalog.
#include "tests/e2e/support/bench.hpp"

#include "connector/bentley/catalog.hpp"
#include "connector/http/url.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <set>

namespace syncd::e2e {
namespace {

using bentley::Absence;
using bentley::Paging;

constexpr std::int64_t small_page = 50;   // where the size cannot be chosen
constexpr std::int64_t recents_max = 25;  // the provider shows no more
constexpr std::int64_t unpaged_rows = 40;
constexpr std::int64_t gone = 2, changed = 3;  // in the second half of each case

struct Case {
    std::string name;
    bentley::ReadFacts facts;
    std::int64_t rows = 0, pages = 0;
};

void PrintTo(const Case& each, std::ostream* out) { *out << each.name; }

Case case_of(const std::string& name, const bentley::ReadFacts& facts) {
    if (name == "itwins/recents") return {name, facts, recents_max, 1};
    if (facts.paging == Paging::none) return {name, facts, unpaged_rows, 1};
    const std::int64_t page = facts.page_parameter.empty() ? small_page : facts.page_max;
    return {name, facts, 2 * page + page / 5, 3};
}

std::vector<Case> readable() {
    std::vector<Case> cases;
    for (const auto& [name, object] : bentley::Catalog::builtin().objects())
        if (object.read) cases.push_back(case_of(name, *object.read));
    return cases;
}

std::vector<std::string> sandbox_flags(const Case& each) {
    const bool view = each.name.starts_with("itwins/") && each.name != "itwins/exports";
    std::vector<std::string> flags = {"--count", fmt::format("itwins={}", view ? each.rows : 10), "--count",
                                      fmt::format("{}={}", each.name, each.rows)};
    if (each.name == "reality-management/reality-data")  // what others own is listed by iTwin only
        flags.insert(flags.end(), {"--others", each.name + "=0"});
    return flags;
}

Settings settings_of(const Case& each) {
    return {.objects = {{each.name, "0 0 1 1 *", "backfill: { defaultPeriod: { fullHistory: true } }"}}};
}

/// What the receiver holds, by id.
bj::object held_by_receiver(const Bench& bench, const std::string& object) {
    return bench.sandbox.get("receiver/state?object=" + object).as_object();
}

std::set<std::string> ids_of(const bj::object& records) {
    std::set<std::string> ids;
    for (const auto& each : records) ids.emplace(each.key());
    return ids;
}

bool provider_has(const Bench& bench, const std::string& object, const std::string& id) {
    const auto record = object + "/records/" + http::percent_encode(id);
    return fetch("GET", bench.sandbox.provider + "/_sandbox/" + record).status == 200;
}

std::string as_text(const bj::value& value) {
    return value.is_string() ? std::string(value.as_string()) : bj::serialize(value);
}

class Objects : public ::testing::TestWithParam<Case> {
protected:
    /// Every record is there, and as the provider has it but for what nobody may see.
    void expect_same_records(Bench& bench) const {
        const auto& facts = GetParam().facts;
        if (facts.secret_fields.empty()) {
            EXPECT_EQ(bench.sandbox.difference(), "");
            return;
        }
        for (const auto& each : held_by_receiver(bench, GetParam().name)) {
            auto expected = bench.sandbox.get(GetParam().name + "/records/" + http::percent_encode(each.key()));
            for (const auto& secret : facts.secret_fields) expected.as_object()[secret] = "***";
            EXPECT_EQ(each.value(), expected);
        }
    }
    std::string rows_in(const Bench& bench, const std::string& condition) const {
        return Database(bench.database())
            .value(fmt::format("SELECT count(*) FROM records WHERE object = '{}' AND deleted_at IS {}NULL",
                               GetParam().name, condition));
    }
};

TEST_P(Objects, ArriveWholeThenOnlyWhatChanges) {
    const auto& [name, facts, rows, pages] = GetParam();
    Bench bench(sandbox_flags(GetParam()), settings_of(GetParam()));
    if (!facts.state.empty()) bench.sandbox.post(name + "/advance?state=Success");  // open ones are read by id besides

    const auto first = bench.sync();
    ASSERT_EQ(first.exit, 0) << first.out << first.err;
    const auto stats = bench.sandbox.stats();
    EXPECT_EQ(counted(stats, "requests", facts.path), pages);
    EXPECT_EQ(number(stats, "/total"), pages) << stats;
    EXPECT_EQ(counted(stats, "statuses", "200"), pages) << stats;
    EXPECT_EQ(bj::serialize(stats.at("unknownParameters")), "{}");
    EXPECT_EQ(number(stats, "/withoutAccept"), 0);
    EXPECT_EQ(number(bench.json({"operations"}), "/0/pages"), pages);

    const auto held = held_by_receiver(bench, name);
    ASSERT_EQ(std::int64_t(held.size()), rows);
    for (const auto& each : held) EXPECT_EQ(as_text(each.value().at(facts.id.front())), each.key());
    expect_same_records(bench);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/creates"), rows);
    EXPECT_EQ(rows_in(bench, ""), std::to_string(rows));

    const auto messages = bench.sandbox.messages();
    ASSERT_EQ(bench.sync({"--full"}).exit, 0);
    EXPECT_EQ(bench.sandbox.messages(), messages) << "nothing changed: " << bench.json({"operations"});

    const bool absence_tells = facts.absence == Absence::deleted;
    bench.sandbox.post(fmt::format("{}/delete?count={}", name, gone));
    bench.sandbox.post(fmt::format("{}/change?count={}", name, changed));
    ASSERT_EQ(bench.sync({"--full"}).exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), absence_tells && facts.own ? gone : 0)
        << "where there is no own read a record must be missing twice";
    ASSERT_EQ(bench.sync({"--full"}).exit, 0);

    const auto receiver = bench.sandbox.receiver();
    EXPECT_EQ(number(receiver, "/updates"), changed);
    EXPECT_EQ(number(receiver, "/deletes"), absence_tells ? gone : 0);
    EXPECT_EQ(number(receiver, "/creates"), rows);
    EXPECT_EQ(number(receiver, "/none"), 0);
    EXPECT_EQ(number(receiver, "/violationCount"), 0) << receiver;
    expect_same_records(bench);
    auto expected = ids_of(held);
    if (absence_tells) std::erase_if(expected, [&](const auto& id) { return !provider_has(bench, name, id); });
    EXPECT_EQ(ids_of(held_by_receiver(bench, name)), expected);
    EXPECT_EQ(rows_in(bench, ""), std::to_string(expected.size()));
    EXPECT_EQ(rows_in(bench, "NOT "), std::to_string(absence_tells ? gone : 0));
    EXPECT_EQ(bj::serialize(bench.sandbox.stats().at("unknownParameters")), "{}");
}

INSTANTIATE_TEST_SUITE_P(Catalog, Objects, ::testing::ValuesIn(readable()), [](const auto& each) {
    std::string name = each.param.name;
    for (auto& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return name;
});

TEST(Objects, OpenJobsAreFollowedInListsAlsoWhereLargePagesAreRefused) {
    Bench bench(
        {"--jobs", "40"},
        {.objects = {{"contextcapture/jobs", "0 0 1 1 *", "backfill: { defaultPeriod: { fullHistory: true } }"}}});
    bench.sandbox.fault(R"({"path":"/contextcapture/jobs","status":422,"contains":"$top=1000","count":-1})");
    ASSERT_EQ(bench.sync().exit, 0);
    bench.sandbox.post("jobs/advance");
    bench.sandbox.post("stats/reset");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/updates"), 40);
    EXPECT_EQ(bench.sandbox.requests("/contextcapture/jobs/{id}"), 0) << "one by one they cost a request each";
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Objects, AreNineteenAndTheSandboxHasThemAll) {
    Bench bench;
    std::set<std::string> has, reads;
    const auto listed = bench.sandbox.get("objects");
    for (const auto& each : listed.as_array()) has.insert(text(each, "/object"));
    for (const auto& each : readable()) reads.insert(each.name);
    EXPECT_EQ(reads.size(), 19u);
    EXPECT_EQ(reads, has);
}

}  // namespace
}  // namespace syncd::e2e
