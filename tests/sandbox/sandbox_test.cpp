#include "tests/sandbox/bench.hpp"
#include "tests/sandbox/filter.hpp"

#include <gtest/gtest.h>

#include <set>

namespace syncd::sandbox {
namespace {

std::string code(const http::Response& response) {
    return bj::parse(response.body).at("error").at("code").as_string().c_str();
}

std::string target(const http::Response& response) {
    return bj::parse(response.body).at("error").at("details").at(0).at("target").as_string().c_str();
}

std::string all_jobs(const std::string& more = "") {
    return "/contextcapture/jobs?$filter=createdDateTime%20ge%201970-01-01T00:00:00Z" + more;
}

TEST(TokenEndpoint, GivesATokenForTheRightSecretInBodyOrBasic) {
    Bench bench;

    const auto in_body = bench.token("grant_type=client_credentials&client_id=sandbox&client_secret=sandbox-secret");
    http::Request basic{"POST", "/connect/token",
                        {{"Content-Type", "application/x-www-form-urlencoded"},
                         {"Authorization", "Basic " + to_base64("sandbox:sandbox-secret")}},
                        "grant_type=client_credentials"};
    const auto in_header = bench.finish(bench.box.provider(basic));

    EXPECT_EQ(in_body.status, 200);
    EXPECT_EQ(bj::parse(in_body.body).at("expires_in").to_number<int>(), 3600);
    EXPECT_EQ(in_header.status, 200);
}

TEST(TokenEndpoint, RefusesAWrongSecretAndAnUnknownGrant) {
    Bench bench;

    const auto wrong = bench.token("grant_type=client_credentials&client_id=sandbox&client_secret=x");
    const auto grant = bench.token("grant_type=password&client_id=sandbox&client_secret=sandbox-secret");

    EXPECT_EQ(wrong.status, 400);
    EXPECT_EQ(bj::parse(wrong.body).at("error"), "invalid_client");
    EXPECT_EQ(bj::parse(grant.body).at("error"), "unsupported_grant_type");
}

TEST(Bearer, IsAskedForByEveryRead) {
    Bench bench;
    const http::Headers accept{{"Accept", "application/vnd.bentley.itwin-platform.v1+json"}};
    http::Request none{"GET", "/itwins/", accept, ""}, basic = none, unknown = none;
    basic.headers.add("Authorization", "Basic x");
    unknown.headers.add("Authorization", "Bearer x");

    EXPECT_EQ(code(bench.finish(bench.box.provider(none))), "HeaderNotFound");
    EXPECT_EQ(code(bench.finish(bench.box.provider(basic))), "InvalidAuthorizationScheme");
    EXPECT_EQ(bench.finish(bench.box.provider(unknown)).status, 401);
}

TEST(Bearer, ExpiresAndCanBeRevoked) {
    Bench bench({.token_lifetime = std::chrono::seconds{60}});
    ASSERT_EQ(bench.get("/itwins/").status, 200);

    bench.world.pass(std::chrono::seconds{60});
    const auto expired = bench.get("/itwins/");
    bench.bearer.clear();
    const auto renewed = bench.get("/itwins/");
    bench.control("POST", "tokens/revoke");
    const auto revoked = bench.get("/itwins/");

    EXPECT_EQ(expired.status, 401);
    EXPECT_EQ(renewed.status, 200);
    EXPECT_EQ(revoked.status, 401);
}

TEST(Bearer, OfAnotherTokenEndpointPassesOnceItIsAccepted) {
    Bench bench;
    bench.bearer = "foreign";
    ASSERT_EQ(bench.get("/itwins/").status, 401);

    bench.control("POST", "tokens/accept?token=foreign&lifetime=1m");
    const auto accepted = bench.get("/itwins/");
    bench.world.pass(std::chrono::minutes{1});
    const auto expired = bench.get("/itwins/");

    EXPECT_EQ(accepted.status, 200);
    EXPECT_EQ(expired.status, 401);
}

TEST(Versions, AreLeftOutByTheProvidersOwnClientOfITwins) {
    Bench bench;
    const auto ask = [&](const char* method, std::string target, std::string body) {
        auto request = bench.writing(method, std::move(target), std::move(body));
        request.headers = {{"Authorization", std::string(request.headers.get("Authorization"))},
                           {"Accept", "application/json, text/plain, */*"},
                           {"Content-Type", "application/json"}};
        return bench.finish(bench.box.provider(std::move(request)));
    };

    const auto itwin = R"({"class":"Endeavor","subClass":"Project","displayName":"Bridge"})";
    EXPECT_EQ(ask("GET", "/itwins?&$top=1", "").status, 200);
    EXPECT_EQ(ask("POST", "/itwins/", itwin).status, 201);
    EXPECT_EQ(code(ask("POST", "/imodels", "{}")), "ResourceNotFound") << "the first version of it is not served";
}

TEST(Versions, OneThatIsNotServedIsNotFound) {
    Bench bench;
    auto request = bench.reading("/itwins/");
    request.headers = {{"Authorization", "Bearer " + bench.bearer},
                       {"Accept", "application/vnd.bentley.itwin-platform.v9+json"}};

    const auto response = bench.finish(bench.box.provider(request));

    EXPECT_EQ(response.status, 404);
    EXPECT_NE(response.body.find("OperationNotFound"), std::string::npos);
}

TEST(ITwins, ComeInPagesThatTogetherHoldEachOnce) {
    Bench bench;

    const auto rows = bench.all("/itwins/?$top=40&includeInactive=true", "iTwins", everything);

    std::set<std::string> ids;
    for (const auto& row : rows) ids.insert(row.at("id").as_string().c_str());
    EXPECT_EQ(rows.size(), 250u);
    EXPECT_EQ(ids.size(), 250u);
}

TEST(ITwins, LinkAbsolutelyToSelfPrevAndNextAndNotBeyondTheLastPage) {
    Bench bench({.itwins = 10});

    const auto middle = bench.json("/itwins?$top=4&$skip=4&includeInactive=true").at("_links");
    const auto last = bench.json("/itwins?$top=4&$skip=8&includeInactive=true").at("_links");

    EXPECT_EQ(middle.at("self").at("href"), "http://api.test/itwins?$top=4&$skip=4&includeInactive=true");
    EXPECT_EQ(middle.at("prev").at("href"), "http://api.test/itwins?includeInactive=true&$skip=0&$top=4");
    EXPECT_EQ(middle.at("next").at("href"), "http://api.test/itwins?includeInactive=true&$skip=8&$top=4");
    EXPECT_FALSE(last.as_object().contains("next"));
}

TEST(ITwins, AreCutSilentlyAtXMaxReturn) {
    Bench bench({.itwins = 1500});

    const auto by_default = bench.all("/itwins/?$top=1000&includeInactive=true", "iTwins");
    const auto first = bench.get("/itwins/?$top=1000&includeInactive=true", {{"X-Max-Return", "1200"}});
    const auto capped = bench.all("/itwins/?$top=1000&includeInactive=true", "iTwins", {{"X-Max-Return", "1200"}});

    EXPECT_EQ(by_default.size(), 1000u);
    EXPECT_EQ(first.headers.get("X-Max-Return"), "1200");
    EXPECT_EQ(capped.size(), 1200u);
    EXPECT_EQ(bench.get("/itwins/", {{"X-Max-Return", "10001"}}).status, 422);
}

TEST(ITwins, HideInactiveOnesUnlessAsked) {
    Bench bench({.itwins = 14});

    EXPECT_EQ(bench.all("/itwins/", "iTwins").size(), 12u);
    EXPECT_EQ(bench.all("/itwins/?includeInactive=true", "iTwins").size(), 14u);
    EXPECT_EQ(bench.all("/itwins/?status=Inactive", "iTwins").size(), 2u);
    EXPECT_EQ(target(bench.get("/itwins/?status=Inactive&includeInactive=true")), "status");
}

TEST(ITwins, ShowAllFieldsOnlyToThoseWhoPreferTheRepresentation) {
    Bench bench;

    const auto minimal = bench.json("/itwins/?$top=1").at("iTwins").at(0).as_object();
    const auto full = bench.json("/itwins/?$top=1", everything).at("iTwins").at(0).as_object();

    EXPECT_FALSE(minimal.contains("createdDateTime"));
    EXPECT_EQ(full.at("createdDateTime").as_string().size(), std::string("2016-01-18T21:03:00.3704659Z").size());
    EXPECT_EQ(full.size(), 20u);
}

TEST(ITwins, HaveAnotherSignedImageAtEachReadAndNothingElseNew) {
    Bench bench;

    auto first = bench.json("/itwins/?$top=1", everything).at("iTwins").at(0).as_object();
    auto second = bench.json("/itwins/?$top=1", everything).at("iTwins").at(0).as_object();

    EXPECT_NE(first.at("image"), second.at("image"));
    first.erase("image");
    second.erase("image");
    EXPECT_EQ(first, second);
}

TEST(ITwins, RefuseAPageSizeBeyondTheLimits) {
    Bench bench;

    for (const std::string top : {"0", "1001", "x"}) EXPECT_EQ(target(bench.get("/itwins/?$top=" + top)), "$top");
    EXPECT_EQ(target(bench.get("/itwins/?$skip=-1")), "$skip");
}

TEST(ITwins, CanBeReadOneByOne) {
    Bench bench;
    const auto id = bench.json("/itwins/?$top=1").at("iTwins").at(0).at("id").as_string();

    EXPECT_EQ(bench.json("/itwins/" + std::string(id)).at("iTwin").at("id"), id);
    EXPECT_EQ(code(bench.get("/itwins/00000000-0000-4000-8000-000000000000")), "iTwinNotFound");
}

TEST(ITwins, CanBeSlicedByCreationTime) {
    Bench bench({.itwins = 100});

    const auto rows = bench.all("/itwins/?includeInactive=true&$orderby=createdDateTime%20desc&$filter="
                                "createdDateTime%20ge%202026-11-20T23:30:00Z%20and%20createdDateTime%20lt%20"
                                "2026-11-20T23:40:00Z",
                                "iTwins", everything);

    ASSERT_EQ(rows.size(), 10u);
    EXPECT_EQ(rows.front().at("createdDateTime"), "2026-11-20T23:39:00.0000000Z");
}

TEST(Recents, AreITwinsNewestFirstAndNeverMoreThan25) {
    Bench bench;
    bench.control("POST", "recents/create?count=40");

    EXPECT_EQ(bench.all("/itwins/recents?includeInactive=true", "iTwins").size(), 25u);
    EXPECT_EQ(bench.all("/itwins/favorites?includeInactive=true", "iTwins").size(), 3u);
}

TEST(Cesium, HasNumericIdsAndNoPaging) {
    Bench bench;

    const auto page = bench.json("/curated-content/cesium/?$top=2");

    EXPECT_EQ(page.at("items").as_array().size(), 12u);
    EXPECT_TRUE(page.at("items").at(0).at("id").is_int64());
    EXPECT_FALSE(page.as_object().contains("_links"));
}

TEST(Jobs, WantAFilterAndASensiblePageSize) {
    Bench bench;

    EXPECT_EQ(target(bench.get("/contextcapture/jobs")), "$filter");
    EXPECT_EQ(target(bench.get("/contextcapture/jobs?$filter=lastModifiedDateTime%20ge%202024-01-01T00:00:00Z")),
              "$filter");
    EXPECT_EQ(target(bench.get(all_jobs("&$top=1"))), "$top");
}

TEST(Jobs, AreFoundByTimeITwinAndId) {
    Bench bench;
    const auto job = bench.all(all_jobs(), "jobs").at(3);
    const std::string id(job.at("id").as_string()), itwin(job.at("iTwinId").as_string());

    const auto late = bench.all("/contextcapture/jobs?%24filter=createdDateTime%20gt%202026-11-20T23:55:00Z", "jobs");
    const auto in = bench.all("/contextcapture/jobs?$filter=id%20in%20('" + id + "','x')", "jobs");
    const auto of_itwin = bench.all(all_jobs("%20and%20iTwinId%20eq%20" + itwin), "jobs");
    const auto either = bench.all("/contextcapture/jobs?$filter=id%20eq%20" + id + "%20or%20state%20eq%20'x'", "jobs");

    EXPECT_EQ(late.size(), 5u);
    EXPECT_EQ(in.size(), 1u);
    EXPECT_EQ(of_itwin.size(), 4u);
    EXPECT_EQ(either, in);
    EXPECT_EQ(bench.json("/contextcapture/jobs/" + id).at("job"), job);
}

TEST(Jobs, PageByTokensThatSurviveChanges) {
    Bench bench;

    const auto first = bench.json(all_jobs("&$top=7"));
    bench.control("POST", "jobs/delete?count=3");
    bench.control("POST", "jobs/create?count=2");
    const std::string next(first.at("_links").at("next").at("href").as_string());
    const auto rest = bench.all(next.substr(std::string("http://api.test").size()), "jobs");

    EXPECT_NE(next.find("$filter=createdDateTime%20ge%20"), std::string::npos);
    EXPECT_EQ(rest.size(), 15u);
}

TEST(Jobs, AdvanceToSuccess) {
    Bench bench;
    for (int i = 0; i < 2; ++i) EXPECT_EQ(bench.control("POST", "jobs/advance").at("touched").to_number<int>(), 20);

    EXPECT_EQ(bench.control("POST", "jobs/advance").at("touched").to_number<int>(), 0);
    EXPECT_EQ(bench.all(all_jobs(), "jobs").front().at("state"), "Success");
}

TEST(Control, ChangesNamesAndTimesOfExactlyTheRecordsAskedFor) {
    Bench bench({.itwins = 5});
    const auto before = bench.all("/itwins/?includeInactive=true", "iTwins");
    bench.world.pass(std::chrono::minutes{30});

    bench.control("POST", "itwins/change?count=2");

    const auto after = bench.all("/itwins/?includeInactive=true", "iTwins", everything);
    EXPECT_NE(after.at(0).at("displayName"), before.at(0).at("displayName"));
    EXPECT_EQ(after.at(1).at("lastModifiedDateTime"), "2026-11-21T00:30:00.0000000Z");
    EXPECT_EQ(after.at(2).at("displayName"), before.at(2).at("displayName"));
}

TEST(Control, ReplacesAndDeletesSingleRecordsAndResets) {
    Bench bench({.itwins = 3});
    const auto before = bench.all("/itwins/?includeInactive=true", "iTwins");
    const std::string id(before.at(0).at("id").as_string());

    bench.control("POST", "itwins/records", R"({"id":")" + id + R"(","displayName":"Mine"})");
    EXPECT_EQ(bench.json("/itwins/" + id).at("iTwin").at("displayName"), "Mine");
    bench.control("DELETE", "itwins/records/" + id);
    EXPECT_EQ(bench.get("/itwins/" + id).status, 404);
    bench.control("POST", "itwins/reset");
    EXPECT_EQ(bench.all("/itwins/?includeInactive=true", "iTwins"), before);
}

TEST(Control, AnswersAnUnknownRouteOrMemberWithWhatIsAllowed) {
    Bench bench;

    EXPECT_TRUE(bench.control("POST", "nothing/create").as_object().contains("error"));
    EXPECT_TRUE(bench.control("POST", "faults", R"({"path":"/itwins/","kynd":"reset"})").as_object().contains("error"));
}

TEST(Seed, DecidesTheIds) {
    const auto ids = [](std::uint64_t seed) {
        return serialize(Bench({.itwins = 3, .seed = seed}).all("/itwins/", "iTwins"));
    };

    EXPECT_EQ(ids(1), ids(1));
    EXPECT_NE(ids(1), ids(2));
}

}  // namespace
}  // namespace syncd::sandbox
