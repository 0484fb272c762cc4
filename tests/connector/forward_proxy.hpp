// An HTTP proxy on a real loopback socket. Whatever host it is asked for, it connects to this machine, and it keeps
// every byte that clients send it.
#pragma once

#include "tests/connector/loopback.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read_until.hpp>

namespace syncd::http {

class ForwardProxy {
public:
    explicit ForwardProxy(asio::io_context& context)
        : state_(std::make_shared<State>(context)), running_(testing::start(context, serve(state_))) {}
    ~ForwardProxy() { state_->acceptor.close(); }

    std::uint16_t port() const { return state_->acceptor.local_endpoint().port(); }
    Proxy proxy(const std::string& credentials = {}) const {
        return {"127.0.0.1", port(), Secret(credentials), "provider.proxy"};
    }
    /// What each connection began with, up to the empty line.
    const std::vector<std::string>& headers() const { return state_->headers; }
    const std::string& bytes() const { return state_->bytes; }
    /// Sent before the answer to CONNECT.
    void set_interim(std::string answer) { state_->interim = std::move(answer); }

private:
    using Socket = std::shared_ptr<tcp::socket>;
    struct State {
        explicit State(asio::io_context& context) : acceptor(context, {asio::ip::address_v4::loopback(), 0}) {}
        tcp::acceptor acceptor;
        std::vector<std::string> headers;
        std::string bytes, interim;
    };

    static awaitable<void> serve(std::shared_ptr<State> state) {
        for (;;) {
            auto client = std::make_shared<tcp::socket>(co_await state->acceptor.async_accept(asio::use_awaitable));
            asio::co_spawn(client->get_executor(), session(state, client), [](std::exception_ptr) {});
        }
    }
    static awaitable<void> session(std::shared_ptr<State> state, Socket client) {
        std::string bytes;
        const auto end =
            co_await asio::async_read_until(*client, asio::dynamic_buffer(bytes), "\r\n\r\n", asio::use_awaitable);
        state->headers.push_back(bytes.substr(0, end));
        state->bytes += bytes;
        const auto from = bytes.find(' ') + 1;
        const bool tunnel = bytes.starts_with("CONNECT ");
        const auto authority = bytes.find("//") < end && !tunnel ? bytes.find("//") + 2 : from;
        const auto to = bytes.find_first_of("/ ", authority);
        const auto colon = bytes.rfind(':', to);
        const auto port = std::uint16_t(std::stoi(bytes.substr(colon + 1, to - colon - 1)));

        auto origin = std::make_shared<tcp::socket>(client->get_executor());
        co_await origin->async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
        const auto established = state->interim + "HTTP/1.0 200 Connection established\r\nContent-Length: 5\r\n\r\n";
        if (tunnel)
            co_await asio::async_write(*client, asio::buffer(established), asio::use_awaitable);
        else
            co_await asio::async_write(*origin, asio::buffer(bytes.erase(from, to - from)), asio::use_awaitable);
        asio::co_spawn(client->get_executor(), pump(origin, client, nullptr), [](std::exception_ptr) {});
        co_await pump(client, origin, state);
    }
    static awaitable<void> pump(Socket from, Socket to, std::shared_ptr<State> state) {
        std::string buffer(65536, '\0');
        for (;;) {
            auto [failure, got] =
                co_await from->async_read_some(asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
            if (failure) break;
            if (state) state->bytes.append(buffer, 0, got);
            auto [unsent, sent] =
                co_await asio::async_write(*to, asio::buffer(buffer.data(), got), asio::as_tuple(asio::use_awaitable));
            if (unsent) break;
        }
        error_code ignored;
        from->close(ignored);
        to->close(ignored);
    }

    std::shared_ptr<State> state_;
    testing::Running<void> running_;
};

}  // namespace syncd::http
