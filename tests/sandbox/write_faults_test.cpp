// Faults of writes, and the ledger that tells what became of each request.
#include "tests/sandbox/bench.hpp"
#include "tests/sandbox/samples.hpp"

#include <gtest/gtest.h>

namespace syncd::sandbox {
namespace {

class WriteFaults : public testing::Test {
protected:
    http::Response create(std::uint64_t n) { return bench.write("POST", "/itwins/", sample_record("itwins", n)); }
    std::int64_t created() { return bench.control("GET", "writes/counts").at("itwins").at("created").to_number<int>(); }
    void fault(const std::string& json) {
        ASSERT_FALSE(bench.control("POST", "faults", json).as_object().contains("error"));
    }
    bj::value last_write() { return bench.control("GET", "writes").as_array().back(); }
    Bench bench;
};

TEST_F(WriteFaults, CutAfterProcessing) {
    fault(R"({"operation":"create","object":"itwins","kind":"close"})");

    EXPECT_EQ(create(1).status, 0);

    EXPECT_EQ(created(), 1);
    EXPECT_EQ(create(1).status, 409) << "it is there";
    const auto first = bench.control("GET", "writes").at(0);
    EXPECT_EQ(first.at("status"), 0);
    EXPECT_EQ(first.at("processed"), true);
    EXPECT_EQ(first.at("fault"), "close");
}

TEST_F(WriteFaults, CutBeforeProcessing) {
    fault(R"({"operation":"write","kind":"reset"})");

    EXPECT_EQ(create(1).status, 0);

    EXPECT_EQ(created(), 0);
    EXPECT_EQ(last_write().at("processed"), false);
}

TEST_F(WriteFaults, FailAfterProcessing) {
    fault(R"({"operation":"create","kind":"status","status":502,"processed":true})");

    EXPECT_EQ(create(1).status, 502);
    EXPECT_EQ(created(), 1);
}

TEST_F(WriteFaults, FailWithoutProcessing) {
    fault(R"({"operation":"create","kind":"status","status":429,"retryAfter":7})");
    fault(R"({"operation":"create","kind":"status","status":503,"retryAfter":9})");
    fault(R"({"operation":"create","kind":"status","status":401})");

    const auto limited = create(1), unavailable = create(1), unauthorized = create(1), right = create(1);

    EXPECT_EQ(limited.status, 429);
    EXPECT_EQ(limited.headers.get("Retry-After"), "7");
    EXPECT_EQ(unavailable.status, 503);
    EXPECT_EQ(unavailable.headers.get("Retry-After"), "9");
    EXPECT_EQ(unauthorized.status, 401);
    EXPECT_EQ(right.status, 201);
    EXPECT_EQ(created(), 1);
}

TEST_F(WriteFaults, ProcessAfterADelay) {
    fault(R"({"operation":"create","kind":"slow","delayMs":60000})");

    const auto slow = bench.start(bench.box.provider(bench.writing("POST", "/itwins/", sample_record("itwins", 1))));

    EXPECT_EQ(created(), 0);
    bench.world.pass(std::chrono::minutes{1});
    EXPECT_EQ(slow->response.value().status, 201);
    EXPECT_EQ(created(), 1);
}

TEST_F(WriteFaults, ProcessAtOnceAndAnswerLate) {
    fault(R"({"operation":"create","kind":"slow","delayMs":60000,"processed":true})");

    const auto slow = bench.start(bench.box.provider(bench.writing("POST", "/itwins/", sample_record("itwins", 1))));

    EXPECT_EQ(created(), 1);
    EXPECT_FALSE(slow->response);
    bench.world.pass(std::chrono::minutes{1});
    EXPECT_EQ(slow->response.value().status, 201);
    EXPECT_EQ(created(), 1);
}

TEST_F(WriteFaults, HitAShareOfTheRequestsAndTheSameOnesEachTime) {
    const auto cut = [] {
        Bench bench;
        bench.control("POST", "faults",
                      R"({"operation":"create","kind":"close","probability":0.2,"seed":7,"count":-1})");
        std::string cuts;
        for (std::uint64_t n = 1; n <= 500; ++n)
            cuts += bench.write("POST", "/itwins/", sample_record("itwins", n)).status == 0 ? 'x' : '.';
        return cuts;
    };

    const auto first = cut(), second = cut();

    EXPECT_EQ(first, second);
    const auto hits = std::ranges::count(first, 'x');
    EXPECT_GT(hits, 70);
    EXPECT_LT(hits, 130);
}

TEST_F(WriteFaults, LeaveOtherOperationsAlone) {
    fault(R"({"operation":"update","object":"itwins","kind":"status","status":500,"count":-1})");
    const auto made = create(1);
    const auto path = "/itwins/" + std::string(bj::parse(made.body).at("iTwin").at("id").as_string());

    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(bench.get(path).status, 200);
    EXPECT_EQ(bench.write("PATCH", path, R"({"displayName":"x"})").status, 500);
    EXPECT_EQ(bench.write("DELETE", path).status, 204);
}

TEST_F(WriteFaults, AreRefusedWhenTheyAreNone) {
    for (const char* json : {R"({"operation":"upsert"})", R"({"object":"nothing"})", R"({"path":"/","probability":2})",
                             R"({"kind":"reset"})"})
        EXPECT_TRUE(bench.control("POST", "faults", json).as_object().contains("error")) << json;
}

TEST(Ledger, ShowsEachRequestWithoutItsToken) {
    Bench bench;
    bench.write("POST", "/itwins/?x=1", sample_record("itwins", 1));
    bench.write("POST", "/itwins/", "{");
    bench.write("DELETE", "/nothing/here");

    const auto writes = bench.control("GET", "writes").as_array();

    ASSERT_EQ(writes.size(), 3u);
    EXPECT_EQ(writes[0].at("method"), "POST");
    EXPECT_EQ(writes[0].at("target"), "/itwins/?x=1");
    EXPECT_EQ(writes[0].at("object"), "itwins");
    EXPECT_EQ(writes[0].at("operation"), "create");
    EXPECT_EQ(writes[0].at("headers").at("Authorization"), "***");
    EXPECT_EQ(writes[0].at("headers").at("Content-Type"), "application/json");
    EXPECT_EQ(writes[0].at("body"), bj::parse(sample_record("itwins", 1)));
    EXPECT_EQ(writes[0].at("status"), 201);
    EXPECT_EQ(writes[1].at("body"), "{") << "what is no JSON comes as a string";
    EXPECT_EQ(writes[1].at("status"), 422);
    EXPECT_EQ(writes[2].at("object"), "");
    EXPECT_EQ(writes[2].at("status"), 404);
    EXPECT_EQ(bench.control("GET", "writes?object=itwins&after=1").as_array().size(), 1u);
    EXPECT_EQ(bench.control("GET", "writes?operation=delete").as_array().size(), 1u);
}

TEST(Ledger, FindsWhatWasCreatedTwice) {
    Bench bench;
    for (int i = 0; i < 2; ++i) bench.write("POST", "/library/categories", R"({"displayName":"Twin"})");
    bench.write("POST", "/library/categories", R"({"displayName":"Single"})");
    bench.write("POST", "/library/applications", R"({"displayName":"A","version":"1"})");
    bench.write("POST", "/library/applications", R"({"displayName":"A","version":"2"})");

    const auto same = bench.control("GET", "writes/duplicates").as_array();
    const auto by_name = bench.control("GET", "writes/duplicates?object=applications&by=displayName").as_array();
    const auto made = bench.control("GET", "writes/created?object=library/categories").as_array();

    ASSERT_EQ(same.size(), 1u);
    EXPECT_EQ(same[0].at("object"), "library/categories");
    EXPECT_EQ(same[0].at("body").at("displayName"), "Twin");
    EXPECT_EQ(same[0].at("ids").as_array().size(), 2u);
    ASSERT_EQ(by_name.size(), 1u);
    ASSERT_EQ(made.size(), 3u);
    EXPECT_EQ(made[2].at("body").at("displayName"), "Single");
    EXPECT_EQ(made[0].at("id"), same[0].at("ids").at(0));
}

}  // namespace
}  // namespace syncd::sandbox
