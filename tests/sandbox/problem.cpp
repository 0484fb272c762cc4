#include "tests/sandbox/problem.hpp"

#include "config/core/json.hpp"
#include "tests/sandbox/call.hpp"

#include <fmt/format.h>

namespace syncd::sandbox {

http::Response problem(int status, std::string_view code, std::string_view message, Detail detail) {
    return problem_of_all(status, code, message, std::span(&detail, detail.code.empty() ? 0 : 1));
}

http::Response problem_of_all(int status, std::string_view code, std::string_view message,
                              std::span<const Detail> details) {
    std::string list;
    for (const auto& detail : details) {
        list += fmt::format(R"({}{{"code":{},"message":{})", list.empty() ? R"(,"details":[)" : ",",
                            json::quote(detail.code), json::quote(detail.message));
        if (!detail.target.empty()) list += R"(,"target":)" + json::quote(detail.target);
        list += "}";
    }
    if (!list.empty()) list += "]";
    return json_response(status, fmt::format(R"({{"error":{{"code":{},"message":{}{}}}}})", json::quote(code),
                                             json::quote(message), list));
}

http::Response operation_not_found() {
    return problem(404, "ResourceNotFound", "Requested resource is not available.",
                   {"OperationNotFound", "Unable to match incoming request to an operation."});
}

http::Response invalid_value(std::string_view code, std::string_view target, std::string_view message) {
    return problem(422, code, "The request is invalid.", {"InvalidValue", message, target});
}

http::Response invalid_value(const ObjectRow& row, std::string_view target, std::string_view message) {
    return problem(row.invalid_status, row.invalid, "The request is invalid.", {row.invalid_detail, message, target});
}

http::Response no_access(int status) {
    if (status == 404) return problem(404, "iTwinNotFound", "Requested iTwin is not available.");
    return problem(403, "InsufficientPermissions",
                   "The user has insufficient permissions for the requested operation.");
}

}  // namespace syncd::sandbox
