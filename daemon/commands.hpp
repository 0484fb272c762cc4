// Commands that change something, as JSON in and out: the command line runs them here, or has the running daemon do so.
#pragma once

#include "config/core/error.hpp"
#include "connector/world/world.hpp"

#include <string>

namespace syncd {

class Daemon;

/// `sync` {installation, objects, full, all, since, until, drain_ms} -> {finished, pending, reads: [{installationId,
/// object, operationId, status, result}]}; `replay` {ids, dead, destination, installation, since} -> {deliveries};
/// `destinations` {name, enable} -> {name, state}; `pause` and `unpause` {installation, objects} -> {objects};
/// `deletes` {installation, object, confirm} -> {records}; `forget` {installation} -> {objects:
/// [{installationId, object, records, messages}], installations, destinations}; `auth` {action, installation}: see
/// auth_command.hpp. Errors: invalid_input, not_found.
awaitable<result<std::string>> run_command(Daemon& daemon, std::string name, std::string arguments);

}  // namespace syncd
