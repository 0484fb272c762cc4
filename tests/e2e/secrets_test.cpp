#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

/// What must never be seen; the sandbox's tokens all begin with `sbx.`, `Bearer` would come before any of them.
const std::vector<std::string> secrets = {"sandbox-secret",
                                          "c2FuZGJveC1zZWNyZXQ",
                                          "sandbox%2Dsecret",
                                          "sbx.",
                                          "Bearer ",
                                          "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                          "api-key-of-the-test"};

void expect_no_secrets(const std::string& where, const std::string& bytes) {
    for (const auto& secret : secrets)
        EXPECT_EQ(bytes.find(secret), std::string::npos)
            << secret << " in " << where << ": "
            << bytes.substr(std::max<std::size_t>(bytes.find(secret), 100) - 100, 300);
}

TEST(Secrets, AreInNoLogNoOutputAndNotInTheDatabase) {
    Bench bench({"--itwins", "50"}, {.objects = {{"itwins", "@every 1s"}, {"curated-content/cesium"}},
                                     .destination = "maxPayloadBytes: 20000, ",
                                     .server = "apiKeys: [api-key-of-the-test], ",
                                     .log_level = "debug"});
    // Everything that makes a talkative program talk: refused tokens, a bad client, failures at both ends, a bad key.
    bench.sandbox.fault(R"({"path":"/connect/token","status":500,"count":1})");
    bench.sandbox.fault(R"({"path":"/itwins/","kind":"foreignNext","count":1})");
    bench.sandbox.receiver_fault(R"({"hook":"bentley","status":500,"count":1})");
    bench.sandbox.post("itwins/records", R"({"id":"big","displayName":")" + std::string(30'000, 'x') + "\"}");
    auto daemon = bench.daemon();
    EXPECT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/byUrl") == 1; })) << daemon.program.err();
    fetch("POST", daemon.url("/control/sync"), "{}", {"X-Api-Key: api-key-of-the-test-and-more"});
    fetch("GET", daemon.url("/readyz?key=api-key-of-the-test"));
    bench.sandbox.post("tokens/revoke");
    bench.sandbox.post("tokens?secret=another");
    EXPECT_TRUE(eventually([&] { return daemon.program.err().find("connection.unhealthy") != std::string::npos; }));
    bench.sync();
    for (const auto* command : {"status", "operations", "deliveries", "destinations", "check"}) {
        bench.run({command});
        bench.run({command, "--json"});
    }
    EXPECT_EQ(daemon.stop(), 0);

    EXPECT_NE(daemon.program.err().find("page.committed"), std::string::npos) << "the level is debug";
    expect_no_secrets("what was printed", bench.printed());
    for (const auto& file : std::filesystem::directory_iterator(bench.folder.path()))
        if (file.path().filename().string().starts_with("syncd.db"))
            expect_no_secrets(file.path().filename(), read_text(file.path()));
}

TEST(Secrets, StayOutOfConfigurationErrors) {
    Bench bench;
    auto config = read_text(bench.folder / "config.yaml");
    for (const auto* what : {"clientSecret: sandbox-secret", "secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) {
        const auto at = config.find(what);
        ASSERT_NE(at, std::string::npos);
        const std::string line = what;
        const auto colon = line.find(": ");
        config.replace(at, line.size(), line.substr(0, colon) + ": [[" + line.substr(colon + 2) + "]]");
    }
    write_text(bench.folder / "config.yaml", config);
    const auto checked = bench.run({"check"});
    EXPECT_EQ(checked.exit, 2);
    expect_no_secrets("an error", checked.err);
}

TEST(Secrets, TheKeyMadeBesideTheDatabaseIsItsOwnersOnly) {
    Bench bench({"--itwins", "1"});
    ASSERT_EQ(bench.sync().exit, 0);
    const auto mode = std::filesystem::status(bench.database().string() + ".key").permissions();
    EXPECT_EQ(int(mode & std::filesystem::perms::all), 0600);
}

}  // namespace
}  // namespace syncd::e2e
