// Servers and clients whose bodies go piece by piece, for one test.
#pragma once

#include "tests/connector/loopback.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read.hpp>

namespace syncd::http {

/// A server that streams everything under /s, and a client.
struct Streams : Loopback {
    std::uint16_t stream(std::function<awaitable<void>(Exchange&)> handler, ServerLimits limits = {}) {
        auto takes = [](const Request& head) { return head.target.starts_with("/s"); };
        servers.emplace_back(*world, world->listen({.host = "127.0.0.1"}), echo, limits, Gate{},
                             Streaming{takes, std::move(handler)});
        running.push_back(testing::start(context, servers.back().run()));
        return servers.back().port();
    }
    /// What a client that says these bytes hears until the end.
    std::string talk(std::uint16_t port, std::string bytes) {
        auto work = [](asio::io_context& io, std::uint16_t at, std::string said) -> awaitable<std::string> {
            tcp::socket socket(io);
            co_await socket.async_connect(tcp::endpoint(asio::ip::address_v4::loopback(), at), asio::use_awaitable);
            co_await asio::async_write(socket, asio::buffer(said), asio::as_tuple(asio::use_awaitable));
            std::string heard;
            co_await asio::async_read(socket, asio::dynamic_buffer(heard), asio::as_tuple(asio::use_awaitable));
            co_return heard;
        };
        return testing::run(context, work(context, port, std::move(bytes)));
    }

    struct Got {
        int status = 0;
        Headers headers{};
        std::optional<std::uint64_t> bytes{};
        std::string body{};
        std::optional<Error> failure{};
    };
    /// The whole of an answer, by way of Client::open.
    Got open(std::uint16_t port, Request head, std::optional<StreamedBody> body = {}, OpenOptions options = {}) {
        auto work = [](Client& asking, Url url, Request request, std::optional<StreamedBody> more,
                       OpenOptions how) -> awaitable<Got> {
            Got got;
            auto answer = co_await asking.open(url, std::move(request), std::move(more), how);
            if (!answer) {
                got.failure = answer.error();
                co_return got;
            }
            got.status = answer->status();
            got.headers = answer->headers();
            got.bytes = answer->bytes();
            for (bool end = false; !end;) {
                auto piece = co_await answer->read();
                if (!piece) got.failure = piece.error();
                end = !piece || piece->empty();
                if (!end) got.body += *piece;
            }
            co_return got;
        };
        const Url url{.tls = false, .host = "127.0.0.1", .port = port, .target = head.target};  // whatever it holds
        return testing::run(context, work(client, url, std::move(head), std::move(body), options));
    }
};

/// `count` times the piece.
inline StreamedBody pieces(std::string piece, int count, bool say_length) {
    StreamedBody body;
    if (say_length) body.bytes = piece.size() * std::size_t(count);
    auto next = [left = count, piece]() mutable -> result<std::string_view> {
        if (left-- <= 0) return std::string_view();
        return std::string_view(piece);
    };
    body.next = [state = std::make_shared<decltype(next)>(next)]() -> awaitable<result<std::string_view>> {
        auto give = [](std::shared_ptr<decltype(next)> from) -> awaitable<result<std::string_view>> {
            co_return (*from)();
        };
        return give(state);
    };
    return body;
}

}  // namespace syncd::http
