#include "daemon/http/proxy.hpp"

#include "config/core/text.hpp"
#include "daemon/daemon.hpp"
#include "daemon/http/problem.hpp"
#include "daemon/http/proxy_headers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd {
namespace {

constexpr std::string_view prefix = "/proxy";
constexpr std::size_t kept_bytes_max = 64u << 10;  // of a request's body, so that it can be sent again after a 401
constexpr std::size_t logged_path_bytes_max = 300;
constexpr std::string_view selection_hint =
    "name the installation with x-amp-installation-id, or with x-amp-integration-name and x-amp-group-ref";

using Refusal = std::optional<http::Response>;

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

/// What is wrong with the request's own header, apart from the installation.
Refusal refuse_header(const config::Config& config, const http::Request& head) {
    if (head.method == "CONNECT" || head.method == "TRACE")
        return problem(405, "Method not allowed", head.method + " is not passed on");
    const auto version = head.headers.get("x-amp-proxy-version");
    if (!version.empty() && version != "1")
        return problem(400, "Unknown proxy version", "x-amp-proxy-version must be 1");
    const auto project = head.headers.get("x-amp-project-id");
    if (!project.empty() && project != config.project)
        return problem(404, "No such project", clean_text(project, logged_path_bytes_max));
    return std::nullopt;
}

/// The installation that the request means: the only one that fits what it says.
const config::Installation* choose(const config::Config& config, const http::Headers& headers, Refusal& refused) {
    const auto id = headers.get("x-amp-installation-id");
    const auto integration = headers.get("x-amp-integration-name"), group = headers.get("x-amp-group-ref");
    std::vector<const config::Installation*> fitting;
    for (const auto& each : config.installations) {
        const bool named =
            (integration.empty() || each.integration == integration) && (group.empty() || each.group_ref == group);
        if (id.empty() ? named : each.id == id) fitting.push_back(&each);
    }
    if (fitting.size() > 1) refused = problem(400, "Which installation?", selection_hint);
    if (fitting.empty()) refused = problem(404, "No such installation", selection_hint);
    if (fitting.size() == 1 && !fitting.front()->proxy)
        refused = problem(403, "This integration has no proxy",
                          "set proxy.enabled of " + fitting.front()->integration + " in the manifest");
    return refused ? nullptr : fitting.front();
}

bool wants_links_rewritten(const http::Headers& headers) {
    const bool bearer = headers.get("X-Api-Key").empty() && headers.get("Authorization").starts_with("Bearer ");
    return bearer || http::Headers::same(headers.get("x-amp-rewrite-links"), "true");
}

/// Tells when to come again, as Ampersand does: `Thu, 06 Mar 2025 22:09:49 UTC`.
void add_retry(http::Headers& headers, Timestamp now, std::chrono::seconds wait) {
    auto when = format_http_date(std::chrono::ceil<std::chrono::seconds>(now + wait));
    if (when.ends_with("GMT")) when.replace(when.size() - 3, 3, "UTC");
    headers.add("X-Amp-Retry-After", when);
    headers.add("X-Amp-Retryable", "true");
}

/// One request on its way through.
class Passage {
public:
    Passage(Daemon& daemon, http::Exchange& exchange) : daemon_(daemon), exchange_(exchange) {}
    awaitable<void> run();
    /// The line in the log, in any case.
    void log() const;
    void note_failure(std::string what) { broken_ = std::move(what); }

private:
    awaitable<void> pass(Connector& connector);
    /// Reads what is small enough to be kept; false when the client broke off.
    awaitable<bool> keep_body();
    awaitable<result<std::string_view>> next_piece();
    awaitable<void> pass_answer(Forwarded forwarded, const Links& links);
    awaitable<void> refuse(http::Response response);
    awaitable<void> fail(Error error);

    Daemon& daemon_;
    http::Exchange& exchange_;
    Tick began_ = daemon_.world().tick();
    std::string kept_, installation_, broken_;
    bool all_kept_ = false, rewriting_ = false, client_broke_ = false;
    int status_ = 0;
    std::uint64_t bytes_ = 0;
};

awaitable<void> Passage::run() {
    const auto& head = exchange_.head();
    auto refused = refuse_header(daemon_.config(), head);
    const auto* chosen = refused ? nullptr : choose(daemon_.config(), head.headers, refused);
    auto* service = chosen ? daemon_.installation(chosen->id) : nullptr;
    if (refused)
        co_await refuse(std::move(*refused));
    else if (!service)
        co_await refuse(problem(503, "Not ready", "the daemon is starting"));
    else {
        installation_ = chosen->id;
        co_await pass(service->connector());
    }
}

void Passage::log() const {
    const auto& head = exchange_.head();
    const auto took = daemon_.world().tick() - began_;
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    const auto path = clean_text(path_of(head.target), logged_path_bytes_max);
    const auto method = clean_text(head.method, logged_path_bytes_max);
    if (broken_.empty())
        daemon_.log().info("proxy.answered", {{"method", method},
                                              {"path", path},
                                              {"installation", installation_},
                                              {"status", status_},
                                              {"bytes", bytes_},
                                              {"duration_ms", milliseconds}});
    else
        daemon_.log().warn("proxy.broken", {{"method", method},
                                            {"path", path},
                                            {"installation", installation_},
                                            {"status", status_},
                                            {"bytes", bytes_},
                                            {"duration_ms", milliseconds},
                                            {"error", broken_}});
}

awaitable<void> Passage::refuse(http::Response response) {
    status_ = response.status;
    if (!co_await exchange_.answer(std::move(response))) broken_ = "the client is gone";
}

awaitable<void> Passage::fail(Error error) {
    auto response = problem(error);
    if (error.retry_after) {
        response.headers.add("Retry-After", std::to_string(error.retry_after->count()));
        add_retry(response.headers, daemon_.world().now(), *error.retry_after);
    }
    co_await refuse(std::move(response));
}

awaitable<bool> Passage::keep_body() {
    all_kept_ = !exchange_.has_body();
    if (exchange_.body_bytes().value_or(0) > kept_bytes_max) co_return true;
    while (!all_kept_ && kept_.size() <= kept_bytes_max) {
        const auto piece = co_await exchange_.read();
        client_broke_ = !piece;
        if (!piece) broken_ = piece.error().message;
        if (!piece) co_return false;
        all_kept_ = piece->empty();
        kept_ += *piece;
    }
    co_return true;
}

/// Of a body that is not kept: first what was read already.
awaitable<result<std::string_view>> Passage::next_piece() {
    if (!all_kept_ && !kept_.empty()) {
        all_kept_ = true;  // given
        co_return std::string_view(kept_);
    }
    auto piece = co_await exchange_.read();
    if (!piece) {
        client_broke_ = true;
        broken_ = piece.error().message;
    }
    co_return piece;
}

awaitable<void> Passage::pass(Connector& connector) {
    const auto& head = exchange_.head();
    rewriting_ = wants_links_rewritten(head.headers);
    const auto provider = http::parse_url(connector.base_url());
    if (!provider) co_return co_await fail(provider.error());
    const Links links{*provider, daemon_.downloads().public_url() + std::string(prefix)};

    if (!co_await keep_body()) co_return;
    ForwardOrder order;
    order.request.method = head.method;
    order.request.target = head.target.substr(prefix.size());
    if (!order.request.target.starts_with('/')) order.request.target.insert(0, "/");
    order.request.headers = headers_to_provider(head.headers, rewriting_);
    order.throttle = http::Headers::same(head.headers.get("x-amp-rate-limiter-mode"), "throttle");
    if (all_kept_)
        order.request.body = std::move(kept_);
    else
        order.body = http::StreamedBody{exchange_.body_bytes(), [this] { return next_piece(); }};

    auto forwarded = co_await connector.forward(std::move(order));
    if (forwarded)
        co_await pass_answer(std::move(*forwarded), links);
    else if (!client_broke_)
        co_await fail(forwarded.error());
}

awaitable<void> Passage::pass_answer(Forwarded forwarded, const Links& links) {
    auto& answer = forwarded.answer;
    const auto& headers = answer.headers();
    const bool changes = rewriting_ && is_json(headers.get("Content-Type"));
    const auto encoding = headers.get("Content-Encoding");
    if (changes && !encoding.empty() && !http::Headers::same(encoding, "identity"))
        co_return co_await fail({errc::invalid_body, "the provider packed an answer whose links are to be rewritten"});
    status_ = answer.status();
    auto passed = headers_to_client(headers, links, rewriting_, status_, changes);
    if (status_ == 429) add_retry(passed, daemon_.world().now(), forwarded.retry_after);
    LinkRewriter rewriter(links);
    bool going = co_await exchange_.start(status_, std::move(passed), changes ? std::nullopt : answer.bytes());
    for (bool end = false; going && !end;) {
        const auto piece = co_await answer.read();
        if (!piece) {  // not finishing cuts the connection: nobody takes this for the whole answer
            broken_ = piece.error().message;
            co_return;
        }
        end = piece->empty();
        bytes_ += piece->size();
        if (!changes)
            going = co_await exchange_.write(*piece);
        else
            going = co_await exchange_.write(end ? rewriter.finish() : rewriter.feed(*piece));
    }
    if (!going || !co_await exchange_.finish()) broken_ = "the client is gone";
}

}  // namespace

bool is_proxied(std::string_view target) {
    const auto path = path_of(target);
    return path == prefix || (path.starts_with(prefix) && path[prefix.size()] == '/');
}

awaitable<void> serve_proxy(Daemon& daemon, http::Exchange& exchange) {
    Passage passage(daemon, exchange);
    std::exception_ptr failure;
    try {
        co_await passage.run();
    } catch (const std::exception& broken) {  // a broken environment, or the daemon's end
        passage.note_failure(broken.what());
        failure = std::current_exception();
    }
    passage.log();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace syncd
