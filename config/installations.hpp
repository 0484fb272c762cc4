// The installations of the configuration: who they are, how they connect, what is read for them.
#pragma once

#include "config/config.hpp"
#include "config/destinations.hpp"
#include "config/load.hpp"
#include "config/read_manifest.hpp"
#include "config/yaml.hpp"

#include <string>
#include <vector>

namespace syncd::config {

std::vector<Installation> read_installations(const Value& value, const std::string& project, const Manifests& manifests,
                                             const Destinations& destinations, const KnownObjects& known);

/// A digest of everything that shapes the installation's messages. Pure.
std::string message_digest(const std::string& project, const Installation& installation);

}  // namespace syncd::config
