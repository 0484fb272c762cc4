// The write API: records created, updated and deleted through the queue. Shapes are Ampersand's.
#pragma once

#include "connector/http/message.hpp"
#include "connector/world/world.hpp"

#include <optional>
#include <string>

namespace syncd {

class Daemon;

/// Answers what lies under /write/v1; empty: it is no such route.
awaitable<std::optional<http::Response>> serve_write_api(Daemon& daemon, http::Request request, std::string path);

}  // namespace syncd
