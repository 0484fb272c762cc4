// The pass-through proxy: the provider's API with a connection's token, streamed both ways.
#pragma once

#include "connector/http/server.hpp"

#include <string_view>

namespace syncd {

class Daemon;

/// Whether a request's target lies under /proxy.
bool is_proxied(std::string_view target);
/// Passes the request on for the installation that it names, and the answer back.
awaitable<void> serve_proxy(Daemon& daemon, http::Exchange& exchange);

}  // namespace syncd
