#include "daemon/http/connect.hpp"

#include "daemon/daemon.hpp"
#include "daemon/http/routes.hpp"
#include "tests/connector/loopback.hpp"
#include "tests/daemon/browser.hpp"
#include "tests/sandbox/sandbox.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace syncd {
namespace {

using namespace std::chrono_literals;

config::Installation an_installation(const std::string& id) {
    config::Installation installation{
        .id = id, .integration = "bentley", .group_ref = "<acme>", .group_name = "Acme & Co"};
    installation.connection = {.grant = config::Grant::authorization_code, .client_id = "sandbox-native"};
    installation.objects.push_back({.object = "itwins",
                                    .mapped_name = "itwins",
                                    .destination = "hook",
                                    .schedule = config::Schedule::parse("@every 24h").value(),
                                    .all_fields = true});
    return installation;
}

/// The daemon and the sandbox on real sockets, and a browser.
class Connect : public ::testing::Test {
protected:
    Connect() {
        const auto provider = loopback.serve([this](http::Request request) {
            const bool for_token = request.target.starts_with("/connect/token");
            if (for_token) forms.push_back(request.body);
            const bool for_list = request.target.starts_with("/itwins");
            lists += for_list;
            return (for_token && token_hangs) || (for_list && lists_hang) ? no_answer()
                                                                          : box.provider(std::move(request));
        });
        const auto hook =
            loopback.serve([](http::Request) -> awaitable<http::Response> { co_return http::Response{200}; });
        origin = fmt::format("http://127.0.0.1:{}", provider);
        config.project = "acme";
        config.provider.base_url = origin;
        config.provider.token_url = origin + "/connect/token";
        config.provider.authorize_url = origin + "/connect/authorize";
        config.provider.requests_per_minute = config.provider.requests_per_hour = 0;
        config.server.port = 0;
        config.server.public_url = "http://127.0.0.1:0";
        config.server.api_keys = {Secret("the-api-key")};
        config.destinations["hook"] = {
            .name = "hook", .url = fmt::format("http://127.0.0.1:{}/", hook), .secrets = {Secret("k")}};
        config.installations = {an_installation("inst"), an_installation("other")};
        start();
    }
    ~Connect() override { stop(); }
    void start() {
        daemon.emplace(*loopback.world, *store, config, bentley::Catalog::builtin(), log, Secret(std::string(32, 'k')));
        ours = fmt::format("http://127.0.0.1:{}", daemon->listen());
        run(daemon->start());
        running = testing::start(loopback.context, daemon->run());
    }
    void stop() {
        if (!daemon) return;
        daemon->stop();
        loopback.client.close_idle();
        testing::run_until(loopback.context, [&] { return running->done(); });
        daemon.reset();
    }
    template <class T>
    T run(awaitable<T> work) {
        return testing::run(loopback.context, std::move(work));
    }
    void control(const std::string& target) { loopback_post(origin + "/_sandbox/" + target); }
    void loopback_post(const std::string& address) {
        const auto url = http::parse_url(address).value();
        run(loopback.client.send(url, {.method = "POST", .target = url.target}, {})).value();
    }
    std::string link(const std::string& id = "inst") {
        return daemon->links().connect_link(daemon->public_url(), id, loopback.world->now());
    }
    std::string shown() const { return fmt::format("{} {}", browser.page.status, title()); }
    std::string title() const {
        const auto begin = browser.page.body.find("<h1>") + 4;
        return browser.page.body.substr(begin, browser.page.body.find("</h1>") - begin);
    }
    void sign_in() {
        browser.open(link()).click("Go on to the provider").submit("decision=allow");
        ASSERT_EQ(shown(), "200 Connected") << browser.page.body;
    }
    awaitable<http::Response> no_answer() {
        Timer timer(*loopback.world);
        co_await timer.async_wait(1h);
        co_return http::Response{};
    }
    /// Consents, and asks for the page that this leads to.
    testing::Running<result<http::Response>> come_back() {
        browser.open(link()).click("Go on to the provider");
        browser.accepts_redirects = false;
        browser.submit("decision=allow");
        const auto url = http::parse_url(browser.page.headers.get("Location")).value();
        http::Request request{.target = url.target,
                              .headers = {{"Cookie", "syncd-consent=" + browser.cookies.at("syncd-consent")}}};
        return testing::start(loopback.context, loopback.client.send(url, std::move(request), {.timeout = 1h}));
    }
    bool has_read() { return run(store->object_state("inst", "itwins")).last_full_at.has_value(); }
    void wait_until(const std::function<bool()>& condition) {
        for (int i = 0; !condition(); ++i) {
            if (i == 2000) throw std::runtime_error("waited in vain");
            Timer timer(*loopback.world);
            run([](Timer& each) -> awaitable<void> { co_await each.async_wait(5ms); }(timer));
        }
    }

    http::Loopback loopback;
    std::vector<std::string> forms;  // that the token endpoint got
    int lists = 0;                   // that the provider was asked for
    bool token_hangs = false, lists_hang = false;
    sandbox::Sandbox box{*loopback.world, {.itwins = 5}};
    std::string origin, ours;
    testing::TemporaryFolder folder;
    std::unique_ptr<storage::Store> store = std::make_unique<storage::Store>(
        storage::StoreOptions{.path = folder.file("c.db")}, loopback.context.get_executor());
    config::Config config;
    std::vector<std::string> logged;
    Log log{[this](Level, std::string_view event, std::span<const LogField> fields) {
        std::string line(event);
        for (const auto& field : fields)
            if (const auto* text = std::get_if<std::string>(&field.value)) line += " " + *text;
        logged.push_back(line);
    }};
    std::optional<Daemon> daemon;
    std::optional<testing::Running<void>> running;
    Browser browser{loopback.context, loopback.client};
};

TEST_F(Connect, AUserWithAnApiKeyConsentsAndReadsBegin) {
    browser.open(ours + "/connect/inst");
    EXPECT_EQ(shown(), "401 API key");
    browser.submit("key=wrong");
    EXPECT_EQ(shown(), "401 API key");
    EXPECT_TRUE(browser.cookies.empty());
    browser.submit("key=the-api-key");
    EXPECT_EQ(shown(), "200 Connect Acme &amp; Co");
    for (const auto* part : {"&lt;acme&gt;", "bentley", "inst", "No user has signed in yet"})
        EXPECT_NE(browser.page.body.find(part), std::string::npos) << part;

    browser.click("Go on to the provider");
    EXPECT_EQ(shown(), "200 Sandbox sign-in") << "its consent page";
    const auto& asked = browser.url;
    EXPECT_TRUE(asked.starts_with(
        origin + "/connect/authorize?response_type=code&client_id=sandbox-native&redirect_uri=" +
        http::percent_encode(ours + "/oauth/callback") + "&scope=itwin-platform%20offline_access&state="))
        << asked;
    EXPECT_NE(asked.find("&code_challenge_method=S256"), std::string::npos);
    browser.submit("decision=allow");

    EXPECT_EQ(shown(), "200 Connected") << browser.page.body;
    wait_until([&] { return has_read(); });
    EXPECT_EQ(run(store->object_state("inst", "itwins")).records, 5);
    ASSERT_EQ(forms.size(), 1u);
    EXPECT_TRUE(forms[0].starts_with("grant_type=authorization_code&client_id=sandbox-native&code=")) << forms[0];
}

TEST_F(Connect, NothingSecretIsInTheDatabaseTheLogOrThePages) {
    browser.open(link());
    std::string pages = browser.page.body;
    browser.click("Go on to the provider").submit("decision=allow");
    pages += browser.page.body;
    wait_until([&] { return has_read(); });

    const auto& callback = browser.visited.back();
    std::vector<std::string> secrets = {"sbx."};  // how the sandbox's access tokens begin
    for (const auto* name : {"state=", "code="}) {
        const auto at = callback.find(name) + std::string(name).size();
        secrets.push_back(callback.substr(at, callback.find('&', at) - at));
    }
    secrets.push_back(forms[0].substr(forms[0].find("code_verifier=") + 14));
    std::string all = pages + folder.read("c.db") + folder.read("c.db-wal");
    for (const auto& line : logged) all += line + "\n";
    for (const auto& secret : secrets) {
        ASSERT_GE(secret.size(), 4u);
        EXPECT_EQ(all.find(secret), std::string::npos) << secret;
    }
}

TEST_F(Connect, AReplayedOrForeignCallbackIsRefusedAndRedeemsNothing) {
    sign_in();
    const auto callback = browser.visited.back();

    browser.open(callback);
    EXPECT_EQ(shown(), "400 Start again");
    for (const auto* odd : {"", "?state=x&code=y", "?code=y", "?state=&error=access_denied"}) {
        browser.open(ours + "/oauth/callback" + odd);
        EXPECT_EQ(shown(), "400 Start again") << odd;
    }
    EXPECT_EQ(forms.size(), 1u);
}

TEST_F(Connect, OnlyTheBrowserThatBeganASignInEndsIt) {
    browser.open(link()).click("Go on to the provider");
    browser.accepts_redirects = false;
    browser.submit("decision=allow");
    const std::string callback(browser.page.headers.get("Location"));
    Browser other(loopback.context, loopback.client), third(loopback.context, loopback.client);

    EXPECT_EQ(other.open(callback).page.status, 400);
    third.open(link());  // it has a cookie, but not the one

    EXPECT_EQ(third.open(callback).page.status, 400);
    EXPECT_EQ(browser.open(callback).page.status, 400) << "it is used up";
    EXPECT_TRUE(forms.empty());
}

TEST_F(Connect, ALinkStraightToTheProviderWorksOnlyInTheBrowserThatSawThePage) {
    browser.open(link());
    const auto begin = browser.page.body.find("href=\"") + 6;
    auto start = browser.page.body.substr(begin, browser.page.body.find('"', begin) - begin);
    for (std::size_t at; (at = start.find("&amp;")) != std::string::npos;) start.erase(at + 1, 4);
    Browser other(loopback.context, loopback.client);

    EXPECT_EQ(other.open(ours + start).page.status, 400);
    EXPECT_EQ(browser.open(start.replace(start.find("/inst/"), 6, "/other/")).page.status, 400);
}

TEST_F(Connect, ADenialIsSaidAndNothingIsKept) {
    browser.open(link()).click("Go on to the provider").submit("decision=deny");

    EXPECT_EQ(shown(), "400 Not connected");
    EXPECT_NE(browser.page.body.find("Access was not granted."), std::string::npos);
    EXPECT_FALSE(run(store->load_tokens("inst")));
}

TEST_F(Connect, ALinkIsForOneInstallationAndAWhile) {
    EXPECT_EQ(browser.open(link()).page.status, 200);
    browser.cookies.clear();

    auto foreign = link("other");
    foreign.replace(foreign.find("/other?"), 7, "/inst?");
    EXPECT_EQ(browser.open(foreign).page.status, 401);
    const auto old = daemon->links().connect_link(ours, "inst", loopback.world->now() - 16min);
    EXPECT_EQ(browser.open(old).page.status, 401);
    EXPECT_NE(browser.page.body.find("not good any more"), std::string::npos);
    EXPECT_EQ(browser.open(link("nobody")).page.status, 404);
    EXPECT_EQ(browser.open(ours + "/connect/nobody").page.status, 401) << "tells nobody which there are";
}

TEST_F(Connect, EveryPageForbidsScriptsFramesAndCaches) {
    for (const auto& address : {ours + "/connect/inst", link(), ours + "/oauth/callback", link("nobody")}) {
        browser.open(address);
        const auto policy = browser.page.headers.get("Content-Security-Policy");
        for (const auto* part : {"default-src 'none'", "frame-ancestors 'none'", "form-action"})
            EXPECT_NE(policy.find(part), std::string::npos) << address;
        EXPECT_EQ(policy.find("unsafe"), std::string::npos);
        EXPECT_EQ(browser.page.headers.get("Cache-Control"), "no-store");
        EXPECT_TRUE(browser.page.headers.has("Referrer-Policy"));
        EXPECT_EQ(browser.page.body.find("<script"), std::string::npos);
    }
}

TEST_F(Connect, AnEndedConsentPausesReadsUntilTheUserIsBack) {
    sign_in();
    wait_until([&] { return has_read(); });
    control("consents/revoke");
    control("tokens/revoke");
    const auto asked = [&] {
        return std::ranges::count_if(forms,
                                     [](const auto& form) { return form.find("refresh_token") != std::string::npos; });
    };

    auto report = run(daemon->sync({.installation_id = "inst", .full = true, .drain = 0s}));
    EXPECT_FALSE(report->finished);
    EXPECT_TRUE(report->reads.at(0).outcome.error->needs_consent);
    report = run(daemon->sync({.installation_id = "inst", .full = true, .drain = 0s}));
    EXPECT_FALSE(report->finished);
    EXPECT_EQ(asked(), 1) << "the endpoint is asked once";
    browser.open(link());
    EXPECT_NE(browser.page.body.find("has to sign in again"), std::string::npos);

    sign_in();

    EXPECT_TRUE(run(daemon->sync({.installation_id = "inst", .full = true, .drain = 0s}))->reads.at(0).outcome.success);
}

TEST_F(Connect, ARestartGoesOnWithoutTheUser) {
    sign_in();
    stop();
    control("tokens/revoke");

    start();

    EXPECT_TRUE(run(daemon->sync({.installation_id = "inst", .drain = 0s}))->reads.at(0).outcome.success);
    EXPECT_TRUE(forms.back().starts_with("grant_type=refresh_token&client_id=sandbox-native&refresh_token="));
}

TEST_F(Connect, ACutDoesNotWaitForASignInThatTheProviderDoesNotAnswer) {
    config.provider.timeout = 1h;
    token_hangs = true;
    auto page = come_back();
    wait_until([&] { return !forms.empty(); });

    asio::post(loopback.context, [&] { daemon->cut(); });

    testing::run_until(loopback.context, [&] { return running->done() && page.done(); });
    EXPECT_FALSE(page.get());
}

TEST_F(Connect, ACutDuringASyncThatSomebodyAskedForEndsItsReads) {
    sign_in();
    lists_hang = true;
    const auto before = lists;
    http::Request request{.method = "POST", .target = "/control/sync", .headers = {{"X-Api-Key", "the-api-key"}}};
    request.headers.add("Content-Type", "application/json");
    request.body = R"({"full":true})";
    auto asked = testing::start(loopback.context, loopback.client.send(http::parse_url(ours + "/control/sync").value(),
                                                                       std::move(request), {.timeout = 1h}));
    wait_until([&] { return lists > before; });

    asio::post(loopback.context, [&] { daemon->cut(); });

    testing::run_until(loopback.context, [&] { return running->done() && asked.done(); });
    EXPECT_FALSE(asked.get());
}

TEST_F(Connect, SigningOutForgetsTheUser) {
    sign_in();
    EXPECT_TRUE(run(daemon->installation("inst")->sign_out()));

    EXPECT_FALSE(run(store->load_tokens("inst")));
    EXPECT_FALSE(run(daemon->sync({.installation_id = "inst", .drain = 0s}))->finished);
    EXPECT_FALSE(run(daemon->installation("inst")->sign_out()));
}

TEST_F(Connect, OnLoopbackAnotherNameIsLedToTheOneThatTheAnswerComesTo) {
    const auto gate = make_gate(config.server);
    const auto routes = make_routes(*daemon);
    const http::Request asked{.target = "/connect/inst?a=b", .headers = {{"Host", "localhost:1"}}};
    EXPECT_FALSE(gate(asked));

    const auto moved = run(routes(asked));
    EXPECT_EQ(moved.status, 302);
    EXPECT_EQ(moved.headers.get("Location"), ours + "/connect/inst?a=b&moved=1");

    auto again = asked;
    again.target = "/connect/inst?moved=1";
    EXPECT_EQ(run(routes(again)).status, 401) << "once only";
}

}  // namespace
}  // namespace syncd
