#include "daemon/cli/commands.hpp"
#include "daemon/cli/process.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <memory>

namespace syncd::cli {
namespace {

struct Options {
    std::vector<std::string> ids;
    bool dead = false;
    std::string destination, since;
};

int replay(Context& context, const Options& options) {
    context.load();
    const auto answer = execute(context, "replay",
                                {{"ids", boost::json::value_from(options.ids)},
                                 {"dead", options.dead},
                                 {"destination", options.destination},
                                 {"installation", context.installation},
                                 {"since", options.since}});
    if (context.json)
        print_json(answer);
    else
        fmt::print("{} deliveries are sent again by `run` or the next `sync`\n",
                   answer.at("deliveries").to_number<std::int64_t>());
    return exit_done;
}

}  // namespace

void define_replay(CLI::App& app, Context& context, Chosen& chosen) {
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("replay", "Send deliveries again");
    command->add_option("id", options->ids, "Deliveries");
    command->add_flag("--dead", options->dead, "Only dead letters");
    command->add_option("--destination", options->destination, "Only to this destination");
    command->add_option("--since", options->since, "Only those made at or after this RFC 3339 time");
    command->callback(
        [&context, &chosen, options] { chosen = [&context, options] { return replay(context, *options); }; });
}

}  // namespace syncd::cli
