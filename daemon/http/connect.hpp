// The pages where a user lets an installation read, and the provider's answer.
#pragma once

#include "connector/http/message.hpp"
#include "connector/world/world.hpp"

#include <optional>
#include <string>

namespace syncd {

class Daemon;

/// Whether the path is one of these pages: they need no API key in a header, but a session or a signed link.
bool is_connect_path(std::string_view path);

/// GET `/connect/{installation}`, `/connect/{installation}/start` and `/oauth/callback`.
awaitable<http::Response> serve_connect(Daemon& daemon, http::Request request, std::string path, std::string query);

}  // namespace syncd
