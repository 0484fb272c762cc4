#include "connector/world/real_world.hpp"

#include "connector/world/tunnel.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <type_traits>

namespace syncd {
namespace {

namespace ssl = asio::ssl;
using tcp = asio::ip::tcp;
using TlsSocket = ssl::stream<tcp::socket>;
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t tls_record_bytes_max = 16384;

/// The kernel's word on an idle socket: anything to read, a close included, means that it can't be used again.
bool has_input(int socket) {
    char byte = 0;
    const auto got = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

class TcpStream final : public StreamImpl {
public:
    explicit TcpStream(tcp::socket socket) : socket_(std::move(socket)) {}
    ~TcpStream() override { close(); }
    void read_some(asio::mutable_buffer buffer, IoHandler handler) override {
        socket_.async_read_some(buffer, std::move(handler));
    }
    void write_some(const WriteBuffers& buffers, std::size_t count, IoHandler handler) override {
        writing_ = buffers;  // Asio keeps only a view, and may write later
        socket_.async_write_some(std::span<const asio::const_buffer>(writing_.data(), count), std::move(handler));
    }
    void close() override {
        error_code ignored;
        socket_.close(ignored);
    }
    void end_writing() override {
        error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
    }
    bool stale() override { return !socket_.is_open() || has_input(socket_.native_handle()); }

private:
    tcp::socket socket_;
    WriteBuffers writing_;
};

class TlsStream final : public StreamImpl {
public:
    /// A server's handshake runs with the first read, so that a slow peer holds up only its own session.
    TlsStream(TlsSocket socket, bool handshake_first) : socket_(std::move(socket)), handshake_first_(handshake_first) {}
    ~TlsStream() override { close(); }

    void read_some(asio::mutable_buffer buffer, IoHandler handler) override {
        if (!std::exchange(handshake_first_, false)) return socket_.async_read_some(buffer, std::move(handler));
        socket_.async_handshake(ssl::stream_base::server,
                                [this, buffer, handler = std::move(handler)](error_code failure) mutable {
                                    if (failure) return std::move(handler)(failure, std::size_t{0});
                                    socket_.async_read_some(buffer, std::move(handler));
                                });
    }
    /// Small buffers are joined: one TLS record, not one each.
    void write_some(const WriteBuffers& buffers, std::size_t count, IoHandler handler) override {
        joined_.clear();
        for (std::size_t i = 0; i < count && joined_.size() < tls_record_bytes_max; ++i)
            joined_.append(static_cast<const char*>(buffers[i].data()),
                           std::min(buffers[i].size(), tls_record_bytes_max - joined_.size()));
        socket_.async_write_some(asio::buffer(joined_), std::move(handler));
    }
    void close() override {
        error_code ignored;
        socket_.lowest_layer().close(ignored);
    }
    void end_writing() override {
        error_code ignored;
        socket_.lowest_layer().shutdown(tcp::socket::shutdown_send, ignored);
    }
    bool stale() override {
        return !socket_.lowest_layer().is_open() || has_input(socket_.lowest_layer().native_handle());
    }

private:
    TlsSocket socket_;
    std::string joined_;
    bool handshake_first_;
};

class RealTimer final : public TimerImpl {
public:
    explicit RealTimer(asio::io_context& context) : timer_(context) {}
    void wait_until(Tick due, WaitHandler handler) override {
        timer_.expires_at(std::chrono::steady_clock::time_point(due.time_since_epoch()));
        timer_.async_wait(std::move(handler));
    }
    void cancel() override { timer_.cancel(); }

private:
    asio::steady_timer timer_;
};

class RealAcceptor final : public Acceptor {
public:
    RealAcceptor(asio::io_context& context, const Endpoint& endpoint)
        : acceptor_(context, tcp::endpoint(asio::ip::make_address(endpoint.host), endpoint.port)) {
        if (!endpoint.tls) return;
        tls_ = std::make_unique<ssl::context>(ssl::context::tls_server);
        tls_->set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
        error_code failure;
        const auto check = [&](const char* what, const std::string& file) {
            if (failure) throw std::runtime_error(fmt::format("{} {}: {}", what, file, failure.message()));
        };
        tls_->use_certificate_chain_file(endpoint.certificate_file, failure);
        check("TLS certificate", endpoint.certificate_file);
        tls_->use_private_key_file(endpoint.key_file, ssl::context::pem, failure);
        check("TLS key", endpoint.key_file);
    }
    awaitable<Stream> accept() override {
        auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        const auto executor = acceptor_.get_executor();
        if (!tls_) co_return Stream(executor, std::make_unique<TcpStream>(std::move(socket)));
        co_return Stream(executor, std::make_unique<TlsStream>(TlsSocket(std::move(socket), *tls_), true));
    }
    void close() override {
        error_code ignored;
        acceptor_.close(ignored);
    }
    std::uint16_t port() const override { return acceptor_.local_endpoint().port(); }

private:
    tcp::acceptor acceptor_;
    std::unique_ptr<ssl::context> tls_;
};

/// Empty when the peer showed the first certificate of the file; else what is wrong.
std::string pin_failure(TlsSocket& socket, const std::string& file) {
    const auto free_certificate = [](X509* certificate) { X509_free(certificate); };
    using Certificate = std::unique_ptr<X509, decltype(free_certificate)>;
    const Certificate shown(SSL_get1_peer_certificate(socket.native_handle()), free_certificate);
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new_file(file.c_str(), "r"), BIO_free);
    const Certificate wanted(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr, free_certificate);
    if (!wanted) return "there is no certificate in " + file;
    if (!shown || X509_cmp(shown.get(), wanted.get()) != 0) return "the certificate is not the one in " + file;
    return {};
}

/// What to tell an operator about a failed handshake: OpenSSL's verdict on the certificate, if that was it.
std::string handshake_failure(TlsSocket& socket, error_code failure) {
    const long verdict = SSL_get_verify_result(socket.native_handle());
    if (verdict == X509_V_OK) return failure.message();
    return fmt::format("certificate not accepted: {} (set caFile if a company authority signed it)",
                       X509_verify_cert_error_string(verdict));
}

/// Lookups of names, on threads of their own: getaddrinfo can't be cancelled, and one slow name must hold up nobody who
/// asks for another. Nobody waits for a thread: it keeps this alive, and what it brings is dropped once the World is
/// gone.
class Lookups : public std::enable_shared_from_this<Lookups> {
public:
    struct Found {
        error_code failure = asio::error::timed_out;
        tcp::resolver::results_type addresses;
    };
    using Hear = std::function<void(const Found&)>;

    explicit Lookups(asio::io_context& home) : home_(&home) {}
    /// `hear` is called on the World's thread. Who asks for what is being looked up already shares that.
    void ask(const std::string& host, const std::string& port, Hear hear) {
        const std::lock_guard lock(mutex_);
        auto& waiting = waiting_[{host, port}];
        waiting.push_back(std::move(hear));
        if (waiting.size() > 1) return;
        queue_.emplace_back(host, port);
        if (threads_ == threads_max) return;
        try {
            std::thread([self = shared_from_this()] { self->work(); }).detach();
            ++threads_;
        } catch (const std::system_error&) {  // no thread to be had: those there are will do it
            if (threads_ > 0) return;
            queue_.clear();
            waiting_.clear();
            throw;
        }
    }
    /// Nobody is at home any more.
    void leave() {
        const std::lock_guard lock(mutex_);
        home_ = nullptr;
        queue_.clear();
        waiting_.clear();
    }

private:
    using Name = std::pair<std::string, std::string>;
    static constexpr int threads_max = 4;

    void work() {
        std::unique_lock lock(mutex_);
        while (!queue_.empty()) {
            const Name name = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            Found found;
            asio::io_context own;
            found.addresses = tcp::resolver(own).resolve(name.first, name.second, found.failure);
            lock.lock();
            if (!home_) break;
            auto waiting = waiting_.extract(name);
            asio::post(*home_, [found = std::move(found), hearing = std::move(waiting.mapped())] {
                for (const auto& hear : hearing) hear(found);
            });
        }
        --threads_;
    }

    std::mutex mutex_;
    asio::io_context* home_;
    std::deque<Name> queue_;
    std::map<Name, std::vector<Hear>> waiting_;
    int threads_ = 0;
};

/// Tells a file from the one that replaced it: size, inode, seconds and nanoseconds of its last change.
using FileVersion = std::array<std::int64_t, 4>;

FileVersion version_of(const std::string& file) {
    struct stat status{};
    if (file.empty() || ::stat(file.c_str(), &status) != 0) return {};
    return {status.st_size, std::int64_t(status.st_ino), status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

class RealWorld final : public World {
public:
    explicit RealWorld(asio::io_context& context) : context_(context), lookups_(std::make_shared<Lookups>(context)) {}
    ~RealWorld() override { lookups_->leave(); }
    asio::any_io_executor executor() override { return context_.get_executor(); }
    Timestamp now() override { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }
    Tick tick() override { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }
    std::uint64_t random() override {
        std::uint64_t value = 0;
        if (RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof value) != 1)
            throw std::runtime_error("the system's random source fails");
        return value;
    }
    std::unique_ptr<TimerImpl> make_timer() override { return std::make_unique<RealTimer>(context_); }
    std::unique_ptr<Acceptor> listen(Endpoint endpoint) override {
        return std::make_unique<RealAcceptor>(context_, endpoint);
    }
    awaitable<Connected> connect(Endpoint endpoint, Duration limit) override;

private:
    struct Authorities {
        FileVersion version;
        ssl::context client;
    };
    ssl::context& authorities(const std::string& ca_file);

    asio::io_context& context_;
    std::shared_ptr<Lookups> lookups_;
    std::map<std::string, Authorities> clients_;  // by ca_file
};

ssl::context& RealWorld::authorities(const std::string& ca_file) {
    const auto version = version_of(ca_file);
    if (auto found = clients_.find(ca_file); found != clients_.end()) {
        if (found->second.version == version) return found->second.client;
        clients_.erase(found);  // connections keep what they were made with
    }
    ssl::context client(ssl::context::tls_client);
    client.set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
    client.set_verify_mode(ssl::verify_peer);
    client.set_default_verify_paths();
    if (!ca_file.empty()) client.load_verify_file(ca_file);
    return clients_.emplace(ca_file, Authorities{version, std::move(client)}).first->second.client;
}

/// What a connection attempt consists of, so that its deadline can cut it at any step.
struct Attempt {
    explicit Attempt(asio::io_context& context) : looked_up(context), socket(context) {}
    asio::steady_timer looked_up;  // a bell: cancelled when `found` is there
    Lookups::Found found{};
    tcp::socket socket;
    std::unique_ptr<TlsSocket> tls;
    bool late = false;

    void cut() {
        late = true;
        error_code ignored;
        looked_up.cancel();
        if (tls) tls->lowest_layer().close(ignored);
        socket.close(ignored);
    }
};

/// Has the proxy on the other side connect us to the endpoint. A failure says what the proxy did.
awaitable<ConnectFailure> open_tunnel(tcp::socket& socket, const Endpoint& endpoint) {
    const auto request = tunnel_request(endpoint);
    auto [unsent, written] = co_await asio::async_write(socket, asio::buffer(request), as_tuple);
    if (unsent) co_return ConnectFailure{unsent, no_tunnel(endpoint, "gave no answer (" + unsent.message() + ")")};
    std::string received;
    std::array<char, 4096> some;
    for (;;) {
        auto [unread, got] = co_await socket.async_read_some(asio::buffer(some), as_tuple);
        if (unread) co_return ConnectFailure{unread, no_tunnel(endpoint, "gave no answer (" + unread.message() + ")")};
        received.append(some.data(), got);
        const auto verdict = judge_tunnel(received);
        if (!verdict) continue;
        if (verdict->empty()) co_return ConnectFailure{};
        co_return ConnectFailure{asio::error::connection_refused, no_tunnel(endpoint, *verdict)};
    }
}

/// Fills `found`, or gives up when the attempt is cut; the lookup then goes on by itself.
awaitable<void> look_up(Lookups& lookups, std::shared_ptr<Attempt> attempt, std::string host, std::string port) {
    error_code is_name;
    if (const auto address = asio::ip::make_address(host, is_name); !is_name) {
        const tcp::endpoint endpoint(address, std::uint16_t(std::stoul(port)));
        attempt->found = {{}, tcp::resolver::results_type::create(endpoint, host, port)};
        co_return;
    }
    attempt->looked_up.expires_at(asio::steady_timer::time_point::max());
    lookups.ask(host, port, [weak = std::weak_ptr(attempt)](const Lookups::Found& found) {
        const auto alive = weak.lock();
        if (!alive) return;
        alive->found = found;
        alive->looked_up.cancel();
    });
    co_await attempt->looked_up.async_wait(as_tuple);
}

awaitable<Connected> RealWorld::connect(Endpoint endpoint, Duration limit) {
    auto attempt = std::make_shared<Attempt>(context_);
    asio::steady_timer timer(context_, limit);
    timer.async_wait([weak = std::weak_ptr(attempt)](error_code cancelled) {
        if (auto alive = weak.lock(); alive && !cancelled) alive->cut();
    });
    const auto target = host_and_port(endpoint.host, endpoint.port);
    const auto& proxy = endpoint.proxy;
    const auto peer = proxy ? "the proxy " + proxy->address() : target;
    const auto remedy = proxy ? "; check " + proxy->setting : std::string();
    const auto failed = [&](const std::string& step, error_code code, const std::string& why,
                            const std::string& hint = {}) {
        if (attempt->late) code = asio::error::timed_out;
        return Connected{{}, {code, fmt::format("{}: {}{}", step, attempt->late ? "no answer in time" : why, hint)}};
    };

    co_await look_up(*lookups_, attempt, proxy ? proxy->host : endpoint.host,
                     std::to_string(proxy ? proxy->port : endpoint.port));
    const auto unresolved = attempt->found.failure;
    if (unresolved || attempt->late) co_return failed("resolving " + peer, unresolved, unresolved.message(), remedy);
    auto [refused, where] = co_await asio::async_connect(attempt->socket, attempt->found.addresses, as_tuple);
    if (refused || attempt->late) co_return failed("connecting to " + peer, refused, refused.message(), remedy);
    error_code ignored;
    attempt->socket.set_option(tcp::no_delay(true), ignored);
    if (!endpoint.tls)
        co_return Connected{Stream(executor(), std::make_unique<TcpStream>(std::move(attempt->socket))), {}};

    if (proxy) {
        auto failure = co_await open_tunnel(attempt->socket, endpoint);
        if (attempt->late) failure = {asio::error::timed_out, no_tunnel(endpoint, "gave no answer in time")};
        if (failure.code) co_return Connected{{}, std::move(failure)};
    }
    const auto tls = "TLS with " + target + (proxy ? " through " + peer : "");
    ssl::context* trusted = nullptr;
    try {
        trusted = &authorities(endpoint.ca_file);
    } catch (const boost::system::system_error& unusable) {
        co_return failed(tls, unusable.code(),
                         fmt::format("caFile {} is not usable: {}", endpoint.ca_file, unusable.code().message()));
    }
    attempt->tls = std::make_unique<TlsSocket>(std::move(attempt->socket), *trusted);
    const bool pinned = !endpoint.pinned_file.empty();
    if (pinned)
        attempt->tls->set_verify_callback([](bool, ssl::verify_context&) { return true; });
    else
        attempt->tls->set_verify_callback(ssl::host_name_verification(endpoint.host));
    SSL_set_tlsext_host_name(attempt->tls->native_handle(), endpoint.host.c_str());
    auto [shaken] = co_await attempt->tls->async_handshake(ssl::stream_base::client, as_tuple);
    if (shaken || attempt->late) {
        const auto why = shaken ? handshake_failure(*attempt->tls, shaken) : std::string();
        co_return failed(tls, shaken, why);
    }
    if (const auto why = pinned ? pin_failure(*attempt->tls, endpoint.pinned_file) : std::string(); !why.empty())
        co_return failed(tls, asio::error::connection_refused, why);
    co_return Connected{Stream(executor(), std::make_unique<TlsStream>(std::move(*attempt->tls), false)), {}};
}

}  // namespace

std::unique_ptr<World> make_real_world(asio::io_context& context) { return std::make_unique<RealWorld>(context); }

}  // namespace syncd
