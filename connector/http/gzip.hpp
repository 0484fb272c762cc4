// Content-Encoding: gzip.
#pragma once

#include "config/core/error.hpp"

#include <string>
#include <string_view>

namespace syncd::http {

/// The unpacked text. Errors: invalid_body (not gzip, cut off), too_large (more than `bytes_max`).
result<std::string> gunzip(std::string_view packed, std::size_t bytes_max);

}  // namespace syncd::http
