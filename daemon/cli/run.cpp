#include "daemon/cli/commands.hpp"
#include "daemon/cli/process.hpp"

namespace syncd::cli {

void define_run(CLI::App& app, Context& context, Chosen& chosen) {
    auto* command = app.add_subcommand("run", "The daemon, in the foreground");
    command->callback([&] {
        chosen = [&] {
            context.load();
            return run_daemon(context);
        };
    });
}

}  // namespace syncd::cli
