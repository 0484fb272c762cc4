// The HTTP API: who may ask, and what for.
#pragma once

#include "connector/http/server.hpp"

namespace syncd {

class Daemon;

/// Answers everything that reaches server.listen. Health checks and signed links need no key.
http::Handler make_routes(Daemon& daemon);

}  // namespace syncd
