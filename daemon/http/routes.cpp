#include "daemon/http/routes.hpp"

#include "config/core/text.hpp"
#include "config/url.hpp"
#include "connector/http/url.hpp"
#include "daemon/commands.hpp"
#include "daemon/daemon.hpp"
#include "daemon/http/connect.hpp"
#include "daemon/http/problem.hpp"
#include "daemon/http/proxy.hpp"
#include "daemon/http/read_api.hpp"
#include "daemon/http/write_api.hpp"
#include "daemon/http/router.hpp"
#include "daemon/signature.hpp"
#include "daemon/http/session.hpp"

#include <boost/asio/error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace syncd {
namespace {

constexpr std::string_view control_prefix = "/control/";
constexpr std::string_view downloads_prefix = "/downloads/";
constexpr std::size_t form_digits_max = 4;  // of its Content-Length
constexpr std::size_t logged_bytes_max = 300;

bool has_key(const config::Server& server, const http::Request& request) {
    std::string given(request.headers.get("X-Api-Key"));
    constexpr std::string_view bearer = "Bearer ";
    const auto authorization = request.headers.get("Authorization");
    if (given.empty() && http::Headers::same(authorization.substr(0, bearer.size()), bearer))
        given = authorization.substr(bearer.size());
    return is_api_key(server, given);
}

/// With no keys configured, a page in a browser must not reach us under a name of its own.
bool is_our_host(const config::Server& server, std::string_view host) {
    const auto url = http::parse_url("http://" + std::string(host));
    if (!url) return false;
    const auto ours = http::parse_url(server.public_url);
    return config::is_loopback(url->host) || (ours && url->host == ours->host);
}

struct Target {
    std::string path, query;
};

Target split(const std::string& target) {
    const auto question = target.find('?');
    return {target.substr(0, question), question == std::string::npos ? "" : target.substr(question + 1)};
}

bool is_health_check(const std::string& path) { return path == "/healthz" || path == "/readyz"; }
bool reads(const http::Request& request) { return request.method == "GET" || request.method == "HEAD"; }

/// What needs no key: health checks, and links that carry their own signature.
bool is_open(const http::Request& request, const std::string& path) {
    return reads(request) && (is_health_check(path) || path.starts_with(downloads_prefix));
}

/// Whether the body is of that media type, whatever its parameters.
bool has_type(const http::Request& request, std::string_view type) {
    auto given = request.headers.get("Content-Type");
    given = given.substr(0, given.find(';'));
    while (given.ends_with(' ') || given.ends_with('\t')) given.remove_suffix(1);
    return http::Headers::same(given, type);
}

/// What asks for a session or a signed link by itself: pages, and the form that opens a session.
bool is_page(const http::Request& request, const std::string& path) {
    return is_connect_path(path) || (is_session_path(path) && request.method == "POST");
}

/// A form is read whole before anybody knows who sent it.
bool is_small_form(const http::Request& request) {
    const auto length = request.headers.get("Content-Length");
    return length.size() <= form_digits_max && !length.empty() &&
           has_type(request, "application/x-www-form-urlencoded");
}

bool has_body(const http::Request& request) {
    const auto length = request.headers.get("Content-Length");
    return !length.empty() ? length != "0" : request.headers.has("Transfer-Encoding");
}

/// Who may not ask at all, and why.
std::optional<http::Response> stranger(const config::Server& server, const http::Request& request, bool page) {
    const auto host = request.headers.get("Host");
    if (server.api_keys.empty() && !is_our_host(server, host))
        return problem(403, "This is not the name of this server",
                       fmt::format("the Host {} is neither a loopback address nor the host of server.publicUrl ({}); "
                                   "without server.apiKeys no other is answered",
                                   clean_text(host, logged_bytes_max), server.public_url));
    if (server.api_keys.empty() || page || has_key(server, request)) return std::nullopt;
    auto refused = problem(401, "An API key is needed", "send it as X-Api-Key or Authorization: Bearer");
    refused.headers.add("WWW-Authenticate", "Bearer");
    return refused;
}

/// Refuses on the header alone, before a body is read.
std::optional<http::Response> refusal(const config::Server& server, const http::Request& request) {
    const auto path = split(request.target).path;
    const auto unwanted = [&] {  // a body would be read whole before anybody knows who sent it
        return has_body(request) ? std::optional(problem(413, "No body is expected")) : std::nullopt;
    };
    if (is_open(request, path)) return unwanted();
    if (is_health_check(path)) {
        auto refused = problem(405, "This route takes GET, HEAD");
        refused.headers.add("Allow", "GET, HEAD");
        return refused;
    }
    const bool page = is_page(request, path);
    if (auto refused = stranger(server, request, page)) return refused;
    const auto origin = http::parse_url(request.headers.get("Origin"));
    if (request.headers.has("Origin") && (!origin || !is_our_host(server, origin->authority())))
        return problem(403, "Requests of other sites' pages are refused");
    if (page && request.method == "POST")
        return is_small_form(request) ? std::nullopt : std::optional(problem(415, "The body must be a short form"));
    if (page) return unwanted();
    // A page in a browser can post to us, but then its Origin comes along, which was looked at above.
    if (is_proxied(request.target)) return std::nullopt;
    if (request.method == "POST" && has_body(request) && !has_type(request, "application/json"))
        return problem(415, "The body must be application/json");
    return std::nullopt;
}

awaitable<http::Response> serve_download(Daemon& daemon, std::string id, std::string query) {
    if (!daemon.downloads().is_valid(id, query, daemon.world().now()))
        co_return problem(403, "This link is not valid or no longer",
                          "a link works for 15 minutes; the next attempt has a new one");
    auto results = co_await daemon.store().results_of(id);
    if (!results) co_return problem(404, "No such delivery");
    co_return json_response(200, std::move(*results));
}

awaitable<http::Response> handle(Daemon& daemon, Api& api, http::Request request) {
    const auto [path, query] = split(request.target);
    if (path == "/healthz") co_return http::Response{200, {{"Content-Type", "text/plain"}}, "ok\n"};
    if (path == "/readyz") {
        const auto why = daemon.not_ready();
        co_return why.empty() ? http::Response{200, {{"Content-Type", "text/plain"}}, "ready\n"}
                              : problem(503, "Not ready", why);
    }
    if (path.starts_with(downloads_prefix))
        co_return co_await serve_download(daemon, path.substr(downloads_prefix.size()), query);
    if (is_connect_path(path)) co_return co_await serve_connect(daemon, std::move(request), path, query);
    if (is_session_path(path) && request.method == "POST") co_return open_session(daemon, request);
    if (path.starts_with(control_prefix) && request.method == "POST") {
        auto answer = co_await run_command(daemon, path.substr(control_prefix.size()), request.body);
        co_return answer ? json_response(200, *answer) : problem(answer.error());
    }
    if (auto answer = co_await serve_read_api(daemon, request, path)) co_return std::move(*answer);
    if (auto answer = co_await serve_write_api(daemon, request, path)) co_return std::move(*answer);
    if (auto answer = co_await serve_api(api, request)) co_return std::move(*answer);
    co_return problem(404, "No such route", request.method + " " + path);
}

/// What went wrong is ours to know: in the log, without the query, which may hold what is secret.
awaitable<http::Response> answer(Daemon& daemon, std::shared_ptr<Api> api, http::Request request) {
    const auto method = clean_text(request.method, logged_bytes_max);
    const auto path = clean_text(split(request.target).path, logged_bytes_max);
    try {
        co_return co_await handle(daemon, *api, std::move(request));
    } catch (const boost::system::system_error& broken) {
        if (broken.code() == asio::error::operation_aborted) throw;  // cut by a stop
        daemon.log().error("api.broken", {{"method", method}, {"path", path}, {"error", broken.what()}});
    } catch (const std::exception& broken) {
        daemon.log().error("api.broken", {{"method", method}, {"path", path}, {"error", broken.what()}});
    }
    co_return problem(500, "Internal error");
}

}  // namespace

std::string with_port(const std::string& host, std::uint16_t port) {
    return fmt::format("{}:{}", host.find(':') == std::string::npos ? host : "[" + host + "]", port);
}

std::unique_ptr<Acceptor> listen_on(World& world, const config::Server& server) {
    Endpoint endpoint{.host = server.host, .port = server.port, .tls = server.tls.has_value()};
    if (server.tls) {
        endpoint.certificate_file = server.tls->certificate_file;
        endpoint.key_file = server.tls->key_file;
    }
    try {
        return world.listen(std::move(endpoint));
    } catch (const boost::system::system_error& refused) {
        throw std::runtime_error(fmt::format("listening on {}: {}; set server.listen to another address",
                                             with_port(server.host, server.port), refused.code().message()));
    }
}

http::Gate make_gate(const config::Server& server) {
    return [&server](const http::Request& request) { return refusal(server, request); };
}

http::Handler make_routes(Daemon& daemon) {
    return [&daemon, api = std::make_shared<Api>(daemon)](http::Request request) {
        return answer(daemon, api, std::move(request));
    };
}

http::Streaming make_streaming(Daemon& daemon) {
    return {[](const http::Request& head) { return is_proxied(head.target); },
            [&daemon](http::Exchange& exchange) { return serve_proxy(daemon, exchange); }};
}

}  // namespace syncd
