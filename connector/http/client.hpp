// The HTTP client: keep-alive connections per origin, TLS verified, gzip, bounded bodies, one deadline a request.
#pragma once

#include "config/core/error.hpp"
#include "connector/http/message.hpp"
#include "connector/http/url.hpp"
#include "connector/world/world.hpp"

#include <memory>
#include <optional>

namespace syncd::http {

struct SendOptions {
    Duration timeout = std::chrono::seconds{30};  // connecting, sending and the whole answer
    std::size_t body_bytes_max = 64u << 20;       // of the answer, also once it is unpacked
    std::string ca_file{};
    std::optional<Proxy> proxy{};
    bool resend =
        true;  // on a new connection, when a kept-alive one turns out to be closed; false: an Error that is `stale`
    bool status_is_enough = false;  // what follows the header may be cut, too large or odd: the body is not used
};

class Client {
public:
    explicit Client(World& world);
    ~Client();
    /// One request, one answer, whatever its status; redirects are not followed. Host, Content-Length, Accept-Encoding
    /// and User-Agent are set here. A kept-alive connection that the peer had closed is replaced without a word, as
    /// long as no byte of an answer came. Errors: transient (`sent` false when no byte left), timed_out, too_large,
    /// invalid_body (not HTTP, bad gzip).
    awaitable<result<Response>> send(Url url, Request request, SendOptions options);
    /// Closes idle connections.
    void close_idle();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace syncd::http
