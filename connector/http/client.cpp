#include "connector/http/client.hpp"

#include "connector/http/gzip.hpp"
#include "connector/world/deadline.hpp"
#include "connector/world/tunnel.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <map>
#include <optional>
#include <vector>

namespace syncd::http {
namespace {

namespace beast = boost::beast::http;
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t read_buffer_bytes = 64u << 10;  // Beast reads what is free in the buffer: 512 bytes at first
constexpr std::size_t header_bytes_max = 64u << 10;
constexpr std::size_t idle_connections_max = 8;          // per origin
constexpr Duration idle_max = std::chrono::seconds{55};  // most servers close after 60 s

struct Conn {
    Stream stream;
    boost::beast::flat_buffer buffer{read_buffer_bytes * 1024};
    Tick idle_since{};
    Conn() { buffer.reserve(read_buffer_bytes); }
};

/// How the request goes, for errors.
std::string route(const Url& url, const SendOptions& options) {
    return url.without_query() + (options.proxy ? " through the proxy " + options.proxy->address() : "");
}

beast::request<beast::string_body> to_beast(const Url& url, Request& request, const std::optional<Proxy>& proxy) {
    beast::request<beast::string_body> out;
    out.version(11);
    out.method_string(request.method);
    out.target(url.target);
    out.set(beast::field::host, url.authority());
    out.set(beast::field::user_agent, "bentley-syncd");
    out.set(beast::field::accept_encoding, "gzip");
    for (const auto& [name, value] : request.headers) out.set(name, value);
    if (proxy && !url.tls) {  // the proxy reads it, and must see whom it is for; a tunnel needs neither
        out.target(url.origin() + url.target);
        if (!proxy->credentials.empty())
            out.set(beast::field::proxy_authorization, basic_authorization(proxy->credentials));
    }
    out.body() = std::move(request.body);
    out.prepare_payload();
    return out;
}

Response from_beast(beast::response<beast::string_body>& message) {
    Response out;
    out.status = int(message.result_int());
    for (const auto& field : message) out.headers.add(std::string(field.name_string()), std::string(field.value()));
    out.body = std::move(message.body());
    return out;
}

/// What came of one try on one connection.
struct Exchange {
    result<Response> answer;
    bool keep = false;      // the connection may serve another request
    bool answered = false;  // at least one byte of an answer came
};

Error failure_of(error_code code, bool sent) {
    using beast::error;
    if (code == error::body_limit || code == error::header_limit || code == error::buffer_overflow)
        return {errc::too_large, "the answer is larger than allowed"};
    const bool cut = code == error::end_of_stream || code == error::partial_message ||
                     code.category() != make_error_code(error::end_of_stream).category();
    if (cut) return {.code = errc::transient, .message = "the connection broke: " + code.message(), .sent = sent};
    return {errc::invalid_body, "the answer is not HTTP: " + code.message()};
}

/// Reads the header of the final answer; interim ones (1xx) are passed over.
awaitable<error_code> read_header(Conn& conn, std::optional<beast::response_parser<beast::string_body>>& parser,
                                  const SendOptions& options, bool head) {
    for (;;) {
        parser.emplace();
        parser->body_limit(options.body_bytes_max);
        parser->header_limit(std::uint32_t(header_bytes_max));
        if (head) parser->skip(true);
        auto [unread, got] = co_await beast::async_read_header(conn.stream, conn.buffer, *parser, as_tuple);
        const int status = unread ? 0 : int(parser->get().result_int());
        const bool interim = status >= 100 && status < 200 && status != 101;
        if (!interim) co_return unread;
    }
}

awaitable<Exchange> exchange(Conn& conn, const beast::request<beast::string_body>& request,
                             const SendOptions& options) {
    Exchange out{Error{errc::internal, "no answer"}};
    auto [unsent, written] = co_await beast::async_write(conn.stream, request, as_tuple);
    if (unsent) {
        out.answer = failure_of(unsent, written > 0);
        co_return out;
    }
    std::optional<beast::response_parser<beast::string_body>> parser;
    auto failure = co_await read_header(conn, parser, options, request.method() == beast::verb::head);
    out.answered = !failure || parser->got_some() || conn.buffer.size() > 0;
    const bool have_header = !failure;
    if (!failure) {
        auto [unread, got] = co_await beast::async_read(conn.stream, conn.buffer, *parser, as_tuple);
        failure = unread;
    }
    if (failure && !(have_header && options.status_is_enough)) {
        out.answer = failure_of(failure, true);
        co_return out;
    }
    // Bytes beyond the answer would be taken for the answer to the next request.
    out.keep = !failure && parser->get().keep_alive() && conn.buffer.size() == 0;
    out.answer = from_beast(parser->get());
    co_return out;
}

result<Response> unpack(Response response, const SendOptions& options) {
    const auto encoding = response.headers.get("Content-Encoding");
    if (response.body.empty() || options.status_is_enough || encoding.empty() || Headers::same(encoding, "identity"))
        return response;
    if (!Headers::same(encoding, "gzip"))
        return Error{errc::invalid_body, fmt::format("unknown Content-Encoding {}", encoding)};
    auto plain = gunzip(response.body, options.body_bytes_max);
    if (!plain) return plain.error();
    response.body = std::move(*plain);
    return response;
}

}  // namespace

struct Client::Impl {
    World& world;
    std::map<Endpoint, std::vector<std::unique_ptr<Conn>>> idle;

    /// A connection that has rested and still looks usable; empty when there is none.
    std::unique_ptr<Conn> reuse(const Endpoint& endpoint) {
        auto& resting = idle[endpoint];
        while (!resting.empty()) {
            auto conn = std::move(resting.back());
            resting.pop_back();
            if (world.tick() - conn->idle_since < idle_max && !conn->stream.stale()) return conn;
        }
        return nullptr;
    }
    void keep(const Endpoint& endpoint, std::unique_ptr<Conn> conn) {
        auto& resting = idle[endpoint];
        if (resting.size() >= idle_connections_max) return;
        conn->idle_since = world.tick();
        resting.push_back(std::move(conn));
    }
};

Client::Client(World& world) : impl_(new Impl{world, {}}) {}
Client::~Client() = default;
void Client::close_idle() { impl_->idle.clear(); }

awaitable<result<Response>> Client::send(Url url, Request request, SendOptions options) {
    const Endpoint endpoint{
        .host = url.host, .port = url.port, .tls = url.tls, .ca_file = options.ca_file, .proxy = options.proxy};
    const auto message = to_beast(url, request, options.proxy);
    const Tick end = impl_->world.tick() + options.timeout;
    const auto left = [&] { return std::max<Duration>(end - impl_->world.tick(), Duration{1}); };
    for (;;) {
        auto conn = impl_->reuse(endpoint);
        const bool reused = conn != nullptr;
        if (!conn) {
            auto connected = co_await impl_->world.connect(endpoint, left());
            if (!connected.stream) {
                const bool late = connected.failure.code == asio::error::timed_out;
                co_return Error{.code = late ? errc::timed_out : errc::transient,
                                .message = connected.failure.message,
                                .sent = false};
            }
            conn = std::make_unique<Conn>();
            conn->stream = std::move(connected.stream);
        }
        Deadline deadline(impl_->world, conn->stream, left());
        auto done = co_await exchange(*conn, message, options);
        if (deadline.passed() && !(options.status_is_enough && done.answer))
            co_return Error{errc::timed_out,
                            fmt::format("{}: no answer in {}", route(url, options), format_duration(options.timeout))};
        const bool stale = !done.answer && reused && !done.answered && done.answer.error().code == errc::transient;
        if (stale && options.resend) continue;
        if (!done.answer) {
            auto failure = done.answer.error();
            failure.message = route(url, options) + ": " + failure.message;
            failure.stale = stale;
            co_return failure;
        }
        if (done.keep) impl_->keep(endpoint, std::move(conn));
        co_return unpack(std::move(*done.answer), options);
    }
}

}  // namespace syncd::http
