// The addresses in a configuration: what a URL consists of, and whether it stays on this machine.
#pragma once

#include "config/core/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace syncd::config {

struct Url {
    std::string scheme;      // "http" or "https"
    std::string host;        // in lower case; an IPv6 address without its brackets
    std::uint16_t port = 0;  // 0: not written
    std::string path;        // from the slash on; may be empty
    std::string query;       // from the question mark on; may be empty
};

/// Errors: invalid_input, saying which part is wrong. User names, passwords and fragments are refused.
result<Url> parse_url(std::string_view text);

/// An IPv4 or IPv6 address, not a name.
bool is_address(std::string_view host);

/// localhost, 127.0.0.0/8 or ::1.
bool is_loopback(std::string_view host);

struct Listen {
    std::string host;  // a literal address, IPv6 without brackets
    std::uint16_t port = 0;
};

/// `127.0.0.1:8710` or `[::1]:8710`. Errors: invalid_input, saying what is allowed.
result<Listen> parse_listen(std::string_view text);

}  // namespace syncd::config
