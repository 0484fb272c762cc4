// The HTTP API: where it is, who may ask, and what for.
#pragma once

#include "config/config.hpp"
#include "connector/http/server.hpp"

namespace syncd {

class Daemon;

/// `host:port`, an IPv6 address in brackets.
std::string with_port(const std::string& host, std::uint16_t port);
/// Takes the configured address; throws, naming it or the file of TLS, when that can't be had.
std::unique_ptr<Acceptor> listen_on(World& world, const config::Server& server);
/// Who may ask: health checks and signed links need no key, all else does, where keys are configured.
http::Gate make_gate(const config::Server& server);
/// Answers what the gate let through.
http::Handler make_routes(Daemon& daemon);
/// Answers what the gate let through and is not read whole first: /proxy.
http::Streaming make_streaming(Daemon& daemon);

}  // namespace syncd
