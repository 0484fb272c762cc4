// The way of a user to the provider and back: consent with an authorization code and PKCE.
#pragma once

#include "config/config.hpp"
#include "config/core/error.hpp"
#include "connector/world/world.hpp"

#include <string>

namespace syncd {

class Daemon;

/// What the provider's answer carries in the query of our redirect URI.
struct ConsentAnswer {
    Secret state, code;
    std::string error, error_description;  // instead of a code
};

/// `PUBLIC_URL/oauth/callback`: what must be registered at the provider.
std::string redirect_uri(const Daemon& daemon);

/// The installation of that id that users sign in to; null when there is none.
const config::Installation* find_user_installation(const config::Config& config, const std::string& id);

/// Begins an authorization that only the browser with this secret may end; where to send it.
awaitable<std::string> begin_consent(Daemon& daemon, const config::Installation& installation, Secret browser);

/// Ends it: the installation whose tokens are now kept. Errors: invalid_input (no authorization of this browser is
/// under way: to be begun again), refused (the user or the provider said no, in its words), else redeem()'s.
awaitable<result<const config::Installation*>> end_consent(Daemon& daemon, ConsentAnswer answer, Secret browser);

}  // namespace syncd
