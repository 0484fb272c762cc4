// Which HTTP proxy the requests to the provider take: the one of the configuration, else the environment's.
#pragma once

#include "config/config.hpp"
#include "config/yaml.hpp"

namespace syncd::config {

/// Settles base_proxy and token_proxy; the URLs must have been read. `value`, when it says anything, counts for both.
/// Else HTTPS_PROXY does, for each that is https, is not this machine and is not named in NO_PROXY. That is a list of
/// hosts, which cover their subdomains, with or without a port; `*` is all; an address matches as it is spelled.
void read_proxy(const Value& value, const Surroundings& surroundings, Provider& provider);

}  // namespace syncd::config
