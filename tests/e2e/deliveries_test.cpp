#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

const Settings small_messages = {.destination = "maxPayloadBytes: 20000, "};

TEST(Deliveries, AReceiverThatRecoversGetsEverythingInOrder) {
    Bench bench({"--itwins", "100"}, small_messages);
    bench.sandbox.receiver_fault(R"({"hook":"bentley","status":500,"count":3,"afterPages":2})");
    const auto done = bench.sync();
    EXPECT_EQ(done.exit, 0) << done.err;
    const auto receiver = bench.sandbox.receiver();
    EXPECT_EQ(number(receiver, "/violationCount"), 0) << receiver;
    EXPECT_EQ(counted(receiver, "answers", "500"), 3);
    EXPECT_GT(number(receiver, "/messages"), 3);
    EXPECT_EQ(number(receiver, "/duplicates"), 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Deliveries, AnAnswerThatIsLostIsRepeatedWithTheSameIdAndBody) {
    Bench bench({"--itwins", "50"}, small_messages);
    bench.sandbox.receiver_fault(R"({"hook":"bentley","status":503,"processed":true,"count":2})");
    bench.sandbox.receiver_fault(R"({"hook":"bentley","kind":"close","count":1,"afterPages":1})");
    EXPECT_EQ(bench.sync().exit, 0);
    const auto receiver = bench.sandbox.receiver();
    EXPECT_EQ(number(receiver, "/violationCount"), 0) << receiver;
    EXPECT_EQ(number(receiver, "/duplicates"), 3);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Deliveries, SyncExitsWith3WhileMessagesArePending) {
    Bench bench({"--itwins", "5"});
    bench.sandbox.receiver_fault(R"({"hook":"bentley","status":500,"count":-1})");
    const auto undelivered = bench.sync({"--drain", "300ms"});
    EXPECT_EQ(undelivered.exit, 3);
    EXPECT_NE(undelivered.err.find("not accepted"), std::string::npos) << undelivered.err;
    EXPECT_EQ(bench.json({"deliveries", "--status", "pending"}).as_array().size(), 1u);

    bench.sandbox.remove("receiver/faults");
    EXPECT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Deliveries, ARedirectIsNotFollowed) {
    Bench bench({"--itwins", "5"});
    bench.sandbox.receiver_fault(fmt::format(R"({{"hook":"bentley","status":302,"count":-1,"url":"{}"}})",
                                             bench.sandbox.provider + "/elsewhere"));
    EXPECT_EQ(bench.sync({"--drain", "300ms"}).exit, 3);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/messages"), 0);
    EXPECT_EQ(bench.sandbox.requests("POST /elsewhere") + bench.sandbox.requests("/elsewhere"), 0);
}

TEST(Deliveries, GoneDisablesAndHoldsUntilTheOperatorEnables) {
    Bench bench({"--itwins", "60"}, small_messages);
    bench.sandbox.receiver_fault(R"({"hook":"bentley","status":410,"count":1,"afterPages":1})");
    bench.sync();
    const auto answers = [&] { return bj::serialize(bench.sandbox.receiver().at("answers")); };
    const auto after_gone = answers();
    auto destinations = bench.json({"destinations"});
    EXPECT_EQ(text(destinations, "/0/state"), "disabled");
    EXPECT_NE(text(destinations, "/0/reason").find("410"), std::string::npos);
    EXPECT_GT(number(destinations, "/0/held"), 1);
    EXPECT_EQ(number(destinations, "/0/dead"), 0);

    bench.sandbox.post("itwins/change?count=3");
    bench.sync();  // a restart
    EXPECT_EQ(answers(), after_gone) << "nothing may be sent to a disabled destination";
    EXPECT_EQ(text(bench.json({"destinations"}), "/0/state"), "disabled");

    ASSERT_EQ(bench.run({"destinations", "enable", "bentleyWebhook"}).exit, 0);
    EXPECT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(bench.json({"deliveries", "--status", "held"}).as_array().size(), 0u);
    EXPECT_EQ(bench.sandbox.violations(), 0) << bench.sandbox.receiver();
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(Deliveries, ARefusedMessageIsADeadLetterAtOnceAndReplayedUnderItsId) {
    Bench bench({"--itwins", "50"}, small_messages);
    bench.sandbox.receiver_fault(R"({"hook":"bentley","status":400,"count":1})");
    EXPECT_EQ(bench.sync().exit, 0);
    const auto dead = bench.json({"deliveries", "--status", "dead"});
    ASSERT_EQ(dead.as_array().size(), 1u);
    EXPECT_EQ(number(dead, "/0/attempts"), 1);
    EXPECT_EQ(number(dead, "/0/sequence"), 1);
    EXPECT_NE(bench.sandbox.difference(), "");

    ASSERT_EQ(bench.run({"replay", "--dead"}).exit, 0);
    EXPECT_EQ(bench.sync().exit, 0);
    const auto sent = bench.json({"deliveries", text(dead, "/0/id")});
    EXPECT_EQ(text(sent, "/status"), "delivered");
    EXPECT_EQ(number(sent, "/sequence"), 1);
    EXPECT_EQ(sent.at("attemptLog").as_array().size(), 2u);
    EXPECT_EQ(bench.sandbox.difference(), "");
    const auto violations = bench.sandbox.receiver().at("violations").as_object();
    for (const auto& [kind, count] : violations)
        EXPECT_TRUE(kind == "gap" || kind == "disorder") << kind << ": a dead letter is a gap, its replay is late";
}

TEST(Deliveries, AReplayedMessageIsARepetitionToTheReceiver) {
    Bench bench({"--itwins", "5"});
    ASSERT_EQ(bench.sync().exit, 0);
    const auto id = text(bench.json({"deliveries"}), "/0/id");
    ASSERT_EQ(bench.run({"replay", id}).exit, 0);
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/duplicates"), 1);
    EXPECT_EQ(bench.sandbox.violations(), 0);
    EXPECT_EQ(bench.run({"replay", "no-such-id"}).exit, 1);
    const auto all = bench.run({"replay"});
    EXPECT_EQ(all.exit, 2) << all.err;
}

TEST(Deliveries, ABigRecordGoesByUrlUnderRun) {
    Bench bench({"--itwins", "3"}, small_messages);
    bench.sandbox.post("itwins/records", R"({"id":"big","displayName":")" + std::string(30'000, 'x') + "\"}");
    EXPECT_EQ(bench.sync().exit, 3) << "alone, `sync` leaves it to `run`, without waiting for the drain time";
    EXPECT_EQ(number(bench.sandbox.receiver(), "/byUrl"), 0);

    auto daemon = bench.daemon();
    ASSERT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/byUrl") == 1; }));
    const auto receiver = bench.sandbox.receiver();
    const auto url = text(receiver, "/downloads/0/downloadUrl");
    const auto target = url.substr(url.find("/downloads/"));
    const auto list = fetch("GET", daemon.url(target));
    ASSERT_EQ(list.status, 200) << url;
    EXPECT_EQ(text(bj::parse(list.body), "/0/id"), "big");

    auto tampered = target;
    tampered.back() = tampered.back() == '0' ? '1' : '0';
    EXPECT_EQ(fetch("GET", daemon.url(tampered)).status, 403);
    EXPECT_EQ(fetch("GET", daemon.url(target.substr(0, target.find('?')))).status, 403);

    bench.sandbox.post(fmt::format("receiver/results?stream={}&sequence={}", text(receiver, "/downloads/0/streamId"),
                                   number(receiver, "/downloads/0/sequence")),
                       list.body);
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bench.sandbox.violations(), 0);
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(Deliveries, TheDownloadUrlHasThePortThatTheDaemonListensOn) {
    Bench bench({"--itwins", "0"}, small_messages);
    bench.sandbox.post("itwins/records", R"({"id":"big","displayName":")" + std::string(30'000, 'x') + "\"}");
    auto daemon = bench.daemon();
    ASSERT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/byUrl") == 1; }));
    const auto url = text(bench.sandbox.receiver(), "/downloads/0/downloadUrl");
    EXPECT_TRUE(url.starts_with(daemon.url("/downloads/"))) << url;
}

TEST(Deliveries, TwoSecretsBothSign) {
    const std::string second = "whsec_c2Vjb25kLXNlY3JldC1mb3Itcm90YXRpb24=";
    Bench bench({"--itwins", "5"}, {.secret = "[\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\", \"" + second + "\"]"});
    bench.sandbox.post("receiver/secrets", "secret=" + second);
    EXPECT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(bench.sandbox.violations(), 0);
}

TEST(Deliveries, ARetryAfterIsObeyed) {
    Bench bench({"--itwins", "5"});
    bench.sandbox.receiver_fault(R"({"hook":"bentley","status":429,"retryAfter":3600,"count":1})");
    EXPECT_EQ(bench.sync({"--drain", "500ms"}).exit, 3);
    const auto receiver = bench.sandbox.receiver();
    EXPECT_EQ(counted(receiver, "answers", "429"), 1);
    EXPECT_EQ(counted(receiver, "answers", "200"), 0);
}

}  // namespace
}  // namespace syncd::e2e
