#include "connector/world/real_world.hpp"
#include "daemon/cli/commands.hpp"
#include "storage/backup.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <memory>

namespace syncd::cli {
namespace {

int backup(Context& context, const std::string& file) {
    context.load(false);
    context.require_database();
    boost::asio::io_context io;
    storage::back_up(context.config->storage.path, file, make_real_world(io)->now());
    const auto bytes = std::filesystem::file_size(file);
    if (context.json)
        print_json({{"file", file}, {"bytes", bytes}});
    else
        fmt::print("{}: {} bytes\n", file, bytes);
    return exit_done;
}

}  // namespace

void define_backup(CLI::App& app, Context& context, Chosen& chosen) {
    auto file = std::make_shared<std::string>();
    auto* command = app.add_subcommand("backup", "A consistent copy of the database, while the daemon runs");
    command->add_option("file", *file, "The copy; must not be there yet")->required();
    command->callback([&context, &chosen, file] { chosen = [&context, file] { return backup(context, *file); }; });
}

}  // namespace syncd::cli
