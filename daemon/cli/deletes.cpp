#include "daemon/cli/commands.hpp"
#include "daemon/cli/list_options.hpp"
#include "daemon/cli/process.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <memory>

namespace syncd::cli {
namespace {

int list(Context& context) {
    context.load(false);
    context.require_installation();
    const auto found = context.reader().objects(context.installation);
    boost::json::array held;
    std::vector<std::vector<std::string>> rows = {{"INSTALLATION", "OBJECT", "HELD"}};
    for (const auto& row : found) {
        if (row.held_deletes == 0) continue;
        held.push_back({{"installationId", row.installation_id}, {"object", row.object}, {"held", row.held_deletes}});
        rows.push_back({row.installation_id, row.object, std::to_string(row.held_deletes)});
    }
    if (context.json)
        print_json(held);
    else
        print_table(rows);
    return exit_done;
}

int decide(Context& context, const std::string& object, bool confirm) {
    context.load();
    context.require_installation();
    const auto answer = execute(
        context, "deletes",
        {{"object", object_name(context, object)}, {"installation", context.installation}, {"confirm", confirm}});
    const auto records = answer.at("records").to_number<std::int64_t>();
    if (context.json)
        print_json(answer);
    else if (confirm)
        fmt::print("{} deletes may pass the fuse: the next read that still misses them delivers them\n", records);
    else
        fmt::print("{} held deletes are forgotten: the next read decides anew\n", records);
    return exit_done;
}

}  // namespace

void define_deletes(CLI::App& app, Context& context, Chosen& chosen) {
    auto* command = app.add_subcommand("deletes", "Deletes held by the fuse");
    command->require_subcommand(0, 1);
    command->callback([&context, &chosen, command] {
        if (command->get_subcommands().empty()) chosen = [&context] { return list(context); };
    });
    for (const bool confirm : {true, false}) {
        auto object = std::make_shared<std::string>();
        auto* change = command->add_subcommand(
            confirm ? "confirm" : "discard", confirm ? "They are right: let them pass" : "They are wrong: forget them");
        change->add_option("--object", *object, "Object")->required();
        change->callback([&context, &chosen, object, confirm] {
            chosen = [&context, object, confirm] { return decide(context, *object, confirm); };
        });
    }
}

}  // namespace syncd::cli
