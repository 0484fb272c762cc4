#include "tests/sandbox/bench.hpp"
#include "tests/sandbox/filter.hpp"

#include <gtest/gtest.h>

namespace syncd::sandbox {
namespace {

TEST(Faults, HitTheRequestsAskedForAndNoMore) {
    Bench bench;
    bench.control("POST", "faults", R"({"path":"/itwins/","status":429,"count":2,"retryAfter":3,"afterPages":1})");

    std::vector<int> statuses;
    std::string retry_after;
    for (int i = 0; i < 4; ++i) {
        const auto response = bench.get("/itwins?$top=5");
        statuses.push_back(response.status);
        if (response.status == 429) retry_after = response.headers.get("Retry-After");
    }

    EXPECT_EQ(statuses, (std::vector<int>{200, 429, 429, 200}));
    EXPECT_EQ(retry_after, "3");
}

TEST(Faults, BendBodiesAndLinks) {
    Bench bench;
    const auto with = [&](const std::string& kind) {
        bench.control("POST", "faults", R"({"path":"/itwins/","kind":")" + kind + "\"}");
        return bench.get("/itwins/?$top=5");
    };
    const auto next = [](const http::Response& page) {
        return std::string(bj::parse(page.body).at("_links").at("next").at("href").as_string());
    };
    boost::system::error_code not_json;

    bj::parse(with("truncate").body, not_json);
    EXPECT_TRUE(not_json.failed());
    bj::parse(with("garbage").body, not_json);
    EXPECT_TRUE(not_json.failed());
    EXPECT_EQ(with("html").headers.get("Content-Type"), "text/html");
    EXPECT_EQ(with("reset").status, 0);
    EXPECT_TRUE(next(with("foreignNext")).starts_with(std::string("http://127.0.0.2:9")));
    EXPECT_EQ(next(with("loop")), "http://api.test/itwins/?$top=5");
    EXPECT_FALSE(bj::parse(with("wrongKey").body).as_object().contains("iTwins"));
    EXPECT_FALSE(bj::parse(with("noId").body).at("iTwins").at(0).as_object().contains("id"));
    EXPECT_EQ(bj::parse(with("omit").body).at("iTwins").as_array().size(), 4u);
    EXPECT_EQ(bj::parse(with("twice").body).at("iTwins").as_array().size(), 6u);
    EXPECT_TRUE(bj::parse(with("empty").body).at("iTwins").as_array().empty());
}

TEST(Faults, SendAnyAnswerAtAll) {
    Bench bench;
    bench.control("POST", "faults", R"({"path":"/itwins/","kind":"body","body":"{\"a\":","contentType":"text/plain",)"
                                    R"("status":207,"headers":{"Retry-After":"soon","X-A":"b"}})");
    bench.control("POST", "faults", R"({"path":"/itwins/","kind":"body","body":"[]"})");
    bench.control("POST", "faults", R"({"path":"/itwins/","status":503,"headers":{"Retry-After":"never"}})");

    const auto first = bench.get("/itwins/"), second = bench.get("/itwins/"), third = bench.get("/itwins/");

    EXPECT_EQ(first.status, 207);
    EXPECT_EQ(first.body, "{\"a\":");
    EXPECT_EQ(first.headers.get("Content-Type"), "text/plain");
    EXPECT_EQ(first.headers.get("Retry-After"), "soon");
    EXPECT_EQ(second.status, 200);
    EXPECT_EQ(second.headers.get("Content-Type"), "application/json");
    EXPECT_EQ(third.headers.get("Retry-After"), "never");
}

TEST(Faults, MoveTheDate) {
    Bench bench;
    bench.control("POST", "faults", R"({"path":"/itwins/","kind":"date","offsetSeconds":-86400})");

    const auto off = bench.get("/itwins/"), right = bench.get("/itwins/");

    EXPECT_EQ(off.status, 200);
    EXPECT_EQ(off.headers.get("Date"), "Fri, 20 Nov 2026 00:00:00 GMT");
    EXPECT_EQ(right.headers.get("Date"), "Sat, 21 Nov 2026 00:00:00 GMT");
}

TEST(Faults, DelayAnAnswerUntilItsTime) {
    Bench bench;
    bench.control("POST", "faults", R"({"path":"/itwins/","kind":"slow","delayMs":2000})");

    const auto pending = bench.start(bench.box.provider(bench.reading("/itwins/")));
    bench.world.pass(std::chrono::milliseconds{1999});
    EXPECT_FALSE(pending->response);
    bench.world.pass(std::chrono::milliseconds{1});

    ASSERT_TRUE(pending->response);
    EXPECT_EQ(pending->response->status, 200);
}

TEST(Faults, ReachTheTokenEndpointToo) {
    Bench bench;
    bench.control("POST", "faults", R"({"path":"/connect/token","status":503})");

    EXPECT_EQ(bench.token("").status, 503);
}

TEST(Stats, CountRequestsTheBusiestMinuteAndTheCapsSeen) {
    Bench bench;
    for (int i = 0; i < 3; ++i) bench.get("/itwins/?$top=5&sort=x", everything);
    bench.world.pass(std::chrono::seconds{61});
    bench.get("/itwins/0", everything);
    bench.get("/nowhere");

    const auto stats = bench.control("GET", "stats");

    EXPECT_EQ(stats.at("requests").at("/itwins/").to_number<int>(), 3);
    EXPECT_EQ(stats.at("requests").at("/itwins/{id}").to_number<int>(), 1);
    EXPECT_EQ(stats.at("perMinuteMax").to_number<int>(), 3);
    EXPECT_EQ(stats.at("perHourMax").to_number<int>(), 5);
    EXPECT_EQ(stats.at("xMaxReturn").at("10000").to_number<int>(), 3);
    EXPECT_EQ(stats.at("unknownParameters").at("sort").to_number<int>(), 3);
    EXPECT_EQ(stats.at("tokensIssued").to_number<int>(), 1);
    EXPECT_EQ(stats.at("tokensAstray").to_number<int>(), 1);
}

TEST(Limits, AnswerTheRequestOverThemWithTheTimeToWait) {
    Bench bench;
    bench.control("POST", "limits?perMinute=2");

    bench.get("/itwins/");
    bench.world.pass(std::chrono::seconds{20});
    bench.get("/itwins/");
    const auto over = bench.get("/itwins/");

    EXPECT_EQ(over.status, 429);
    EXPECT_EQ(over.headers.get("Retry-After"), "40");
}

TEST(Filter, SaysWhereItIsWrong) {
    const auto wrong = [](std::string_view text) { return parse_filter(text, "a b").has_error(); };

    for (const auto* text : {"", "a", "a eq", "a eq 1 and", "c eq 1", "a like 1", "a in 1", "a in ('x'", "a eq 'x",
                             "a eq 1 b eq 2", "a eq ()"})
        EXPECT_TRUE(wrong(text)) << text;
    EXPECT_FALSE(wrong("a eq 1 and b in ('x','it''s') or a ne 2024-01-01T00:00:00Z"));
}

TEST(Filter, ComparesTimesAsInstantsAndTextsWithoutCase) {
    const auto matches = [](std::string_view text) {
        return parse_filter(text, "t s")->matches(R"({"t":"2024-01-01T00:00:00.5000000Z","s":"Active"})");
    };

    EXPECT_TRUE(matches("t gt 2024-01-01T00:00:00Z and s eq 'active'"));
    EXPECT_TRUE(matches("t lt 2024-01-01T01:00:01+01:00"));
    EXPECT_FALSE(matches("t le 2024-01-01T00:00:00Z"));
    EXPECT_TRUE(matches("s ne 'x'"));
}

}  // namespace
}  // namespace syncd::sandbox
