#include "connector/oauth/endpoint.hpp"

#include "config/core/json.hpp"
#include "config/core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace syncd::oauth {
namespace {

constexpr std::int64_t lifetime_default_s = 3600;  // when the answer does not say
constexpr std::size_t answer_bytes_max = 256u << 10;

std::optional<std::string> member(const std::string& body, const char* name) {
    const auto value = json::find(body, name);
    return value ? json::as_text(*value) : std::nullopt;
}

/// What the endpoint says is wrong: RFC 6749's error and error_description.
std::string explain(const http::Response& response) {
    std::string why = fmt::format("HTTP {}", response.status);
    if (!json::validate(response.body)) return why;
    for (const char* name : {"error", "error_description"})
        if (const auto text = member(response.body, name)) why += ", " + clean_text(*text, 300);
    return why;
}

bool is_invalid_grant(const http::Response& response) {
    return json::validate(response.body) && member(response.body, "error") == "invalid_grant";
}

Error refuse(const http::Response& response, const std::string& where) {
    const bool ours = response.status == 400 || response.status == 401 || response.status == 403;
    const auto code = ours ? errc::unauthorized : response.status == 429 ? errc::rate_limited : errc::transient;
    const bool ended = ours && is_invalid_grant(response);
    const auto hint = ours && !ended ? credentials_hint : "";
    return {.code = code,
            .message = fmt::format("{} gave no token: {}{}", where, explain(response), hint),
            .http_status = response.status,
            .needs_consent = ended};
}

}  // namespace

std::string encode_form(std::initializer_list<std::pair<const char*, std::string_view>> fields) {
    std::string form;
    for (const auto& [name, value] : fields)
        if (!value.empty()) form += (form.empty() ? "" : "&") + std::string(name) + "=" + http::percent_encode(value);
    return form;
}

std::string scope_of(const config::Connection& connection) {
    std::string scopes;
    for (const auto& scope : connection.scopes) scopes += (scopes.empty() ? "" : " ") + scope;
    return scopes;
}

std::string consent_url(const config::Provider& provider, const config::Connection& connection,
                        const std::string& redirect_uri, const Secret& state, const std::string& challenge) {
    auto scope = scope_of(connection);
    if (std::ranges::find(connection.scopes, "offline_access") == connection.scopes.end())
        scope += (scope.empty() ? "" : " ") + std::string("offline_access");
    // OpenID Connect Core, 11: without it, offline_access is to be ignored. The configuration may ask for more.
    const auto prompt = provider.authorize_url.find("prompt=") == std::string::npos ? "consent" : "";
    const auto query = encode_form({{"response_type", "code"},
                                    {"client_id", connection.client_id},
                                    {"redirect_uri", redirect_uri},
                                    {"scope", scope},
                                    {"state", state.reveal()},
                                    {"code_challenge", challenge},
                                    {"code_challenge_method", "S256"},
                                    {"prompt", prompt}});
    return provider.authorize_url + (provider.authorize_url.find('?') == std::string::npos ? "?" : "&") + query;
}

awaitable<result<Issued>> ask_for_token(http::Client& client, const config::Provider& provider, std::string form) {
    auto url = http::parse_url(provider.token_url);
    if (!url) co_return url.error();
    http::Request request{.method = "POST", .body = std::move(form)};
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.headers.add("Accept", "application/json");
    const http::SendOptions options{.timeout = provider.timeout,
                                    .body_bytes_max = answer_bytes_max,
                                    .ca_file = provider.ca_file,
                                    .proxy = provider.token_proxy};
    auto response = co_await client.send(*url, std::move(request), options);
    if (!response) co_return response.error();
    if (response->status != 200) co_return refuse(*response, url->without_query());

    const Error useless{errc::transient, url->without_query() + " answered 200 without an access_token"};
    if (!json::validate(response->body)) co_return useless;
    const auto value = json::find(response->body, "access_token");
    const auto token = value ? json::as_string(*value) : std::nullopt;
    if (!token || token->empty()) co_return useless;

    std::int64_t lifetime_s = lifetime_default_s;
    if (const auto text = member(response->body, "expires_in"))
        std::from_chars(text->data(), text->data() + text->size(), lifetime_s);
    Issued issued{.access_token = Secret(*token),
                  .lifetime = std::chrono::seconds{std::clamp<std::int64_t>(lifetime_s, 1, 7 * 86400)}};
    if (const auto refresh = json::find(response->body, "refresh_token"))
        if (const auto text = json::as_string(*refresh); text && !text->empty()) issued.refresh_token = Secret(*text);
    co_return issued;
}

}  // namespace syncd::oauth
