#include "connector/oauth/token.hpp"

#include "config/core/json.hpp"
#include "config/core/text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace syncd::oauth {
namespace {

constexpr Duration renew_before = std::chrono::seconds{60};
constexpr std::int64_t lifetime_default_s = 3600;  // when the answer does not say
constexpr std::size_t answer_bytes_max = 256u << 10;

std::string form(const config::Connection& connection) {
    std::string scopes;
    for (const auto& scope : connection.scopes) scopes += (scopes.empty() ? "" : " ") + scope;
    return "grant_type=client_credentials&client_id=" + http::percent_encode(connection.client_id) +
           "&client_secret=" + http::percent_encode(connection.client_secret.reveal()) +
           "&scope=" + http::percent_encode(scopes);
}

/// What the endpoint says is wrong: RFC 6749's error and error_description.
std::string explain(const http::Response& response) {
    std::string why = fmt::format("HTTP {}", response.status);
    if (!json::validate(response.body)) return why;
    for (const char* name : {"error", "error_description"})
        if (const auto value = json::find(response.body, name))
            if (const auto text = json::as_text(*value)) why += ", " + clean_text(*text, 300);
    return why;
}

Error refuse(const http::Response& response, const std::string& where) {
    const bool ours = response.status == 400 || response.status == 401 || response.status == 403;
    const auto code = ours ? errc::unauthorized : response.status == 429 ? errc::rate_limited : errc::transient;
    const auto hint = ours ? "; check clientId, clientSecret and scopes" : "";
    return {.code = code,
            .message = fmt::format("{} gave no token: {}{}", where, explain(response), hint),
            .http_status = response.status};
}

}  // namespace

TokenSource::TokenSource(World& world, http::Client& client, const config::Provider& provider,
                         config::Connection connection)
    : world_(world), client_(client), provider_(provider), connection_(std::move(connection)), mutex_(world) {}

awaitable<result<Secret>> TokenSource::token() {
    const auto guard = co_await mutex_.lock();
    if (!token_.empty() && world_.tick() < renew_at_) co_return token_;
    if (auto fetched = co_await fetch(); !fetched) co_return fetched.error();
    co_return token_;
}

void TokenSource::reject(const Secret& token) {
    if (token_ == token) token_ = Secret();
}

awaitable<result<void>> TokenSource::fetch() {
    token_ = Secret();
    auto url = http::parse_url(provider_.token_url);
    if (!url) co_return url.error();
    http::Request request{.method = "POST", .body = form(connection_)};
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.headers.add("Accept", "application/json");
    const http::SendOptions options{.timeout = provider_.timeout,
                                    .body_bytes_max = answer_bytes_max,
                                    .ca_file = provider_.ca_file,
                                    .proxy = provider_.token_proxy};
    const auto sent_at = world_.tick();
    auto response = co_await client_.send(*url, std::move(request), options);
    if (!response) co_return response.error();
    if (response->status != 200) co_return refuse(*response, url->without_query());

    const Error useless{errc::transient, url->without_query() + " answered 200 without an access_token"};
    if (!json::validate(response->body)) co_return useless;
    const auto value = json::find(response->body, "access_token");
    const auto token = value ? json::as_string(*value) : std::nullopt;
    if (!token || token->empty()) co_return useless;

    std::int64_t lifetime_s = lifetime_default_s;
    if (const auto expires = json::find(response->body, "expires_in"))
        if (const auto text = json::as_text(*expires))
            std::from_chars(text->data(), text->data() + text->size(), lifetime_s);
    const Duration lifetime = std::chrono::seconds{std::clamp<std::int64_t>(lifetime_s, 1, 7 * 86400)};
    renew_at_ = sent_at + lifetime - std::min(renew_before, lifetime / 4);
    token_ = Secret(*token);
    co_return result<void>();
}

}  // namespace syncd::oauth
