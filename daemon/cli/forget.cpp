#include "daemon/cli/commands.hpp"
#include "daemon/cli/process.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace syncd::cli {
namespace {

std::string text(const boost::json::value& value) { return std::string(value.as_string()); }

int forget(Context& context) {
    context.load();
    context.require_database();
    const auto answer = execute(context, "forget", {{"installation", context.installation}});
    if (context.json) {
        print_json(answer);
        return exit_done;
    }
    std::vector<std::vector<std::string>> rows = {{"INSTALLATION", "OBJECT", "RECORDS", "MESSAGES"}};
    for (const auto& row : answer.at("objects").as_array())
        rows.push_back({text(row.at("installationId")), text(row.at("object")),
                        std::to_string(row.at("records").to_number<std::int64_t>()),
                        std::to_string(row.at("messages").to_number<std::int64_t>())});
    const auto& installations = answer.at("installations").as_array();
    const auto& destinations = answer.at("destinations").as_array();
    if (rows.size() > 1) print_table(rows);
    for (const auto& id : installations) fmt::print("installation {} is forgotten\n", text(id));
    for (const auto& name : destinations) fmt::print("destination {} is forgotten\n", text(name));
    if (rows.size() == 1 && installations.empty() && destinations.empty())
        fmt::print("nothing to forget: all that is kept{} is in the configuration\n",
                   context.installation.empty() ? "" : " of " + context.installation);
    return exit_done;
}

}  // namespace

void define_forget(CLI::App& app, Context& context, Chosen& chosen) {
    auto* command = app.add_subcommand("forget", "Remove what installations and objects left that are not configured");
    command->callback([&] { chosen = [&] { return forget(context); }; });
}

}  // namespace syncd::cli
