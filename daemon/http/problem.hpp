// Errors as application/problem+json (RFC 9457).
#pragma once

#include "config/core/error.hpp"
#include "connector/http/message.hpp"

#include <string_view>

namespace syncd {

http::Response problem(int status, std::string_view title, std::string_view detail = {});
/// The status that a class of error has for a caller.
http::Response problem(const Error& error);
http::Response json_response(int status, std::string body);

}  // namespace syncd
