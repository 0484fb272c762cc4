#include "connector/http/server.hpp"

#include "connector/world/deadline.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <list>

namespace syncd::http {
namespace {

namespace beast = boost::beast::http;
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t read_buffer_bytes = 16u << 10;
constexpr Duration look_again = std::chrono::hours{24};  // a doorbell's longest wait; rings come well before

Request from_beast(beast::request<beast::string_body>& message) {
    Request out;
    out.method = std::string(message.method_string());
    out.target = std::string(message.target());
    for (const auto& field : message) out.headers.add(std::string(field.name_string()), std::string(field.value()));
    out.body = std::move(message.body());
    return out;
}

beast::response<beast::string_body> to_beast(Response& response, bool keep_alive, bool head) {
    beast::response<beast::string_body> out;
    out.version(11);
    out.result(unsigned(response.status));
    for (const auto& [name, value] : response.headers) out.insert(name, value);
    out.keep_alive(keep_alive);
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

}  // namespace

struct Server::Impl {
    Impl(World& w, std::unique_ptr<Acceptor> a, Handler h, ServerLimits l, Gate g)
        : world(w), acceptor(std::move(a)), handler(std::move(h)), gate(std::move(g)), limits(l), changed(w) {}

    /// A connection while it is served.
    struct Session {
        Stream stream;
        bool busy = false;  // a request is in hand
    };

    World& world;
    std::unique_ptr<Acceptor> acceptor;
    Handler handler;
    Gate gate;
    ServerLimits limits;
    Doorbell changed;  // a session ended
    std::list<Session> sessions;
    bool stopping = false;

    awaitable<void> accept();
    awaitable<void> serve(std::list<Session>::iterator session);
    /// Reads one request; false when the connection is done.
    awaitable<bool> read(Session& session, boost::beast::flat_buffer& buffer,
                         beast::request_parser<beast::string_body>& parser);
    awaitable<bool> write(Session& session, Response response, bool keep_alive, bool head);
    awaitable<Response> answer(Request request);
};

awaitable<bool> Server::Impl::read(Session& session, boost::beast::flat_buffer& buffer,
                                   beast::request_parser<beast::string_body>& parser) {
    parser.body_limit(limits.body_bytes_max);
    parser.header_limit(std::uint32_t(limits.header_bytes_max));
    error_code failure;
    {
        Deadline deadline(world, session.stream, limits.header_timeout);
        auto [unread, got] = co_await beast::async_read_header(session.stream, buffer, parser, as_tuple);
        failure = unread;
    }
    if (!failure && gate) {
        if (auto refused = gate(from_beast(parser.get()))) {
            co_await write(session, std::move(*refused), false, parser.get().method() == beast::verb::head);
            co_return false;
        }
    }
    if (!failure) {
        session.busy = true;
        Deadline deadline(world, session.stream, limits.body_timeout);
        auto [unread, got] = co_await beast::async_read(session.stream, buffer, parser, as_tuple);
        failure = unread;
    }
    if (!failure) co_return true;
    if (failure == beast::error::body_limit)
        co_await write(session, problem(413, "The body is too large"), false, false);
    else if (failure == beast::error::header_limit)
        co_await write(session, problem(431, "The header is too large"), false, false);
    else if (failure.category() == make_error_code(beast::error::bad_method).category() &&
             failure != beast::error::end_of_stream && failure != beast::error::partial_message)
        co_await write(session, problem(400, "Not an HTTP request"), false, false);
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

awaitable<void> Server::Impl::serve(std::list<Session>::iterator session) {
    boost::beast::flat_buffer buffer;
    buffer.reserve(read_buffer_bytes);
    for (bool open = true; open && !stopping;) {
        session->busy = false;
        beast::request_parser<beast::string_body> parser;
        if (!co_await read(*session, buffer, parser)) break;
        const bool keep_alive = parser.get().keep_alive();
        const bool head = parser.get().method() == beast::verb::head;
        auto response = co_await answer(from_beast(parser.get()));
        open = co_await write(*session, std::move(response), keep_alive && !stopping, head);
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
        auto session = sessions.insert(sessions.end(), Session{std::move(stream)});
        co_spawn(world.executor(), serve(session), [this, session](std::exception_ptr) {
            sessions.erase(session);
            changed.ring();
        });
    }
}

Server::Server(World& world, std::unique_ptr<Acceptor> acceptor, Handler handler, ServerLimits limits, Gate gate)
    : impl_(new Impl(world, std::move(acceptor), std::move(handler), limits, std::move(gate))) {}
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
    for (auto& session : impl_->sessions)
        if (hard || !session.busy) session.stream.close();
}

}  // namespace syncd::http
