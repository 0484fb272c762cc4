// The provider's error envelope.
#pragma once

#include "connector/http/message.hpp"
#include "tests/sandbox/objects.hpp"

#include <span>
#include <string_view>

namespace syncd::sandbox {

struct Detail {
    std::string_view code, message, target{};
};

/// {"error":{"code","message","details"?:[{"code","message","target"?}]}}; no details when `detail` has no code.
http::Response problem(int status, std::string_view code, std::string_view message, Detail detail = {});

/// The same with several details.
http::Response problem_of_all(int status, std::string_view code, std::string_view message,
                              std::span<const Detail> details);

/// 404 of a path or a version that is not served.
http::Response operation_not_found();
/// 422 that names one parameter.
http::Response invalid_value(std::string_view code, std::string_view target, std::string_view message);
/// The same as this object answers it.
http::Response invalid_value(const ObjectRow& row, std::string_view target, std::string_view message);
/// Nobody there, or nothing to be seen by the caller: 403, or 404 of an iTwin.
http::Response no_access(int status);

}  // namespace syncd::sandbox
