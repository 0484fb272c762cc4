#include "connector/world/tunnel.hpp"

#include "config/core/base64.hpp"
#include "config/core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace syncd {
namespace {

constexpr std::size_t header_bytes_max = 16u << 10;
constexpr std::size_t reason_bytes_max = 100;
constexpr std::string_view protocol = "HTTP/1.";
constexpr std::string_view end_of_header = "\r\n\r\n";

/// The status code and reason of "HTTP/1.1 407 Proxy Authentication Required"; empty when it is no such line.
std::string_view status_of(std::string_view line) {
    const bool framed =
        line.size() >= 12 && line.starts_with(protocol) && line[8] == ' ' && (line.size() == 12 || line[12] == ' ');
    if (!framed) return {};
    line.remove_prefix(9);
    const bool code = std::ranges::all_of(line.substr(0, 3), [](unsigned char c) { return std::isdigit(c) != 0; });
    return code ? line : std::string_view();
}

std::string shown(std::string_view status) {
    auto text = clean_text(status, reason_bytes_max);
    std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
    return text;
}

}  // namespace

std::string basic_authorization(const Secret& credentials) { return "Basic " + base64_encode(credentials.reveal()); }

std::string tunnel_request(const Endpoint& endpoint) {
    const auto target = host_and_port(endpoint.host, endpoint.port);
    const auto& credentials = endpoint.proxy->credentials;
    const auto authorization =
        credentials.empty() ? "" : "Proxy-Authorization: " + basic_authorization(credentials) + "\r\n";
    return fmt::format("CONNECT {} HTTP/1.1\r\nHost: {}\r\n{}\r\n", target, target, authorization);
}

std::optional<std::string> judge_tunnel(std::string_view received) {
    const auto bytes = received.size();
    for (;;) {
        const auto begin = received.substr(0, protocol.size());
        if (begin != protocol.substr(0, begin.size())) return "answered something that is not HTTP";
        const auto end = received.find(end_of_header);
        if (end == std::string_view::npos) {
            if (bytes <= header_bytes_max) return std::nullopt;
            return fmt::format("answered more than {} bytes without an end", header_bytes_max);
        }
        const auto status = status_of(received.substr(0, received.find("\r\n")));
        received.remove_prefix(end + end_of_header.size());
        if (status.empty()) return "answered something that is not HTTP";
        if (status.starts_with('1')) continue;
        if (!status.starts_with("200")) return "answered " + shown(status);
        // Our side of TLS speaks first: these bytes are nobody's, and would be taken for the origin's.
        return received.empty() ? "" : "sent more than the header of its answer";
    }
}

std::string no_tunnel(const Endpoint& endpoint, std::string_view did) {
    return fmt::format("the proxy {} {} to CONNECT {}; check {}", endpoint.proxy->address(), did,
                       host_and_port(endpoint.host, endpoint.port), endpoint.proxy->setting);
}

}  // namespace syncd
