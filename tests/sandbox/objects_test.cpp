// Every object as the documentation has it; the rows of objects.cpp are not asked here.
#include "tests/sandbox/bench.hpp"
#include "tests/sandbox/call.hpp"
#include "tests/sandbox/objects.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace syncd::sandbox {
namespace {

constexpr const char* since = "$filter=createdDateTime%20ge%201970-01-01T00:00:00Z";

/// How an object is read: 7 rows in pages of 3, or `rows` in pages that have a size of their own.
struct Documented {
    const char *object, *path, *key, *id = "id", *query = "", *page = "$top=3";
    int version = 1;
    std::size_t rows = 7, pages = 3;
    const char *own = "", *not_found = "";  // wrapper of GET path/{id}; "-" for none, empty for no such read
    const char *time = "", *form = "";       // a member with a time, and its form
    std::size_t members = 0, minimal = 0;    // of a record, at most and without Prefer; 0: the same
};

constexpr const char* seconds = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)";
constexpr const char* milliseconds = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)";
constexpr const char* ticks = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z)";
constexpr const char* ticks_offset = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+00:00)";
constexpr const char* eastern = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d-04:00)";

const std::vector<Documented> documented = {
    {.object = "itwins", .path = "/itwins/", .key = "iTwins", .query = "includeInactive=true", .own = "iTwin",
     .not_found = "iTwinNotFound", .time = "createdDateTime", .form = ticks, .members = 20, .minimal = 8},
    {.object = "itwins/recents", .path = "/itwins/recents", .key = "iTwins", .query = "includeInactive=true",
     .time = "createdDateTime", .form = ticks, .members = 20, .minimal = 8},
    {.object = "itwins/favorites", .path = "/itwins/favorites", .key = "iTwins", .query = "includeInactive=true",
     .time = "createdDateTime", .form = ticks, .members = 20, .minimal = 8},
    {.object = "itwins/exports", .path = "/itwins/exports", .key = "exports", .pages = 1, .own = "export",
     .not_found = "ExportNotFound", .time = "createdDateTime", .form = milliseconds, .members = 8},
    {.object = "curated-content/cesium", .path = "/curated-content/cesium/", .key = "items", .pages = 1, .members = 6},
    {.object = "contextcapture/jobs", .path = "/contextcapture/jobs", .key = "jobs", .query = since, .own = "job",
     .not_found = "JobNotFound", .time = "createdDateTime", .form = seconds, .members = 15},
    {.object = "realityconversion/jobs", .path = "/realityconversion/jobs", .key = "jobs", .query = since,
     .own = "job", .not_found = "JobNotFound", .time = "createdDateTime", .form = seconds, .members = 15},
    {.object = "reality-analysis/jobs", .path = "/reality-analysis/jobs", .key = "jobs", .query = since, .version = 2,
     .own = "job", .not_found = "JobNotFound", .time = "executionInfo/createdDateTime", .form = ticks_offset,
     .members = 8},
    {.object = "reality-analysis/detectors", .path = "/reality-analysis/detectors", .key = "detectors", .id = "name",
     .version = 2, .pages = 1, .own = "detector", .not_found = "DetectorNotFound", .members = 6},
    {.object = "reality-analysis/files", .path = "/reality-analysis/files", .key = "files", .version = 2, .pages = 1,
     .members = 5},
    {.object = "reality-management/reality-data", .path = "/reality-management/reality-data/", .key = "realityData",
     .own = "realityData", .not_found = "RealityDataNotFound", .time = "modifiedDateTime", .form = seconds,
     .members = 21, .minimal = 3},
    {.object = "edfs/packages", .path = "/edfs/packages", .key = "packages", .id = "uniqueName", .pages = 1,
     .own = "package", .not_found = "PackageNotFound", .time = "subscribedOn", .form = eastern, .members = 10},
    {.object = "library/applications", .path = "/library/applications", .key = "applications", .rows = 130,
     .own = "application", .not_found = "ApplicationNotFound", .time = "createdDateTime", .form = ticks, .members = 5},
    {.object = "library/brands", .path = "/library/brands", .key = "brands", .pages = 1, .own = "brand",
     .not_found = "BrandNotFound", .time = "createdDateTime", .form = ticks, .members = 8, .minimal = 2},
    {.object = "library/catalogs", .path = "/library/catalogs", .key = "catalogs", .own = "catalog",
     .not_found = "CatalogNotFound", .time = "createdDateTime", .form = ticks, .members = 7, .minimal = 2},
    {.object = "library/categories", .path = "/library/categories", .key = "categories", .rows = 130,
     .own = "category", .not_found = "CategoryNotFound", .time = "createdDateTime", .form = ticks, .members = 4},
    {.object = "library/components", .path = "/library/components", .key = "components", .own = "component",
     .not_found = "ComponentNotFound", .time = "createdDateTime", .form = ticks, .members = 9, .minimal = 2},
    {.object = "library/manufacturers", .path = "/library/manufacturers", .key = "manufacturers", .rows = 130,
     .own = "manufacturer", .not_found = "ManufacturerNotFound", .time = "createdDateTime", .form = ticks_offset,
     .members = 7},
    {.object = "webhooks", .path = "/webhooks/", .key = "webhooks", .version = 2, .pages = 1, .own = "-",
     .not_found = "WebhookNotFound", .time = "created", .form = milliseconds, .members = 9},
};

void PrintTo(const Documented& object, std::ostream* out) { *out << object.object; }

std::string encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += std::isalnum(byte) || c == '-' ? std::string(1, c) : fmt::format("%{:02X}", byte);
    }
    return out;
}

std::string query_of(const Documented& object, const std::string& more = "") {
    std::string query = object.query;
    if (!more.empty()) query += (query.empty() ? "" : "&") + more;
    return query.empty() ? "" : "?" + query;
}

const bj::value& at(const bj::value& record, std::string_view path) {
    const bj::value* value = &record;
    for (const auto& part : split(path, '/')) value = &value->at(part);
    return *value;
}

class Objects : public testing::TestWithParam<Documented> {
protected:
    Objects() : bench(options()) { bench.version = object.version; }

    static Options options() {
        Options options{.itwins = 7, .recents = 7, .favorites = 7};
        options.counts = {{GetParam().object, GetParam().rows}};
        options.others = {{"reality-data", 0}};
        return options;
    }
    std::string link(const bj::value& page, std::string_view name) const {
        const auto* links = page.as_object().if_contains("_links");
        const auto* value = links ? links->as_object().if_contains(name) : nullptr;
        return value && value->is_object() ? std::string(value->at("href").as_string()) : "";
    }
    bj::value first_record() { return bench.json(object.path + query_of(object), everything).at(object.key).at(0); }
    std::string id_of(const bj::value& record) const {
        const auto& id = record.at(object.id);
        return id.is_string() ? std::string(id.as_string()) : bj::serialize(id);
    }

    const Documented& object = GetParam();
    Bench bench;
};

TEST_P(Objects, ListEachRecordOnceOverItsPages) {
    std::set<std::string> ids, seen;
    std::size_t rows = 0, pages = 0;
    std::string target = object.path + query_of(object, object.pages > 1 ? object.page : "");
    while (pages < 10) {
        const auto page = bench.json(target, everything);
        ++pages;
        for (const auto& record : page.at(object.key).as_array()) ids.insert(id_of(record));
        rows += page.at(object.key).as_array().size();
        const auto next = link(page, "next");
        if (next.empty() || next == link(page, "self")) break;
        ASSERT_TRUE(next.starts_with("http://api.test/")) << next;
        target = next.substr(std::string("http://api.test").size());
    }

    EXPECT_EQ(rows, object.rows);
    EXPECT_EQ(ids.size(), object.rows);
    EXPECT_EQ(pages, object.pages);
}

TEST_P(Objects, AreServedWithAndWithoutTheTrailingSlash) {
    std::string bare = object.path;
    if (bare.ends_with('/')) bare.pop_back();

    EXPECT_EQ(bench.get(bare + query_of(object)).status, 200);
    EXPECT_EQ(bench.get(bare + "/" + query_of(object)).status, 200);
}

TEST_P(Objects, AreServedInOneVersionOnly) {
    bench.version = 3 - object.version;

    const auto response = bench.get(object.path + query_of(object));

    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(bj::parse(response.body).at("error").at("code"), "ResourceNotFound");
    EXPECT_EQ(bj::parse(response.body).at("error").at("details").at(0).at("code"), "OperationNotFound");
}

TEST_P(Objects, HaveTheirFieldsAndTimeForms) {
    const auto record = first_record();
    const auto minimal = bench.json(object.path + query_of(object)).at(object.key).at(0);

    EXPECT_EQ(record.as_object().size(), object.members);
    EXPECT_EQ(minimal.as_object().size(), object.minimal ? object.minimal : object.members);
    if (*object.time) {
        const std::string time(at(record, object.time).as_string());
        EXPECT_TRUE(std::regex_match(time, std::regex(object.form))) << time;
    }
}

TEST_P(Objects, AreReadOneByOneWhereThatIsDocumented) {
    const auto record = first_record();
    const std::string path = std::string(object.path) + (std::string_view(object.path).ends_with('/') ? "" : "/");
    const auto one = bench.get(path + encoded(id_of(record)));
    const auto none = bench.get(path + "none");

    if (!*object.own) {
        EXPECT_EQ(one.status, 404);
        return;
    }
    ASSERT_EQ(one.status, 200);
    const auto body = bj::parse(one.body);
    EXPECT_EQ((object.own == std::string("-") ? body : body.at(object.own)).at(object.id), record.at(object.id));
    EXPECT_EQ(none.status, 404);
    EXPECT_EQ(bj::parse(none.body).at("error").at("code").as_string(), object.not_found);
}

TEST_P(Objects, ChangeOnCommand) {
    const auto before = first_record();
    bench.world.pass(std::chrono::minutes{5});

    for (std::size_t i = 0; i < object.rows; ++i) bench.control("POST", fmt::format("{}/change", object.object));

    EXPECT_NE(first_record(), before);
}

INSTANTIATE_TEST_SUITE_P(Documented, Objects, testing::ValuesIn(documented), [](const auto& each) {
    return std::regex_replace(std::string(each.param.object), std::regex("[^a-z]"), "_");
});

TEST(ObjectList, NamesAll19) {
    Bench bench;

    const auto list = bench.control("GET", "objects").as_array();

    EXPECT_EQ(list.size(), documented.size());
    for (const auto& each : documented) EXPECT_TRUE(find_object(each.object)) << each.object;
    for (const auto* alias : {"exports", "packages", "applications", "brands", "catalogs", "categories", "components",
                              "manufacturers", "detectors", "files", "analysis-jobs", "reality-data", "conversion-jobs",
                              "webhooks", "jobs", "cesium", "recents", "favorites"})
        EXPECT_TRUE(find_object(alias)) << alias;
}

TEST(Library, TokensStandInQuotesAndAreTakenOnlySo) {
    Bench bench({.counts = {{"library/applications", 60}}});

    const auto page = bench.json("/library/applications?$top=3");
    const std::string next(page.at("_links").at("next").at("href").as_string());

    EXPECT_EQ(page.at("applications").as_array().size(), 50u);
    EXPECT_EQ(next, "http://api.test/library/applications?$top=3&continuationToken='sbxpage-50'");
    EXPECT_EQ(bench.get("/library/applications?continuationToken='sbxpage-50'").status, 200);
    EXPECT_EQ(bench.get("/library/applications?continuationToken=sbxpage-50").status, 422);
    EXPECT_EQ(bench.get("/library/applications?continuationToken=%27sbxpage-50%27").status, 422);
}

TEST(Library, LinksOfOffsetPagesHaveACapitalAndEndWithTheirOwn) {
    Bench bench({.counts = {{"catalogs", 3}}});

    const auto first = bench.json("/library/catalogs?$top=2").at("_links");
    const auto last = bench.json("/Library/catalogs?$skip=2&$top=2").at("_links");
    const auto only = bench.json("/library/catalogs").at("_links");

    EXPECT_EQ(first.at("next").at("href"), "http://api.test/Library/catalogs?$skip=2&$top=2");
    EXPECT_EQ(first.at("prev"), first.at("self"));
    EXPECT_EQ(last.at("next"), last.at("self"));
    EXPECT_EQ(last.at("next").at("href"), "http://api.test/Library/catalogs?$skip=2&$top=2");
    EXPECT_EQ(only.at("next").at("href"), "http://api.test/Library/catalogs?$skip=0&$top=100");
}

TEST(PageSizes, OutsideTheLimitsAreRefusedWithTheirName) {
    struct Refused {
        const char *path, *name;
        int version, status;
    };
    for (const auto& [path, name, version, status] :
         {Refused{"/library/components?$top=1001", "$top", 1, 422},
          Refused{"/reality-management/reality-data?$top=0", "$Top", 1, 422},
          Refused{"/reality-management/reality-data?$top=1001", "$Top", 1, 422},
          Refused{"/realityconversion/jobs?$top=1&$filter=id%20eq%20x", "$top", 1, 422},
          Refused{"/reality-analysis/jobs?$top=1001&$filter=id%20eq%20x", "$top", 2, 400}}) {
        Bench bench;
        bench.version = version;
        const auto response = bench.get(path);
        EXPECT_EQ(response.status, status) << path;
        EXPECT_EQ(bj::parse(response.body).at("error").at("details").at(0).at("target").as_string(), name);
    }
}

TEST(AnalysisJobs, KnowNoInAndBindAndBeforeOr) {
    Bench bench({.counts = {{"analysis-jobs", 4}}});
    bench.version = 2;
    const auto read = [&](const std::string& filter) { return bench.get("/reality-analysis/jobs?$filter=" + filter); };
    const auto jobs = bj::parse(read("createdDateTime%20ge%201970-01-01T00:00:00Z").body).at("jobs").as_array();
    const auto id = [&](std::size_t n) { return std::string(jobs.at(n).at("id").as_string()); };

    const auto in = read("id%20in%20('" + id(0) + "')");
    const auto either = read("id%20eq%20" + id(0) + "%20or%20id%20eq%20" + id(1) + "%20and%20state%20eq%20Success");

    EXPECT_EQ(in.status, 400);
    EXPECT_EQ(bj::parse(in.body).at("error").at("code"), "InvalidRealityAnalysisRequest");
    ASSERT_EQ(bj::parse(either.body).at("jobs").as_array().size(), 1u);
    EXPECT_EQ(bj::parse(either.body).at("jobs").at(0).at("id").as_string(), id(0));
    EXPECT_EQ(bench.get("/reality-analysis/jobs").status, 400);
}

TEST(States, AdvanceOneRecordByNameOrAllByOne) {
    Bench bench({.counts = {{"analysis-jobs", 3}}});
    bench.version = 2;
    const auto jobs = [&] { return bench.all(std::string("/reality-analysis/jobs?") + since, "jobs"); };
    const std::string id(jobs().at(1).at("id").as_string());

    bench.control("POST", "analysis-jobs/advance?id=" + id);
    const auto active = jobs().at(1);
    bench.control("POST", "analysis-jobs/advance?state=Failed&id=" + id);
    const auto failed = jobs().at(1);

    EXPECT_EQ(active.at("state"), "Active");
    EXPECT_TRUE(active.at("executionInfo").at("startedDateTime").is_string());
    EXPECT_TRUE(active.at("executionInfo").at("endedDateTime").is_null());
    EXPECT_EQ(failed.at("state"), "Failed");
    EXPECT_TRUE(failed.at("executionInfo").at("endedDateTime").is_string());
    EXPECT_EQ(jobs().at(0).at("state"), "Queued");
}

TEST(Renewed, AreAnotherAtEachReadAndNothingElse) {
    Bench bench;
    for (const auto& [path, key, member] :
         {std::array{"/reality-management/reality-data/", "realityData", "lastAccessedDateTime"},
          std::array{"/itwins/exports", "exports", "outputUrl"}}) {
        const auto last = [&] {
            const auto rows = bench.json(path, everything).at(key).as_array();
            return rows.at(rows.size() - 1).as_object();
        };
        auto first = last(), second = last();
        EXPECT_NE(first.at(member), second.at(member));
        first.erase(member);
        second.erase(member);
        EXPECT_EQ(first, second);
    }
}

TEST(Exports, AreNewestFirstAndHaveNoUrlBeforeTheyAreCompleted) {
    Bench bench;

    const auto rows = bench.json("/itwins/exports").at("exports").as_array();

    EXPECT_TRUE(rows.at(0).at("outputUrl").is_null());
    EXPECT_EQ(rows.at(1).at("status"), "Completed");
    EXPECT_GT(rows.at(0).at("createdDateTime").as_string(), rows.at(1).at("createdDateTime").as_string());
}

TEST(OwnReads, ShowMoreThanTheListAndWantTheirIdInOneSegment) {
    Bench bench;
    const auto package = bench.json("/edfs/packages/Survey%2Fdata%201").at("package").as_object();
    bench.version = 2;
    const auto own = bench.json("/reality-analysis/detectors/%40bentley%2Fcracks-ortho-1");
    const auto detector = own.at("detector").as_object();

    EXPECT_TRUE(package.contains("lastChange"));
    EXPECT_TRUE(detector.contains("versions"));
    EXPECT_FALSE(detector.contains("latestVersionNumber"));
    EXPECT_EQ(bench.get("/reality-analysis/detectors/@bentley/cracks-ortho-1").status, 404);
}

}  // namespace
}  // namespace syncd::sandbox
