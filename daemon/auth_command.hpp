// `auth login` and `auth logout`, done by the process that holds the database.
#pragma once

#include "config/core/error.hpp"
#include "connector/world/world.hpp"

#include <string>

namespace syncd {

class Daemon;

/// `login` -> {installationId, url, serves}: the signed link; `serves`: this process answers it.
/// Errors: invalid_input when no user signs in to that installation; with an empty id: when it is not the only one.
awaitable<result<std::string>> auth_login(Daemon& daemon, std::string installation_id);
/// `logout` -> {installationId, forgotten}: whether there were tokens.
awaitable<result<std::string>> auth_logout(Daemon& daemon, std::string installation_id);

}  // namespace syncd
