#include "connector/http/url.hpp"

#include <boost/url/authority_view.hpp>
#include <boost/url/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace syncd::http {
namespace {

bool is_unreserved(unsigned char c) { return std::isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

Error bad(std::string_view why) { return {errc::invalid_input, fmt::format("not an absolute http(s) URL: {}", why)}; }

}  // namespace

std::string Url::authority() const {
    const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return port == (tls ? 443 : 80) ? name : fmt::format("{}:{}", name, port);
}

std::string Url::origin() const { return (tls ? "https://" : "http://") + authority(); }

std::string Url::without_query() const { return origin() + target.substr(0, target.find('?')); }

result<Url> parse_url(std::string_view text) {
    constexpr std::size_t bytes_max = 16'384;
    if (text.size() > bytes_max) return bad("too long");
    if (std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F || c == '\\'; }))
        return bad("it holds a control character or a backslash");
    const auto colon = text.find("://");
    if (colon == std::string_view::npos) return bad("no scheme");
    Url url;
    const auto scheme = text.substr(0, colon);
    if (Headers::same(scheme, "https"))
        url.tls = true;
    else if (Headers::same(scheme, "http"))
        url.tls = false;
    else
        return bad("the scheme is neither https nor http");
    text.remove_prefix(colon + 3);
    const auto end = text.find_first_of("/?#");
    const auto parsed =
        boost::urls::parse_authority(boost::core::string_view(text.substr(0, end).data(), std::min(end, text.size())));
    if (!parsed || parsed->host().empty()) return bad("no host");
    if (parsed->has_userinfo()) return bad("it holds a user name");
    if (parsed->encoded_host().find('%') != std::string_view::npos) return bad("its host is encoded");
    url.host = parsed->host_type() == boost::urls::host_type::ipv6 ? std::string(parsed->host_address())
                                                                   : std::string(parsed->host());
    std::ranges::transform(url.host, url.host.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    url.port = url.tls ? 443 : 80;
    if (parsed->has_port()) {
        if (parsed->port_number() == 0) return bad("no valid port");
        url.port = parsed->port_number();
    }
    std::string_view target = end == std::string_view::npos ? std::string_view() : text.substr(end);
    if (target.find('#') != std::string_view::npos) return bad("it holds a fragment");
    url.target = target.empty() || target.front() == '?' ? "/" : "";
    for (const char c : target) url.target += c == ' ' ? std::string("%20") : std::string(1, c);
    return url;
}

std::string percent_encode(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (is_unreserved(static_cast<unsigned char>(c)))
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string percent_decode(std::string_view text) {
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        const char lower = char(c | 0x20);
        return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
        out += escape ? char(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
        if (escape) i += 2;
    }
    return out;
}

void append_query(std::string& target, std::string_view name, std::string_view value) {
    target += target.find('?') == std::string::npos ? '?' : '&';
    if (!name.empty() && name.front() == '$') {
        target += '$';
        name.remove_prefix(1);
    }
    target += percent_encode(name) + "=" + percent_encode(value);
}

}  // namespace syncd::http
