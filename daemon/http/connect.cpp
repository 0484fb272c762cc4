#include "daemon/http/connect.hpp"

#include "config/url.hpp"
#include "connector/http/url.hpp"
#include "connector/oauth/pkce.hpp"
#include "daemon/consent.hpp"
#include "daemon/daemon.hpp"
#include "daemon/http/form.hpp"
#include "daemon/http/page.hpp"
#include "daemon/http/problem.hpp"
#include "daemon/http/session.hpp"

#include <fmt/format.h>

namespace syncd {
namespace {

constexpr std::string_view prefix = "/connect/", start_suffix = "/start", callback_path = "/oauth/callback";
const std::string browser_cookie = "syncd-consent";
constexpr std::string_view start_again =
    "This sign-in is not under way any more, or not in this browser. Open the page of the installation again; "
    "`bentley-syncd auth login` prints a new link.";

/// What only the page that showed an installation to this browser can make.
std::string start_subject(const std::string& installation_id, const Secret& browser) {
    return "start:" + installation_id + ":" + oauth::digest_of(browser.reveal());
}

Secret browser_of(const Daemon& daemon, const http::Request& request) {
    const auto value = own_cookie(request, browser_cookie, is_https(daemon.public_url()));
    return Secret(oauth::is_random_text(value) ? value : "");
}

/// Cookies belong to a name: on loopback, the one that the provider's answer will come to. Empty: it is that already.
std::string other_name(const Daemon& daemon, const http::Request& request, const std::string& query) {
    const auto here = http::parse_url("http://" + std::string(request.headers.get("Host")));
    const auto there = http::parse_url(daemon.public_url());
    constexpr std::string_view moved = "moved=1";  // once: a proxy may give us a name of its own
    if (!here || !there || here->host == there->host || query.ends_with(moved)) return {};
    if (!config::is_loopback(here->host) || !config::is_loopback(there->host)) return {};
    return fmt::format("{}{}?{}{}{}", daemon.public_url(), request.target.substr(0, request.target.find('?')), query,
                       query.empty() ? "" : "&", moved);
}

awaitable<std::string> status_of(Daemon& daemon, const config::Installation& installation) {
    const auto kept = co_await daemon.store().load_tokens(installation.id);
    if (!kept || kept->client_id != installation.connection.client_id) co_return "No user has signed in yet";
    if (kept->needs_consent) co_return "The sign-in has ended: a user has to sign in again";
    co_return "Signed in since " + format_time(kept->consented_at);
}

std::string row(std::string_view name, std::string_view value) {
    return value.empty() ? "" : fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, escape_html(value));
}

awaitable<http::Response> show(Daemon& daemon, http::Request request, std::string id, std::string query) {
    const auto now = daemon.world().now();
    const bool allowed = daemon.config().server.api_keys.empty() ||
                         daemon.sessions().holds(request, is_https(daemon.public_url())) ||
                         daemon.links().is_valid(connect_subject(id), query, now);
    if (!allowed)
        co_return ask_for_key(daemon, base_path(daemon.public_url()) + std::string(prefix) + http::percent_encode(id),
                              query.empty() ? "This page needs an API key, or a link that `bentley-syncd auth login` "
                                              "prints."
                                            : "This link is not good any more: `bentley-syncd auth login` prints a "
                                              "new one. An API key opens the page too.");
    const auto* installation = find_user_installation(daemon.config(), id);
    if (!installation)
        co_return plain_page(404, "Nothing to connect",
                             "There is no such installation, or it signs in without a user.");
    auto browser = browser_of(daemon, request);
    if (browser.empty()) browser = oauth::random_text([&daemon] { return daemon.world().random(); });
    const auto start =
        fmt::format("{}{}{}{}?{}", base_path(daemon.public_url()), prefix, http::percent_encode(id), start_suffix,
                    daemon.links().sign(start_subject(id, browser), now, connect_link_lifetime));
    const auto& name = installation->group_name.empty() ? installation->group_ref : installation->group_name;
    auto body = "<p>You are about to let this installation use your Bentley iTwin Platform account.</p>\n<dl>" +
                row("Group", installation->group_ref) + row("Name", installation->group_name) +
                row("User", installation->consumer_name) + row("Integration", installation->integration) +
                row("Installation", id) + row("Status", co_await status_of(daemon, *installation)) + "</dl>\n";
    body += fmt::format(R"(<a class="button" href="{}">Go on to the provider</a>)", escape_html(start));
    auto page = html_page(200, "Connect " + name, std::move(body));
    page.headers.add("Set-Cookie", make_cookie(browser_cookie, browser.reveal(), "Lax", connect_link_lifetime,
                                               is_https(daemon.public_url())));
    co_return page;
}

awaitable<http::Response> start(Daemon& daemon, http::Request request, std::string id, std::string query) {
    const auto browser = browser_of(daemon, request);
    const auto* installation = find_user_installation(daemon.config(), id);
    const bool allowed =
        !browser.empty() && daemon.links().is_valid(start_subject(id, browser), query, daemon.world().now());
    if (!installation || !allowed) co_return plain_page(400, "Start again", start_again);
    auto there = co_await begin_consent(daemon, *installation, browser);
    co_return http::Response{
        302, {{"Location", there}, {"Cache-Control", "no-store"}, {"Referrer-Policy", "no-referrer"}}, ""};
}

awaitable<http::Response> callback(Daemon& daemon, http::Request request, std::string query) {
    const Form form(query);
    ConsentAnswer answer{.state = Secret(form.get("state")),
                         .code = Secret(form.get("code")),
                         .error = form.get("error"),
                         .error_description = form.get("error_description")};
    const auto done = co_await end_consent(daemon, std::move(answer), browser_of(daemon, request));
    if (done) {
        const auto& name = (*done)->group_name.empty() ? (*done)->group_ref : (*done)->group_name;
        co_return plain_page(200, "Connected", name + " is connected. Reading begins now; you may close this page.");
    }
    switch (done.error().code) {
        case errc::invalid_input: co_return plain_page(400, "Start again", start_again);
        case errc::refused: co_return plain_page(400, "Not connected", done.error().message);
        default: co_return plain_page(502, "Not connected", done.error().message);
    }
}

}  // namespace

bool is_connect_path(std::string_view path) { return path.starts_with(prefix) || path == callback_path; }

awaitable<http::Response> serve_connect(Daemon& daemon, http::Request request, std::string path, std::string query) {
    if (request.method != "GET") {
        auto refused = problem(405, "This route takes GET");
        refused.headers.add("Allow", "GET");
        co_return refused;
    }
    if (path == callback_path) co_return co_await callback(daemon, std::move(request), std::move(query));
    if (auto there = other_name(daemon, request, query); !there.empty())
        co_return http::Response{302, {{"Location", there}, {"Cache-Control", "no-store"}}, ""};
    auto id = path.substr(prefix.size());
    if (!id.ends_with(start_suffix))
        co_return co_await show(daemon, std::move(request), http::percent_decode(id), std::move(query));
    id.resize(id.size() - start_suffix.size());
    co_return co_await start(daemon, std::move(request), http::percent_decode(id), std::move(query));
}

}  // namespace syncd
