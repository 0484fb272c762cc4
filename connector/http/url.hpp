// URLs cut into what a connection needs and what goes on the wire untouched.
#pragma once

#include "config/core/error.hpp"
#include "connector/http/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace syncd::http {

struct Url {
    bool tls = true;
    std::string host;  // in lower case; IPv6 without brackets
    std::uint16_t port = 443;
    std::string target = "/";  // path and query as given; spaces as %20

    /// "https://api.bentley.com", with the port when it is not the scheme's own.
    std::string origin() const;
    /// origin() and the path: a URL that may be logged.
    std::string without_query() const;
    /// The Host header.
    std::string authority() const;
};

/// Absolute http and https URLs. Errors: invalid_input; user names, fragments and control characters are refused.
result<Url> parse_url(std::string_view text);

/// Percent-encodes all but unreserved characters: safe in a path segment and in a query value.
std::string percent_encode(std::string_view text);
/// The reverse; a stray percent sign stays as it is.
std::string percent_decode(std::string_view text);
/// `name=value&…` with both encoded, but `$` in names left bare, as the provider's documentation writes it.
void append_query(std::string& target, std::string_view name, std::string_view value);

}  // namespace syncd::http
