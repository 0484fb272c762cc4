// The provider's own client libraries, as they come from npm, through the proxy.
#include "tests/e2e/support/configuration.hpp"
#include "tests/e2e/support/npm.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

const std::string key = "a-key-that-stays-here";

class Clients : public testing::Test {
protected:
    void SetUp() override {
        std::string why_not;
        scripts = installed("clients", why_not);
        if (scripts.empty()) GTEST_SKIP() << why_not;
    }
    /// Everything that the daemon says to the provider goes through a tap. `more`: further installations.
    void start(const std::string& more = {}) {
        bench.emplace(std::vector<std::string>{"--itwins", "25"},
                      Settings{.server = "apiKeys: [" + key + "], ", .proxy = true, .more = more});
        const auto port = bench->sandbox.provider.substr(bench->sandbox.provider.rfind(':') + 1);
        tap.emplace(Program({"node", (scripts / "tap.mjs").string(), port}, bench->folder / "tap"));
        ASSERT_NE(port_of(*tap), 0) << tap->err();
        edit_configuration(*bench, "baseUrl: " + bench->sandbox.provider,
                           fmt::format("baseUrl: http://127.0.0.1:{}", port_of(*tap)));
        daemon.emplace(bench->daemon());
    }
    Finished run(const std::string& script, const std::string& argument, const std::vector<std::string>& more = {}) {
        std::vector<std::string> arguments = {"node", (scripts / script).string(), daemon->url("/proxy"), key,
                                              argument};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return finish(Program(std::move(arguments), bench->folder / script));
    }
    /// The client's key went nowhere but to the daemon, the provider's token nowhere but to the provider.
    void expect_keys_in_place() {
        const auto said = tap->out();
        EXPECT_NE(said.find("Authorization: Bearer sbx."), std::string::npos);
        EXPECT_EQ(said.find(key), std::string::npos);
        const auto stats = bench->sandbox.stats();
        EXPECT_EQ(number(stats, "/tokensAstray"), 0);
        EXPECT_EQ(counted(stats, "statuses", "401"), 0);
        EXPECT_EQ(daemon->stop(), 0);
        EXPECT_EQ(bench->printed().find(key), std::string::npos);
    }

    std::filesystem::path scripts;
    std::optional<Bench> bench;
    std::optional<Program> tap;
    std::optional<e2e::Daemon> daemon;
};

TEST_F(Clients, OfITwinsWorksUnchanged) {
    start();

    const auto done = run("itwins.mjs", "25");

    EXPECT_EQ(done.exit, 0) << done.out << done.err;
    EXPECT_NE(done.out.find("\ndone\n"), std::string::npos) << done.err;
    const auto writes = bench->sandbox.get("writes?object=itwins&processed=true").as_array();
    EXPECT_EQ(writes.size(), 3u) << "created, updated, deleted";
    expect_keys_in_place();
}

TEST_F(Clients, OfIModelsWorksUnchanged) {
    start();
    const auto itwin = text(bench->sandbox.get("itwins/records"), "/0/id");

    const auto done = run("imodels.mjs", itwin);

    EXPECT_EQ(done.exit, 0) << done.out << done.err;
    EXPECT_NE(done.out.find("\ndone\n"), std::string::npos) << done.err;
    EXPECT_EQ(bench->sandbox.get("imodels/records").as_array().size(), 6u) << "seven created, one deleted";
    expect_keys_in_place();
}

TEST_F(Clients, OfIModelsNamesOneOfSeveralInstallationsInItsHeaders) {
    start(
        "  - { integration: bentley, groupRef: other, connection: { grant: client_credentials, clientId: sandbox, "
        "clientSecret: sandbox-secret, scopes: [itwin-platform] } }\n");
    const auto itwin = text(bench->sandbox.get("itwins/records"), "/0/id");

    const auto unnamed = run("imodels.mjs", itwin), named = run("imodels.mjs", itwin, {"other"});

    EXPECT_NE(unnamed.exit, 0);
    EXPECT_NE(unnamed.err.find("Which installation?"), std::string::npos) << unnamed.err;
    EXPECT_EQ(named.exit, 0) << named.out << named.err;
}

}  // namespace
}  // namespace syncd::e2e
