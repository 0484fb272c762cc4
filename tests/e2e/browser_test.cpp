// The pages of the daemon in a real browser: what its policies, cookies and styles come to there.
#include "tests/e2e/support/bench.hpp"
#include "tests/e2e/support/browser.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

class Pages : public ::testing::Test {
protected:
    void SetUp() override {
        if (!Browser::installed(bench.folder)) GTEST_SKIP() << "chromium and chromium-driver are not installed";
        browser.emplace(bench.folder);
    }
    std::string login_link() { return text(bench.json({"auth", "login"}), "/url"); }

    const std::string key = "the-key-of-this-test";
    Bench bench{{"--itwins", "3"}, {.server = "apiKeys: [the-key-of-this-test], ", .user = true}};
    std::optional<Browser> browser;
};

TEST_F(Pages, AUserFollowsTheLinkAllowsAndTheReadsBegin) {
    auto daemon = bench.daemon();

    browser->open(login_link());
    EXPECT_TRUE(browser->shows("No user has signed in yet")) << browser->text();
    EXPECT_EQ(browser->style("main", "border-top-style"), "solid") << "the policy lets the page's style through";
    browser->click("a.button");
    EXPECT_TRUE(browser->address().starts_with(bench.sandbox.provider)) << browser->address();
    browser->click("button[value=allow]");

    EXPECT_TRUE(browser->shows("Connected")) << browser->text();
    EXPECT_TRUE(eventually([&] { return bench.sandbox.messages() == 1; }));
    browser->reload();
    EXPECT_TRUE(browser->shows("Start again")) << browser->text();
    EXPECT_EQ(daemon.stop(), 0);
}

TEST_F(Pages, AKeyOpensASessionAndARefusalSaysSo) {
    auto daemon = bench.daemon();

    browser->open(login_link().substr(0, login_link().find('?')));
    browser->type("input[type=password]", "another");
    browser->click("button");
    EXPECT_TRUE(browser->shows("not one of the API keys")) << browser->text();
    browser->type("input[type=password]", key);
    browser->click("button");
    EXPECT_TRUE(browser->shows("No user has signed in yet")) << browser->text();
    EXPECT_EQ(browser->address(), login_link().substr(0, login_link().find('?')));
    browser->click("a.button");
    browser->click("button[value=deny]");

    EXPECT_TRUE(browser->shows("Access was not granted")) << browser->text();
    EXPECT_EQ(text(bench.json({"auth", "status"}), "/0/state"), "needs consent");
    EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace syncd::e2e
