// The HTTP API: who may ask, and what for.
#pragma once

#include "config/config.hpp"
#include "connector/http/server.hpp"

namespace syncd {

class Daemon;

/// Who may ask: health checks and signed links need no key, all else does, where keys are configured.
http::Gate make_gate(const config::Server& server);
/// Answers what the gate let through.
http::Handler make_routes(Daemon& daemon);
/// Answers what the gate let through and is not read whole first: /proxy.
http::Streaming make_streaming(Daemon& daemon);

}  // namespace syncd
