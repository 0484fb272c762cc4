#include "tests/simulation/wire.hpp"

#include "connector/http/url.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace syncd::simulation {
namespace {

constexpr std::string_view header_end = "\r\n\r\n", line_end = "\r\n";

std::int64_t number(std::string_view digits, int base) {
    std::int64_t value = -1;
    std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    return value;
}

/// The body of an answer in chunks; nothing: its end did not come.
std::optional<std::string> unchunk(std::string_view bytes, std::string& so_far) {
    for (;;) {
        const auto end = bytes.find(line_end);
        if (end == std::string_view::npos) return std::nullopt;
        const auto size = number(bytes.substr(0, end), 16);
        bytes.remove_prefix(end + line_end.size());
        if (size < 0) return std::nullopt;
        so_far += bytes.substr(0, std::size_t(size));
        if (bytes.size() < std::size_t(size) + line_end.size()) return std::nullopt;
        bytes.remove_prefix(std::size_t(size) + line_end.size());
        if (size == 0) return so_far;
    }
}

}  // namespace

std::string render(const http::Request& request) {
    auto text = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
    for (const auto& [name, value] : request.headers) text += fmt::format("{}: {}\r\n", name, value);
    if (!request.body.empty() || request.method == "POST")
        text += fmt::format("Content-Length: {}\r\n", request.body.size());
    return text + "\r\n" + request.body;
}

Heard parse_answer(std::string_view bytes, bool head, bool ended) {
    Heard heard;
    const auto end = bytes.find(header_end);
    if (end == std::string_view::npos || bytes.size() < 12) return heard;
    heard.status = int(number(bytes.substr(9, 3), 10));
    const auto fields = bytes.substr(0, end);
    for (auto at = fields.find(line_end); at != std::string_view::npos;) {
        const auto begin = at + line_end.size();
        at = fields.find(line_end, begin);
        const auto field = fields.substr(begin, at == std::string_view::npos ? at : at - begin);
        const auto colon = field.find(": ");
        if (colon != std::string_view::npos)
            heard.headers.add(std::string(field.substr(0, colon)), std::string(field.substr(colon + 2)));
    }
    const auto body = bytes.substr(end + header_end.size());
    if (heard.status == 100) return parse_answer(body, head, ended);
    const auto length = heard.headers.get("Content-Length");
    if (head || heard.status == 204 || heard.status == 304) {
        heard.whole = true;
    } else if (http::Headers::same(heard.headers.get("Transfer-Encoding"), "chunked")) {
        heard.whole = unchunk(body, heard.body).has_value();
    } else if (!length.empty()) {
        heard.body = body.substr(0, std::size_t(number(length, 10)));
        heard.whole = std::int64_t(body.size()) >= number(length, 10);
    } else {
        heard.body = body;
        heard.whole = ended;
    }
    return heard;
}

std::string form_field(std::string_view form, std::string_view name) {
    for (std::size_t at = 0; at < form.size();) {
        const auto end = std::min(form.find('&', at), form.size());
        const auto field = form.substr(at, end - at);
        const auto equals = field.find('=');
        if (equals == name.size() && field.starts_with(name)) return http::percent_decode(field.substr(equals + 1));
        at = end + 1;
    }
    return {};
}

}  // namespace syncd::simulation
