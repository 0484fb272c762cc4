#include "daemon/http/session.hpp"

#include "connector/oauth/pkce.hpp"
#include "daemon/daemon.hpp"
#include "daemon/http/form.hpp"
#include "daemon/http/page.hpp"
#include "daemon/signature.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace syncd {
namespace {

const std::string session_cookie = "syncd-session";
const std::string https_prefix = "__Host-";
constexpr std::size_t next_bytes_max = 2000;

/// A path of ours, nothing that a browser takes for another site.
bool is_own_path(std::string_view next) {
    const auto plain = [](unsigned char c) {
        return std::isalnum(c) || std::string_view("/-._~?=&%:").find(char(c)) != std::string_view::npos;
    };
    return next.size() <= next_bytes_max && next.starts_with('/') && !next.starts_with("//") &&
           std::ranges::all_of(next, plain);
}

}  // namespace

std::string make_cookie(const std::string& name, const std::string& value, const std::string& same_site,
                        Duration lifetime, bool https) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(lifetime).count();
    return fmt::format("{}{}={}; Path=/; Max-Age={}; HttpOnly; SameSite={}{}", https ? https_prefix : "", name, value,
                       seconds, same_site, https ? "; Secure" : "");
}

std::string own_cookie(const http::Request& request, const std::string& name, bool https) {
    return cookie_of(request, https ? https_prefix + name : name);
}

std::string Sessions::open(bool secure) {
    std::erase_if(ends_, [&](const auto& each) { return each.second <= world_.tick(); });
    if (ends_.size() >= sessions_max)
        ends_.erase(std::ranges::min_element(ends_, {}, [](const auto& each) { return each.second; }));
    const auto id = oauth::random_text([this] { return world_.random(); });
    ends_[oauth::digest_of(id.reveal())] = world_.tick() + session_lifetime;
    return make_cookie(session_cookie, id.reveal(), "Strict", session_lifetime, secure);
}

bool Sessions::holds(const http::Request& request, bool secure) const {
    const auto id = own_cookie(request, session_cookie, secure);
    if (!oauth::is_random_text(id)) return false;
    const auto found = ends_.find(oauth::digest_of(id));
    return found != ends_.end() && world_.tick() < found->second;
}

void Sessions::close(const http::Request& request, bool secure) {
    ends_.erase(oauth::digest_of(own_cookie(request, session_cookie, secure)));
}

bool is_api_key(const config::Server& server, std::string_view given) {
    bool found = false;
    for (const auto& key : server.api_keys) found |= equal_in_constant_time(given, key.reveal());
    return found;
}

bool is_session_path(std::string_view path) { return path == "/session"; }

http::Response ask_for_key(Daemon& daemon, const std::string& next, std::string_view why) {
    auto form = fmt::format(
        R"(<p>{}</p>
<form method="post" action="{}/session">
<input type="hidden" name="next" value="{}">
<label for="key">API key</label>
<input type="password" id="key" name="key" required autofocus autocomplete="current-password">
<button type="submit">Go on</button>
</form>)",
        escape_html(why), escape_html(base_path(daemon.public_url())), escape_html(next));
    return html_page(401, "API key", std::move(form), PageWith::form);
}

http::Response open_session(Daemon& daemon, const http::Request& request) {
    const auto& server = daemon.config().server;
    const Form form(request.body);
    const auto given_next = form.get("next");
    const auto next = is_own_path(given_next) ? given_next : base_path(daemon.public_url()) + "/";
    if (!server.api_keys.empty() && !is_api_key(server, form.get("key")))
        return ask_for_key(daemon, next, "This is not one of the API keys in the configuration.");
    http::Response response{303, {{"Location", next}, {"Cache-Control", "no-store"}}, ""};
    if (!server.api_keys.empty())
        response.headers.add("Set-Cookie", daemon.sessions().open(is_https(daemon.public_url())));
    return response;
}

}  // namespace syncd
