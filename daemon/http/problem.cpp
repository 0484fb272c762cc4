#include "daemon/http/problem.hpp"

#include "config/core/json.hpp"

#include <fmt/format.h>

namespace syncd {
namespace {

int status_of(errc code) {
    switch (code) {
        case errc::invalid_input: return 400;
        case errc::unauthorized: return 401;
        case errc::forbidden: return 403;
        case errc::not_found: return 404;
        case errc::conflict: return 409;
        case errc::too_large: return 413;
        case errc::unprocessable: return 422;
        case errc::rate_limited: return 429;
        case errc::transient:
        case errc::refused:
        case errc::invalid_body: return 502;
        case errc::timed_out: return 504;
        case errc::cancelled: return 503;
        case errc::internal: return 500;
    }
    return 500;
}

}  // namespace

http::Response problem(int status, std::string_view title, std::string_view detail) {
    std::string body = fmt::format("{{\"title\":{},\"status\":{}", json::quote(title), status);
    if (!detail.empty()) body += ",\"detail\":" + json::quote(detail);
    return {status, {{"Content-Type", "application/problem+json"}}, body + "}"};
}

http::Response problem(const Error& error) {
    return problem(status_of(error.code), to_string(error.code), error.message);
}

http::Response json_response(int status, std::string body) {
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

}  // namespace syncd
