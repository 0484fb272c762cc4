#include "daemon/cli/commands.hpp"
#include "daemon/cli/process.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <memory>

namespace syncd::cli {
namespace {

int list(Context& context) {
    context.load(false);
    const auto found = context.reader().destinations();
    if (context.json) {
        boost::json::array rows;
        for (const auto& row : found)
            rows.push_back({{"name", row.name},
                            {"state", row.state},
                            {"reason", row.reason},
                            {"failingSince", row.failing_since},
                            {"lastAcceptedAt", row.last_accepted_at},
                            {"pending", row.pending},
                            {"held", row.held},
                            {"dead", row.dead}});
        print_json(rows);
        return exit_done;
    }
    std::vector<std::vector<std::string>> rows = {
        {"NAME", "STATE", "PENDING", "HELD", "DEAD", "FAILING SINCE", "REASON"}};
    for (const auto& row : found)
        rows.push_back({row.name, row.state, std::to_string(row.pending), std::to_string(row.held),
                        std::to_string(row.dead), row.failing_since.empty() ? "-" : row.failing_since, row.reason});
    print_table(rows);
    return exit_done;
}

int set(Context& context, const std::string& name, bool enable) {
    context.load();
    const auto answer = execute(context, "destinations", {{"name", name}, {"enable", enable}});
    if (context.json)
        print_json(answer);
    else
        fmt::print("{} is {}\n", name, std::string(answer.at("state").as_string()));
    return exit_done;
}

}  // namespace

void define_destinations(CLI::App& app, Context& context, Chosen& chosen) {
    auto* command = app.add_subcommand("destinations", "State and held messages of destinations");
    command->require_subcommand(0, 1);
    command->callback([&context, &chosen, command] {
        if (command->get_subcommands().empty()) chosen = [&context] { return list(context); };
    });
    for (const bool enable : {true, false}) {
        auto name = std::make_shared<std::string>();
        auto* change = command->add_subcommand(enable ? "enable" : "disable",
                                               enable ? "Send to it again, what was held first" : "Hold its messages");
        change->add_option("name", *name, "Destination")->required();
        change->callback([&context, &chosen, name, enable] {
            chosen = [&context, name, enable] { return set(context, *name, enable); };
        });
    }
}

}  // namespace syncd::cli
