// Sessions of people in a browser: an API key once, then a cookie.
#pragma once

#include "config/config.hpp"
#include "connector/http/message.hpp"
#include "connector/world/world.hpp"

#include <map>
#include <string>

namespace syncd {

class Daemon;

inline constexpr Duration session_lifetime = std::chrono::hours{12};
inline constexpr std::size_t sessions_max = 1000;  // the oldest goes

/// Kept in memory: a restart or a reload ends them.
class Sessions {
public:
    explicit Sessions(World& world) : world_(world) {}

    /// Opens one; the value of its Set-Cookie header. `secure`: browsers send it over https only.
    std::string open(bool secure);
    /// Whether the request comes with a session that is still good; `secure` as when it was opened.
    bool holds(const http::Request& request, bool secure) const;
    /// Ends the request's session, if it has one.
    void close(const http::Request& request, bool secure);

private:
    World& world_;
    std::map<std::string, Tick> ends_;  // by the digest of the cookie: looking one up tells nothing of another
};

/// `NAME=VALUE` with the attributes that all our cookies have; `https`: with the prefix that no other host can set.
std::string make_cookie(const std::string& name, const std::string& value, const std::string& same_site,
                        Duration lifetime, bool https);
/// What make_cookie() called so, as the request brings it. With `https` no other: a page of a neighbouring host can set
/// one without the prefix.
std::string own_cookie(const http::Request& request, const std::string& name, bool https);

/// Whether the path is the one that takes an API key of a form: POST `/session`, fields `key` and `next`.
bool is_session_path(std::string_view path);
/// Answers it: on with a cookie to `next`, one of our pages; or the form again.
http::Response open_session(Daemon& daemon, const http::Request& request);
/// The page that asks for an API key, then leads on to `next`, a path on this server.
http::Response ask_for_key(Daemon& daemon, const std::string& next, std::string_view why);
/// Compares without telling by its time how much is equal.
bool is_api_key(const config::Server& server, std::string_view given);

}  // namespace syncd
