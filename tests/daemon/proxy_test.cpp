// The pass-through proxy in a daemon of its own, between a client and a provider that the test plays.
#include "storage/reader.hpp"
#include "tests/daemon/proxied.hpp"

#include <gtest/gtest.h>

#include <regex>

namespace syncd {
namespace {

using namespace std::chrono_literals;

awaitable<std::string> body_of(http::Exchange& exchange) {
    std::string all;
    for (;;) {
        const auto piece = co_await exchange.read();
        if (!piece || piece->empty()) co_return all;
        all += *piece;
    }
}

awaitable<void> mirror(http::Exchange& exchange) {
    auto body = co_await body_of(exchange);
    co_await exchange.answer({200, {{"X-Method", exchange.head().method}}, std::move(body)});
}

/// Always the same answer.
Proxied::Play always(http::Response response) {
    return [response](http::Exchange& exchange) {
        auto give = [](http::Exchange& to, http::Response what) -> awaitable<void> {
            co_await to.answer(std::move(what));
        };
        return give(exchange, response);
    };
}

TEST(Proxy, PassesAnyMethodWithItsBodyAndTheConnectionsToken) {
    Proxied bench(mirror);
    for (const auto* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT"}) {
        const auto got = bench.ask(method, "/proxy/a/b%2Fc?$top=1&x=%20", {{"Content-Type", "text/x"}}, "body");
        EXPECT_EQ(got.status, 200) << method;
        EXPECT_EQ(got.headers.get("X-Method"), method);
        EXPECT_EQ(got.body, "body");
        const auto& seen = bench.seen.back();
        EXPECT_EQ(seen.target, "/a/b%2Fc?$top=1&x=%20");
        EXPECT_EQ(seen.headers.get("Authorization"), "Bearer tok-1");
        EXPECT_EQ(seen.headers.get("Content-Type"), "text/x");
        EXPECT_EQ(seen.headers.get("Host"), fmt::format("127.0.0.1:{}", bench.provider_port));
        EXPECT_FALSE(seen.headers.has("X-Api-Key"));
    }
    EXPECT_EQ(bench.ask("HEAD", "/proxy/x").bytes, 0u);
    EXPECT_EQ(bench.ask("TRACE", "/proxy/x").status, 405);
    EXPECT_EQ(bench.tokens, 1);
}

TEST(Proxy, NeedsTheKeyAndARequestThatNoOtherSiteMakes) {
    Proxied bench(mirror);

    EXPECT_EQ(bench.open(bench.port, {"GET", "/proxy/x"}).status, 401);
    EXPECT_EQ(bench.ask("POST", "/proxy/x", {{"Origin", "https://evil.test"}}).status, 403);
    EXPECT_EQ(bench.ask("GET", "/proxyx").status, 404);
    EXPECT_TRUE(bench.seen.empty());
    EXPECT_EQ(bench.ask("GET", "/proxy?a=b").status, 200);
    EXPECT_EQ(bench.seen.back().target, "/?a=b");
}

TEST(Proxy, NothingThatStandsInThePathLeavesTheProvider) {
    Proxied bench(mirror);
    for (const std::string path : {"//evil.test/x", "/https://evil.test/x", "/../../etc", "/@evil.test/", "/a/%2e%2e/b",
                                   "/http:evil.test", "/\\\\evil.test", "/.", "/?u=//evil.test", "/x#y"}) {
        EXPECT_EQ(bench.ask("GET", "/proxy" + path).status, 200) << path;
        EXPECT_EQ(bench.seen.back().target, path) << "byte for byte";
    }
}

TEST(Proxy, TheInstallationIsNamedInTheHeader) {
    Proxied bench(mirror, [](config::Config& config) {
        config.installations.push_back(Proxied::installation("inst-2", "bentley", "other"));
        config.installations.push_back(Proxied::installation("inst-3", "closed", "other"));
        config.installations.back().proxy = false;
    });
    const auto status = [&](http::Headers headers) { return bench.ask("GET", "/proxy/x", std::move(headers)).status; };

    EXPECT_EQ(status({{"x-amp-installation-id", "inst-2"}, {"x-amp-project-id", "acme"}, {"x-amp-proxy-version", "1"}}),
              200);
    EXPECT_EQ(status({{"x-amp-integration-name", "bentley"}, {"x-amp-group-ref", "other"}}), 200);
    EXPECT_EQ(status({{"x-amp-installation-id", "inst-1"}, {"x-amp-group-ref", "no such"}}), 200) << "the id counts";
    EXPECT_EQ(status({{"x-amp-installation-id", "inst-9"}}), 404);
    EXPECT_EQ(status({{"x-amp-integration-name", "bentley"}, {"x-amp-group-ref", "nobody"}}), 404);
    EXPECT_EQ(status({{"x-amp-installation-id", "inst-1"}, {"x-amp-project-id", "else"}}), 404);
    EXPECT_EQ(status({{"x-amp-installation-id", "inst-1"}, {"x-amp-proxy-version", "2"}}), 400);
    const auto vague = bench.ask("GET", "/proxy/x", {{"x-amp-integration-name", "bentley"}});
    EXPECT_EQ(vague.status, 400);
    EXPECT_NE(vague.body.find("x-amp-group-ref"), std::string::npos) << vague.body;
    const auto closed = bench.ask("GET", "/proxy/x", {{"x-amp-installation-id", "inst-3"}});
    EXPECT_EQ(closed.status, 403);
    EXPECT_NE(closed.body.find("proxy.enabled"), std::string::npos) << closed.body;
    EXPECT_EQ(bench.seen.size(), 3u);
}

/// 401 to the first token, whatever else it is asked.
awaitable<void> only_the_second_token(http::Exchange& exchange) {
    const bool fine = exchange.head().headers.get("Authorization") != "Bearer tok-1";
    auto body = co_await body_of(exchange);
    co_await exchange.answer({fine ? 200 : 401, {}, std::to_string(body.size())});
}

TEST(Proxy, ATokenThatIsNotAcceptedIsReplacedOnceAndTheRequestSentAgain) {
    Proxied bench(only_the_second_token);

    const auto got = bench.ask("POST", "/proxy/x", {}, std::string(60'000, 'x'));

    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "60000");
    EXPECT_EQ(bench.tokens, 2);
    EXPECT_EQ(bench.seen.size(), 2u);
}

TEST(Proxy, ABodyTooLargeToKeepIsNotSentAgainButTheNextRequestHasANewToken) {
    Proxied bench(only_the_second_token);
    for (const bool said : {true, false}) {
        const auto before = bench.seen.size();
        const auto got = bench.open(bench.port, {"POST", "/proxy/x", {{"X-Api-Key", "our-key"}}},
                                    http::pieces(std::string(10'000, 'x'), 20, said));
        EXPECT_EQ(got.status, said ? 401 : 200) << "the provider's own answer";
        EXPECT_EQ(got.body, "200000");
        EXPECT_EQ(bench.seen.size(), before + 1);
    }
    EXPECT_EQ(bench.tokens, 2);
}

TEST(Proxy, A401ThatStaysIsPassedOnWithoutEndlessTokens) {
    Proxied bench(always({401, {{"WWW-Authenticate", "Bearer"}}, "no"}));

    EXPECT_EQ(bench.ask("GET", "/proxy/x").status, 401);
    EXPECT_EQ(bench.tokens, 2);
    EXPECT_EQ(bench.seen.size(), 2u);
}

TEST(Proxy, WithoutATokenTheAnswerSaysThatTheConnectionIsUnhealthy) {
    Proxied bench(mirror);
    bench.token_status = 401;

    const auto got = bench.ask("GET", "/proxy/x");

    EXPECT_EQ(got.status, 502);
    EXPECT_EQ(got.headers.get("Content-Type"), "application/problem+json");
    EXPECT_NE(got.body.find("unhealthy"), std::string::npos) << got.body;
    EXPECT_NE(got.body.find("invalid_client"), std::string::npos) << got.body;
    EXPECT_EQ(got.body.find("client-secret"), std::string::npos);
    EXPECT_TRUE(bench.seen.empty());
}

/// Until the log has that line.
void wait_for(Proxied& bench, const std::string& event) {
    testing::run_until(bench.context, [&] {
        return std::ranges::any_of(bench.lines, [&](const auto& line) { return line.event == event; });
    });
}

TEST(Proxy, WrongCredentialsMakeAnInstallationThatOnlyPassesRequestsOnUnhealthyUntilTheyWork) {
    Proxied bench(mirror);
    bench.token_status = 401;
    const auto health = [&] { return storage::Reader(bench.folder.file("p.db")).health("inst-1"); };

    bench.ask("GET", "/proxy/x");
    wait_for(bench, "connection.unhealthy");
    EXPECT_FALSE(health().healthy);
    EXPECT_NE(health().reason.find("invalid_client"), std::string::npos) << health().reason;

    bench.token_status = 200;
    bench.daemon->installation("inst-1")->connector().tokens().ask_again();
    EXPECT_EQ(bench.ask("GET", "/proxy/x").status, 200);
    wait_for(bench, "connection.healthy");
    EXPECT_TRUE(health().healthy);
}

TEST(Proxy, A401ThatStaysMakesTheConnectionUnhealthy) {
    Proxied bench(always({401, {}, "no"}));

    bench.ask("GET", "/proxy/x");

    wait_for(bench, "connection.unhealthy");
    EXPECT_NE(bench.text_of_log().find("HTTP 401"), std::string::npos);
}

const std::regex ampersands_time("[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} UTC");

void expect_retry(const Proxied::Got& got) {
    EXPECT_EQ(got.status, 429);
    EXPECT_EQ(got.headers.get("X-Amp-Retryable"), "true");
    EXPECT_TRUE(std::regex_match(std::string(got.headers.get("X-Amp-Retry-After")), ampersands_time))
        << got.headers.get("X-Amp-Retry-After");
    EXPECT_TRUE(got.headers.has("Retry-After"));
}

TEST(Proxy, ARequestThatAsksForItIsHeldBackWhileTheProviderWantsToBeLeftAlone) {
    Proxied bench(always({429, {{"Retry-After", "300"}}, "slow down"}));
    const http::Headers throttle{{"x-amp-rate-limiter-mode", "throttle"}};

    const auto first = bench.ask("GET", "/proxy/x", throttle);
    expect_retry(first);
    EXPECT_EQ(first.body, "slow down");
    EXPECT_EQ(first.headers.get("Retry-After"), "300");

    const auto held = bench.ask("GET", "/proxy/x", throttle);
    expect_retry(held);
    EXPECT_EQ(held.headers.get("Content-Type"), "application/problem+json");
    EXPECT_EQ(bench.seen.size(), 1u) << "not sent";

    expect_retry(bench.ask("GET", "/proxy/x"));
    EXPECT_EQ(bench.seen.size(), 2u) << "who does not ask for it decides for himself";
}

TEST(Proxy, ARequestThatAsksForItDoesNotWaitForTheBudget) {
    Proxied bench(mirror, [](config::Config& config) { config.provider.requests_per_minute = 1; });
    const http::Headers throttle{{"X-Amp-Rate-Limiter-Mode", "Throttle"}};

    EXPECT_EQ(bench.ask("GET", "/proxy/x", throttle).status, 200);
    expect_retry(bench.ask("GET", "/proxy/x", throttle));

    EXPECT_EQ(bench.seen.size(), 1u);
}

TEST(Proxy, LinksInJsonLeadBackHereForABearerKeyOrOnRequest) {
    Proxied* at = nullptr;
    Proxied bench([&](http::Exchange& exchange) -> awaitable<void> {
        const auto base = at->config.provider.base_url;
        const bool plain = exchange.head().target == "/plain";
        co_await exchange.answer(
            {200,
             {{"Content-Type", plain ? "text/plain" : "application/vnd.bentley.v1+json"}, {"Link", "<" + base + "/l>"}},
             "{\"href\":\"" + base + "/itwins\"}"});
    });
    at = &bench;
    const auto base = bench.config.provider.base_url, here = fmt::format("http://127.0.0.1:{}/proxy", bench.port);
    const auto with = [&](const std::string& target, http::Headers headers) {
        return bench.open(bench.port, {"GET", target, std::move(headers)});
    };

    const auto bearer = with("/proxy/x", {{"Authorization", "Bearer our-key"}, {"Accept-Encoding", "gzip"}});
    EXPECT_EQ(bearer.body, "{\"href\":\"" + here + "/itwins\"}");
    EXPECT_EQ(bearer.headers.get("Link"), "<" + here + "/l>");
    EXPECT_FALSE(bearer.bytes);
    EXPECT_EQ(bench.seen.back().headers.get("Accept-Encoding"), "identity");

    EXPECT_EQ(with("/proxy/x", {{"X-Api-Key", "our-key"}, {"x-amp-rewrite-links", "true"}}).body, bearer.body);

    const auto key = with("/proxy/x", {{"X-Api-Key", "our-key"}, {"Accept-Encoding", "gzip"}});
    EXPECT_EQ(key.body, "{\"href\":\"" + base + "/itwins\"}");
    EXPECT_EQ(key.headers.get("Link"), "<" + base + "/l>");
    EXPECT_EQ(key.bytes, key.body.size());
    EXPECT_EQ(bench.seen.back().headers.get("Accept-Encoding"), "gzip");

    EXPECT_EQ(with("/proxy/plain", {{"Authorization", "Bearer our-key"}}).body, key.body) << "not JSON";
}

TEST(Proxy, PackedBytesPassUntouchedUnlessTheirLinksWereToBeRewritten) {
    const std::string packed("\x1f\x8b\x08\0packed", 10);
    Proxied bench(always({200, {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}}, packed}));

    const auto got = bench.ask("GET", "/proxy/x", {{"Accept-Encoding", "gzip"}});
    EXPECT_EQ(got.body, packed);
    EXPECT_EQ(got.headers.get("Content-Encoding"), "gzip");

    EXPECT_EQ(bench.ask("GET", "/proxy/x", {{"x-amp-rewrite-links", "true"}}).status, 502);
}

TEST(Proxy, RedirectsAreTheClientsAndLeadBackHereOnlyWithinTheProvider) {
    Proxied* at = nullptr;
    Proxied bench([&](http::Exchange& exchange) -> awaitable<void> {
        const bool own = exchange.head().target == "/own";
        const std::string to = own ? at->config.provider.base_url + "/b?c" : "https://storage.test/signed";
        co_await exchange.answer({302, {{"Location", to}, {"Set-Cookie", "a=b"}}, ""});
    });
    at = &bench;

    const auto own = bench.ask("GET", "/proxy/own"), other = bench.ask("GET", "/proxy/other");

    EXPECT_EQ(own.status, 302);
    EXPECT_EQ(own.headers.get("Location"), fmt::format("http://127.0.0.1:{}/proxy/b?c", bench.port));
    EXPECT_EQ(other.headers.get("Location"), "https://storage.test/signed");
    EXPECT_FALSE(other.headers.has("Set-Cookie"));
    EXPECT_EQ(bench.seen.size(), 2u) << "not followed";
}

TEST(Proxy, AProviderThatIsNotThereIs502AndOneThatIsSilentIs504) {
    Proxied bench(
        [](http::Exchange& exchange) -> awaitable<void> {
            if (exchange.head().target == "/closes") co_return;
            while ((co_await exchange.read()).has_value()) {
                if (exchange.head().target == "/never") break;
            }
        },
        [](config::Config& config) {
            config.provider.timeout = 100ms;
            config.provider.token_url = config.provider.base_url + "/connect/token";
        });
    EXPECT_EQ(bench.ask("GET", "/proxy/closes").status, 502);

    http::RawPeer mute(bench.context, {""});
    mute.keep_open = true;
    bench.config.provider.base_url = fmt::format("http://127.0.0.1:{}", mute.port());
    const auto silent = bench.ask("GET", "/proxy/secret-path?token=hush");
    EXPECT_EQ(silent.status, 504);
    EXPECT_EQ(silent.body.find("hush"), std::string::npos);
}

TEST(Proxy, AnAnswerThatBreaksOffIsBrokenForTheClientToo) {
    Proxied bench([](http::Exchange& exchange) -> awaitable<void> {
        const bool said = exchange.head().target == "/said";
        co_await exchange.start(200, {}, said ? std::optional<std::uint64_t>(100) : std::nullopt);
        co_await exchange.write("half");
    });
    for (const auto* target : {"/proxy/said", "/proxy/chunks"}) {
        const auto got = bench.ask("GET", target);
        EXPECT_EQ(got.status, 200);
        EXPECT_EQ(got.body, "half");
        EXPECT_TRUE(got.failure) << target;
    }
    EXPECT_EQ(bench.lines.back().event, "proxy.broken");
}

TEST(Proxy, AnEarlyRefusalOfTheProviderReachesAClientThatIsStillSending) {
    Proxied bench(always({413, {}, "too large"}));

    const auto got = bench.open(bench.port, {"PUT", "/proxy/x", {{"X-Api-Key", "our-key"}}},
                                http::pieces(std::string(1u << 20, 'x'), 1'000'000, false));

    EXPECT_EQ(got.status, 413);
    EXPECT_EQ(got.body, "too large");
}

TEST(Proxy, BodiesBeyondTheLimitOfOtherRoutesPass) {
    Proxied bench([](http::Exchange& exchange) -> awaitable<void> {
        std::size_t bytes = 0;
        for (bool end = false; !end;) {
            const auto piece = co_await exchange.read();
            end = !piece || piece->empty();
            if (!end) bytes += piece->size();
        }
        co_await exchange.start(200, {{"X-Bytes", std::to_string(bytes)}}, std::nullopt);
        for (std::size_t sent = 0; sent < bytes; sent += 1u << 16) co_await exchange.write(std::string(1u << 16, 'y'));
        co_await exchange.finish();
    });
    for (const bool said : {true, false}) {
        const auto got = bench.open(bench.port, {"PUT", "/proxy/x", {{"X-Api-Key", "our-key"}}},
                                    http::pieces(std::string(1u << 16, 'x'), 320, said));
        EXPECT_EQ(got.headers.get("X-Bytes"), std::to_string(20u << 20));
        EXPECT_EQ(got.body.size(), 20u << 20);
    }
}

TEST(Proxy, EachRequestIsOneLineInTheLogWithoutQueryKeyOrToken) {
    Proxied bench(mirror);

    bench.ask("GET", "/proxy/itwins?sig=hush");
    bench.ask("GET", "/proxy/x", {{"x-amp-installation-id", "none"}});

    ASSERT_EQ(bench.lines.size(), 2u) << bench.text_of_log();
    EXPECT_TRUE(
        bench.lines[0].text.starts_with("proxy.answered method=GET path=/proxy/itwins installation=inst-1 "
                                        "status=200 bytes=0 duration_ms="))
        << bench.lines[0].text;
    EXPECT_NE(bench.lines[1].text.find("status=404"), std::string::npos);
    for (const auto* secret : {"hush", "tok-1", "our-key", "client-secret"})
        EXPECT_EQ(bench.text_of_log().find(secret), std::string::npos) << secret;
}

TEST(Proxy, ACutDaemonDoesNotWaitForWhatPassesThrough) {
    Proxied* at = nullptr;
    Proxied bench([&](http::Exchange&) -> awaitable<void> {
        Timer timer(*at->world);
        co_await timer.async_wait(1h);
    });
    at = &bench;
    http::tcp::socket client(bench.context);
    client.connect(http::tcp::endpoint(asio::ip::address_v4::loopback(), bench.port));
    asio::write(client, asio::buffer(std::string("GET /proxy/x HTTP/1.1\r\nX-Api-Key: our-key\r\nHost: x\r\n\r\n")));
    testing::run_until(bench.context, [&] { return !bench.seen.empty(); });

    bench.daemon->cut();

    testing::run_until(bench.context, [&] { return bench.daemon_run.done(); });
}

TEST(ServerTls, TheDaemonShowsItsCertificateAndLinksWithHttps) {
    testing::TemporaryFolder folder;
    const http::Identity identity(folder, "server", "IP:127.0.0.1");
    Proxied bench(always({302, {{"Location", "/b"}}, ""}),
                  [&](config::Config& config) { config.server.tls = config::Tls{identity.certificate, identity.key}; });
    const auto get = [&](http::SendOptions options) {
        return bench.send(bench.port, {"GET", "/proxy/x", {{"X-Api-Key", "our-key"}}}, std::move(options),
                          "https://127.0.0.1");
    };

    const auto trusting = get({.ca_file = identity.certificate});
    ASSERT_TRUE(trusting);
    EXPECT_EQ(trusting->headers.get("Location"), fmt::format("https://127.0.0.1:{}/proxy/b", bench.port));
    EXPECT_FALSE(get({})) << "nobody signed it";
    EXPECT_FALSE(bench.get(bench.port)) << "plain HTTP";
}

TEST(ServerTls, ACertificateCanBePinnedWhateverNameItIsFor) {
    testing::TemporaryFolder folder;
    const http::Identity identity(folder, "server", "DNS:sync.example.com"), other(folder, "other", "IP:127.0.0.1");
    Proxied bench(mirror,
                  [&](config::Config& config) { config.server.tls = config::Tls{identity.certificate, identity.key}; });
    const auto get = [&](http::SendOptions options) {
        return bench.send(bench.port, {"GET", "/healthz"}, std::move(options), "https://127.0.0.1");
    };

    EXPECT_TRUE(get({.pinned_file = identity.certificate}));
    EXPECT_FALSE(get({.ca_file = identity.certificate}));
    for (const auto& wrong : {other.certificate, identity.key, std::string("/nowhere.pem")}) {
        const auto refused = get({.pinned_file = wrong});
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().message.find(wrong), std::string::npos) << refused.error().message;
        EXPECT_FALSE(refused.error().sent);
    }
}

TEST(ServerTls, AFileThatIsNotUsableIsNamed) {
    testing::TemporaryFolder folder;
    const http::Identity identity(folder, "server", "IP:127.0.0.1"), other(folder, "other", "IP:127.0.0.1");
    const auto noise = folder.write("noise.pem", "nothing");
    const std::pair<config::Tls, std::string> cases[] = {{{"/no/cert.pem", identity.key}, "/no/cert.pem"},
                                                         {{identity.certificate, "/no/key.pem"}, "/no/key.pem"},
                                                         {{noise, identity.key}, noise},
                                                         {{identity.certificate, other.key}, other.key}};
    for (const auto& [tls, named] : cases) {
        try {
            Proxied bench(mirror, [&](config::Config& config) { config.server.tls = tls; });
            ADD_FAILURE() << "it listens";
        } catch (const std::runtime_error& failure) {
            EXPECT_NE(std::string(failure.what()).find(named), std::string::npos) << failure.what();
        }
    }
}

}  // namespace
}  // namespace syncd
