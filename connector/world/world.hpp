// The seam: all that the product may know of time, chance and the network. real_world.hpp is the real one; tests have a
// simulated one. Nothing else names sockets, TLS, clocks or random sources.
#pragma once

#include "config/core/proxy.hpp"
#include "config/core/time.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace syncd {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;
using IoHandler = asio::any_completion_handler<void(error_code, std::size_t)>;
using WaitHandler = asio::any_completion_handler<void(error_code)>;

inline constexpr std::size_t gathered_buffers_max = 8;  // buffers of one write that go down together
using WriteBuffers = std::array<asio::const_buffer, gathered_buffers_max>;

/// A byte stream below Stream: TCP, TLS or simulated. One read and one write may be in flight. close() fails both.
class StreamImpl {
public:
    virtual ~StreamImpl() = default;
    virtual void read_some(asio::mutable_buffer buffer, IoHandler handler) = 0;
    virtual void write_some(const WriteBuffers& buffers, std::size_t count, IoHandler handler) = 0;
    virtual void close() = 0;
    /// Tells the peer that nothing more comes; it may go on sending. Where that can't be told apart, does nothing.
    virtual void end_writing() {}
    /// True when the peer has closed or sent something unasked while the stream lay idle: don't reuse it.
    virtual bool stale() = 0;
};

/// Models Asio's AsyncReadStream and AsyncWriteStream, so that Beast is instantiated once, for this type.
class Stream {
public:
    using executor_type = asio::any_io_executor;

    Stream() = default;
    Stream(executor_type executor, std::unique_ptr<StreamImpl> impl)
        : executor_(std::move(executor)), impl_(std::move(impl)) {}

    executor_type get_executor() const noexcept { return executor_; }
    explicit operator bool() const { return impl_ != nullptr; }
    void close() {
        if (impl_) impl_->close();
    }
    void end_writing() {
        if (impl_) impl_->end_writing();
    }
    bool stale() { return !impl_ || impl_->stale(); }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        asio::mutable_buffer first;
        for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers); ++at) {
            if (asio::mutable_buffer buffer(*at); buffer.size() != 0) {
                first = buffer;
                break;
            }
        }
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [impl = impl_.get(), first](auto handler) { impl->read_some(first, IoHandler(std::move(handler))); },
            token);
    }

    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        WriteBuffers some;
        std::size_t count = 0;
        for (auto at = asio::buffer_sequence_begin(buffers);
             at != asio::buffer_sequence_end(buffers) && count < some.size(); ++at)
            if (asio::const_buffer buffer(*at); buffer.size() != 0) some[count++] = buffer;
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [impl = impl_.get(), some, count](auto handler) {
                impl->write_some(some, count, IoHandler(std::move(handler)));
            },
            token);
    }

private:
    executor_type executor_;
    std::unique_ptr<StreamImpl> impl_;
};

struct Endpoint {
    std::string host;
    std::uint16_t port = 0;
    bool tls = false;
    std::string ca_file{};         // connect: further authorities for this peer; the system's always count
    std::optional<Proxy> proxy{};  // connect: through it; without tls only to it, and the rest is the caller's
    std::string certificate_file{}, key_file{};  // listen with tls: what we show, PEM
    std::string pinned_file{};  // connect with tls: the peer must show this certificate, and no authority is asked
    auto operator<=>(const Endpoint&) const = default;
};

class TimerImpl {
public:
    virtual ~TimerImpl() = default;                              // cancels
    virtual void wait_until(Tick due, WaitHandler handler) = 0;  // one wait at a time
    virtual void cancel() = 0;
};

class Acceptor {
public:
    virtual ~Acceptor() = default;
    /// The next connection; throws operation_aborted when closed.
    virtual awaitable<Stream> accept() = 0;
    virtual void close() = 0;
    virtual std::uint16_t port() const = 0;
};

/// How a connection came to nothing, said so that an operator can act on it.
struct ConnectFailure {
    error_code code;
    std::string message;  // "connecting to api.example.com:443: Connection refused"
};

struct Connected {
    Stream stream;  // empty on failure
    ConnectFailure failure;
};

/// The world as the product sees it. Handed to every service that needs time, chance or the network.
class World {
public:
    virtual ~World() = default;
    virtual asio::any_io_executor executor() = 0;
    virtual Timestamp now() = 0;
    virtual Tick tick() = 0;
    virtual std::uint64_t random() = 0;
    virtual std::unique_ptr<TimerImpl> make_timer() = 0;
    /// Resolve, connect and, if asked, TLS with the name verified, all within `limit`. Through a proxy it is the proxy
    /// that resolves the name, and TLS begins behind it: it sees neither the request nor the answer.
    virtual awaitable<Connected> connect(Endpoint endpoint, Duration limit) = 0;
    /// Throws boost::system::system_error when the address can't be had, std::runtime_error naming the file when what
    /// we are to show is not usable. Port 0: any free one.
    virtual std::unique_ptr<Acceptor> listen(Endpoint endpoint) = 0;
};

/// The only timer that the product uses.
class Timer {
public:
    explicit Timer(World& world) : world_(world), impl_(world.make_timer()) {}

    template <class Token = asio::use_awaitable_t<>>
    auto async_wait(Duration duration, Token&& token = {}) {
        return asio::async_initiate<Token, void(error_code)>(
            [impl = impl_.get(), due = world_.tick() + duration](auto handler) {
                impl->wait_until(due, WaitHandler(std::move(handler)));
            },
            token);
    }
    void cancel() { impl_->cancel(); }

private:
    World& world_;
    std::unique_ptr<TimerImpl> impl_;
};

}  // namespace syncd
