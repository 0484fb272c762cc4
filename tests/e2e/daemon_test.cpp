#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

const std::string as_json = "Content-Type: application/json";

const std::string every_second = "@every 1s";

TEST(Run, DeliversAChangeByItsSchedule) {
    Bench bench({"--itwins", "10"}, {.objects = {{"itwins", every_second}}});
    auto daemon = bench.daemon();
    ASSERT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 10; }));
    bench.sandbox.post("itwins/change?count=2");
    bench.sandbox.post("itwins/create?count=1");
    EXPECT_TRUE(eventually([&] {
        const auto receiver = bench.sandbox.receiver();
        return number(receiver, "/updates") == 2 && number(receiver, "/creates") == 11;
    }));
    EXPECT_EQ(daemon.stop(), 0) << daemon.program.err();
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bench.sandbox.violations(), 0);
}

TEST(Run, EndsWith0OnSigtermWhileReadsAndDeliveriesAreUnderWay) {
    Bench bench({"--itwins", "2000"}, {.destination = "maxPayloadBytes: 20000, "});
    bench.sandbox.receiver_fault(R"({"hook":"bentley","kind":"slow","delayMs":50,"count":-1})");
    auto daemon = bench.daemon();
    ASSERT_TRUE(eventually([&] { return bench.sandbox.messages() >= 3; }));
    EXPECT_EQ(daemon.stop(), 0) << daemon.program.err();

    bench.sandbox.remove("receiver/faults");
    EXPECT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bench.sandbox.violations(), 0);
}

TEST(Run, FinishesWhatIsInFlightOnSigterm) {
    Bench bench({"--itwins", "2000"}, {.destination = "maxPayloadBytes: 20000, "});
    bench.sandbox.receiver_fault(R"({"hook":"bentley","kind":"slow","delayMs":50,"count":-1})");
    auto daemon = bench.daemon();
    ASSERT_TRUE(eventually([&] { return bench.sandbox.messages() >= 8; }));
    EXPECT_EQ(daemon.stop(), 0) << daemon.program.err();
    const auto accepted = bench.sandbox.messages();
    EXPECT_EQ(bench.json({"deliveries", "--status", "delivered", "--limit", "1000"}).as_array().size(),
              std::size_t(accepted));

    bench.sandbox.remove("receiver/faults");
    EXPECT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/duplicates"), 0) << "what was accepted before the end was stored";
}

std::string with_listen(std::string config, const std::string& address) {
    const std::string any_port = "127.0.0.1:0";
    return config.replace(config.find(any_port), any_port.size(), address);
}

TEST(Run, ExitsWith1WhenItsPortIsTaken) {
    Bench bench({"--itwins", "1"});
    const auto taken = bench.sandbox.provider.substr(7);
    write_text(bench.folder / "config.yaml", with_listen(read_text(bench.folder / "config.yaml"), taken));
    const auto refused = bench.run({"run"});
    EXPECT_EQ(refused.exit, 1);
    EXPECT_NE(refused.err.find("Address already in use"), std::string::npos) << refused.err;
}

TEST(Run, NamesTheAddressThatIsTaken) {
    Bench bench({"--itwins", "1"});
    const auto taken = bench.sandbox.provider.substr(7);
    write_text(bench.folder / "config.yaml", with_listen(read_text(bench.folder / "config.yaml"), taken));
    const auto refused = bench.run({"run"});
    EXPECT_NE(refused.err.find(taken), std::string::npos) << refused.err;
    EXPECT_EQ(refused.err.find("/usr/include"), std::string::npos) << refused.err;
}

TEST(Run, AConfigurationThatCantListenIsRefusedOnSighupAndTheOldGoesOn) {
    Bench bench({"--itwins", "10"}, {.objects = {{"itwins", every_second}}});
    auto daemon = bench.daemon();
    ASSERT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 10; }));
    const auto taken = bench.sandbox.provider.substr(7);
    write_text(bench.folder / "config.yaml", with_listen(read_text(bench.folder / "config.yaml"), taken));
    daemon.program.kill(SIGHUP);
    bench.sandbox.post("itwins/change?count=1");
    EXPECT_TRUE(
        eventually([&] { return !daemon.program.running() || number(bench.sandbox.receiver(), "/updates") == 1; }));
    EXPECT_TRUE(daemon.program.running()) << daemon.program.err();
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(Run, ReloadsInTheMiddleOfReadsAndDeliveriesLoseNothing) {
    Bench bench({"--itwins", "2000"},
                {.objects = {{"itwins", every_second}}, .destination = "maxPayloadBytes: 30000, "});
    bench.sandbox.receiver_fault(R"({"hook":"bentley","kind":"slow","delayMs":5,"count":-1})");
    auto daemon = bench.daemon();
    for (int turn = 1; turn <= 2; ++turn) {
        ASSERT_TRUE(eventually([&] { return bench.sandbox.messages() >= turn * 10; })) << daemon.program.err();
        daemon.program.kill(SIGHUP);
    }
    EXPECT_TRUE(eventually([&] { return bench.sandbox.difference().empty(); })) << daemon.program.err();
    EXPECT_EQ(bench.sandbox.violations(), 0);
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(Run, ASecondDaemonIsRefusedAndNamesTheFirst) {
    Bench bench({"--itwins", "1"});
    auto first = bench.daemon();
    const auto second = bench.run({"run"});
    EXPECT_EQ(second.exit, 1);
    EXPECT_NE(second.err.find(std::to_string(first.program.pid())), std::string::npos) << second.err;
    EXPECT_EQ(first.stop(), 0);
}

TEST(Run, ASyncIsHandedOverToIt) {
    Bench bench({"--itwins", "10"});
    auto daemon = bench.daemon();
    ASSERT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 10; }));
    bench.sandbox.post("itwins/change?count=4");
    const auto handed = bench.sync();
    EXPECT_EQ(handed.exit, 0) << handed.err;
    EXPECT_NE(handed.out.find("4 updated"), std::string::npos) << handed.out;
    EXPECT_EQ(number(bench.sandbox.receiver(), "/updates"), 4);

    const auto id = text(bench.json({"deliveries"}), "/0/id");
    EXPECT_EQ(bench.run({"replay", id}).exit, 0);
    EXPECT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/duplicates") == 1; }));
    EXPECT_EQ(bench.sync({"--object", "no-such-object"}).exit, 2);
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(Run, DeletesConfirmedWhileItRunsAreDeliveredAtOnce) {
    Bench bench({"--itwins", "40"});
    auto daemon = bench.daemon();
    ASSERT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 40; }));
    bench.sandbox.post("itwins/delete?count=15");
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), 0);
    ASSERT_EQ(bench.run({"deletes", "confirm", "--object", "itwins"}).exit, 0);
    EXPECT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/deletes") == 15; }));
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(Run, ABrokenConfigurationIsRefusedOnSighupAndTheOldGoesOn) {
    Bench bench({"--itwins", "10"}, {.objects = {{"itwins", every_second}}});
    auto daemon = bench.daemon();
    ASSERT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 10; }));
    write_text(bench.folder / "config.yaml", "project: acme\nnonsense: true\n");
    daemon.program.kill(SIGHUP);
    EXPECT_TRUE(eventually([&] { return daemon.program.err().find("config.refused") != std::string::npos; }));
    EXPECT_NE(daemon.program.err().find("config.yaml:2:1"), std::string::npos) << daemon.program.err();

    bench.sandbox.post("itwins/change?count=1");
    EXPECT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/updates") == 1; }));
    EXPECT_EQ(fetch("GET", daemon.url("/readyz")).status, 200);
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(Run, AGoodConfigurationIsTakenUpOnSighup) {
    Bench bench({"--itwins", "10"});
    auto daemon = bench.daemon();
    ASSERT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 10; }));
    bench.configure({.objects = {{"itwins", every_second}, {"curated-content/cesium", every_second}}});
    daemon.program.kill(SIGHUP);
    EXPECT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 22; })) << daemon.program.err();
    EXPECT_TRUE(eventually([&] { return fetch("GET", daemon.url("/readyz")).status == 200; }));
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bench.sandbox.violations(), 0);
}

TEST(Run, HealthChecksAnswerWithoutAKeyAndNothingElseDoes) {
    Bench bench({"--itwins", "1"}, {.server = "apiKeys: [key-1, key-2], "});
    auto daemon = bench.daemon();
    EXPECT_EQ(fetch("GET", daemon.url("/healthz")).status, 200);
    EXPECT_TRUE(eventually([&] { return fetch("GET", daemon.url("/readyz")).status == 200; }));
    const auto refused = fetch("POST", daemon.url("/control/sync"), "{}");
    EXPECT_EQ(refused.status, 401);
    EXPECT_NE(refused.head.find("application/problem+json"), std::string::npos) << refused.head;
    EXPECT_EQ(fetch("POST", daemon.url("/control/sync"), "{}", {"X-Api-Key: key-3"}).status, 401);
    EXPECT_EQ(fetch("POST", daemon.url("/control/sync"), "{}", {"X-Api-Key: "}).status, 401);
    EXPECT_EQ(fetch("GET", daemon.url("/no/such/route"), "").status, 401);
    EXPECT_EQ(fetch("GET", daemon.url("/no/such/route"), "", {"Authorization: Bearer key-2"}).status, 404);
    EXPECT_EQ(fetch("POST", daemon.url("/control/sync"), "{}", {"X-Api-Key: key-1", as_json}).status, 200);
    EXPECT_EQ(bench.sync().exit, 0) << "the command line sends the key";
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(Run, WithoutKeysAForeignHostIsRefused) {
    Bench bench({"--itwins", "1"});
    auto daemon = bench.daemon();
    const auto port = daemon.url("").substr(daemon.url("").rfind(':'));
    EXPECT_EQ(fetch("POST", daemon.url("/control/sync"), "not json", {as_json}).status, 400);
    EXPECT_EQ(fetch("POST", daemon.url("/control/sync"), "{}").status, 415) << "a form of a web page can't command us";
    EXPECT_EQ(fetch("POST", daemon.url("/control/sync"), "{}", {as_json, "Origin: http://evil.example"}).status, 403);
    const auto foreign = finish(Program({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST", "-d",
                                         "{}", "-H", "Host: evil.example" + port, daemon.url("/control/sync")},
                                        bench.folder / "curl"));
    EXPECT_EQ(foreign.out, "403");
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(Run, RecoversByItselfWhenTheConnectionWorksAgain) {
    Bench bench({"--itwins", "3"}, {.objects = {{"itwins", every_second}}});
    auto daemon = bench.daemon();
    ASSERT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 3; }));
    bench.sandbox.fault(R"({"path":"/itwins/","kind":"html","count":2})");
    bench.sandbox.post("itwins/create?count=1");
    EXPECT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 4; }));
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

}  // namespace
}  // namespace syncd::e2e
