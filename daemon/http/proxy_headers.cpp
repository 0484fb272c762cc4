#include "daemon/http/proxy_headers.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace syncd {
namespace {

constexpr std::array of_one_connection = {"Connection", "Keep-Alive",    "TE", "Trailer", "Transfer-Encoding",
                                          "Upgrade",    "HTTP2-Settings"};
constexpr std::array ours_in_requests = {"X-Api-Key", "Authorization", "Cookie", "Host",    "Content-Length", "Expect",
                                         "Forwarded", "Via",           "Origin", "Referer", "X-Real-Ip"};
constexpr std::array bound_to_us = {"Set-Cookie", "Set-Cookie2",    "Strict-Transport-Security",
                                    "Alt-Svc",    "Content-Length", "Clear-Site-Data"};
constexpr std::array of_packing = {"Accept-Encoding", "Range", "If-Range"};
constexpr std::array of_bytes = {"Accept-Ranges", "Content-MD5", "Digest", "Content-Digest", "Repr-Digest"};
constexpr std::array with_a_link = {"Location", "Operation-Location", "Content-Location", "Azure-AsyncOperation"};

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return out;
}

bool is_one_of(std::string_view name, const auto& names) {
    return std::ranges::any_of(names, [&](std::string_view each) { return http::Headers::same(name, each); });
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view blanks = " \t";
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// The fields that Connection names.
std::vector<std::string_view> named_by_connection(const http::Headers& headers) {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : headers) {
        if (!http::Headers::same(name, "Connection")) continue;
        for (std::string_view rest = value; !rest.empty();) {
            const auto comma = std::min(rest.find(','), rest.size());
            if (const auto each = trim(rest.substr(0, comma)); !each.empty()) names.push_back(each);
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    return names;
}

bool stays_here(std::string_view name, const std::vector<std::string_view>& named) {
    const auto small = lower(name);
    return is_one_of(name, of_one_connection) || is_one_of(name, named) || small.starts_with("proxy-") ||
           small.starts_with("x-amp-");
}

}  // namespace

bool is_json(std::string_view content_type) {
    const auto type = lower(trim(content_type.substr(0, content_type.find(';'))));
    return type == "application/json" || type.ends_with("+json");
}

http::Headers headers_to_provider(const http::Headers& headers, bool rewriting) {
    const auto named = named_by_connection(headers);
    http::Headers out;
    for (const auto& [name, value] : headers) {
        const bool left_out = stays_here(name, named) || is_one_of(name, ours_in_requests) ||
                              lower(name).starts_with("x-forwarded-") || (rewriting && is_one_of(name, of_packing));
        if (!left_out) out.add(name, value);
    }
    if (rewriting) out.add("Accept-Encoding", "identity");
    return out;
}

http::Headers headers_to_client(const http::Headers& headers, const Links& links, bool rewriting, int status,
                                bool body_changes) {
    const auto named = named_by_connection(headers);
    const bool redirects = status >= 300 && status < 400;
    http::Headers out;
    for (const auto& [name, value] : headers) {
        if (stays_here(name, named) || is_one_of(name, bound_to_us) || (body_changes && is_one_of(name, of_bytes)))
            continue;
        if (rewriting && http::Headers::same(name, "Link"))
            out.add(name, rewrite_link_field(value, links));
        else if ((redirects && http::Headers::same(name, "Location")) || (rewriting && is_one_of(name, with_a_link)))
            out.add(name, rewrite_link(value, links));
        else
            out.add(name, value);
    }
    // Should a browser show it: it is a stranger's page on our origin, and gets no rights there.
    out.add("Content-Security-Policy", "sandbox");
    out.add("X-Content-Type-Options", "nosniff");
    return out;
}

}  // namespace syncd
