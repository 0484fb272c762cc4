// A command that changes something: done by the process that holds the database, which may be the running daemon.
#pragma once

#include "connector/world/world.hpp"
#include "daemon/cli/context.hpp"

#include <boost/json/object.hpp>

#include <functional>
#include <string>

namespace syncd::cli {

/// Shows how far a command is; called now and then while it runs.
using Progress = std::function<void()>;

/// Hands the command to the running daemon, or runs it here with the database locked; the answer's object.
/// Throws Exit: 1 when it failed, 2 for wrong arguments.
boost::json::object execute(const Context& context, const std::string& command, const boost::json::object& arguments,
                            const Progress& progress = {});

/// Runs what needs the network but no database.
void run_online(const std::function<awaitable<void>(World& world)>& work);

/// The daemon in the foreground; the exit status. SIGTERM and SIGINT end it, SIGHUP has it read its configuration
/// again.
int run_daemon(Context& context);

}  // namespace syncd::cli
