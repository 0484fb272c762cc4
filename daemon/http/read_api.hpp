// The read API: triggered reads, and schedules paused and resumed. Shapes are Ampersand's.
#pragma once

#include "connector/http/message.hpp"
#include "connector/world/world.hpp"

#include <optional>
#include <string>

namespace syncd {

class Daemon;

/// Answers what lies under /read/v1; empty: it is no such route.
awaitable<std::optional<http::Response>> serve_read_api(Daemon& daemon, http::Request request, std::string path);

}  // namespace syncd
