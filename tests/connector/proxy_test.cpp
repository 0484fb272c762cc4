// Requests through an HTTP proxy over real sockets and real TLS: what the proxy sees of them, and proxies that fail.
#include "connector/connector.hpp"
#include "tests/connector/forward_proxy.hpp"
#include "tests/connector/identity.hpp"

#include <gtest/gtest.h>

namespace syncd::http {
namespace {

using namespace std::chrono_literals;

/// A provider whose name only the proxy can resolve.
struct Bench {
    explicit Bench(const std::string& alternative_names = "DNS:api.bentley.test")
        : identity(folder, "server", alternative_names) {}

    result<Response> get(std::optional<Proxy> through, Duration timeout = 10s,
                         const std::string& host = "api.bentley.test") {
        return loopback.send(port, {.target = "/itwins?q=1", .headers = {{"Authorization", "Bearer tok-secret"}}},
                             {.timeout = timeout, .ca_file = identity.certificate, .proxy = std::move(through)},
                             "https://" + host);
    }
    /// The error of a request through a proxy that answers CONNECT with this, its and the target's port left out.
    std::string error(const std::string& answer, bool keep_open = false, Duration timeout = 10s) {
        RawPeer peer(loopback.context, {answer});
        peer.keep_open = keep_open;
        const auto got = get(Proxy{"127.0.0.1", peer.port(), Secret("user:p@ss"), "provider.proxy"}, timeout);
        if (got) return "no error";
        EXPECT_FALSE(got.error().sent);
        EXPECT_EQ(got.error().code, keep_open ? errc::timed_out : errc::transient);
        return without(without(got.error().message, peer.port()), port);
    }
    static std::string without(std::string text, std::uint16_t number) {
        const auto at = text.find(":" + std::to_string(number));
        return at == std::string::npos ? text : text.erase(at, std::to_string(number).size() + 1);
    }

    testing::TemporaryFolder folder;
    Identity identity;
    Loopback loopback;
    std::vector<Request> requests;
    std::uint16_t port = loopback.serve(
        [this](Request request) -> awaitable<Response> {
            requests.push_back(request);
            return echo(std::move(request));
        },
        {}, {.host = "127.0.0.1", .tls = true, .certificate_file = identity.certificate, .key_file = identity.key});
    ForwardProxy forward{loopback.context};
};

TEST(Proxy, HttpsGoesThroughATunnelToANameThatOnlyTheProxyKnows) {
    Bench bench;

    EXPECT_EQ(bench.get(bench.forward.proxy()).value().body, "GET /itwins?q=1 ");

    EXPECT_EQ(bench.forward.headers(),
              (std::vector{fmt::format("CONNECT api.bentley.test:{0} HTTP/1.1\r\nHost: api.bentley.test:{0}\r\n\r\n",
                                       bench.port)}));
    EXPECT_EQ(bench.requests.at(0).headers.get("Host"), fmt::format("api.bentley.test:{}", bench.port));
}

TEST(Proxy, SeesNeitherTheTokenNorTheRequest) {
    Bench bench;

    ASSERT_TRUE(bench.get(bench.forward.proxy()));

    EXPECT_EQ(bench.requests.at(0).headers.get("Authorization"), "Bearer tok-secret");
    EXPECT_GT(bench.forward.bytes().size(), 200u);
    for (const auto* hidden : {"tok-secret", "Authorization", "itwins"})
        EXPECT_EQ(bench.forward.bytes().find(hidden), std::string::npos) << hidden;
}

TEST(Proxy, IsGivenItsCredentialsAndNobodyElseIs) {
    Bench bench;

    ASSERT_TRUE(bench.get(bench.forward.proxy("user:p@ss")));

    EXPECT_TRUE(bench.forward.headers().at(0).ends_with("\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n"));
    EXPECT_EQ(bench.requests.at(0).headers.get("Proxy-Authorization"), "");
}

TEST(Proxy, TheCertificateMustBeTheTargetsNotTheProxys) {
    Bench bench("DNS:elsewhere.test,IP:127.0.0.1");

    const auto answer = bench.get(bench.forward.proxy());

    ASSERT_FALSE(answer.has_value());
    EXPECT_TRUE(answer.error().message.starts_with(
        fmt::format("TLS with api.bentley.test:{} through the proxy 127.0.0.1:{}: certificate not accepted", bench.port,
                    bench.forward.port())))
        << answer.error().message;
    EXPECT_TRUE(bench.requests.empty());
}

TEST(Proxy, ATunnelIsKeptForTheNextRequest) {
    Bench bench;

    ASSERT_TRUE(bench.get(bench.forward.proxy()));
    ASSERT_TRUE(bench.get(bench.forward.proxy()));

    EXPECT_EQ(bench.requests.size(), 2u);
    EXPECT_EQ(bench.forward.headers().size(), 1u);
}

TEST(Proxy, AConnectionWithoutItIsNotUsedForOneThroughItNorTheOtherWayRound) {
    Bench bench("IP:127.0.0.1");
    const auto get = [&](std::optional<Proxy> through) { return bench.get(std::move(through), 10s, "127.0.0.1"); };

    ASSERT_TRUE(get({}));
    EXPECT_EQ(bench.forward.headers().size(), 0u);
    ASSERT_TRUE(get(bench.forward.proxy()));
    EXPECT_EQ(bench.forward.headers().size(), 1u);
    const auto tunnelled = bench.forward.bytes().size();
    ASSERT_TRUE(get({}));
    EXPECT_EQ(bench.forward.bytes().size(), tunnelled);
    ASSERT_TRUE(get(bench.forward.proxy("somebody:else")));
    EXPECT_EQ(bench.forward.headers().size(), 2u);
}

TEST(Proxy, InterimAnswersToConnectArePassedOver) {
    Bench bench;
    bench.forward.set_interim("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");

    EXPECT_TRUE(bench.get(bench.forward.proxy()).has_value());
}

TEST(Proxy, OneThatOpensNoTunnelIsNamedWithWhatItDid) {
    Bench bench;
    const auto text = [](const std::string& did) {
        return "the proxy 127.0.0.1 " + did + " to CONNECT api.bentley.test; check provider.proxy";
    };
    EXPECT_EQ(bench.error("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\nno"),
              text("answered 407 Proxy Authentication Required"));
    EXPECT_EQ(bench.error("HTTP/1.0 502 Bad\tGateway\x1b[31m\xff\r\n\r\n"), text("answered 502 Bad?Gateway?[31m?"));
    EXPECT_EQ(bench.error("HTTP/1.1 204 No Content\r\n\r\n"), text("answered 204 No Content"));
    EXPECT_EQ(bench.error("SSH-2.0-OpenSSH_9.2\r\n"), text("answered something that is not HTTP"));
    EXPECT_EQ(bench.error("HTTP/1.1 OK\r\n\r\n"), text("answered something that is not HTTP"));
    EXPECT_EQ(bench.error("HTTP/1.1 200 OK\r\n\r\n\x16\x03"), text("sent more than the header of its answer"));
    EXPECT_EQ(bench.error(""), text("gave no answer (End of file)"));
    EXPECT_EQ(bench.error("HTTP/1.1 200 OK\r\nVia: x\r\n"), text("gave no answer (End of file)"));
    EXPECT_EQ(bench.error("HTTP/1.1 200 OK\r\nX: " + std::string(40'000, 'x')),
              text("answered more than 16384 bytes without an end"));
}

TEST(Proxy, OneThatStallsCostsTheTimeoutAndIsNamed) {
    Bench bench;

    EXPECT_EQ(bench.error("", true, 50ms),
              "the proxy 127.0.0.1 gave no answer in time to CONNECT api.bentley.test; check provider.proxy");
    EXPECT_EQ(bench.error("HTTP/1.1 200 OK\r\n\r\n", true, 50ms),
              "TLS with api.bentley.test through the proxy 127.0.0.1: no answer in time");
}

TEST(Proxy, OneThatIsNotThereIsNamed) {
    Bench bench;
    std::uint16_t port = 0;
    {
        tcp::acceptor gone(bench.loopback.context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        port = gone.local_endpoint().port();
    }

    const auto answer = bench.get(Proxy{"127.0.0.1", port, Secret("user:p@ss"), "HTTPS_PROXY"});

    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().message,
              fmt::format("connecting to the proxy 127.0.0.1:{}: Connection refused; check HTTPS_PROXY", port));
}

TEST(Proxy, AnAnswerThatBreaksOffSaysWhichWayTheRequestWent) {
    Bench bench;
    const auto port = bench.loopback.serve([](Request) -> awaitable<Response> { co_return Response{}; });

    const auto answer =
        bench.loopback.send(port, {.target = "/a"}, {.proxy = bench.forward.proxy("user:p@ss")}, "http://127.0.0.1");

    ASSERT_FALSE(answer.has_value());
    EXPECT_TRUE(answer.error().message.starts_with(
        fmt::format("http://127.0.0.1:{}/a through the proxy 127.0.0.1:{}: ", port, bench.forward.port())))
        << answer.error().message;
    EXPECT_EQ(answer.error().message.find("p@ss"), std::string::npos);
}

TEST(Proxy, WithoutTlsItIsToldTheWholeUrl) {
    Bench bench;
    Request seen;
    const auto port = bench.loopback.serve([&](Request request) -> awaitable<Response> {
        seen = request;
        return echo(std::move(request));
    });

    const auto answer = bench.loopback.send(port, {.method = "POST", .target = "/a?b=%20c", .body = "body"},
                                            {.proxy = bench.forward.proxy("user:")}, "http://api.bentley.test");

    EXPECT_EQ(answer.value().body, "POST /a?b=%20c body");
    EXPECT_EQ(seen.headers.get("Host"), fmt::format("api.bentley.test:{}", port));
    const auto& header = bench.forward.headers().at(0);
    EXPECT_TRUE(header.starts_with(fmt::format("POST http://api.bentley.test:{}/a?b=%20c HTTP/1.1\r\n", port)))
        << header;
    EXPECT_NE(header.find("\r\nProxy-Authorization: Basic dXNlcjo=\r\n"), std::string::npos) << header;
}

TEST(Proxy, TheApiMayGoThroughItAndTheTokenEndpointNot) {
    for (const bool base : {true, false}) {
        Bench bench("IP:127.0.0.1");
        const auto tokens = bench.loopback.serve(
            [](Request) -> awaitable<Response> { co_return Response{200, {}, R"({"access_token":"tok-secret"})"}; });
        config::Provider provider;
        provider.base_url = fmt::format("https://127.0.0.1:{}", bench.port);
        provider.token_url = fmt::format("http://127.0.0.1:{}/token", tokens);
        provider.ca_file = bench.identity.certificate;
        (base ? provider.base_proxy : provider.token_proxy) = bench.forward.proxy();
        Budget budget(*bench.loopback.world, {});
        Connector connector(*bench.loopback.world, bench.loopback.client, provider, {}, budget);

        const auto exists = testing::run(
            bench.loopback.context, connector.exists({.own = bentley::OwnRead{.path = "/itwins/{id}", .wrapper = ""}},
                                                     "7", Priority::scheduled, [](const Error&, Duration) {}));

        EXPECT_TRUE(exists.has_value() && *exists);
        ASSERT_EQ(bench.forward.headers().size(), 1u);
        EXPECT_EQ(bench.forward.headers()[0].starts_with("CONNECT "), base);
    }
}

}  // namespace
}  // namespace syncd::http
