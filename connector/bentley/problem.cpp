#include "connector/bentley/problem.hpp"

#include "config/core/json.hpp"
#include "config/core/text.hpp"
#include "config/core/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace syncd::bentley {
namespace {

constexpr std::size_t details_max = 20;
constexpr std::size_t text_bytes_max = 500;
constexpr std::chrono::seconds retry_after_limit = std::chrono::days{365};  // beyond any use, far from overflow

errc class_of(int status) {
    switch (status) {
        case 401: return errc::unauthorized;
        case 403: return errc::forbidden;
        case 404:
        case 410: return errc::not_found;
        case 408: return errc::transient;
        case 413: return errc::too_large;
        case 422: return errc::unprocessable;
        case 429: return errc::rate_limited;
        default: break;
    }
    if (status >= 500) return errc::transient;
    return status >= 400 ? errc::refused : errc::invalid_body;
}

std::string text_of(std::string_view object, std::string_view name) {
    const auto value = json::find(object, name);
    const auto text = value ? json::as_text(*value) : std::nullopt;
    return text ? clean_text(*text, text_bytes_max) : std::string();
}

std::string describe(std::string_view error) {
    std::string said = text_of(error, "code");
    if (const auto message = text_of(error, "message"); !message.empty()) said += (said.empty() ? "" : ": ") + message;
    if (const auto target = text_of(error, "target"); !target.empty()) said += fmt::format(" (target {})", target);
    return said;
}

std::optional<std::chrono::seconds> retry_after_of(const http::Headers& headers) {
    const auto text = headers.get("Retry-After");
    if (const auto until = parse_http_date(text)) {  // counted from the peer's own clock
        const auto now = parse_http_date(headers.get("Date"));
        if (!now) return std::nullopt;
        return std::clamp(std::chrono::ceil<std::chrono::seconds>(*until - *now), std::chrono::seconds{0},
                          retry_after_limit);
    }
    std::int64_t seconds = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || failure != std::errc{} || end != text.data() + text.size() || seconds < 0) return std::nullopt;
    return std::min(std::chrono::seconds{seconds}, retry_after_limit);
}

}  // namespace

Error error_of(const http::Response& response) {
    Error error{.code = class_of(response.status),
                .message = fmt::format("HTTP {}", response.status),
                .http_status = response.status,
                .retry_after = retry_after_of(response.headers)};
    if (!json::validate(response.body)) return error;
    const auto envelope = json::find(response.body, "error");
    if (!envelope) return error;
    if (const auto said = describe(*envelope); !said.empty()) error.message += ", " + said;
    const auto details = json::find(*envelope, "details");
    if (!details) return error;
    std::size_t count = 0;
    for (const auto detail : json::elements(*details))
        if (const auto said = describe(detail); !said.empty() && ++count <= details_max) error.message += "; " + said;
    return error;
}

bool is_missing_route(const http::Response& response, const Error& error) {
    return error.message.find("OperationNotFound") != std::string::npos ||
           error.message.find("ResourceNotFound") != std::string::npos ||
           response.headers.get("Content-Type").find("html") != std::string_view::npos;
}

}  // namespace syncd::bentley
