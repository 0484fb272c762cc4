#include "connector/http/client.hpp"

#include "connector/http/gzip.hpp"
#include "connector/world/deadline.hpp"
#include "connector/world/tunnel.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>
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
constexpr std::size_t piece_bytes = 16u << 10;           // of a streamed body
constexpr std::size_t idle_connections_max = 8;          // per origin
constexpr Duration idle_max = std::chrono::seconds{55};  // most servers close after 60 s

struct Conn {
    Stream stream;
    boost::beast::flat_buffer buffer{read_buffer_bytes * 1024};
    Tick idle_since{};
    Conn() { buffer.reserve(read_buffer_bytes); }
};

/// How the request goes, for errors.
std::string route(const Url& url, const std::optional<Proxy>& proxy) {
    return url.without_query() + (proxy ? " through the proxy " + proxy->address() : "");
}

void name_target(beast::request_header<>& out, const Url& url, const std::optional<Proxy>& proxy) {
    out.target(url.target);
    if (!proxy || url.tls) return;
    out.target(url.origin() + url.target);  // the proxy reads it, and must see whom it is for; a tunnel needs neither
    if (!proxy->credentials.empty())
        out.set(beast::field::proxy_authorization, basic_authorization(proxy->credentials));
}

beast::request<beast::string_body> to_beast(const Url& url, Request& request, const std::optional<Proxy>& proxy) {
    beast::request<beast::string_body> out;
    out.version(11);
    out.method_string(request.method);
    out.set(beast::field::host, url.authority());
    out.set(beast::field::user_agent, "bentley-syncd");
    out.set(beast::field::accept_encoding, "gzip");
    for (const auto& [name, value] : request.headers) out.set(name, value);
    name_target(out, url, proxy);
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

/// The header of a request whose body follows by itself.
beast::request<beast::empty_body> head_of(const Url& url, const Request& request, const OpenOptions& options,
                                          const std::optional<StreamedBody>& body) {
    beast::request<beast::empty_body> out;
    out.version(11);
    out.method_string(request.method);
    out.set(beast::field::host, url.authority());
    for (const auto& [name, value] : request.headers) out.insert(name, value);
    if (!request.headers.has("User-Agent")) out.set(beast::field::user_agent, "bentley-syncd");
    name_target(out, url, options.proxy);
    const bool bodyless = request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS" ||
                          request.method == "DELETE";
    if (body && !body->bytes)
        out.chunked(true);
    else if (body)
        out.content_length(*body->bytes);
    else if (!request.body.empty() || !bodyless)
        out.content_length(request.body.size());
    return out;
}

/// Whether the request may reach the provider twice without harm.
bool may_repeat(const Request& request, const std::optional<StreamedBody>& body) {
    return !body && (request.method == "GET" || request.method == "HEAD" || request.method == "PUT" ||
                     request.method == "DELETE" || request.method == "OPTIONS");
}

/// Reads an answer's header while the body is still being sent. Lives as long as anyone looks at it.
struct HeadWatch {
    HeadWatch(World& world, std::shared_ptr<Conn> c, bool h) : conn(std::move(c)), head(h), bell(world) {}
    std::shared_ptr<Conn> conn;
    bool head;
    std::optional<beast::response_parser<beast::buffer_body>> parser{};
    Doorbell bell;
    bool done = false;
    error_code failure{};
    bool answered() const { return !failure || (parser && parser->got_some()) || conn->buffer.size() > 0; }
};

awaitable<void> watch_head(std::shared_ptr<HeadWatch> watch) {
    for (bool interim = true; interim;) {
        auto& parser = watch->parser.emplace();
        parser.body_limit(boost::none);
        parser.header_limit(std::uint32_t(header_bytes_max));
        if (watch->head) parser.skip(true);
        auto [unread, got] =
            co_await beast::async_read_header(watch->conn->stream, watch->conn->buffer, parser, as_tuple);
        watch->failure = unread;
        interim = !unread && parser.get().result_int() < 200 && parser.get().result_int() != 101;
    }
    watch->done = true;
    watch->bell.ring();
}

/// Closes the connection of a request that was given up.
struct Closing {
    explicit Closing(std::shared_ptr<Conn> c) : conn(std::move(c)) {}
    Closing(Closing&&) = default;
    Closing& operator=(Closing&&) = delete;
    std::shared_ptr<Conn> conn;
    ~Closing() {
        if (conn) conn->stream.close();
    }
};

template <class Buffers>
awaitable<error_code> write_in_time(World& world, Conn& conn, Buffers buffers, Duration limit, bool& late) {
    Deadline deadline(world, conn.stream, limit);
    auto [unsent, sent] = co_await asio::async_write(conn.stream, buffers, as_tuple);
    late = deadline.passed();
    co_return unsent;
}

/// How far the sending of a body came.
struct Sent {
    bool all = false, late = false;
    std::optional<Error> source_failed{};
};

awaitable<Sent> send_body(World& world, HeadWatch& watch, StreamedBody& body, Duration limit) {
    Sent out;
    while (!watch.done && !out.all) {
        const auto piece = co_await body.next();
        if (!piece) {
            out.source_failed = piece.error();
            break;
        }
        error_code unsent;
        if (!body.bytes && piece->empty())
            unsent = co_await write_in_time(world, *watch.conn, beast::make_chunk_last(), limit, out.late);
        else if (!body.bytes)
            unsent =
                co_await write_in_time(world, *watch.conn, beast::make_chunk(asio::buffer(*piece)), limit, out.late);
        else if (!piece->empty())
            unsent = co_await write_in_time(world, *watch.conn, asio::buffer(*piece), limit, out.late);
        if (unsent) break;  // there may be an answer all the same
        out.all = piece->empty();
    }
    co_return out;
}

}  // namespace

struct Client::Impl {
    World& world;
    std::map<Endpoint, std::vector<std::shared_ptr<Conn>>> idle;

    /// A connection that has rested and still looks usable; empty when there is none.
    std::shared_ptr<Conn> reuse(const Endpoint& endpoint) {
        auto& resting = idle[endpoint];
        while (!resting.empty()) {
            auto conn = std::move(resting.back());
            resting.pop_back();
            if (world.tick() - conn->idle_since < idle_max && !conn->stream.stale()) return conn;
        }
        return nullptr;
    }
    awaitable<result<std::shared_ptr<Conn>>> connect(Endpoint endpoint, Duration limit);
    void keep(const Endpoint& endpoint, std::shared_ptr<Conn> conn) {
        auto& resting = idle[endpoint];
        if (resting.size() >= idle_connections_max) return;
        conn->idle_since = world.tick();
        resting.push_back(std::move(conn));
    }
};

struct Answer::Impl {
    Client::Impl* client;
    Endpoint endpoint;
    std::shared_ptr<HeadWatch> watch;
    Closing closing;
    Url url;
    Duration limit;
    bool all_sent;
    Headers headers{};
    std::string piece{};
};

Answer::Answer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
    for (const auto& field : impl_->watch->parser->get())
        impl_->headers.add(std::string(field.name_string()), std::string(field.value()));
}
Answer::Answer(Answer&&) noexcept = default;
Answer::~Answer() = default;

int Answer::status() const { return int(impl_->watch->parser->get().result_int()); }
const Headers& Answer::headers() const { return impl_->headers; }
std::optional<std::uint64_t> Answer::bytes() const {
    if (const auto bytes = impl_->watch->parser->content_length()) return *bytes;
    return std::nullopt;
}

awaitable<result<std::string_view>> Answer::read() {
    auto& at = *impl_;
    auto& parser = *at.watch->parser;
    auto& conn = *at.watch->conn;
    at.piece.resize(piece_bytes);
    while (!parser.is_done()) {
        auto& body = parser.get().body();
        body.data = at.piece.data();
        body.size = at.piece.size();
        Deadline deadline(at.client->world, conn.stream, at.limit);
        auto [failure, used] = co_await beast::async_read_some(conn.stream, conn.buffer, parser, as_tuple);
        if (deadline.passed())
            co_return Error{errc::timed_out, fmt::format("{}: the answer stands still for {}", at.url.without_query(),
                                                         format_duration(at.limit))};
        if (failure && failure != beast::error::need_buffer) {
            auto broken = failure_of(failure, true);
            broken.message = at.url.without_query() + ": " + broken.message;
            co_return broken;
        }
        if (const auto got = at.piece.size() - body.size) co_return std::string_view(at.piece.data(), got);
    }
    // Bytes beyond the answer would be taken for the answer to the next request.
    if (at.closing.conn && at.all_sent && parser.keep_alive() && conn.buffer.size() == 0)
        at.client->keep(at.endpoint, std::exchange(at.closing.conn, nullptr));
    co_return std::string_view();
}

Client::Client(World& world) : impl_(new Impl{world, {}}) {}
Client::~Client() = default;
void Client::close_idle() { impl_->idle.clear(); }

awaitable<result<std::shared_ptr<Conn>>> Client::Impl::connect(Endpoint endpoint, Duration limit) {
    auto connected = co_await world.connect(std::move(endpoint), limit);
    if (!connected.stream) {
        const bool late = connected.failure.code == asio::error::timed_out;
        co_return Error{
            .code = late ? errc::timed_out : errc::transient, .message = connected.failure.message, .sent = false};
    }
    auto conn = std::make_shared<Conn>();
    conn->stream = std::move(connected.stream);
    co_return conn;
}

awaitable<result<Response>> Client::send(Url url, Request request, SendOptions options) {
    const Endpoint endpoint{.host = url.host,
                            .port = url.port,
                            .tls = url.tls,
                            .ca_file = options.ca_file,
                            .proxy = options.proxy,
                            .pinned_file = options.pinned_file};
    const auto message = to_beast(url, request, options.proxy);
    const Tick end = impl_->world.tick() + options.timeout;
    const auto left = [&] { return std::max<Duration>(end - impl_->world.tick(), Duration{1}); };
    for (;;) {
        auto conn = impl_->reuse(endpoint);
        const bool reused = conn != nullptr;
        if (!conn) {
            auto connected = co_await impl_->connect(endpoint, left());
            if (!connected) co_return connected.error();
            conn = std::move(*connected);
        }
        Deadline deadline(impl_->world, conn->stream, left());
        auto done = co_await exchange(*conn, message, options);
        if (deadline.passed() && !(options.status_is_enough && done.answer))
            co_return Error{errc::timed_out, fmt::format("{}: no answer in {}", route(url, options.proxy),
                                                         format_duration(options.timeout))};
        const bool stale = !done.answer && reused && !done.answered && done.answer.error().code == errc::transient;
        if (stale && options.resend) continue;
        if (!done.answer) {
            auto failure = done.answer.error();
            failure.message = route(url, options.proxy) + ": " + failure.message;
            failure.stale = stale;
            co_return failure;
        }
        if (done.keep) impl_->keep(endpoint, std::move(conn));
        co_return unpack(std::move(*done.answer), options);
    }
}

awaitable<result<Answer>> Client::open(Url url, Request head, std::optional<StreamedBody> body, OpenOptions options) {
    auto& world = impl_->world;
    const auto limit = options.step_timeout;
    const Endpoint endpoint{
        .host = url.host, .port = url.port, .tls = url.tls, .ca_file = options.ca_file, .proxy = options.proxy};
    auto conn = may_repeat(head, body) ? impl_->reuse(endpoint) : nullptr;
    const bool reused = conn != nullptr;
    if (!conn) {
        auto connected = co_await impl_->connect(endpoint, limit);
        if (!connected) co_return connected.error();
        conn = std::move(*connected);
    }
    Closing closing(conn);
    const auto where = route(url, options.proxy);
    const auto message = head_of(url, head, options, body);
    Sent sent;
    error_code unsent;
    {
        beast::request_serializer<beast::empty_body> serializer(message);
        Deadline deadline(world, conn->stream, limit);
        auto [failed, written] = co_await beast::async_write_header(conn->stream, serializer, as_tuple);
        unsent = failed;
        if (!unsent && !head.body.empty()) {
            auto [broken, more] = co_await asio::async_write(conn->stream, asio::buffer(head.body), as_tuple);
            unsent = broken;
        }
        sent.late = deadline.passed();
    }
    auto watch = std::make_shared<HeadWatch>(world, conn, head.method == "HEAD");
    asio::co_spawn(world.executor(), watch_head(watch), [](std::exception_ptr) {});
    sent.all = !unsent && !body;
    if (!unsent && body) sent = co_await send_body(world, *watch, *body, limit);
    if (sent.source_failed) co_return *sent.source_failed;
    const Tick end = world.tick() + limit;
    while (!watch->done && !sent.late && world.tick() < end) co_await watch->bell.wait(end - world.tick());
    if (!watch->done || (sent.late && watch->failure))
        co_return Error{errc::timed_out, fmt::format("{}: no answer in {}", where, format_duration(limit))};
    if (watch->failure) {
        auto failure = failure_of(watch->failure, true);
        failure.stale = reused && !watch->answered() && failure.code == errc::transient;
        failure.message = where + ": " + failure.message;
        co_return failure;
    }
    if (watch->parser->get().result_int() < 200)
        co_return Error{errc::invalid_body, where + ": the answer switches protocols"};
    co_return Answer(std::make_unique<Answer::Impl>(Answer::Impl{
        impl_.get(), endpoint, watch, Closing{std::exchange(closing.conn, nullptr)}, url, limit, sent.all}));
}

}  // namespace syncd::http
