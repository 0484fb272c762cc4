// The commands of bentley-syncd, each as "define yourself on the parser". A command's work runs when it was chosen and
// answers the exit status.
#pragma once

#include "daemon/cli/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace syncd::cli {

/// Set by the command that was chosen.
using Chosen = std::function<int()>;

void define_run(CLI::App& app, Context& context, Chosen& chosen);
void define_sync(CLI::App& app, Context& context, Chosen& chosen);
void define_pause(CLI::App& app, Context& context, Chosen& chosen);
void define_check(CLI::App& app, Context& context, Chosen& chosen);
void define_objects(CLI::App& app, Context& context, Chosen& chosen);
void define_status(CLI::App& app, Context& context, Chosen& chosen);
void define_operations(CLI::App& app, Context& context, Chosen& chosen);
void define_deliveries(CLI::App& app, Context& context, Chosen& chosen);
void define_write(CLI::App& app, Context& context, Chosen& chosen);
void define_replay(CLI::App& app, Context& context, Chosen& chosen);
void define_destinations(CLI::App& app, Context& context, Chosen& chosen);
void define_deletes(CLI::App& app, Context& context, Chosen& chosen);
void define_records(CLI::App& app, Context& context, Chosen& chosen);
void define_explain(CLI::App& app, Context& context, Chosen& chosen);
void define_backup(CLI::App& app, Context& context, Chosen& chosen);
void define_auth(CLI::App& app, Context& context, Chosen& chosen);
void define_rekey(CLI::App& app, Context& context, Chosen& chosen);
void define_forget(CLI::App& app, Context& context, Chosen& chosen);

}  // namespace syncd::cli
