#include "tests/sandbox/bench.hpp"
#include "tests/sandbox/compare.hpp"

#include <gtest/gtest.h>

namespace syncd::sandbox {
namespace {

constexpr const char* secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

std::string message(int sequence, const std::string& results, int count = 1, const std::string& info = "") {
    return fmt::format(
        R"({{"action":"read","projectId":"p","provider":"bentley","groupRef":"g","groupName":"","consumerRef":"",)"
        R"("consumerName":"","installationId":"i","installationUpdateTime":"t","objectName":"itwins",)"
        R"("rawObjectName":"itwins","operationId":"o","operationTime":"t","readType":"scheduled","streamId":"s",)"
        R"("sequence":{},"resultInfo":{{{},"numRecords":{}}},"result":[{}]}})",
        sequence, info.empty() ? R"("type":"inline")" : info, count, results);
}

std::string item(const std::string& id, const std::string& type, const std::string& raw) {
    return fmt::format(R"({{"fields":{{}},"mappedFields":{{}},"raw":{},"id":"{}","changeType":"{}"}})", raw, id, type);
}

http::Request signed_request(Bench& bench, const std::string& id, const std::string& body) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(bench.world.now()).time_since_epoch().count();
    const auto timestamp = std::to_string(seconds);
    http::Request request{"POST", "/hooks/test", {{"Content-Type", "application/json"}}, body};
    for (const std::string family : {"webhook-", "svix-"}) {
        request.headers.add(family + "id", id);
        request.headers.add(family + "timestamp", timestamp);
        request.headers.add(family + "signature", "v1,AAAA " + *sign_message(secret, id, timestamp, body));
    }
    return request;
}

int deliver(Bench& bench, const std::string& id, const std::string& body) {
    return bench.finish(bench.box.receiver(signed_request(bench, id, body))).status;
}

std::int64_t blamed(Bench& bench, const char* kind) {
    const auto violations = bench.control("GET", "receiver").at("violations").as_object();
    return violations.contains(kind) ? violations.at(kind).as_int64() : 0;
}

TEST(Signature, IsTheOneOfTheStandardWebhooksSpecification) {
    const auto made = sign_message(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", R"({"test": 2432232314})");

    EXPECT_EQ(made, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Receiver, TakesOtherActionsIntoTheirStreamAndLeavesTheStateAlone) {
    Bench bench;
    auto other = message(2, R"({"changeType":"fieldCreated","fieldName":"x"})");
    other.replace(other.find(R"("read")"), 6, R"("watchSchema")");
    other.erase(other.find(R"("readType":"scheduled",)"), 23);

    EXPECT_EQ(deliver(bench, "m1", message(1, item("a", "create", "{\"v\":1}"))), 200);
    EXPECT_EQ(deliver(bench, "m2", other), 200);
    EXPECT_EQ(deliver(bench, "m3", message(3, item("a", "update", "{\"v\":2}"))), 200);

    EXPECT_EQ(serialize(bench.control("GET", "receiver/state?object=itwins")), R"({"a":{"v":2}})");
    EXPECT_EQ(bench.control("GET", "receiver").at("others"), 1);
    EXPECT_EQ(bench.control("GET", "receiver").at("violationCount"), 0);
}

TEST(Receiver, BuildsTheStateFromChanges) {
    Bench bench;

    EXPECT_EQ(deliver(bench, "m1", message(1, item("a", "create", "{\"v\":1}") + "," +
                                                  item("b", "create", "{\"v\":1}"), 2)), 200);
    EXPECT_EQ(deliver(bench, "m2", message(2, item("a", "update", "{\"v\": 2}"))), 200);
    EXPECT_EQ(deliver(bench, "m3", message(3, item("b", "delete", "{\"v\":1}"))), 200);

    const auto counts = bench.control("GET", "receiver");
    EXPECT_EQ(serialize(bench.control("GET", "receiver/state?object=itwins")), R"({"a":{"v":2}})");
    EXPECT_EQ(counts.at("creates").as_int64() * 100 + counts.at("updates").as_int64() * 10 +
                  counts.at("deletes").as_int64(), 211);
    EXPECT_EQ(counts.at("violationCount").as_int64(), 0);
}

TEST(Receiver, TakesARepetitionOnceAndNotesAnotherBodyUnderTheSameId) {
    Bench bench;
    const auto body = message(1, item("a", "create", "{}"));

    deliver(bench, "m1", body);
    deliver(bench, "m1", body);
    EXPECT_EQ(bench.control("GET", "receiver").at("duplicates").as_int64(), 1);
    EXPECT_EQ(blamed(bench, "idReused"), 0);
    deliver(bench, "m1", message(1, item("a", "create", "{\"x\":1}")));

    EXPECT_EQ(blamed(bench, "idReused"), 1);
}

TEST(Receiver, NotesGapsAndDisorderAndKeepsTheNewer) {
    Bench bench;

    deliver(bench, "m1", message(1, item("a", "create", "{\"v\":1}")));
    deliver(bench, "m3", message(3, item("a", "update", "{\"v\":3}")));
    deliver(bench, "m2", message(2, item("a", "update", "{\"v\":2}")));

    EXPECT_EQ(blamed(bench, "gap"), 1);
    EXPECT_EQ(blamed(bench, "disorder"), 1);
    EXPECT_EQ(serialize(bench.control("GET", "receiver/state?object=itwins")), R"({"a":{"v":3}})");
}

TEST(Receiver, RefusesWrongSignaturesOldTimesAndHeadersThatDiffer) {
    Bench bench;
    const auto body = message(1, item("a", "create", "{}"));
    auto tampered = signed_request(bench, "m1", body), old = tampered, different = tampered;
    tampered.body += " ";
    different.headers = {{"Content-Type", "application/json"}, {"webhook-id", "m1"}};

    EXPECT_EQ(bench.finish(bench.box.receiver(tampered)).status, 401);
    EXPECT_EQ(bench.finish(bench.box.receiver(different)).status, 401);
    bench.world.pass(std::chrono::seconds{301});
    EXPECT_EQ(bench.finish(bench.box.receiver(old)).status, 401);
    EXPECT_EQ(blamed(bench, "signature") * 100 + blamed(bench, "headers") * 10 + blamed(bench, "timestamp"), 111);
}

TEST(Receiver, NotesCredentialsThatStray) {
    Bench bench;
    bench.finish(bench.box.receiver({"GET", "/itwins/?$skip=1", {{"Authorization", "Bearer x"}}, ""}));

    EXPECT_EQ(blamed(bench, "authorization"), 1);
}

TEST(Receiver, CountsMessagesByUrlAndTakesWhatTheUrlGave) {
    Bench bench;
    const auto by_url = [](const std::string& url) {
        auto body = message(1, "", 1, R"("type":"url","downloadUrl":")" + url + "\"");
        return body.replace(body.find(R"(,"result":[])"), 12, "");
    };

    EXPECT_EQ(deliver(bench, "m1", by_url("http://x/1?sig=1")), 200);
    EXPECT_EQ(deliver(bench, "m1", by_url("http://x/1?sig=2")), 200);
    bench.control("POST", "receiver/results?stream=s&sequence=1", "[" + item("a", "create", "{\"big\":1}") + "]");

    EXPECT_EQ(blamed(bench, "idReused"), 0);
    EXPECT_EQ(bench.control("GET", "receiver").at("byUrl").as_int64(), 1);
    EXPECT_EQ(bench.control("GET", "receiver").at("downloads").at(0).at("downloadUrl"), "http://x/1?sig=1");
    EXPECT_EQ(serialize(bench.control("GET", "receiver/state?object=itwins")), R"({"a":{"big":1}})");
}

TEST(ReceiverFaults, RefuseThenAccept) {
    Bench bench;
    bench.control("POST", "receiver/faults", R"({"hook":"test","status":503,"count":2,"retryAfter":7})");
    const auto body = message(1, item("a", "create", "{}"));

    EXPECT_EQ(deliver(bench, "m1", body), 503);
    EXPECT_EQ(deliver(bench, "m1", body), 503);
    EXPECT_EQ(deliver(bench, "m1", body), 200);
    EXPECT_EQ(bench.control("GET", "receiver").at("messages").as_int64(), 1);
    EXPECT_EQ(bench.control("GET", "receiver").at("duplicates").as_int64(), 0);
}

TEST(ReceiverFaults, CloseUnansweredAfterProcessing) {
    Bench bench;
    bench.control("POST", "receiver/faults", R"({"hook":"test","kind":"close"})");
    const auto body = message(1, item("a", "create", "{}"));

    EXPECT_EQ(deliver(bench, "m1", body), 0);
    EXPECT_EQ(deliver(bench, "m1", body), 200);
    EXPECT_EQ(bench.control("GET", "receiver").at("duplicates").as_int64(), 1);
}

TEST(ReceiverFaults, ShowTwoMessagesOfAStreamInFlightAtOnce) {
    Bench bench;
    bench.control("POST", "receiver/faults", R"({"hook":"test","kind":"slow","delayMs":1000})");

    const auto first =
        bench.start(bench.box.receiver(signed_request(bench, "m1", message(1, item("a", "create", "{}")))));
    deliver(bench, "m2", message(2, item("b", "create", "{}")));
    bench.world.pass(std::chrono::seconds{1});

    EXPECT_EQ(first->response->status, 200);
    EXPECT_EQ(blamed(bench, "overlap"), 1);
}

TEST(ReceiverFaults, AMessageThatHangsAndIsSentAgainDoesNotBlockItsStream) {
    Bench bench;
    bench.control("POST", "receiver/faults", R"({"hook":"test","kind":"hang"})");
    const auto body = message(1, item("a", "create", "{}"));

    const auto hung = bench.start(bench.box.receiver(signed_request(bench, "m1", body)));
    deliver(bench, "m1", body);
    deliver(bench, "m2", message(2, item("b", "create", "{}")));

    EXPECT_FALSE(hung->response);
    EXPECT_EQ(bench.control("GET", "receiver").at("violationCount").as_int64(), 0);
    bench.world.pass(std::chrono::hours{1});
    EXPECT_EQ(hung->response->status, 0);
}

TEST(Compare, FindsWhatIsMissingExtraOrDifferentAndNothingInAnEqualState) {
    Bench bench({.itwins = 3});
    const auto rows = bench.all("/itwins/?includeInactive=true", "iTwins", everything);
    std::string results;
    for (const auto& row : rows)
        results += (results.empty() ? "" : ",") + item(row.at("id").as_string().c_str(), "create", serialize(row));
    deliver(bench, "m1", message(1, results, 3));
    EXPECT_TRUE(bench.control("GET", "receiver/compare").at("equal").as_bool());

    bench.control("POST", "itwins/reorder?count=3");
    EXPECT_TRUE(bench.control("GET", "receiver/compare").at("equal").as_bool());
    bench.control("POST", "itwins/change?count=1");
    bench.control("DELETE", "itwins/records/" + std::string(rows.at(1).at("id").as_string()));
    bench.control("POST", "itwins/create?count=1");

    const auto found = bench.control("GET", "receiver/compare?object=itwins").at("objects").at(0);
    EXPECT_EQ(found.at("different").as_int64() * 100 + found.at("extra").as_int64() * 10 +
                  found.at("missing").as_int64(), 111);
    EXPECT_EQ(found.at("differences").as_array().size(), 3u);
}

}  // namespace
}  // namespace syncd::sandbox
