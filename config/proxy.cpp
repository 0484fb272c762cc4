#include "config/proxy.hpp"

#include "config/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace syncd::config {
namespace {

constexpr std::string_view scheme = "http://";
constexpr std::string_view allowed = "allowed: http://host:port, or http://user:password@host:port";

Error wrong(std::string_view why) { return {errc::invalid_input, fmt::format("{}; {}", why, allowed)}; }

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    return out;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            out += text[at];
            continue;
        }
        unsigned byte = 0;
        const auto digits = text.substr(at + 1, 2);
        const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (digits.size() != 2 || failure != std::errc{} || end != digits.data() + 2) return std::nullopt;
        out += char(byte);
        at += 2;
    }
    return out;
}

/// Errors: invalid_input. They don't show the text, which may hold a password.
result<Proxy> parse_proxy(std::string_view text, std::string setting) {
    Proxy proxy{.setting = std::move(setting)};
    if (!text.starts_with(scheme)) return wrong("only a proxy that is spoken to in plain HTTP will do");
    text.remove_prefix(scheme.size());
    const auto authority = text.substr(0, text.find_first_of("/?#"));
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        auto credentials = percent_decoded(text.substr(0, at));
        if (!credentials) return wrong("a % in the user name or password is written %25");
        if (at > 0 && credentials->find(':') == std::string::npos) *credentials += ':';
        proxy.credentials = Secret(std::move(*credentials));
        text.remove_prefix(at + 1);
    }
    const auto url = parse_url(std::string(scheme).append(text));
    if (!url) return wrong(url.error().message);
    if ((!url->path.empty() && url->path != "/") || !url->query.empty()) return wrong("a proxy has no path or query");
    proxy.host = url->host;
    if (url->port != 0) proxy.port = url->port;
    return proxy;
}

struct Variable {
    std::string name, text;
};

/// Both spellings are in use; one that is set but empty says nothing.
Variable variable(std::string name, const Surroundings& surroundings) {
    for (const auto& each : {name, lower(name)})
        if (auto text = surroundings.environment(each); text && !text->empty()) return {each, std::move(*text)};
    return {std::move(name), {}};
}

/// Whether an entry of NO_PROXY, in lower case, covers the target.
bool covers(std::string entry, const Url& target) {
    if (entry == "*") return true;
    const bool bracketed = entry.starts_with('[');
    const bool bare_ipv6 = !bracketed && std::ranges::count(entry, ':') > 1;
    const auto colon = bare_ipv6 ? std::string::npos : entry.find(':', bracketed ? entry.find(']') : 0);
    if (colon != std::string::npos) {
        if (entry.substr(colon + 1) != std::to_string(target.port == 0 ? 443 : target.port)) return false;
        entry.resize(colon);
    }
    if (bracketed) entry = entry.substr(1, entry.find(']') - 1);
    if (entry.starts_with("*.")) entry.erase(0, 1);
    if (entry.starts_with('.')) entry.erase(0, 1);
    if (entry.empty() || entry == target.host) return !entry.empty();
    return !is_address(target.host) && target.host.ends_with("." + entry);
}

bool is_named(const Url& target, std::string_view no_proxy) {
    constexpr std::string_view separators = ", \t";
    for (auto from = no_proxy.find_first_not_of(separators); from != std::string_view::npos;) {
        const auto end = std::min(no_proxy.find_first_of(separators, from), no_proxy.size());
        if (covers(lower(no_proxy.substr(from, end - from)), target)) return true;
        from = no_proxy.find_first_not_of(separators, end);
    }
    return false;
}

}  // namespace

void read_proxy(const Value& value, const Surroundings& surroundings, Provider& provider) {
    if (value.present() && !value.is_null()) {
        const auto text = value.text();
        if (!text) return;
        if (!text->empty()) {
            auto proxy = parse_proxy(*text, "provider.proxy");
            if (!proxy) return value.error(fmt::format("{}: {}", value.name(), proxy.error().message));
            provider.base_proxy = provider.token_proxy = std::move(*proxy);
            return;
        }
    }
    const auto https_proxy = variable("HTTPS_PROXY", surroundings);
    if (https_proxy.text.empty()) return;
    const auto no_proxy = variable("NO_PROXY", surroundings);
    // Other programs take the proxy without its scheme, too.
    const bool bare = https_proxy.text.find("://") == std::string::npos;
    const auto proxy = parse_proxy(bare ? std::string(scheme) + https_proxy.text : https_proxy.text, https_proxy.name);
    const auto applies = [&](const std::string& url) {
        const auto target = parse_url(url);
        return target && target->scheme == "https" && !is_loopback(target->host) && !is_named(*target, no_proxy.text);
    };
    const bool base = applies(provider.base_url), token = applies(provider.token_url);
    if (!proxy && (base || token))
        return value.error(fmt::format("{} of the environment: {}; or set provider.proxy or NO_PROXY", https_proxy.name,
                                       proxy.error().message));
    if (base) provider.base_proxy = *proxy;
    if (token) provider.token_proxy = *proxy;
}

}  // namespace syncd::config
