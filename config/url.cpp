#include "config/url.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace syncd::config {
namespace {

Error wrong(std::string message) { return Error{errc::invalid_input, std::move(message)}; }

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    return out;
}

bool is_ipv4(const std::string& host) {
    in_addr address{};
    return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& host) {
    in6_addr address{};
    return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_host_name(std::string_view host) {
    constexpr std::size_t name_bytes_max = 253;
    return !host.empty() && host.size() <= name_bytes_max && host.front() != '.' && host.front() != '-' &&
           std::ranges::all_of(host, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
           });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

struct Authority {
    std::string host;
    std::optional<std::string_view> port;  // as written
};

/// `host`, `host:port`, `[v6]`, `[v6]:port`.
result<Authority> parse_authority(std::string_view text) {
    Authority authority;
    std::string_view rest;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return wrong("the bracket of an IPv6 address is not closed");
        authority.host = lower(text.substr(1, end - 1));
        rest = text.substr(end + 1);
        if (!is_ipv6(authority.host)) return wrong("what stands in brackets is no IPv6 address");
    } else {
        const std::size_t colon = std::min(text.find(':'), text.size());
        authority.host = lower(text.substr(0, colon));
        rest = text.substr(colon);
        if (!is_host_name(authority.host)) return wrong("the host is neither a name nor an address");
    }
    if (rest.empty()) return authority;
    if (rest.front() != ':') return wrong("after the host only a port may follow");
    authority.port = rest.substr(1);
    return authority;
}

}  // namespace

result<Url> parse_url(std::string_view text) {
    const bool visible = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
    if (!visible) return wrong("a URL holds no spaces, control or non-ASCII characters; percent-encode them");
    Url url;
    if (text.starts_with("https://"))
        url.scheme = "https";
    else if (text.starts_with("http://"))
        url.scheme = "http";
    else
        return wrong("a URL starts with https:// or http://");
    text.remove_prefix(url.scheme.size() + 3);
    if (text.find('#') != std::string_view::npos) return wrong("a URL has no fragment (#) here");

    const std::size_t slash = std::min(text.find_first_of("/?"), text.size());
    const auto before = text.substr(0, slash);
    if (before.find('@') != std::string_view::npos)
        return wrong("a URL holds no user name or password; send them in a header");
    const auto authority = parse_authority(before);
    if (!authority) return authority.error();
    url.host = authority->host;
    if (authority->port) {
        const auto port = parse_port(*authority->port);
        if (!port || *port == 0) return wrong("the port is no number from 1 to 65535");
        url.port = *port;
    }
    const std::size_t question = std::min(text.find('?', slash), text.size());
    url.path = text.substr(slash, question - slash);
    url.query = text.substr(question);
    return url;
}

bool is_address(std::string_view host) { return is_ipv4(std::string(host)) || is_ipv6(std::string(host)); }

bool is_loopback(std::string_view host) {
    const std::string name(host);
    if (name == "localhost") return true;
    if (is_ipv4(name)) return name.starts_with("127.");
    in6_addr address{};
    return inet_pton(AF_INET6, name.c_str(), &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
}

result<Listen> parse_listen(std::string_view text) {
    constexpr std::string_view allowed = "allowed: a literal address and port, 127.0.0.1:8710 or [::1]:8710";
    const auto authority = parse_authority(text);
    if (!authority) return wrong(fmt::format("{}; {}", authority.error().message, allowed));
    const auto port = authority->port ? parse_port(*authority->port) : std::nullopt;
    if (!port) return wrong(fmt::format("it needs a port from 0 to 65535 (0: any free one); {}", allowed));
    if (!text.starts_with('[') && !is_ipv4(authority->host))
        return wrong(fmt::format("the host is no literal address; {}", allowed));
    return Listen{authority->host, *port};
}

}  // namespace syncd::config
