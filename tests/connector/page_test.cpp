#include "connector/bentley/page.hpp"

#include "connector/http/url.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace syncd::bentley {
namespace {

constexpr auto base = "https://api.bentley.com";

ReadFacts facts() {
    ReadFacts list;
    list.path = "/itwins/";
    list.accept = "application/vnd.bentley.itwin-platform.v1+json";
    list.key = "iTwins";
    list.id = {"id"};
    list.page_parameter = "$top";
    list.page_max = 1000;
    list.created = {"createdDateTime"};
    list.modified = {"system", "modified"};
    list.volatile_fields = {"image"};
    return list;
}

http::Response answer(std::string body, std::string type = "application/json; charset=utf-8") {
    return {200, {{"Content-Type", std::move(type)}}, std::move(body)};
}
result<Page> parse(std::string body) { return parse_page(facts(), base, answer(std::move(body))); }
errc code_of(std::string body) {
    const auto page = parse(std::move(body));
    return page ? errc{} : page.error().code;
}
std::string next_of(const std::string& links) {
    const auto page = parse(R"({"iTwins":[],"_links":)" + links + "}");
    return page ? page->next : "error: " + page.error().message;
}

TEST(Page, HoldsItsRecordsByteForByteAndInOrder) {
    const auto page = parse("{\"iTwins\": [ {\"id\":\"b\", \"n\" : 1.50} , {\"id\":\"a\"}]}").value();

    ASSERT_EQ(page.records.size(), 2u);
    EXPECT_EQ(page.records[0].id, "b");
    EXPECT_EQ(page.records[0].raw, "{\"id\":\"b\", \"n\" : 1.50}");
    EXPECT_EQ(page.records[1].id, "a");
    EXPECT_EQ(page.next, "");
}

TEST(Page, AnEmptyListIsAPage) { EXPECT_EQ(parse(R"({"iTwins":[]})")->records.size(), 0u); }

TEST(Page, WhatIsNotTheDocumentedAnswerIsAnErrorAndNeverAShortPage) {
    for (const auto* body : {"",
                             " ",
                             "null",
                             "[]",
                             "\"\"",
                             "1",
                             "{}",
                             "<html></html>",
                             "{\"iTwins\":[",
                             "{\"iTwins\":[]",
                             "{\"iTwins\":[]}}",
                             R"({"iTwins":null})",
                             R"({"iTwins":{}})",
                             R"({"iTwins":"[]"})",
                             R"({"itwins":[]})",
                             R"({"error":{"code":"x"}})",
                             R"({"data":{"iTwins":[]}})",
                             R"([{"iTwins":[]}])",
                             R"({"iTwins":[{"id":"1"},{"id":"2"})",
                             "{\"iTwins\":[]}\xff",
                             "{\"iTwins\":[{\"id\":\"\xff\"}]}"})
        EXPECT_EQ(code_of(body), errc::invalid_body) << body;
}

TEST(Page, ARecordWithoutAnIdFailsThePage) {
    for (const auto* record : {"{}", "null", "1", "\"1\"", "[]", "[{\"id\":\"1\"}]", R"({"id":null})", R"({"id":""})",
                               R"({"id":{}})", R"({"id":[]})", R"({"Id":"1"})", R"({"x":{"id":"1"}})"})
        EXPECT_EQ(code_of(fmt::format(R"({{"iTwins":[{{"id":"0"}},{}]}})", record)), errc::invalid_body) << record;
}

TEST(Page, AnIdMayBeANumber) {
    EXPECT_EQ(parse(R"({"iTwins":[{"id":42},{"id":12345678901234567890}]})")->records[1].id, "12345678901234567890");
}

TEST(Page, TheFirstNameThatHasAnIdCounts) {
    auto list = facts();
    list.id = {"uniqueName", "name"};

    const auto page =
        parse_page(list, base, answer(R"({"iTwins":[{"name":"n","uniqueName":"u"},{"name":"n","uniqueName":null}]})"))
            .value();

    EXPECT_EQ(page.records[0].id, "u");
    EXPECT_EQ(page.records[1].id, "n");
}

TEST(Page, ARowThatStandsTwiceCountsOnceTheLastOne) {
    const auto page = parse(R"({"iTwins":[{"id":"1","n":1},{"id":"2"},{"id":"1","n":2}]})").value();

    ASSERT_EQ(page.records.size(), 2u);
    EXPECT_EQ(page.records[0].raw, R"({"id":"1","n":2})");
}

TEST(Page, VolatileFieldsDoNotMakeAChange) {
    const auto digest = [](const std::string& record) {
        return parse(R"({"iTwins":[)" + record + "]}")->records.at(0).digest;
    };

    EXPECT_EQ(digest(R"({"id":"1","image":"https://x?sig=1"})"), digest(R"({"image":null,"id":"1"})"));
    EXPECT_EQ(digest(R"({"id":"1","image":"x"})"), digest(R"({"id":"1"})"));
    EXPECT_NE(digest(R"({"id":"1","a":{"image":1}})"), digest(R"({"id":"1","a":{"image":2}})")) << "outermost only";
    EXPECT_NE(digest(R"({"id":"1","n":1})"), digest(R"({"id":"1","n":2})"));
}

TEST(Page, TimesAreTakenWhereTheCatalogHasThem) {
    const auto page =
        parse(
            R"({"iTwins":[{"id":"1","createdDateTime":"2026-01-02T03:04:05Z","system":{"modified":"2026-01-02T03:04:05.678Z"}},
        {"id":"2","createdDateTime":"soon","system":null},{"id":"3","createdDateTime":7}]})")
            .value();

    EXPECT_EQ(page.records[0].created, parse_time("2026-01-02T03:04:05Z"));
    EXPECT_EQ(page.records[0].modified, parse_time("2026-01-02T03:04:05.678Z"));
    for (const int i : {1, 2})
        EXPECT_FALSE(page.records[std::size_t(i)].created || page.records[std::size_t(i)].modified);
}

TEST(Page, KnowsTheDateOfItsAnswer) {
    auto response = answer(R"({"iTwins":[]})");
    response.headers.add("Date", "Sun, 06 Nov 1994 08:49:37 GMT");

    EXPECT_EQ(parse_page(facts(), base, response)->date, parse_time("1994-11-06T08:49:37Z"));
    EXPECT_EQ(parse(R"({"iTwins":[]})")->date, std::nullopt);
}

TEST(Page, AnotherContentTypeIsAnError) {
    EXPECT_EQ(parse_page(facts(), base, answer(R"({"iTwins":[]})", "text/html")).error().code, errc::invalid_body);
    EXPECT_TRUE(
        parse_page(facts(), base, answer(R"({"iTwins":[]})", "application/vnd.bentley.itwin-platform.v1+json")));
    EXPECT_TRUE(parse_page(facts(), base, {200, {}, R"({"iTwins":[]})"}));
}

TEST(Page, ADeeplyNestedOneIsRefused) {
    EXPECT_EQ(code_of(R"({"iTwins":[{"id":"1","x":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}]}"),
              errc::invalid_body);
}

TEST(Page, AHugeOneIsRead) {
    std::string body = R"({"iTwins":[)";
    for (int i = 0; i < 20'000; ++i)
        body += fmt::format(R"({}{{"id":"{}","text":"{}"}})", i == 0 ? "" : ",", i, std::string(100, 'x'));

    EXPECT_EQ(parse(body + "]}")->records.size(), 20'000u);
}

TEST(NextLink, AbsentNullAndEmptyAllMeanTheLastPage) {
    for (const auto* links :
         {"null", "{}", R"({"next":null})", R"({"next":{}})", R"({"next":{"href":null}})", R"({"next":{"href":""}})",
          R"({"next":""})", R"({"self":{"href":"https://evil.test/"},"prev":{"href":"x"}})"})
        EXPECT_EQ(next_of(links), "") << links;
    EXPECT_EQ(parse(R"({"iTwins":[]})")->next, "");
}

TEST(NextLink, IsHandedOnByteForByte) {
    const std::string link = "https://api.bentley.com/itwins/?$skip=1000&$continuationToken=a%2Fb+c==";

    EXPECT_EQ(next_of(R"({"next":{"href":")" + link + "\"}}"), link);
    EXPECT_EQ(next_of(R"({"next":")" + link + "\"}"), link);
    EXPECT_EQ(next_of(R"({"next":{"href":"https:\/\/api.bentley.com\/itwins\/?\u0024skip=5"}})"),
              "https://api.bentley.com/itwins/?$skip=5");
}

TEST(NextLink, ARelativeOneStaysAtTheProvider) {
    EXPECT_EQ(next_of(R"({"next":{"href":"/itwins/?$skip=10"}})"), "https://api.bentley.com/itwins/?$skip=10");
}

TEST(NextLink, ToAnotherOriginIsAnErrorSoThatTheTokenStays) {
    for (const auto* link :
         {"https://evil.test/itwins", "http://api.bentley.com/itwins", "https://api.bentley.com:8443/itwins",
          "//evil.test/itwins", "https://api.bentley.com@evil.test/", "https://user@api.bentley.com/",
          "https://api.bentley.com.evil.test/", "https://api.bentley.com\\\\.evil.test/", "https://[::1]/",
          "ftp://api.bentley.com/", "javascript:x", "itwins?$skip=1", "?$skip=1", " https://api.bentley.com/x",
          "https://api.bentley.com/\\r\\nX: y", "#"}) {
        const auto next = next_of(fmt::format(R"({{"next":{{"href":"{}"}}}})", link));
        EXPECT_TRUE(next.starts_with("error: ")) << link << " -> " << next;
    }
}

TEST(NextLink, TheSameOriginInAnotherSpellingIsFollowed) {
    for (const auto* link : {"https://API.bentley.com/itwins/?$skip=1", "https://api.bentley.com:443/itwins/?$skip=1"})
        EXPECT_EQ(next_of(fmt::format(R"({{"next":{{"href":"{}"}}}})", link)), link);
}

TEST(NextLink, OfAnotherTypeIsAnErrorNotTheEnd) {
    for (const auto* links : {R"({"next":1})", R"({"next":[]})", R"({"next":true})", R"({"next":{"href":1}})",
                              R"({"next":{"href":{}}})", R"({"next":{"href":[]}})"})
        EXPECT_TRUE(next_of(links).starts_with("error: ")) << links;
}

// Reason: a `_links` of another type than an object is taken for a last page, so that a read ends short without a word.
// Proposed: in page.cpp next_link(), after the null check, `if (json::kind(*links) != Kind::object) return
// invalid(...)`.
TEST(NextLink, LinksThatAreNoObjectAreAnError) {
    for (const auto* links : {"[]", "\"x\"", "1", R"([{"rel":"next","href":"https://api.bentley.com/x"}])"})
        EXPECT_TRUE(next_of(links).starts_with("error: ")) << links;
}

Incremental filter() {
    return {.style = Incremental::Style::filter,
            .parameter = "$filter",
            .expression = "createdDateTime ge {since}",
            .at = {"createdDateTime"}};
}

TEST(FirstPage, AsksForTheLargestPageUnlessASmallerOneIsKnownToWork) {
    EXPECT_EQ(first_page_url(facts(), base, {}), "https://api.bentley.com/itwins/?$top=1000");
    EXPECT_EQ(first_page_url(facts(), base, {.page_size = 500}), "https://api.bentley.com/itwins/?$top=500");
    auto fixed = facts();
    fixed.page_parameter.clear();
    EXPECT_EQ(first_page_url(fixed, base, {.page_size = 500}), "https://api.bentley.com/itwins/");
}

TEST(FirstPage, TheUsersQueryWinsOverTheCatalogs) {
    auto list = facts();
    list.query = {{"includeInactive", "true"}, {"a", "1"}};

    EXPECT_EQ(first_page_url(list, base, {.query = {{"includeInactive", "false"}, {"q r", "x&y"}}}),
              "https://api.bentley.com/itwins/?$top=1000&a=1&includeInactive=false&q%20r=x%26y");
}

TEST(FirstPage, AFilterIsSentWithSinceOrWhereItIsRequired) {
    auto list = facts();
    list.incremental = filter();
    const auto since = parse_time("2026-11-21T08:00:00.999Z");

    EXPECT_EQ(first_page_url(list, base, {}), "https://api.bentley.com/itwins/?$top=1000");
    EXPECT_EQ(first_page_url(list, base, {.since = since}),
              "https://api.bentley.com/itwins/?$top=1000&$filter=createdDateTime%20ge%202026-11-21T08:00:00Z");
    list.incremental->required = true;
    EXPECT_EQ(first_page_url(list, base, {}),
              "https://api.bentley.com/itwins/?$top=1000&$filter=createdDateTime%20ge%201970-01-01T00:00:00Z");
}

TEST(FirstPage, ARangeHasAStartAndAnEnd) {
    auto list = facts();
    list.incremental = Incremental{
        .style = Incremental::Style::range, .parameter = "modifiedDateTime", .expression = {}, .at = {"modified"}};
    const auto since = parse_time("2026-11-21T08:00:00Z"), until = parse_time("2026-11-22T08:00:00Z");

    EXPECT_EQ(first_page_url(list, base, {.since = since, .until = until}),
              "https://api.bentley.com/itwins/?$top=1000&modifiedDateTime=2026-11-21T08:00:00Z/2026-11-22T08:00:00Z");
    EXPECT_EQ(first_page_url(list, base, {.since = since}),
              "https://api.bentley.com/itwins/?$top=1000&modifiedDateTime=2026-11-21T08:00:00Z/9999-12-31T23:59:59Z");
}

const ReadFacts& real(const char* name) { return Catalog::builtin().find(name)->read.value(); }

TEST(FirstPage, OfOneITwinsJobsJoinsBothConditions) {
    const auto url = first_page_url(real("contextcapture/jobs"), base,
                                    {.since = parse_time("2026-11-21T08:00:00.5Z"),
                                     .until = parse_time("2026-11-21T09:00:00.5Z"),
                                     .itwin_id = "dc720f05"});

    EXPECT_EQ(url,
              "https://api.bentley.com/contextcapture/jobs?$top=1000&$filter=iTwinId%20eq%20dc720f05%20and%20"
              "createdDateTime%20ge%202026-11-21T08:00:00Z%20and%20createdDateTime%20le%202026-11-21T09:00:01Z");
}

TEST(FirstPage, OfOneITwinsRealityDataHasAParameterForIt) {
    EXPECT_EQ(first_page_url(real("reality-management/reality-data"), base,
                             {.itwin_id = "dc720f05", .query = {{"iTwinId", "other"}, {"types", "3MX"}}}),
              "https://api.bentley.com/reality-management/reality-data/?$top=500&types=3MX&iTwinId=dc720f05");
}

TEST(FirstPage, AFilterOfTheUsersStaysBesideOurs) {
    EXPECT_EQ(first_page_url(real("contextcapture/jobs"), base, {.query = {{"$filter", "type eq Full or name eq x"}}}),
              "https://api.bentley.com/contextcapture/jobs?$top=1000&$filter=(type%20eq%20Full%20or%20name%20eq%20x)"
              "%20and%20createdDateTime%20ge%201970-01-01T00:00:00Z");
}

TEST(FirstPage, OfASliceHoldsWholeSecondsAndNeitherOpenEnd) {
    const auto from = parse_time("2026-11-21T08:00:00Z"), before = parse_time("2026-11-22T08:00:00Z");
    const auto slice = [&](std::optional<Timestamp> a, std::optional<Timestamp> b) {
        const auto url = first_page_url(real("itwins"), base, {.from = a, .before = b});
        return url.substr(url.find("$filter"));
    };
    EXPECT_EQ(slice(from, {}), "$filter=createdDateTime%20ge%202026-11-21T08:00:00Z");
    EXPECT_EQ(slice({}, before), "$filter=createdDateTime%20lt%202026-11-22T08:00:00Z");
    EXPECT_EQ(slice(from, before),
              "$filter=createdDateTime%20ge%202026-11-21T08:00:00Z%20and%20createdDateTime%20lt%202026-11-22T08:00:00Z");
}

TEST(NextLink, ToThePageItselfIsTheEndWhereTheProviderEndsSo) {
    const auto body = [](const std::string& self, const std::string& next) {
        return R"({"components":[{"id":"1"}],"_links":{"self":{"href":")" + self + R"("},"next":{"href":")" + next +
               R"("}}})";
    };
    const std::string here = "https://api.bentley.com/Library/components?$skip=0&$top=100";
    const auto next = [&](const char* object, const std::string& self, const std::string& link, std::string_view url) {
        auto list = real(object);
        list.key = "components";
        return parse_page(list, base, answer(body(self, link)), url)->next;
    };
    EXPECT_EQ(next("library/components", here, here, ""), "") << "as the body says";
    EXPECT_EQ(next("library/components", "x", here, here), "") << "as we asked";
    EXPECT_EQ(next("library/components", "x", here, "y"), here);
    EXPECT_EQ(next("itwins", here, here, here), here) << "a loop, which fails the read";
}

TEST(Job, IsOpenUntilAStateThatIsKnownToBeTheLast) {
    const auto open = [](const char* object, const std::string& record) {
        return parse_page(real(object), base, answer(R"({"jobs":[)" + record + "]}"))->records.at(0).open;
    };
    EXPECT_TRUE(open("contextcapture/jobs", R"({"id":"1","state":"active"})"));
    EXPECT_TRUE(open("contextcapture/jobs", R"({"id":"1","state":"SomethingNew"})"));
    EXPECT_FALSE(open("contextcapture/jobs", R"({"id":"1","state":"success"})"));
    EXPECT_FALSE(open("reality-analysis/jobs", R"({"id":"1","state":"Cancelled"})"));
    EXPECT_FALSE(open("contextcapture/jobs", R"({"id":"1","state":null})")) << "there is nothing to wait for";
}

TEST(Page, SaysWhereTheProviderCutsTheList) {
    auto response = answer(R"({"iTwins":[]})");
    EXPECT_EQ(parse_page(facts(), base, response)->rows_max, 0);
    response.headers.add("X-Max-Return", "1000");
    EXPECT_EQ(parse_page(facts(), base, response)->rows_max, 1000);
}

TEST(OwnRead, HoldsTheRecordInItsWrapper) {
    const auto own = [](const char* object, std::string body) { return parse_own(real(object), answer(std::move(body))); };
    EXPECT_EQ(own("contextcapture/jobs", R"({"job":{"id":"1","state":"Active"}})")->raw, R"({"id":"1","state":"Active"})");
    EXPECT_EQ(own("webhooks", R"({"id":"1","secret":"x"})")->raw, R"({"id":"1","secret":"***"})");
    for (const auto* body : {"{}", R"({"job":[]})", R"({"job":{"name":"x"}})", "<html>", ""})
        EXPECT_EQ(own("contextcapture/jobs", body).error().code, errc::invalid_body) << body;
}

TEST(ByIds, IsAListOrARowOfConditions) {
    const std::vector<std::string> ids{"a", "b"};
    const auto expression = [&](const char* object, const std::string& itwin_id) {
        const auto url = by_ids_url(real(object), base, itwin_id, ids);
        return url.substr(url.find("$filter="));
    };
    EXPECT_EQ(expression("contextcapture/jobs", ""), "$filter=id%20in%20('a','b')");
    EXPECT_EQ(expression("realityconversion/jobs", "T"), "$filter=iTwinId%20eq%20T%20and%20id%20in%20('a','b')");
    EXPECT_EQ(expression("reality-analysis/jobs", ""), "$filter=id%20eq%20a%20or%20id%20eq%20b");
    EXPECT_EQ(expression("reality-analysis/jobs", "T"),
              "$filter=iTwinId%20eq%20T%20and%20id%20eq%20a%20or%20iTwinId%20eq%20T%20and%20id%20eq%20b");
}

TEST(FirstPage, OfEveryReadableObjectIsAUrlAtTheProvider) {
    for (const auto& [name, object] : Catalog::builtin().objects()) {
        if (!object.read) continue;
        const auto url =
            http::parse_url(first_page_url(*object.read, base, {.since = parse_time("2026-11-21T08:00:00Z")}));
        ASSERT_TRUE(url.has_value()) << name;
        EXPECT_EQ(url->origin(), base) << name;
    }
}

TEST(OwnUrl, HoldsTheIdEncoded) {
    auto list = facts();
    list.own = OwnRead{.path = "/detectors/{id}", .wrapper = {}};

    EXPECT_EQ(own_url(list, base, "@bentley/crack?x#y"),
              "https://api.bentley.com/detectors/%40bentley%2Fcrack%3Fx%23y");
    EXPECT_EQ(own_url(list, base, "../{id}"), "https://api.bentley.com/detectors/..%2F%7Bid%7D");
}

TEST(PageHeaders, AreAcceptAndTheCatalogs) {
    auto list = facts();
    list.headers = {{"Prefer", "return=representation"}};

    EXPECT_EQ(page_headers(list).get("Accept"), list.accept);
    EXPECT_EQ(page_headers(list).get("prefer"), "return=representation");
}

}  // namespace
}  // namespace syncd::bentley
