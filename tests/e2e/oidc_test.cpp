// Both grants against a certified OpenID provider, as it comes from npm, with refresh tokens that rotate: one that is
// used again ends the consent.
#include "tests/e2e/support/configuration.hpp"
#include "tests/e2e/support/npm.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

const std::string service_connection = "grant: client_credentials, clientId: sandbox, clientSecret: sandbox-secret, ";

class Oidc : public testing::Test {
protected:
    void SetUp() override {
        std::string why_not;
        scripts = installed("oidc", why_not, 20);
        if (scripts.empty()) GTEST_SKIP() << why_not;
        bench.emplace(std::vector<std::string>{"--itwins", "25"}, Settings{.objects = {{"itwins", "@every 1s"}}});
        const auto sandbox = bench->sandbox.provider;
        server.emplace(Program({"node", (scripts / "server.mjs").string(), sandbox}, bench->folder / "oidc"));
        ASSERT_NE(port_of(*server), 0) << server->err();
        url = fmt::format("http://127.0.0.1:{}", port_of(*server));
        edit_configuration(*bench, fmt::format("tokenUrl: {}/connect/token", sandbox),
                           fmt::format("tokenUrl: {0}/token\n  authorizeUrl: {0}/auth", url));
    }
    void connect_users() {
        edit_configuration(*bench, service_connection, "grant: authorization_code, clientId: native, ");
    }

    bj::value control(const std::string& method, const std::string& path = {}) {
        const auto answer = fetch(method, url + "/_control" + path);
        if (answer.status != 200) throw std::runtime_error(path + ": " + answer.body);
        return bj::parse(answer.body);
    }
    std::int64_t state(const std::string& name) { return number(control("GET"), "/" + name); }
    std::size_t refusals() { return control("GET").at("refusals").as_array().size(); }
    bool rotates(std::int64_t times) {
        const auto wanted = state("rotations") + times;
        return eventually([&] { return state("rotations") >= wanted; });
    }
    /// The provider takes none of the tokens any more that it took.
    void revoke_access() { bench->sandbox.post("tokens/revoke"); }

    /// The user opens the link, signs in and consents; what the last page says.
    std::string sign_in() {
        const auto link = text(bench->json({"auth", "login"}), "/url");
        const auto browser =
            finish(Program({"node", (scripts / "browser.mjs").string(), link}, bench->folder / "browser"));
        return browser.out + browser.err;
    }
    std::string sign_in_state() { return text(bench->json({"auth", "status"}), "/0/state"); }
    /// Whether a read that began after this was called succeeds, by schedule.
    bool reads_again() {
        bench->sandbox.post("itwins/change?count=1");
        return eventually([&] { return bench->sandbox.difference().empty(); });
    }
    bool is_healthy() { return bench->run({"status"}).out.find("unhealthy") == std::string::npos; }

    std::filesystem::path scripts;
    std::optional<Bench> bench;
    std::optional<Program> server;
    std::string url;
};

TEST_F(Oidc, AServiceGetsItsTokens) {
    edit_configuration(*bench, service_connection,
                       "grant: client_credentials, clientId: service, clientSecret: \"a secret+&=%/~\", ");

    const auto synced = bench->sync();
    EXPECT_EQ(synced.exit, 0) << synced.err;
    EXPECT_EQ(bench->sandbox.difference(), "");
    auto daemon = bench->daemon();
    EXPECT_TRUE(reads_again());
    revoke_access();
    EXPECT_TRUE(reads_again());

    EXPECT_EQ(number(control("GET"), "/issued/client_credentials"), 3);
    EXPECT_EQ(number(bench->sandbox.stats(), "/tokensIssued"), 0) << "none of the sandbox's own";
    EXPECT_EQ(refusals(), 0u);
    EXPECT_EQ(daemon.stop(), 0);
}

TEST_F(Oidc, AUsersTokensRotateThroughRestartsAndCrashesAndNoneIsUsedTwice) {
    connect_users();
    std::optional<e2e::Daemon> daemon(bench->daemon());
    ASSERT_EQ(sign_in_state(), "needs consent");
    EXPECT_TRUE(sign_in().starts_with("200 Connected"));
    EXPECT_EQ(sign_in_state(), "signed in");
    EXPECT_TRUE(reads_again());

    control("POST", "/lifetime?seconds=1");
    revoke_access();
    EXPECT_TRUE(rotates(4));
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(daemon->stop(), 0);
        daemon.emplace(bench->daemon());
        EXPECT_TRUE(rotates(2));
    }
    control("POST", "/lifetime?seconds=3600");
    ASSERT_TRUE(eventually([&] { return state("lastLifetime") == 3600; }));
    EXPECT_TRUE(reads_again());
    const auto before = state("rotations");
    daemon->crash();
    daemon.emplace(bench->daemon());
    EXPECT_TRUE(reads_again());
    EXPECT_EQ(state("rotations"), before) << "the access token was kept";
    revoke_access();
    EXPECT_TRUE(rotates(1)) << "and so was the last refresh token";
    EXPECT_TRUE(reads_again());
    EXPECT_EQ(daemon->stop(), 0);
    const auto alone = bench->sync();

    EXPECT_EQ(alone.exit, 0) << alone.err;
    EXPECT_EQ(control("GET").at("refusals").as_array(), bj::array());
    EXPECT_EQ(state("reused"), 0);
    EXPECT_EQ(number(control("GET"), "/issued/authorization_code"), 1);
}

TEST_F(Oidc, AStopWaitsForTokensThatAreOnTheirWay) {
    connect_users();
    std::optional<e2e::Daemon> daemon(bench->daemon());
    ASSERT_TRUE(sign_in().starts_with("200 Connected"));
    ASSERT_TRUE(reads_again());

    control("POST", "/hold");
    revoke_access();
    ASSERT_TRUE(eventually([&] { return state("held") == 1; }));
    daemon->program.kill(SIGTERM);
    ASSERT_TRUE(eventually([&] { return daemon->program.err().find("daemon.stopping") != std::string::npos; }));
    control("POST", "/release");
    EXPECT_EQ(daemon->program.wait(), 0);
    daemon.emplace(bench->daemon());

    EXPECT_TRUE(reads_again());
    revoke_access();
    EXPECT_TRUE(rotates(1));
    EXPECT_EQ(refusals(), 0u);
}

TEST_F(Oidc, TokensThatACrashLostNeedConsentAgain) {
    connect_users();
    std::optional<e2e::Daemon> daemon(bench->daemon());
    ASSERT_TRUE(sign_in().starts_with("200 Connected"));
    ASSERT_TRUE(reads_again());

    control("POST", "/hold");
    revoke_access();
    ASSERT_TRUE(eventually([&] { return state("held") == 1; }));
    daemon->crash();
    control("POST", "/release");
    daemon.emplace(bench->daemon());

    EXPECT_TRUE(eventually([&] { return sign_in_state() == "needs consent"; }));
    EXPECT_EQ(state("reused"), 1) << "the provider sees what we can't avoid";
    EXPECT_TRUE(sign_in().starts_with("200 Connected"));
    EXPECT_TRUE(reads_again());
    EXPECT_EQ(refusals(), 1u);
}

TEST_F(Oidc, ARevokedConsentIsAskedForOnceAndWholeWhenItIsGivenAgain) {
    connect_users();
    auto daemon = bench->daemon();
    ASSERT_TRUE(sign_in().starts_with("200 Connected"));
    ASSERT_TRUE(reads_again());
    ASSERT_TRUE(is_healthy());

    control("POST", "/revoke");
    revoke_access();
    EXPECT_TRUE(eventually([&] { return sign_in_state() == "needs consent"; }));
    EXPECT_TRUE(eventually([&] { return !is_healthy(); }));
    EXPECT_NE(bench->sync({"--drain", "1s"}).exit, 0);
    EXPECT_EQ(refusals(), 1u) << "nothing goes on asking";

    EXPECT_TRUE(sign_in().starts_with("200 Connected"));
    EXPECT_EQ(sign_in_state(), "signed in");
    EXPECT_TRUE(reads_again());
    EXPECT_TRUE(eventually([&] { return is_healthy(); }));
    EXPECT_EQ(refusals(), 1u);
    EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace syncd::e2e
