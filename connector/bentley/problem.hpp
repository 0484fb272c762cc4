// What the provider says went wrong, as one sentence for people and a class for us.
#pragma once

#include "config/core/error.hpp"
#include "connector/http/message.hpp"

namespace syncd::bentley {

/// The error of an answer that is not a success: `error.code`, `message` and every `details[]` of the body, if it has
/// that shape. Retry-After in whole seconds is kept.
Error error_of(const http::Response& response);

/// Of a 404 and its error_of(): whether it speaks of the route, not of a record: an API version that is no longer
/// served, or a gateway's page.
bool is_missing_route(const http::Response& response, const Error& error);

}  // namespace syncd::bentley
