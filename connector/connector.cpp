#include "connector/connector.hpp"

#include "connector/bentley/problem.hpp"
#include "connector/http/retry.hpp"

#include <fmt/format.h>

namespace syncd {
namespace {

constexpr std::size_t page_bytes_max = 64u << 20;
constexpr int redirects_max = 3;

const Error stopping{.code = errc::cancelled, .message = "the daemon is stopping", .sent = false};

bool is_redirect(int status) { return status == 301 || status == 302 || status == 307 || status == 308; }

/// Where a redirect leads, if the token may go there.
result<std::string> redirect_target(const http::Response& response, const http::Url& from) {
    std::string to(response.headers.get("Location"));
    if (to.starts_with("/") && !to.starts_with("//")) to = from.origin() + to;
    const auto url = http::parse_url(to);
    if (!url || url->origin() != from.origin())
        return Error{.code = errc::refused,
                     .message = fmt::format("HTTP {} redirects to another origin: not followed, the token stays at {}",
                                            response.status, from.origin()),
                     .http_status = response.status};
    return to;
}

}  // namespace

Connector::Connector(World& world, http::Client& client, const config::Provider& provider,
                     config::Connection connection, http::Budget& budget, oauth::TokenStore token_store)
    : world_(world),
      client_(client),
      provider_(provider),
      budget_(budget),
      tokens_(world, client, provider, std::move(connection), std::move(token_store)) {}

awaitable<result<void>> Connector::sign_in() {
    auto token = co_await tokens_.token();
    if (!token) co_return token.error();
    co_return result<void>();
}

Error Connector::no_token(Error error) const {
    error.sent = false;
    if (error.code == errc::unauthorized && told_) told_(error);
    return error;
}

void Connector::tell(const http::Response& answer) const {
    if (!told_) return;
    if (answer.status == 401) told_(bentley::error_of(answer));
    if (answer.status / 100 == 2) told_(std::nullopt);  // others may be a gateway's that looked at no token
}

result<http::Url> Connector::own_url(const std::string& url) const {
    auto parsed = http::parse_url(url);
    if (!parsed) return parsed.error();
    const auto base = http::parse_url(provider_.base_url);
    if (!base || parsed->origin() != base->origin())
        return Error{errc::internal, "a request would take the token to " + parsed->origin()};
    return parsed;
}

awaitable<result<http::Response>> Connector::send(http::Url url, http::Request request, const Secret& token) {
    request.headers.add("Authorization", "Bearer " + token.reveal());
    const bool once = request.method == "POST" || request.method == "PATCH";
    auto response = co_await client_.send(std::move(url), std::move(request),
                                          {.timeout = provider_.timeout,
                                           .body_bytes_max = page_bytes_max,
                                           .ca_file = provider_.ca_file,
                                           .proxy = provider_.base_proxy,
                                           .resend = false,
                                           .fresh = once});
    budget_.count_answer(response ? response->status : 0);
    co_return response;
}

awaitable<result<http::Response>> Connector::attempt(std::string url, http::Headers headers, http::Priority priority) {
    bool refreshed = false;
    for (int redirects = 0; redirects <= redirects_max;) {
        auto parsed = own_url(url);
        if (!parsed) co_return parsed.error();
        // A token first, so that as a rule nothing waits between the permit, which is stored with its minute, and the
        // request; but the wait for the permit may have outlived it.
        if (auto got = co_await tokens_.token(); !got) co_return no_token(got.error());
        auto permit = co_await budget_.acquire(priority);
        if (!permit) co_return stopping;
        auto token = co_await tokens_.token();
        if (!token) {
            permit->give_back();
            co_return no_token(token.error());
        }

        http::Request request{.method = "GET", .target = parsed->target, .headers = headers};
        auto response = co_await send(*parsed, std::move(request), *token);
        if (!response && !response.error().sent) permit->give_back();
        if (!response && response.error().stale) continue;  // another request, as the provider counts
        if (!response) co_return response.error();
        if (is_redirect(response->status)) {
            auto target = redirect_target(*response, *parsed);
            if (!target) co_return target.error();
            url = *target;
            ++redirects;
        } else if (response->status == 401 && !std::exchange(refreshed, true)) {
            tokens_.reject(*token);
        } else {
            tell(*response);
            co_return std::move(*response);
        }
    }
    co_return Error{errc::refused, "too many redirects"};
}

awaitable<Exchanged> Connector::write(http::Request request, std::string url, BeforeSend before_send) {
    auto parsed = own_url(url);
    if (!parsed) co_return Exchanged{parsed.error()};
    for (bool refreshed = false;;) {
        if (auto got = co_await tokens_.token(); !got) co_return Exchanged{no_token(got.error())};
        auto permit = co_await budget_.acquire(http::Priority::write);
        if (!permit) co_return Exchanged{stopping};
        const auto token = co_await tokens_.token();
        if (!token || !co_await before_send()) {
            permit->give_back();
            co_return Exchanged{token ? Error{errc::cancelled, "not sent"} : no_token(token.error())};
        }
        auto again = request;
        auto response = co_await send(*parsed, std::move(again), *token);
        if (!response) {
            const bool sent = response.error().sent;
            if (!sent) permit->give_back();
            co_return Exchanged{std::move(response), sent};
        }
        if (response->status == 429)
            if (const auto wait = bentley::error_of(*response).retry_after) budget_.hold(*wait);
        if (response->status != 401 || std::exchange(refreshed, true)) {
            tell(*response);
            co_return Exchanged{std::move(response), true};
        }
        tokens_.reject(*token);
    }
}

awaitable<result<http::Response>> Connector::look(http::Headers headers, std::string url) {
    return attempt(std::move(url), std::move(headers), http::Priority::write);
}

awaitable<result<http::Response>> Connector::get(std::string url, http::Headers headers, http::Priority priority,
                                                 bool missing_is_fine, OnRetry on_retry) {
    for (int tried = 1, limited = 0;;) {
        auto response = co_await attempt(url, headers, priority);
        const bool fine = response && (response->status == 200 || (missing_is_fine && response->status == 404));
        if (fine) co_return std::move(*response);
        const auto failure = response ? bentley::error_of(*response) : response.error();
        if (failure.code == errc::rate_limited) ++limited;
        if (failure.code == errc::rate_limited && failure.retry_after) budget_.hold(*failure.retry_after);
        if (!retries_) co_return failure;
        const auto wait = http::retry_wait(failure, tried, limited, world_.random());
        if (!wait) co_return failure;
        if (failure.code != errc::rate_limited) ++tried;
        on_retry(failure, *wait);
        Timer timer(world_);
        co_await timer.async_wait(*wait);
    }
}

awaitable<result<Page>> Connector::read_page(const bentley::ReadFacts& facts, std::string url, http::Priority priority,
                                             OnRetry on_retry) {
    auto response = co_await get(url, bentley::page_headers(facts), priority, false, std::move(on_retry));
    if (!response) co_return response.error();
    co_return bentley::parse_page(facts, provider_.base_url, *response, url);
}

awaitable<result<http::Response>> Connector::get_own(const bentley::ReadFacts& facts, std::string id,
                                                     http::Priority priority, OnRetry on_retry) {
    auto response = co_await get(bentley::own_url(facts, provider_.base_url, id), bentley::page_headers(facts),
                                 priority, true, std::move(on_retry));
    if (!response || response->status == 200) co_return response;
    auto error = bentley::error_of(*response);
    if (bentley::is_missing_route(*response, error)) {
        error.code = errc::refused;
        co_return error;
    }
    co_return response;
}

awaitable<result<bool>> Connector::exists(const bentley::ReadFacts& facts, std::string id, http::Priority priority,
                                          OnRetry on_retry) {
    auto response = co_await get_own(facts, std::move(id), priority, std::move(on_retry));
    if (!response) co_return response.error();
    co_return response->status == 200;
}

awaitable<result<std::optional<Record>>> Connector::read_own(const bentley::ReadFacts& facts, std::string id,
                                                             http::Priority priority, OnRetry on_retry) {
    auto response = co_await get_own(facts, std::move(id), priority, std::move(on_retry));
    if (!response) co_return response.error();
    if (response->status != 200) co_return std::optional<Record>();
    auto record = bentley::parse_own(facts, *response);
    if (!record) co_return record.error();
    co_return std::optional(std::move(*record));
}

}  // namespace syncd
