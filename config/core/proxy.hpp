// An HTTP proxy on the way to the provider: where it is, and how it lets us in.
#pragma once

#include "config/core/secret.hpp"

#include <cstdint>
#include <string>

namespace syncd {

/// As errors and headers write it; an IPv6 address takes brackets.
inline std::string host_and_port(const std::string& host, std::uint16_t port) {
    return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

struct Proxy {
    std::string host;  // IPv6 without brackets
    std::uint16_t port = 80;
    Secret credentials{};   // "user:password"; empty: it asks for none
    std::string setting{};  // where it was named, for errors: provider.proxy, HTTPS_PROXY
    std::string address() const { return host_and_port(host, port); }
    auto operator<=>(const Proxy&) const = default;
};

}  // namespace syncd
