#include "daemon/cli/commands.hpp"
#include "daemon/cli/process.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <memory>

namespace syncd::cli {
namespace {

int pause(Context& context, const std::string& command, const std::vector<std::string>& objects) {
    context.load();
    context.require_installation();
    const auto answer = execute(
        context, command, {{"installation", context.installation}, {"objects", boost::json::value_from(objects)}});
    if (context.json)
        print_json(answer);
    else
        fmt::print("scheduled reads of {} objects are {}\n", answer.at("objects").to_number<std::int64_t>(),
                   command == "pause" ? "paused; `unpause` resumes them" : "going on");
    return exit_done;
}

void define(CLI::App& app, Context& context, Chosen& chosen, const std::string& name, const std::string& does) {
    auto objects = std::make_shared<std::vector<std::string>>();
    auto* command = app.add_subcommand(name, does);
    command->add_option("--object", *objects, "Only this object; may be repeated");
    command->callback([&context, &chosen, objects, name] {
        chosen = [&context, objects, name] { return pause(context, name, *objects); };
    });
}

}  // namespace

void define_pause(CLI::App& app, Context& context, Chosen& chosen) {
    define(app, context, chosen, "pause", "Stop scheduled reads; what runs ends first");
    define(app, context, chosen, "unpause", "Resume scheduled reads; a missed one runs once");
}

}  // namespace syncd::cli
