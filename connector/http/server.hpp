// A small HTTP/1.1 server: keep-alive, bounded bodies and headers, a deadline on every step.
#pragma once

#include "config/core/error.hpp"
#include "connector/http/message.hpp"
#include "connector/world/world.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace syncd::http {

struct ServerLimits {
    std::size_t body_bytes_max = 10u << 20;  // over it: 413
    std::size_t header_bytes_max = 16u << 10;
    std::size_t connections_max = 256;                   // further ones wait in the kernel's queue
    Duration header_timeout = std::chrono::seconds{60};  // also how long a connection may lie idle
    Duration body_timeout = std::chrono::seconds{60};
    Duration write_timeout = std::chrono::seconds{60};
};

/// Answers one request. What it throws becomes a 500 without details. A status of 0 closes the connection unanswered.
using Handler = std::function<awaitable<Response>(Request)>;

/// Looks at a request's header before its body is read; what it answers is sent instead and the connection closed.
using Gate = std::function<std::optional<Response>(const Request& header)>;

/// Serves until stop(); owns its connections.
class Server {
public:
    Server(World& world, std::unique_ptr<Acceptor> acceptor, Handler handler, ServerLimits limits = {}, Gate gate = {});
    ~Server();
    std::uint16_t port() const;
    /// Accepts until stop() was called and the last connection has ended.
    awaitable<void> run();
    /// Accepts nothing more, closes idle connections, lets requests in hand end; with `hard`, cuts those too.
    void stop(bool hard = false);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace syncd::http
