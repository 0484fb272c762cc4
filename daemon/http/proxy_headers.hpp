// Which header fields pass the proxy, in either direction. Pure.
#pragma once

#include "daemon/http/links.hpp"

#include <string_view>

namespace syncd {

/// A request's fields without those between the client and us: keys, cookies, x-amp-…, where it came from, and those of
/// the one connection (RFC 9110, 7.6.1). `rewriting`: also those that would have the answer packed or cut into ranges.
http::Headers headers_to_provider(const http::Headers& headers, bool rewriting);

/// An answer's fields without those of the one connection, those that would bind the browser to us (cookies, HSTS), and
/// Content-Length. Links in them are rewritten: in a redirect's Location always, else when `rewriting`. With
/// `body_changes` also without what speaks of the body's bytes.
http::Headers headers_to_client(const http::Headers& headers, const Links& links, bool rewriting, int status,
                                bool body_changes);

/// application/json or any +json.
bool is_json(std::string_view content_type);

}  // namespace syncd
