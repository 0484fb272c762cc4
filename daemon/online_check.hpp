// Whether the provider answers as the configuration needs it: a token, then the smallest page of every scheduled
// object.
#pragma once

#include "config/config.hpp"
#include "connector/bentley/catalog.hpp"
#include "connector/world/world.hpp"

#include <string>
#include <vector>

namespace syncd {

struct OnlineResult {
    std::string installation_id;
    std::string object;  // empty: the token
    bool success = false;
    std::string result;  // what was read, or the error as the provider gave it
};

/// Asks for every installation's objects that are not disabled. One attempt each.
awaitable<std::vector<OnlineResult>> check_online(World& world, const config::Config& config,
                                                  const bentley::Catalog& catalog, std::string installation_id);

}  // namespace syncd
