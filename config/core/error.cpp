#include "config/core/error.hpp"

#include <stdexcept>

namespace syncd {

std::string_view to_string(errc code) {
    switch (code) {
        case errc::transient: return "transient";
        case errc::timed_out: return "timed_out";
        case errc::rate_limited: return "rate_limited";
        case errc::unauthorized: return "unauthorized";
        case errc::forbidden: return "forbidden";
        case errc::not_found: return "not_found";
        case errc::too_large: return "too_large";
        case errc::unprocessable: return "unprocessable";
        case errc::refused: return "refused";
        case errc::invalid_body: return "invalid_body";
        case errc::conflict: return "conflict";
        case errc::invalid_input: return "invalid_input";
        case errc::cancelled: return "cancelled";
        case errc::internal: return "internal";
    }
    return "unknown";
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw std::runtime_error(error.message);
}

}  // namespace syncd
