#include "tests/sandbox/tokens.hpp"

#include "config/core/json.hpp"
#include "tests/sandbox/problem.hpp"
#include "tests/sandbox/signature.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::sandbox {
namespace {

struct Client {
    std::string id, secret;
};

std::string value_of(const std::vector<Parameter>& form, std::string_view name) {
    const auto found = std::ranges::find(form, name, &Parameter::name);
    return found == form.end() ? std::string() : found->value;
}

/// From HTTP Basic (both parts form-encoded, RFC 6749 2.3.1), else from the body.
std::optional<Client> client_of(std::string_view authorization, const std::vector<Parameter>& form) {
    constexpr std::string_view basic = "Basic ";
    if (!authorization.starts_with(basic)) return Client{value_of(form, "client_id"), value_of(form, "client_secret")};
    const auto pair = from_base64(authorization.substr(basic.size()));
    const auto colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) return std::nullopt;
    return Client{percent_decode(pair->substr(0, colon)), percent_decode(pair->substr(colon + 1))};
}

std::string_view bearer(std::string_view authorization) {
    constexpr std::string_view scheme = "Bearer ";
    return authorization.size() > scheme.size() && same_text(authorization.substr(0, scheme.size()), scheme)
               ? authorization.substr(scheme.size())
               : std::string_view{};
}

}  // namespace

Tokens::Tokens(World& world, std::uint64_t seed, std::string client_id, std::string client_secret, Duration lifetime)
    : world_(world), seed_(seed), client_id_(std::move(client_id)), client_secret_(std::move(client_secret)),
      lifetime_(lifetime), users_(world, seed) {}

http::Response Tokens::refuse(int status, std::string_view error) {
    ++refused_;
    auto response = json_response(status, fmt::format(R"({{"error":"{}"}})", error));
    if (status == 401) response.headers.add("WWW-Authenticate", "Basic realm=\"ims\"");
    return response;
}

http::Response Tokens::issue(const Call& call) {
    if (call.method != "POST") return refuse(405, "invalid_request");
    if (!call.headers.get("Content-Type").starts_with("application/x-www-form-urlencoded"))
        return refuse(400, "invalid_request");
    const auto authorization = call.headers.get("Authorization");
    const auto form = parse_parameters(call.body);
    const auto client = client_of(authorization, form);
    const auto type = value_of(form, "grant_type");
    ++grants_[type];
    const bool is_public = client && client->id == public_client && client->secret.empty();
    if (!client || (!is_public && (client->id != client_id_ || client->secret != client_secret_)))
        return refuse(authorization.empty() ? 400 : 401, "invalid_client");
    if (type == "authorization_code" || type == "refresh_token")
        return grant_of_user(type, Call{.parameters = form}, client->id);
    if (is_public) return refuse(400, "unauthorized_client");
    if (type != "client_credentials") return refuse(400, "unsupported_grant_type");
    const auto scope = value_of(form, "scope");
    for (const auto word : split_words(scope))
        if (has_word("openid email profile organization offline_access", word)) return refuse(400, "invalid_scope");
    return grant_access("itwin-platform", "");
}

http::Response Tokens::authorize(const Call& call) {
    return users_.authorize(call, {client_id_, std::string(public_client)});
}

http::Response Tokens::grant_of_user(const std::string& type, const Call& form, const std::string& client_id) {
    const auto redeemed = type == "refresh_token" ? users_.refresh(form, client_id) : users_.redeem_code(form, client_id);
    if (!redeemed.error.empty()) return refuse(400, redeemed.error);
    return grant_access("itwin-platform offline_access", redeemed.refresh_token);
}

std::string Tokens::describe_grants() const {
    std::string list;
    for (const auto& [type, count] : grants_)
        list += fmt::format("{}{}:{}", list.empty() ? "" : ",", json::quote(type), count);
    return "{" + list + "}";
}

http::Response Tokens::grant_access(const std::string& scope, const std::string& refresh_token) {
    ++issued_;
    const auto token = fmt::format("sbx.{}", to_base64(sign_bytes(std::to_string(seed_), std::to_string(issued_))));
    expiry_[token] = world_.tick() + lifetime_;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(lifetime_).count();
    auto response = json_response(
        200, fmt::format(R"({{"access_token":"{}","expires_in":{},"token_type":"Bearer","scope":"{}"{}}})", token,
                         seconds, scope,
                         refresh_token.empty() ? "" : fmt::format(R"(,"refresh_token":"{}")", refresh_token)));
    response.headers.add("Cache-Control", "no-store");
    return response;
}

std::optional<http::Response> Tokens::refusal(const Call& call) const {
    const auto authorization = call.headers.get("Authorization");
    if (authorization.empty())
        return problem(401, "HeaderNotFound",
                       "Header Authorization was not found in the request. Access denied.");
    const auto token = bearer(authorization);
    if (token.empty())
        return problem(401, "InvalidAuthorizationScheme",
                       "Authorization scheme is not valid, the expected one is Bearer. Access denied.");
    const auto found = expiry_.find(token);
    if (found == expiry_.end()) return problem(401, "InvalidToken", "Access token is not valid. Access denied.");
    if (found->second <= world_.tick()) return problem(401, "TokenExpired", "Access token has expired. Access denied.");
    return std::nullopt;
}

bool Tokens::knows(std::string_view authorization) const {
    const auto token = bearer(authorization);
    return !token.empty() && expiry_.contains(token);
}

void Tokens::revoke_all() {
    for (auto& [token, expiry] : expiry_) expiry = Tick::min();
}

}  // namespace syncd::sandbox
