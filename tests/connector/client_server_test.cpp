// The HTTP client against the HTTP server, and each against a peer that follows no rules, over real loopback sockets.
#include "tests/connector/loopback.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read.hpp>
#include <gtest/gtest.h>
#include <zlib.h>

namespace syncd::http {
namespace {

using namespace std::chrono_literals;

errc code_of(const result<Response>& answer) { return answer ? errc{} : answer.error().code; }

TEST(Http, MethodTargetHeadersAndBodyArriveAndSoDoesTheAnswer) {
    Loopback loopback;
    Request seen;
    const auto port = loopback.serve([&](Request request) -> awaitable<Response> {
        seen = request;
        co_return Response{207, {{"X-Answer", "yes"}}, std::string("b\0dy", 4)};
    });

    const auto answer = loopback.send(port, {"PATCH", "/a%20b?$top=1&x=é", {{"X-Question", "why"}}, "body"}).value();

    EXPECT_EQ(answer.status, 207);
    EXPECT_EQ(answer.headers.get("x-answer"), "yes");
    EXPECT_EQ(answer.body, std::string("b\0dy", 4));
    EXPECT_EQ(seen.method, "PATCH");
    EXPECT_EQ(seen.target, "/a%20b?$top=1&x=é");
    EXPECT_EQ(seen.headers.get("X-Question"), "why");
    EXPECT_EQ(seen.headers.get("Host"), fmt::format("127.0.0.1:{}", port));
    EXPECT_EQ(seen.body, "body");
}

TEST(Http, AHeadAnswerHasALengthAndNoBody) {
    Loopback loopback;
    const auto port = loopback.serve(echo);

    const auto head = loopback.send(port, {.method = "HEAD"}).value();

    EXPECT_EQ(head.body, "");
    EXPECT_EQ(head.headers.get("Content-Length"), "7");
    EXPECT_EQ(loopback.get(port)->body, "GET / ");
}

// Reason: TcpStream::write_some() hands Asio a std::span over its caller's array. When the socket's buffer is full,
// Asio keeps the span and writes later, from a stack frame that is gone: garbage is sent, or the daemon dies. Any body
// larger than the socket's buffer does it. Proposed: in real_world.cpp, copy `buffers` into a member and make the span
// over that.
TEST(Http, ABodyOfMegabytesGoesBothWays) {
    Loopback loopback;
    const auto port = loopback.serve(echo);
    const std::string body(8u << 20, 'x');

    EXPECT_EQ(loopback.send(port, {.method = "POST", .body = body})->body.size(), body.size() + 7);
}

TEST(Client, UsesOneConnectionForRequestsInARow) {
    Loopback loopback;
    RawPeer peer(loopback.context,
                 {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na\vHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"});

    EXPECT_EQ(loopback.get(peer.port())->body, "a");
    EXPECT_EQ(loopback.get(peer.port())->body, "b");

    EXPECT_EQ(peer.connections, 1);
}

TEST(Client, DoesNotReuseAConnectionThatThePeerWantsClosed) {
    Loopback loopback;
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na";
    RawPeer peer(loopback.context, {answer, answer});
    peer.keep_open = true;

    loopback.get(peer.port()).value();
    loopback.get(peer.port()).value();

    EXPECT_EQ(peer.connections, 2);
}

TEST(Client, ReplacesAPooledConnectionThatThePeerHadClosed) {
    Loopback loopback;
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
    RawPeer peer(loopback.context, {answer, answer});
    loopback.get(peer.port()).value();

    EXPECT_EQ(loopback.get(peer.port())->body, "a");

    EXPECT_EQ(peer.connections, 2);
}

TEST(Client, ReplacesAPooledConnectionThatBreaksUnderTheRequest) {
    Loopback loopback;
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
    RawPeer peer(loopback.context,
                 {answer + "\v", answer});  // the second request on it is read, then the socket closed

    loopback.get(peer.port()).value();
    EXPECT_EQ(loopback.get(peer.port())->body, "a");

    EXPECT_EQ(peer.connections, 2);
    EXPECT_EQ(peer.requests.size(), 3u);
}

TEST(Client, AFreshConnectionThatBreaksIsAFailureThatMayHaveBeenSent) {
    Loopback loopback;
    RawPeer peer(loopback.context, {""});

    const auto answer = loopback.get(peer.port());

    EXPECT_EQ(code_of(answer), errc::transient);
    EXPECT_TRUE(answer.error().sent);
}

TEST(Client, ARefusedConnectionIsAFailureThatWasCertainlyNotSent) {
    Loopback loopback;
    std::uint16_t port = 0;
    {
        tcp::acceptor gone(loopback.context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        port = gone.local_endpoint().port();
    }

    const auto answer = loopback.get(port);

    EXPECT_EQ(code_of(answer), errc::transient);
    EXPECT_FALSE(answer.error().sent);
    EXPECT_NE(answer.error().message.find("127.0.0.1"), std::string::npos) << answer.error().message;
}

TEST(Client, ACutOffAnswerIsAFailureNeverAShortBody) {
    for (const auto* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", "HTTP/1.1 200 OK\r\nContent-Le",
                               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"}) {
        Loopback loopback;
        RawPeer peer(loopback.context, {answer});
        EXPECT_EQ(code_of(loopback.get(peer.port())), errc::transient) << answer;
    }
}

TEST(Client, WhatIsNotHttpIsAnError) {
    for (const auto* answer :
         {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"}) {
        Loopback loopback;
        RawPeer peer(loopback.context, {std::string(answer) + "\r\n"});
        const auto got = loopback.get(peer.port());
        EXPECT_EQ(code_of(got), errc::invalid_body) << answer << " -> " << (got ? "" : got.error().message);
    }
}

TEST(Client, AChunkedAnswerIsRead) {
    Loopback loopback;
    RawPeer peer(loopback.context,
                 {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"});

    EXPECT_EQ(loopback.get(peer.port())->body, "abc");
}

TEST(Client, BytesBehindAnAnswerAreNotTheNextAnswer) {
    Loopback loopback;
    const std::string one = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
    RawPeer peer(loopback.context, {one + "a" + one + "X", one + "b"});
    peer.keep_open = true;

    EXPECT_EQ(loopback.get(peer.port())->body, "a");
    EXPECT_EQ(loopback.get(peer.port())->body, "b");
}

TEST(Client, ABodyOverTheLimitIsAnError) {
    Loopback loopback;
    const auto port =
        loopback.serve([](Request) -> awaitable<Response> { co_return Response{200, {}, std::string(1001, 'x')}; });

    EXPECT_EQ(code_of(loopback.get(port, {.body_bytes_max = 1000})), errc::too_large);
    EXPECT_EQ(loopback.get(port, {.body_bytes_max = 1001})->body.size(), 1001u);
}

TEST(Client, AHeaderWithoutEndIsAnError) {
    Loopback loopback;
    RawPeer peer(loopback.context, {"HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x')});

    EXPECT_EQ(code_of(loopback.get(peer.port())), errc::too_large);
}

TEST(Client, NoAnswerInTimeIsTimedOut) {
    Loopback loopback;
    RawPeer peer(loopback.context, {"\v"});  // reads on without a word

    const auto answer = loopback.get(peer.port(), {.timeout = 20ms});

    EXPECT_EQ(code_of(answer), errc::timed_out);
}

TEST(Client, AnErrorNamesTheUrlWithoutItsQuery) {
    Loopback loopback;
    RawPeer peer(loopback.context, {""});

    const auto answer = loopback.send(peer.port(), {.target = "/path?token=secret"});

    EXPECT_NE(answer.error().message.find("/path"), std::string::npos);
    EXPECT_EQ(answer.error().message.find("secret"), std::string::npos) << answer.error().message;
}

TEST(Client, RedirectsAreNotFollowed) {
    Loopback loopback;
    RawPeer peer(loopback.context,
                 {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"});

    EXPECT_EQ(loopback.get(peer.port())->status, 302);
    EXPECT_EQ(peer.connections, 1);
}

std::string gzip(const std::string& text) {
    z_stream stream{};
    deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(text.size() + 1000, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = uInt(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = uInt(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

TEST(Client, UnpacksGzipAndRefusesABombAndOtherEncodings) {
    Loopback loopback;
    std::string encoding = "gzip", body = gzip("{\"a\":1}");
    const auto port = loopback.serve([&](Request request) -> awaitable<Response> {
        EXPECT_EQ(request.headers.get("Accept-Encoding"), "gzip");
        co_return Response{200, {{"Content-Encoding", encoding}}, body};
    });

    EXPECT_EQ(loopback.get(port)->body, "{\"a\":1}");
    body = gzip(std::string(10u << 20, 'x'));
    EXPECT_EQ(code_of(loopback.get(port, {.body_bytes_max = 1u << 20})), errc::too_large);
    body = "{\"a\":1}";
    EXPECT_EQ(code_of(loopback.get(port)), errc::invalid_body);
    encoding = "br";
    EXPECT_EQ(code_of(loopback.get(port)), errc::invalid_body);
    encoding = "identity";
    EXPECT_EQ(loopback.get(port)->body, "{\"a\":1}");
}

/// Sends bytes to a server and reads until it closes.
std::string talk(Loopback& loopback, std::uint16_t port, std::string bytes) {
    auto work = [](asio::io_context& context, std::uint16_t to, std::string text) -> awaitable<std::string> {
        tcp::socket socket(context);
        co_await socket.async_connect({asio::ip::address_v4::loopback(), to}, asio::use_awaitable);
        co_await asio::async_write(socket, asio::buffer(text), asio::as_tuple(asio::use_awaitable));
        std::string answer;
        co_await asio::async_read(socket, asio::dynamic_buffer(answer), asio::as_tuple(asio::use_awaitable));
        co_return answer;
    };
    return testing::run(loopback.context, work(loopback.context, port, std::move(bytes)));
}

TEST(Server, AMalformedRequestIsAnswered400) {
    Loopback loopback;
    const auto port = loopback.serve(echo);
    for (const auto* bytes :
         {"nonsense\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n"})
        EXPECT_TRUE(talk(loopback, port, bytes).starts_with("HTTP/1.1 400 ")) << bytes;
    EXPECT_EQ(loopback.get(port)->status, 200) << "and goes on serving others";
}

TEST(Server, ARequestWhoseEndOrHostIsInDoubtIsAnswered400AndNoSecondOneIsSeenInIt) {
    Loopback loopback;
    const auto port = loopback.serve(echo);
    const std::string host = "Host: x\r\n", behind = "\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n";
    for (const auto& fields :
         {host + "Transfer-Encoding: gzip\r\n", host + "Transfer-Encoding: chunked, identity\r\n",
          host + "Transfer-Encoding: gzip, chunked\r\n", host + "Transfer-Encoding: xchunked\r\n",
          host + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", host + host, std::string()}) {
        const auto heard = talk(loopback, port, "POST /first HTTP/1.1\r\n" + fields + behind);
        EXPECT_TRUE(heard.starts_with("HTTP/1.1 400 ")) << fields << heard;
        EXPECT_EQ(heard.find("HTTP/1.1", 1), std::string::npos) << fields << heard;
    }
    const auto old = talk(loopback, port, "GET /old HTTP/1.0\r\n\r\n");
    EXPECT_NE(old.find("GET /old"), std::string::npos) << "HTTP/1.0 knows no Host";
    const auto chunked = talk(loopback, port,
                              "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n\r\n"
                              "1\r\na\r\n0\r\n\r\n");
    EXPECT_TRUE(chunked.ends_with("POST / a")) << chunked;
}

TEST(Server, AHeaderOverTheLimitIsAnswered431) {
    Loopback loopback;
    const auto port = loopback.serve(echo);

    EXPECT_TRUE(talk(loopback, port, "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(17'000, 'x'))
                    .starts_with("HTTP/1.1 431 "));
}

TEST(Server, ABodyOverTheLimitIsAnswered413) {
    Loopback loopback;
    int handled = 0;
    const auto port = loopback.serve(
        [&](Request request) -> awaitable<Response> {
            ++handled;
            return echo(std::move(request));
        },
        {.body_bytes_max = 1000});

    EXPECT_TRUE(talk(loopback, port, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n")
                    .starts_with("HTTP/1.1 413 "));
    EXPECT_TRUE(talk(loopback, port,
                     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                         std::string(1001, 'x') + "\r\n0\r\n\r\n")
                    .starts_with("HTTP/1.1 413 "));
    EXPECT_EQ(handled, 0);
    EXPECT_EQ(loopback.send(port, {.method = "POST", .body = std::string(1000, 'x')})->status, 200);
}

TEST(Server, AHandlerThatThrowsIsA500WithoutDetails) {
    Loopback loopback;
    const auto port = loopback.serve([](Request) -> awaitable<Response> {
        throw std::runtime_error("the password is x");
        co_return Response{};
    });

    const auto answer = loopback.get(port).value();

    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body.find("password"), std::string::npos);
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
    Loopback loopback;
    const auto port = loopback.serve(echo);

    const auto answers = talk(
        loopback, port, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

    EXPECT_LT(answers.find("GET /1 "), answers.find("GET /2 "));
    EXPECT_NE(answers.find("GET /2 "), std::string::npos);
}

TEST(Server, AnIdleConnectionIsClosedWhenItsTimeIsUp) {
    Loopback loopback;
    const auto port = loopback.serve(echo, {.header_timeout = 10ms});

    EXPECT_EQ(talk(loopback, port, "GET / HT"), "");
}

TEST(Server, AStatusOfZeroClosesTheConnectionUnanswered) {
    Loopback loopback;
    const auto port = loopback.serve([](Request) -> awaitable<Response> { co_return Response{}; });

    EXPECT_EQ(talk(loopback, port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "");
}

TEST(Server, AnAddressInUseIsSaid) {
    Loopback loopback;
    const auto port = loopback.serve(echo);

    EXPECT_THROW(loopback.world->listen({.host = "127.0.0.1", .port = port}), boost::system::system_error);
}

TEST(Server, StopEndsIdleConnectionsAndRunReturns) {
    Loopback loopback;
    const auto port = loopback.serve(echo);
    loopback.get(port).value();

    loopback.servers.front().stop();
    testing::run_until(loopback.context, [&] { return loopback.running.front().done(); });

    EXPECT_EQ(code_of(loopback.get(port)), errc::transient);
}

}  // namespace
}  // namespace syncd::http
