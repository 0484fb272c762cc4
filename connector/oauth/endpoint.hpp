// The provider's OAuth endpoints: the page where a user consents, and the one that gives tokens.
#pragma once

#include "config/config.hpp"
#include "config/core/error.hpp"
#include "connector/http/client.hpp"

#include <optional>
#include <string>

namespace syncd::oauth {

inline constexpr const char* credentials_hint = "; check clientId, clientSecret and scopes";

/// What the token endpoint gave.
struct Issued {
    Secret access_token;
    std::optional<Secret> refresh_token;
    Duration lifetime{};  // of the access token, from when it was asked for
};

/// `name=value&…`, encoded; empty values are left out.
std::string encode_form(std::initializer_list<std::pair<const char*, std::string_view>> fields);
/// The connection's scopes, separated by spaces.
std::string scope_of(const config::Connection& connection);

/// Where a user's browser is sent to consent. PKCE with S256; asks for offline_access beside the configured scopes,
/// and for the user's consent to that.
std::string consent_url(const config::Provider& provider, const config::Connection& connection,
                        const std::string& redirect_uri, const Secret& state, const std::string& challenge);

/// Posts a form. Errors: unauthorized (the endpoint refuses; `needs_consent` for invalid_grant), else transport's.
/// `form` holds secrets: it goes nowhere but there.
awaitable<result<Issued>> ask_for_token(http::Client& client, const config::Provider& provider, std::string form);

}  // namespace syncd::oauth
