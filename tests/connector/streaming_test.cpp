// Bodies piece by piece, server and client, over real loopback sockets; and what the server does to slow clients.
#include "tests/connector/streams.hpp"

#include <gtest/gtest.h>

namespace syncd::http {
namespace {

using namespace std::chrono_literals;
using Bench = Streams;

/// Answers with the body that comes, while it comes.
awaitable<void> mirror(Exchange& exchange) {
    std::string all;
    for (bool end = false; !end;) {
        const auto piece = co_await exchange.read();
        if (!piece) co_return;
        end = piece->empty();
        all += *piece;
    }
    co_await exchange.start(200, {{"X-Length", exchange.body_bytes() ? "said" : "unsaid"}}, std::nullopt);
    co_await exchange.write(all);
    co_await exchange.finish();
}

TEST(Streaming, BodiesGoBothWaysWithASaidLengthAndInChunks) {
    Bench bench;
    const auto port = bench.stream(mirror);
    for (const bool said : {true, false}) {
        const auto got = bench.open(port, {"PUT", "/s"}, pieces(std::string(50'000, 'x'), 40, said));
        EXPECT_FALSE(got.failure) << got.failure->message;
        EXPECT_EQ(got.status, 200);
        EXPECT_EQ(got.headers.get("X-Length"), said ? "said" : "unsaid");
        EXPECT_EQ(got.body, std::string(2'000'000, 'x'));
    }
}

TEST(Streaming, ABodyOfItsOwnIsSentAsItIs) {
    Bench bench;
    const auto port = bench.stream(mirror);

    EXPECT_EQ(bench.open(port, {.method = "POST", .target = "/s", .body = "{}"}).body, "{}");
    EXPECT_EQ(bench.open(port, {.method = "DELETE", .target = "/s", .body = "{}"}).body, "{}");
    EXPECT_EQ(bench.open(port, {.method = "POST", .target = "/s"}).headers.get("X-Length"), "unsaid") << "no body";
}

TEST(Streaming, OtherRequestsAreHandledWhole) {
    Bench bench;
    const auto port = bench.stream(mirror);

    EXPECT_EQ(bench.send(port, {.method = "POST", .target = "/other", .body = "b"})->body, "POST /other b");
}

TEST(Streaming, AConnectionIsUsedAgainAfterACleanExchange) {
    Bench bench;
    const auto port = bench.stream(mirror);

    const auto heard = bench.talk(port,
                                  "POST /s HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
                                  "POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nb"
                                  "POST /s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nc");

    EXPECT_NE(heard.find("\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"), std::string::npos) << heard;
    EXPECT_NE(heard.find("POST /other b"), std::string::npos);
    EXPECT_TRUE(heard.ends_with("\r\n\r\n1\r\nc\r\n0\r\n\r\n")) << heard;
}

TEST(Streaming, AnswersWithoutABodyHaveNone) {
    Bench bench;
    const auto port = bench.stream([](Exchange& exchange) -> awaitable<void> {
        const int status = exchange.head().target == "/s204" ? 204 : exchange.head().target == "/s304" ? 304 : 200;
        co_await exchange.start(status, {}, status == 204 ? std::nullopt : std::optional<std::uint64_t>(5));
        co_await exchange.write("12345");
        co_await exchange.finish();
    });
    for (const auto& [method, target] :
         {std::pair("HEAD", "/s"), std::pair("GET", "/s204"), std::pair("GET", "/s304")}) {
        const auto heard = bench.talk(
            port,
            fmt::format("{} {} HTTP/1.1\r\nHost: x\r\n\r\nGET /other HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                        method, target));
        const auto end = heard.find("\r\n\r\n");
        EXPECT_EQ(heard.substr(end + 4, 12), "HTTP/1.1 200") << heard;
        EXPECT_EQ(heard.substr(0, end).find("Content-Length: 5") != std::string::npos, target != std::string("/s204"));
        EXPECT_EQ(heard.find("Transfer-Encoding"), std::string::npos);
    }
    const auto head = bench.open(port, {"HEAD", "/s"});
    EXPECT_EQ(head.body, "");
    EXPECT_EQ(head.bytes, 5u);
}

TEST(Streaming, AnOldClientGetsNoChunks) {
    Bench bench;
    const auto port = bench.stream([](Exchange& exchange) -> awaitable<void> {
        co_await exchange.start(200, {}, std::nullopt);
        co_await exchange.write("12345");
        co_await exchange.finish();
    });

    const auto heard = bench.talk(port, "GET /s HTTP/1.0\r\n\r\n");

    EXPECT_TRUE(heard.ends_with("\r\n\r\n12345")) << heard;
}

TEST(Streaming, AnAnswerThatWasNotEndedIsABrokenOneNeverAShortOne) {
    Bench bench;
    const auto port = bench.stream([](Exchange& exchange) -> awaitable<void> {
        const bool say = exchange.head().target == "/said";
        co_await exchange.start(200, {}, say ? std::optional<std::uint64_t>(10) : std::nullopt);
        co_await exchange.write("12345");
        if (exchange.head().target == "/sthrows") throw std::runtime_error("x");
        if (say) co_await exchange.finish();  // five bytes too early
    });
    for (const auto* target : {"/said", "/s", "/sthrows"}) {
        const auto got = bench.open(port, {"GET", target});
        ASSERT_TRUE(got.failure) << target;
        EXPECT_EQ(got.failure->code, errc::transient);
        EXPECT_EQ(got.body, "12345");
    }
}

TEST(Streaming, AHandlerThatThrowsBeforeItsAnswerIsA500) {
    Bench bench;
    const auto port = bench.stream([](Exchange&) -> awaitable<void> {
        throw std::runtime_error("the password is x");
        co_return;
    });

    const auto got = bench.open(port, {"GET", "/s"});

    EXPECT_EQ(got.status, 500);
    EXPECT_EQ(got.body.find("password"), std::string::npos);
}

TEST(Streaming, AnEarlyAnswerReachesAClientThatIsStillSending) {
    Bench bench;
    const auto port = bench.stream([](Exchange& exchange) -> awaitable<void> {
        co_await exchange.answer({413, {{"X-Why", "large"}}, "too large"});
    });
    // More than the sockets hold: without the early answer this would never end.
    const auto got = bench.open(port, {"PUT", "/s"}, pieces(std::string(1u << 20, 'x'), 1'000'000, false));

    EXPECT_FALSE(got.failure) << got.failure->message;
    EXPECT_EQ(got.status, 413);
    EXPECT_EQ(got.body, "too large");
    EXPECT_EQ(bench.open(port, {"GET", "/s"}).status, 413) << "over another connection";
}

TEST(Streaming, ABodyThatCantBeReadEndsTheRequest) {
    Bench bench;
    bool broke = false;
    const auto port = bench.stream([&](Exchange& exchange) -> awaitable<void> {
        for (;;) {
            const auto piece = co_await exchange.read();
            broke = !piece;
            if (!piece || piece->empty()) co_return;
        }
    });
    auto give = [](std::shared_ptr<int> count) -> awaitable<result<std::string_view>> {
        if (++*count == 2) co_return Error{errc::invalid_input, "my own"};
        co_return std::string_view("some");
    };
    StreamedBody body{8, [give, count = std::make_shared<int>(0)] { return give(count); }};

    const auto got = bench.open(port, {"PUT", "/s"}, std::move(body));

    ASSERT_TRUE(got.failure);
    EXPECT_EQ(got.failure->message, "my own");
    testing::run_until(bench.context, [&] { return broke; });
}

TEST(Streaming, ASilentPeerIsTimedOutAtEachStep) {
    Bench bench;
    RawPeer mute(bench.context, {""}), half(bench.context, {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"});
    mute.keep_open = half.keep_open = true;

    const auto none = bench.open(mute.port(), {"GET", "/"}, {}, {.step_timeout = 50ms});
    const auto some = bench.open(half.port(), {"GET", "/"}, {}, {.step_timeout = 50ms});

    ASSERT_TRUE(none.failure && some.failure);
    EXPECT_EQ(none.failure->code, errc::timed_out);
    EXPECT_EQ(some.failure->code, errc::timed_out);
    EXPECT_EQ(some.body, "ab");
}

TEST(Streaming, APeerThatReadsNothingIsTimedOut) {
    Bench bench;
    tcp::acceptor deaf(bench.context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));

    const auto got = bench.open(deaf.local_endpoint().port(), {"PUT", "/"},
                                pieces(std::string(1u << 20, 'x'), 1'000'000, false), {.step_timeout = 50ms});

    ASSERT_TRUE(got.failure);
    EXPECT_EQ(got.failure->code, errc::timed_out);
}

TEST(Streaming, InterimAnswersArePassedOver) {
    Bench bench;
    RawPeer peer(bench.context,
                 {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
                  "HTTP/1.1 201 Created\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 1\r\n\r\nz"});

    const auto got = bench.open(peer.port(), {"POST", "/"});

    EXPECT_EQ(got.status, 201);
    EXPECT_EQ(got.body, "z");
    EXPECT_EQ(std::ranges::count_if(got.headers, [](const auto& field) { return field.first == "Set-Cookie"; }), 2);
}

TEST(Streaming, AnAnswerUntilTheConnectionEndsIsWhole) {
    Bench bench;
    RawPeer peer(bench.context, {"HTTP/1.1 200 OK\r\n\r\nall of it"});

    const auto got = bench.open(peer.port(), {"GET", "/"});

    EXPECT_FALSE(got.failure);
    EXPECT_EQ(got.body, "all of it");
    EXPECT_FALSE(got.bytes);
}

TEST(Streaming, OnlyWhatMayBeSentTwiceGoesOverAKeptConnection) {
    Bench bench;
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
    RawPeer peer(bench.context, {answer + "\v" + answer, answer});
    peer.keep_open = true;

    EXPECT_EQ(bench.open(peer.port(), {"GET", "/"}).body, "a");
    EXPECT_EQ(bench.open(peer.port(), {"PUT", "/"}).body, "a");
    EXPECT_EQ(peer.connections, 1);
    EXPECT_EQ(bench.open(peer.port(), {"POST", "/"}).body, "a");
    EXPECT_EQ(peer.connections, 2);
}

TEST(Streaming, AKeptConnectionThatBreaksIsStale) {
    Bench bench;
    RawPeer peer(bench.context, {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na\v"});
    bench.open(peer.port(), {"GET", "/"});

    const auto got = bench.open(peer.port(), {"GET", "/"});

    ASSERT_TRUE(got.failure);
    EXPECT_TRUE(got.failure->stale);
}

TEST(Streaming, AClientThatWaitsToGoOnIsToldSoAndOnlyWhenItsBodyIsWanted) {
    Bench bench;
    const auto port = bench.stream([](Exchange& exchange) -> awaitable<void> {
        if (exchange.head().target == "/snever") co_await exchange.answer({403, {}, ""});
        if (exchange.head().target != "/snever") co_await mirror(exchange);
    });
    const auto ask = [&](const std::string& target) {
        return bench.talk(port, "POST " + target +
                                    " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n"
                                    "Content-Length: 1\r\n\r\nx");
    };
    EXPECT_TRUE(ask("/s").starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(ask("/whole").starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(ask("/snever").starts_with("HTTP/1.1 403 "));
}

TEST(Streaming, AClientThatStopsSendingIsCut) {
    Bench bench;
    std::optional<Error> seen;
    const auto port = bench.stream(
        [&](Exchange& exchange) -> awaitable<void> {
            for (;;) {
                const auto piece = co_await exchange.read();
                if (!piece) seen = piece.error();
                if (!piece || piece->empty()) co_return;
            }
        },
        {.body_timeout = 30ms});

    EXPECT_EQ(bench.talk(port, "POST /s HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"), "");

    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->code, errc::timed_out);
}

TEST(Streaming, AClientThatReadsNothingIsCut) {
    Bench bench;
    bool cut = false;
    const auto port = bench.stream(
        [&](Exchange& exchange) -> awaitable<void> {
            co_await exchange.start(200, {}, std::nullopt);
            const std::string piece(1u << 20, 'x');
            while (co_await exchange.write(piece)) {
            }
            cut = true;
        },
        {.write_timeout = 30ms});
    tcp::socket deaf(bench.context);
    deaf.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
    asio::write(deaf, asio::buffer(std::string("GET /s HTTP/1.1\r\nHost: x\r\n\r\n")));

    testing::run_until(bench.context, [&] { return cut; });
}

TEST(Streaming, ACutServerCancelsTheHandlersThatStream) {
    Bench bench;
    bool begun = false;
    const auto port = bench.stream([&](Exchange&) -> awaitable<void> {
        Timer timer(*bench.world);
        begun = true;
        co_await timer.async_wait(1h);
    });
    tcp::socket socket(bench.context);
    socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
    asio::write(socket, asio::buffer(std::string("GET /s HTTP/1.1\r\nHost: x\r\n\r\n")));
    testing::run_until(bench.context, [&] { return begun; });

    bench.servers.front().stop(true);

    testing::run_until(bench.context, [&] { return bench.running.front().done(); });
}

TEST(Server, NoMoreConnectionsThanAllowedAreServedAtOnce) {
    Bench bench;
    int now = 0, most = 0;
    const auto port = bench.serve(
        [&](Request) -> awaitable<Response> {
            most = std::max(most, ++now);
            Timer timer(*bench.world);
            co_await timer.async_wait(5ms);
            --now;
            co_return Response{200, {}, "x"};
        },
        {.connections_max = 3});
    std::vector<testing::Running<result<Response>>> asked;
    const auto url = parse_url(fmt::format("http://127.0.0.1:{}/", port)).value();
    for (int i = 0; i < 12; ++i)
        asked.push_back(
            testing::start(bench.context, bench.client.send(url, {.headers = {{"Connection", "close"}}}, {})));
    for (auto& each : asked) {
        testing::run_until(bench.context, [&] { return each.done(); });
        EXPECT_EQ(each.get()->status, 200);
    }
    EXPECT_EQ(most, 3);
}

TEST(Server, ABodyThatDoesNotComeIsWaitedForOnlySoLong) {
    Bench bench;
    const auto port = bench.serve(echo, {.body_timeout = 10ms});

    EXPECT_EQ(bench.talk(port, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"), "");
}

TEST(Server, ARefusalReachesAClientThatIsStillSending) {
    Bench bench;
    const auto port = bench.serve(echo, {.body_bytes_max = 1000});

    const auto heard =
        bench.talk(port, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + std::string(900'000, 'x'));

    EXPECT_TRUE(heard.starts_with("HTTP/1.1 413 ")) << heard;
}

}  // namespace
}  // namespace syncd::http
