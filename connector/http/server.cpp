#include "connector/http/server.hpp"

#include "connector/world/deadline.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <list>
#include <memory>

namespace syncd::http {
namespace {

namespace beast = boost::beast::http;
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t read_buffer_bytes = 16u << 10;
constexpr std::size_t piece_bytes = 16u << 10;  // of a streamed body
constexpr Duration linger_time = std::chrono::seconds{2};
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr Duration look_again = std::chrono::hours{24};  // a doorbell's longest wait; rings come well before

Request from_beast(const beast::request_header<>& message) {
    Request out;
    out.method = std::string(message.method_string());
    out.target = std::string(message.target());
    for (const auto& field : message) out.headers.add(std::string(field.name_string()), std::string(field.value()));
    return out;
}

beast::response<beast::string_body> to_beast(Response& response, bool keep_alive, bool head) {
    beast::response<beast::string_body> out;
    out.version(11);
    out.result(unsigned(response.status));
    for (const auto& [name, value] : response.headers) out.insert(name, value);
    out.keep_alive(keep_alive);
    const bool never_has_body = response.status < 200 || response.status == 204 || response.status == 304;
    if (never_has_body) return out;  // nor a Content-Length: RFC 9110, 8.6
    const auto bytes = response.body.size();
    if (!head) out.body() = std::move(response.body);
    out.prepare_payload();
    if (head) out.content_length(bytes);
    return out;
}

Response problem(int status, std::string_view title) {
    return {status,
            {{"Content-Type", "application/problem+json"}},
            "{\"title\":\"" + std::string(title) + "\",\"status\":" + std::to_string(status) + "}"};
}

/// Where two readers may not agree where it ends or whom it is for: a way to smuggle requests (RFC 9112, 3.2 and 6.1).
bool is_ambiguous(const beast::request_header<>& head) {
    const auto hosts = head.count(beast::field::host), codings = head.count(beast::field::transfer_encoding);
    const bool modern = head.version() >= 11;
    if (hosts > 1 || (hosts == 0 && modern)) return true;
    if (codings == 0) return false;
    return codings > 1 || !modern || !Headers::same(head[beast::field::transfer_encoding], "chunked");
}

/// Whether the client waits to be told that it may send its body.
bool waits_to_go_on(const Request& head) { return Headers::same(head.headers.get("Expect"), "100-continue"); }

/// Writes all of it, unless the time is over first.
template <class Buffers>
awaitable<error_code> write_in_time(World& world, Stream& stream, Buffers buffers, Duration limit) {
    Deadline deadline(world, stream, limit);
    auto [unsent, sent] = co_await asio::async_write(stream, buffers, as_tuple);
    co_return unsent;
}

}  // namespace

struct Exchange::Impl {
    using Parser = beast::request_parser<beast::buffer_body>;
    World& world;
    Stream& stream;
    boost::beast::flat_buffer& buffer;
    const ServerLimits& limits;
    Parser parser;
    Request head;
    bool keep_alive, modern;  // HTTP/1.1: knows chunks
    bool has_body, expects;   // expects: waits to be told to go on
    bool started = false, chunked = false, bodyless = false, finished = false;
    std::optional<std::uint64_t> left{};  // bytes of the answer, where their number was said
    std::optional<Error> broken{};
    std::string piece{};

    /// Sends these; false when the client is gone.
    template <class Buffers>
    awaitable<bool> send(Buffers buffers) {
        if (broken) co_return false;
        if (const auto unsent = co_await write_in_time(world, stream, buffers, limits.write_timeout))
            broken = Error{errc::transient, "the client is gone: " + unsent.message()};
        co_return !broken;
    }
    /// The whole request was read and the whole answer written.
    bool is_clean() const { return finished && !broken && parser.is_done(); }
};

const Request& Exchange::head() const { return impl_.head; }
bool Exchange::has_body() const { return impl_.has_body; }
std::optional<std::uint64_t> Exchange::body_bytes() const {
    if (const auto bytes = impl_.parser.content_length(); bytes && impl_.has_body) return *bytes;
    return std::nullopt;
}

awaitable<result<std::string_view>> Exchange::read() {
    auto& at = impl_;
    if (std::exchange(at.expects, false) && !at.started) co_await at.send(asio::buffer(go_on));
    if (at.broken) co_return *at.broken;
    at.piece.resize(piece_bytes);
    while (!at.parser.is_done()) {
        auto& body = at.parser.get().body();
        body.data = at.piece.data();
        body.size = at.piece.size();
        Deadline deadline(at.world, at.stream, at.limits.body_timeout);
        auto [failure, used] = co_await beast::async_read_some(at.stream, at.buffer, at.parser, as_tuple);
        if (failure && failure != beast::error::need_buffer) {
            const bool noise = failure.category() == make_error_code(beast::error::bad_method).category() &&
                               failure != beast::error::end_of_stream && failure != beast::error::partial_message;
            at.broken = Error{deadline.passed() ? errc::timed_out
                              : noise           ? errc::invalid_body
                                                : errc::transient,
                              "the client's body broke off: " + failure.message()};
            co_return *at.broken;
        }
        if (const auto got = at.piece.size() - body.size) co_return std::string_view(at.piece.data(), got);
    }
    co_return std::string_view();
}

awaitable<bool> Exchange::start(int status, Headers headers, std::optional<std::uint64_t> bytes) {
    auto& at = impl_;
    at.started = true;
    at.bodyless = at.head.method == "HEAD" || status == 204 || status == 304;
    at.keep_alive = at.keep_alive && at.parser.is_done() && (bytes || at.modern || at.bodyless);
    at.chunked = !bytes && at.modern && !at.bodyless;
    at.left = at.bodyless ? 0 : bytes;
    beast::response<beast::empty_body> message;
    message.version(11);
    message.result(unsigned(status));
    for (const auto& [name, value] : headers) message.insert(name, value);
    message.keep_alive(at.keep_alive);
    if (at.chunked) message.chunked(true);
    if (bytes && status != 204) message.content_length(*bytes);
    if (at.broken) co_return false;
    beast::response_serializer<beast::empty_body> serializer(message);
    Deadline deadline(at.world, at.stream, at.limits.write_timeout);
    auto [unsent, sent] = co_await beast::async_write_header(at.stream, serializer, as_tuple);
    if (unsent) at.broken = Error{errc::transient, "the client is gone: " + unsent.message()};
    co_return !unsent;
}

awaitable<bool> Exchange::write(std::string_view piece) {
    auto& at = impl_;
    if (at.bodyless || piece.empty()) co_return !at.broken;
    if (at.left && piece.size() > *at.left) at.broken = Error{errc::internal, "the answer is longer than was said"};
    if (at.left && !at.broken) *at.left -= piece.size();
    while (!piece.empty() && !at.broken) {  // small steps, so that a slow client is told from a dead one
        const auto some = piece.substr(0, piece_bytes);
        piece.remove_prefix(some.size());
        if (at.chunked)
            co_await at.send(beast::make_chunk(asio::buffer(some)));
        else
            co_await at.send(asio::buffer(some));
    }
    co_return !at.broken;
}

awaitable<bool> Exchange::finish() {
    auto& at = impl_;
    if (!at.started || at.finished) co_return false;
    if (at.left.value_or(0) != 0) at.broken = Error{errc::internal, "the answer is shorter than was said"};
    if (at.chunked && !at.broken) co_await at.send(beast::make_chunk_last());
    at.finished = !at.broken;
    co_return at.finished;
}

awaitable<bool> Exchange::answer(Response whole) {
    if (!co_await start(whole.status, std::move(whole.headers), whole.body.size())) co_return false;
    if (!co_await write(whole.body)) co_return false;
    co_return co_await finish();
}

struct Server::Impl {
    Impl(World& w, std::unique_ptr<Acceptor> a, Handler h, ServerLimits l, Gate g, Streaming s)
        : world(w),
          acceptor(std::move(a)),
          handler(std::move(h)),
          gate(std::move(g)),
          streaming(std::move(s)),
          limits(l),
          changed(w) {}

    /// A connection while it is served.
    struct Session {
        explicit Session(Stream s) : stream(std::move(s)) {}
        Stream stream;
        bool busy = false;                // a request is in hand
        asio::cancellation_signal cut{};  // ends its handler
    };
    using Header = beast::request_parser<beast::empty_body>;

    World& world;
    std::unique_ptr<Acceptor> acceptor;
    Handler handler;
    Gate gate;
    Streaming streaming;
    ServerLimits limits;
    Doorbell changed;  // a session ended
    std::list<std::shared_ptr<Session>> sessions;
    bool stopping = false;

    awaitable<void> accept();
    awaitable<void> serve(std::shared_ptr<Session> session);
    /// Reads a request's header and has the gate look at it; false when the connection is done.
    awaitable<bool> read_header(Session& session, boost::beast::flat_buffer& buffer, Header& parser, Request& head);
    /// Reads the body; false when the connection is done.
    awaitable<bool> read_body(Session& session, boost::beast::flat_buffer& buffer,
                              beast::request_parser<beast::string_body>& parser, bool expects);
    awaitable<bool> handle_whole(Session& session, boost::beast::flat_buffer& buffer, Header& header, Request head);
    awaitable<bool> handle_streamed(Session& session, boost::beast::flat_buffer& buffer, Header& header, Request head);
    /// An answer after which the connection is closed.
    awaitable<void> refuse(Session& session, Response response, bool head);
    /// Before closing: what the client still sends is read for a while, else it might lose the answer over a reset.
    awaitable<void> linger(Session& session);
    awaitable<bool> write(Session& session, Response response, bool keep_alive, bool head);
    awaitable<Response> answer(Request request);
};

awaitable<void> Server::Impl::linger(Session& session) {
    session.busy = false;
    session.stream.end_writing();
    Deadline deadline(world, session.stream, linger_time);
    std::string ignored(piece_bytes, '\0');
    for (error_code ended; !ended;) {
        auto [unread, got] = co_await session.stream.async_read_some(asio::buffer(ignored), as_tuple);
        ended = unread;
    }
}

awaitable<void> Server::Impl::refuse(Session& session, Response response, bool head) {
    co_await write(session, std::move(response), false, head);
    co_await linger(session);
}

awaitable<bool> Server::Impl::read_header(Session& session, boost::beast::flat_buffer& buffer, Header& parser,
                                          Request& head) {
    parser.body_limit(boost::none);  // whose limit it is depends on the header
    parser.header_limit(std::uint32_t(limits.header_bytes_max));
    error_code failure;
    {
        Deadline deadline(world, session.stream, limits.header_timeout);
        auto [unread, got] = co_await beast::async_read_header(session.stream, buffer, parser, as_tuple);
        failure = unread;
    }
    if (failure == beast::error::header_limit)
        co_await refuse(session, problem(431, "The header is too large"), false);
    else if (failure && failure.category() == make_error_code(beast::error::bad_method).category() &&
             failure != beast::error::end_of_stream && failure != beast::error::partial_message)
        co_await refuse(session, problem(400, "Not an HTTP request"), false);
    if (failure) co_return false;
    head = from_beast(parser.get());
    if (is_ambiguous(parser.get())) {
        co_await refuse(session, problem(400, "One Host, and no Transfer-Encoding but chunked"), head.method == "HEAD");
        co_return false;
    }
    auto refused = gate ? gate(head) : std::nullopt;
    if (!refused) co_return true;
    co_await write(session, std::move(*refused), false, head.method == "HEAD");
    if (!parser.is_done()) co_await linger(session);
    co_return false;
}

awaitable<bool> Server::Impl::read_body(Session& session, boost::beast::flat_buffer& buffer,
                                        beast::request_parser<beast::string_body>& parser, bool expects) {
    error_code failure;
    if (const auto bytes = parser.content_length(); bytes && *bytes > limits.body_bytes_max) {
        failure = beast::error::body_limit;
    } else {
        parser.body_limit(limits.body_bytes_max);
        if (expects) failure = co_await write_in_time(world, session.stream, asio::buffer(go_on), limits.write_timeout);
        Deadline deadline(world, session.stream, limits.body_timeout);
        if (!failure) {
            auto [unread, got] = co_await beast::async_read(session.stream, buffer, parser, as_tuple);
            failure = unread;
        }
    }
    if (!failure) co_return true;
    if (failure == beast::error::body_limit)
        co_await refuse(session, problem(413, "The body is too large"), false);
    else if (failure.category() == make_error_code(beast::error::bad_method).category() &&
             failure != beast::error::end_of_stream && failure != beast::error::partial_message)
        co_await refuse(session, problem(400, "Not an HTTP request"), false);
    co_return false;
}

awaitable<bool> Server::Impl::handle_whole(Session& session, boost::beast::flat_buffer& buffer, Header& header,
                                           Request head) {
    const bool expects = waits_to_go_on(head) && !header.is_done() && header.get().version() >= 11;
    beast::request_parser<beast::string_body> parser(std::move(header));
    if (!co_await read_body(session, buffer, parser, expects)) co_return false;
    head.body = std::move(parser.get().body());
    const bool is_head = head.method == "HEAD", keep_alive = parser.get().keep_alive();
    auto response = co_await answer(std::move(head));
    co_return co_await write(session, std::move(response), keep_alive && !stopping, is_head);
}

awaitable<bool> Server::Impl::handle_streamed(Session& session, boost::beast::flat_buffer& buffer, Header& header,
                                              Request head) {
    const bool modern = header.get().version() >= 11, has_body = !header.is_done();
    const bool keep_alive = header.get().keep_alive(), expects = waits_to_go_on(head) && has_body && modern;
    Exchange::Impl state{
        world,           session.stream,          buffer, limits,   Exchange::Impl::Parser(std::move(header)),
        std::move(head), keep_alive && !stopping, modern, has_body, expects};
    Exchange exchange(state);
    bool failed = false;
    try {
        co_await streaming.handler(exchange);
    } catch (const std::exception&) {
        failed = true;
    }
    if (failed && !state.started) co_await exchange.answer(problem(500, "Internal error"));
    if (state.is_clean()) co_return state.keep_alive && !stopping;
    if (state.finished && !state.broken) co_await linger(session);
    co_return false;
}

awaitable<bool> Server::Impl::write(Session& session, Response response, bool keep_alive, bool head) {
    if (response.status == 0) co_return false;
    auto message = to_beast(response, keep_alive, head);
    Deadline deadline(world, session.stream, limits.write_timeout);
    auto [unsent, sent] = co_await beast::async_write(session.stream, message, as_tuple);
    co_return !unsent && keep_alive;
}

awaitable<Response> Server::Impl::answer(Request request) {
    try {
        co_return co_await handler(std::move(request));
    } catch (
        const std::exception&) {  // a broken environment or a bug: the handler's owner logs, the caller learns nothing
        co_return problem(500, "Internal error");
    }
}

awaitable<void> Server::Impl::serve(std::shared_ptr<Session> session) {
    boost::beast::flat_buffer buffer;
    buffer.reserve(read_buffer_bytes);
    for (bool open = true; open && !stopping;) {
        session->busy = false;
        Header header;
        Request head;
        if (!co_await read_header(*session, buffer, header, head)) break;
        session->busy = true;
        const bool streamed = streaming.takes && streaming.takes(head);
        if (streamed)
            open = co_await handle_streamed(*session, buffer, header, std::move(head));
        else
            open = co_await handle_whole(*session, buffer, header, std::move(head));
    }
}

awaitable<void> Server::Impl::accept() {
    while (!stopping) {
        while (sessions.size() >= limits.connections_max && !stopping) co_await changed.wait(look_again);
        if (stopping) break;
        Stream stream;
        bool failed = false;
        try {
            stream = co_await acceptor->accept();
        } catch (const boost::system::system_error&) {
            failed = true;
        }
        if (failed) {  // closed, or out of descriptors for a moment
            if (stopping) break;
            Timer pause(world);
            co_await pause.async_wait(std::chrono::milliseconds{100}, as_tuple);
            continue;
        }
        const auto session = std::make_shared<Session>(std::move(stream));
        const auto place = sessions.insert(sessions.end(), session);
        auto ended = [this, place](std::exception_ptr) {
            sessions.erase(place);
            changed.ring();
        };
        co_spawn(world.executor(), serve(session),
                 asio::bind_executor(world.executor(), asio::bind_cancellation_slot(session->cut.slot(), ended)));
    }
}

Server::Server(World& world, std::unique_ptr<Acceptor> acceptor, Handler handler, ServerLimits limits, Gate gate,
               Streaming streaming)
    : impl_(new Impl(world, std::move(acceptor), std::move(handler), limits, std::move(gate), std::move(streaming))) {}
Server::~Server() = default;

std::uint16_t Server::port() const { return impl_->acceptor->port(); }

awaitable<void> Server::run() {
    co_await impl_->accept();
    while (!impl_->sessions.empty()) co_await impl_->changed.wait(look_again);
}

void Server::stop(bool hard) {
    impl_->stopping = true;
    impl_->acceptor->close();
    impl_->changed.ring();
    for (auto at = impl_->sessions.begin(); at != impl_->sessions.end();) {
        const auto session = *at++;  // closing may end it at once
        const bool busy = session->busy;
        if (hard || !busy) session->stream.close();
        // On the executor's thread it takes effect at once; else it would be held there by what may be gone by then.
        if (hard && busy)
            asio::post(impl_->world.executor(), [session] { session->cut.emit(asio::cancellation_type::terminal); });
    }
}

}  // namespace syncd::http
