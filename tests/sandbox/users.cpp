#include "tests/sandbox/users.hpp"

#include "tests/sandbox/signature.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace syncd::sandbox {
namespace {

constexpr Duration code_lifetime = std::chrono::minutes{5};
constexpr std::size_t challenge_characters = 43, verifier_characters_max = 128;

http::Response page(int status, std::string_view body) {
    return {status,
            {{"Content-Type", "text/html; charset=utf-8"}, {"Cache-Control", "no-store"}},
            fmt::format("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sandbox sign-in</title>"
                        "</head><body style=\"font:16px sans-serif;max-width:32rem;margin:4rem auto\">{}</body></html>",
                        body)};
}

std::string escape(std::string_view text) {
    std::string out;
    for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '"' ? "&quot;" : std::string(1, c);
    return out;
}

std::string encode(std::string_view text) {
    std::string out;
    for (const char each : text) {
        const auto c = static_cast<unsigned char>(each);
        const bool plain = std::isalnum(c) || c == '-' || c == '_' || c == '.';
        out += plain ? std::string(1, each) : fmt::format("%{:02X}", c);
    }
    return out;
}

std::string base64url(std::string text) {
    while (text.ends_with('=')) text.pop_back();
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    return text;
}

std::string s256(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
    return base64url(to_base64({reinterpret_cast<const char*>(digest.data()), size}));
}

http::Response back(const Call& asked, const std::string& parameters) {
    auto to = asked.get("redirect_uri").value_or("");
    to += (to.find('?') == std::string::npos ? "?" : "&") + parameters;
    if (const auto state = asked.get("state")) to += "&state=" + encode(*state);
    return {302, {{"Location", to}, {"Cache-Control", "no-store"}}, ""};
}

constexpr std::string_view asked_fields[] = {"response_type", "client_id",      "redirect_uri",         "scope",
                                             "state",         "code_challenge", "code_challenge_method"};

http::Response ask(const Call& asked) {
    std::string hidden;
    for (const auto name : asked_fields)
        if (const auto value = asked.get(name))
            hidden += fmt::format("<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, escape(*value));
    return page(200, fmt::format("<h1>Sandbox sign-in</h1><p><b>{}</b> wants to use your account: {}</p>"
                                 "<form method=\"post\" action=\"{}\">{}"
                                 "<button name=\"decision\" value=\"allow\">Allow</button> "
                                 "<button name=\"decision\" value=\"deny\">Deny</button></form>",
                                 escape(asked.get("client_id").value_or("")),
                                 escape(asked.get("scope").value_or("nothing")), authorize_path, hidden));
}

}  // namespace

std::string Users::make(std::string_view kind) {
    return base64url(to_base64(sign_bytes(std::to_string(seed_), fmt::format("{} {}", kind, ++made_))));
}

http::Response Users::authorize(const Call& call, const std::set<std::string>& clients) {
    Call asked = call;
    if (call.method == "POST") asked.parameters = parse_parameters(call.body);
    const auto client = asked.get("client_id").value_or(""), redirect = asked.get("redirect_uri").value_or("");
    if (!clients.contains(client)) return page(400, "<h1>Unknown client</h1>");
    if (!redirect.starts_with("http://") && !redirect.starts_with("https://"))
        return page(400, "<h1>redirect_uri is not absolute</h1>");
    if (asked.get("response_type") != "code") return back(asked, "error=unsupported_response_type");
    const auto challenge = asked.get("code_challenge").value_or("");
    if (asked.get("code_challenge_method") != "S256" || challenge.size() != challenge_characters)
        return back(asked, "error=invalid_request&error_description=PKCE%20with%20S256%20is%20required");
    const auto decision = call.method == "POST" ? asked.get("decision").value_or("") : "";
    if (decision == "deny") return back(asked, "error=access_denied");
    if (decision != "allow") return ask(asked);
    const auto code = make("code");
    codes_[code] = {client, redirect, challenge, asked.get("scope").value_or(""), world_.tick() + code_lifetime};
    return back(asked, "code=" + code);
}

Users::Redeemed Users::redeem_code(const Call& form, const std::string& client_id) {
    const auto found = codes_.find(form.get("code").value_or(""));
    if (found == codes_.end()) return {"invalid_grant", ""};
    auto& code = found->second;
    const auto verifier = form.get("code_verifier").value_or("");
    const bool used = code.family != 0;
    if (used) ended_.insert(code.family);  // RFC 6749, 4.1.2: what it gave is revoked
    const bool good = !used && world_.tick() < code.ends && code.client_id == client_id &&
                      form.get("redirect_uri") == code.redirect_uri && verifier.size() >= challenge_characters &&
                      verifier.size() <= verifier_characters_max && s256(verifier) == code.challenge;
    if (!good) return {"invalid_grant", ""};
    code.family = ++families_;
    return {"", has_word(code.scope, "offline_access") ? new_refresh_token(client_id, code.family) : ""};
}

Users::Redeemed Users::refresh(const Call& form, const std::string& client_id) {
    const auto given = form.get("refresh_token").value_or("");
    const auto found = refresh_tokens_.find(given);
    if (found == refresh_tokens_.end() || found->second.client_id != client_id) return {"invalid_grant", ""};
    auto& token = found->second;
    const bool again = token.used_at && world_.tick() - *token.used_at >= grace_;
    if (again) ended_.insert(token.family);  // somebody else may have it
    if (ended_.contains(token.family)) return {"invalid_grant", ""};
    if (!rotates_) return {"", ""};
    if (!token.used_at) token.used_at = world_.tick();
    return {"", new_refresh_token(client_id, token.family)};
}

std::string Users::new_refresh_token(const std::string& client_id, std::uint64_t family) {
    auto token = make("refresh");
    refresh_tokens_[token] = {client_id, family, std::nullopt};
    return token;
}

void Users::revoke() {
    for (std::uint64_t family = 1; family <= families_; ++family) ended_.insert(family);
}

}  // namespace syncd::sandbox
