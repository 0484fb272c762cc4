// A client and servers on real loopback sockets, in one io_context, for one test.
#pragma once

#include "connector/http/client.hpp"
#include "connector/http/server.hpp"
#include "connector/world/real_world.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <fmt/format.h>

#include <list>

namespace syncd::http {

using asio::ip::tcp;

class Loopback {
public:
    ~Loopback() {
        for (auto& server : servers) server.stop(true);
        client.close_idle();
        for (auto& each : running) testing::run_until(context, [&] { return each.done(); });
    }
    /// Starts a server; its port.
    std::uint16_t serve(Handler handler, ServerLimits limits = {}, Endpoint at = {.host = "127.0.0.1"}) {
        servers.emplace_back(*world, world->listen(std::move(at)), std::move(handler), limits);
        running.push_back(testing::start(context, servers.back().run()));
        return servers.back().port();
    }
    result<Response> send(std::uint16_t port, Request request, SendOptions options = {},
                          const std::string& origin = "http://127.0.0.1") {
        const auto url = parse_url(fmt::format("{}:{}{}", origin, port, request.target)).value();
        return testing::run(context, client.send(url, std::move(request), std::move(options)));
    }
    result<Response> get(std::uint16_t port, SendOptions options = {}) {
        return send(port, Request{}, std::move(options));
    }

    asio::io_context context{1};
    std::unique_ptr<World> world = make_real_world(context);
    Client client{*world};
    std::list<Server> servers;
    std::vector<testing::Running<void>> running;
};

/// Answers every request with what it was.
inline awaitable<Response> echo(Request request) {
    co_return Response{
        200, {{"Content-Type", "text/plain"}}, request.method + " " + request.target + " " + request.body};
}

/// A peer that follows no rules: accepts, reads something, writes what the test says, closes. Counts its connections.
class RawPeer {
public:
    RawPeer(asio::io_context& context, std::vector<std::string> answers)
        : acceptor_(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
          running_(testing::start(context, serve(std::move(answers)))) {}
    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    int connections = 0;
    std::vector<std::string> requests;
    bool keep_open = false;  // after its last answer

private:
    /// One connection for each answer. An answer of several parts, split at \v, is one for each request on it.
    awaitable<void> serve(std::vector<std::string> answers) {
        std::vector<tcp::socket> open;
        for (const auto& answer : answers) {
            tcp::socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
            ++connections;
            for (std::size_t from = 0; from <= answer.size();) {
                std::string buffer(65536, '\0');
                const auto got = co_await socket.async_read_some(asio::buffer(buffer), asio::use_awaitable);
                requests.push_back(buffer.substr(0, got));
                const auto end = std::min(answer.find('\v', from), answer.size());
                co_await asio::async_write(socket, asio::buffer(answer.data() + from, end - from), asio::use_awaitable);
                from = end + 1;
            }
            if (keep_open) open.push_back(std::move(socket));
        }
        if (!open.empty()) co_await acceptor_.async_accept(asio::use_awaitable);
    }
    tcp::acceptor acceptor_;
    testing::Running<void> running_;
};

}  // namespace syncd::http
