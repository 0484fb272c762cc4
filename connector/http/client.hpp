// The HTTP client: keep-alive connections per origin, TLS verified, gzip, bounded bodies, one deadline a request.
#pragma once

#include "config/core/error.hpp"
#include "connector/http/message.hpp"
#include "connector/http/url.hpp"
#include "connector/world/world.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace syncd::http {

struct SendOptions {
    Duration timeout = std::chrono::seconds{30};  // connecting, sending and the whole answer
    std::size_t body_bytes_max = 64u << 20;       // of the answer, also once it is unpacked
    std::string ca_file{};
    std::optional<Proxy> proxy{};
    std::string pinned_file{};  // the peer must show exactly this certificate; no authority is asked
    bool resend =
        true;  // on a new connection, when a kept-alive one turns out to be closed; false: an Error that is `stale`
    bool status_is_enough = false;  // what follows the header may be cut, too large or odd: the body is not used
};

/// A request's body in pieces. `next` gives the next one, good until it is called again, and an empty one at the end.
struct StreamedBody {
    std::optional<std::uint64_t> bytes{};  // empty: sent in chunks
    std::function<awaitable<result<std::string_view>>()> next{};
};

struct OpenOptions {
    Duration step_timeout = std::chrono::seconds{30};  // connecting; each piece; the answer's header
    std::string ca_file{};
    std::optional<Proxy> proxy{};
};

/// An answer whose body is read piece by piece. Its client must outlive it; its connection is used again only if it was
/// read to its end.
class Answer {
public:
    struct Impl;
    explicit Answer(std::unique_ptr<Impl> impl);
    Answer(Answer&&) noexcept;
    ~Answer();

    int status() const;
    const Headers& headers() const;
    /// Content-Length, also where no body follows (HEAD, 304); nothing: it was not said.
    std::optional<std::uint64_t> bytes() const;
    /// The next piece as it came, packed or not; empty at the end. Good until the next call.
    /// Errors: transient (it broke off), timed_out, invalid_body.
    awaitable<result<std::string_view>> read();

private:
    std::unique_ptr<Impl> impl_;
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
    /// Sends `head`, with its own body or with `body` piece by piece, and reads the answer's header, whatever its
    /// status; one that comes before all of the body was sent ends the sending. Host, Content-Length and
    /// Transfer-Encoding are set here, User-Agent where it is missing; other fields go as they are, repeated ones too.
    /// Only what may be sent twice (GET, HEAD, PUT, DELETE, OPTIONS with its own body) goes over a kept-alive
    /// connection; when that one turns out to be closed, the Error is `stale`. Errors: as send(), and those of `body`.
    awaitable<result<Answer>> open(Url url, Request head, std::optional<StreamedBody> body, OpenOptions options);
    /// Closes idle connections.
    void close_idle();

    struct Impl;

private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace syncd::http
