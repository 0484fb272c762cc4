// A small HTTP/1.1 server: keep-alive, bounded bodies and headers, a deadline on every step.
#pragma once

#include "config/core/error.hpp"
#include "connector/http/message.hpp"
#include "connector/world/world.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace syncd::http {

struct ServerLimits {
    std::size_t body_bytes_max = 10u << 20;  // over it: 413
    std::size_t header_bytes_max = 16u << 10;
    std::size_t connections_max = 512;                   // further ones wait in the kernel's queue
    Duration header_timeout = std::chrono::seconds{60};  // also how long a connection may lie idle
    Duration body_timeout = std::chrono::seconds{60};
    Duration write_timeout = std::chrono::seconds{60};
};

/// Answers one request. What it throws becomes a 500 without details. A status of 0 closes the connection unanswered.
using Handler = std::function<awaitable<Response>(Request)>;

/// Looks at a request's header before its body is read; what it answers is sent instead and the connection closed.
using Gate = std::function<std::optional<Response>(const Request& header)>;

/// A request whose body is read and whose answer is written piece by piece. Each step has its deadline of the limits;
/// all of them together may take any time. What fails once fails from then on, and the connection is cut.
class Exchange {
public:
    struct Impl;
    explicit Exchange(Impl& impl) : impl_(impl) {}

    /// Its body is empty: see read().
    const Request& head() const;
    bool has_body() const;
    /// What the client says that it sends; nothing: it does not say, or there is no body.
    std::optional<std::uint64_t> body_bytes() const;
    /// The next piece of the body; empty at its end. Good until the next call.
    /// Errors: transient (the client broke off), timed_out, invalid_body (not HTTP).
    awaitable<result<std::string_view>> read();

    /// Begins the answer. Without `bytes` it is written in chunks. False, as below: the client is gone.
    awaitable<bool> start(int status, Headers headers, std::optional<std::uint64_t> bytes);
    /// REQUIRES start(). Where the answer has no body (HEAD, 204, 304), the pieces go nowhere.
    awaitable<bool> write(std::string_view piece);
    /// Ends the answer. One that was not ended, or is shorter than was said, ends in a broken connection.
    awaitable<bool> finish();
    /// All of an answer at once.
    awaitable<bool> answer(Response whole);

private:
    Impl& impl_;
};

/// What is handled piece by piece instead of whole.
struct Streaming {
    std::function<bool(const Request& head)> takes{};
    std::function<awaitable<void>(Exchange&)> handler{};
};

/// Serves until stop(); owns its connections.
class Server {
public:
    Server(World& world, std::unique_ptr<Acceptor> acceptor, Handler handler, ServerLimits limits = {}, Gate gate = {},
           Streaming streaming = {});
    ~Server();
    std::uint16_t port() const;
    /// Accepts until stop() was called and the last connection has ended.
    awaitable<void> run();
    /// Accepts nothing more, closes idle connections, lets requests in hand end; with `hard`, cuts those too and
    /// cancels their handlers.
    void stop(bool hard = false);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace syncd::http
