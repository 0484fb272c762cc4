// How an HTTP proxy is asked for a tunnel to an origin, and whether it gave one (CONNECT, RFC 9110, 9.3.6). Pure: the
// World moves the bytes.
#pragma once

#include "connector/world/world.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace syncd {

/// The value of Proxy-Authorization.
std::string basic_authorization(const Secret& credentials);
/// What the proxy is sent. REQUIRES endpoint.proxy.
std::string tunnel_request(const Endpoint& endpoint);
/// What came of it, given all that the proxy has sent: empty text: the tunnel is open; else what the proxy did instead.
/// Nothing: the answer goes on. Interim answers (1xx) are passed over.
std::optional<std::string> judge_tunnel(std::string_view received);
/// The error for an operator: that the proxy `did` this. REQUIRES endpoint.proxy.
std::string no_tunnel(const Endpoint& endpoint, std::string_view did);

}  // namespace syncd
