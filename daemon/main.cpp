// bentley-syncd: parses the command line and runs one command.
#include "daemon/cli/commands.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>

namespace {

using namespace syncd::cli;

std::string default_config() {
    const char* from_environment = std::getenv("BENTLEY_SYNCD_CONFIG");
    return from_environment && *from_environment ? from_environment : "/etc/bentley-syncd/config.yaml";
}

int run_chosen(const Chosen& chosen) {
    try {
        const int status = chosen();
        if (std::fflush(stdout) != 0 || std::ferror(stdout))
            throw Exit{exit_failed, "writing to standard output failed"};
        return status;
    } catch (const Exit& exit) {
        if (!exit.message.empty()) fmt::print(stderr, "error: {}\n", exit.message);
        return exit.status;
    } catch (const std::exception& failure) {
        fmt::print(stderr, "error: {}\n", failure.what());
        return exit_failed;
    }
}

}  // namespace

int main(int argc, char** argv) {
    ::umask(::umask(077) | 027);  // what we make holds customers' data: nothing for others
    Context context{.config_path = default_config()};
    Chosen chosen;
    CLI::App app("Syncs Bentley iTwin Platform data to webhooks.", "bentley-syncd");
    app.set_version_flag("--version", SYNCD_VERSION);
    app.add_option("--config", context.config_path, "Configuration file")->capture_default_str();
    app.add_flag("--json", context.json, "Print JSON");
    app.add_option("--installation", context.installation, "Only this installation");
    app.require_subcommand(1);
    app.fallthrough();
    for (const auto define :
         {define_run, define_sync, define_pause, define_check, define_objects, define_status, define_operations,
          define_deliveries, define_write, define_replay, define_destinations, define_deletes, define_records,
          define_explain, define_backup, define_forget, define_auth, define_rekey})
        define(app, context, chosen);
    for (auto* command : app.get_subcommands([](CLI::App*) { return true; })) {
        command->fallthrough();
        for (auto* nested : command->get_subcommands([](CLI::App*) { return true; })) nested->fallthrough();
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_done : exit_usage;
    }
    return run_chosen(chosen);
}
