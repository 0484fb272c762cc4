#include "daemon/cli/commands.hpp"
#include "daemon/cli/list_options.hpp"

#include "config/core/json.hpp"

#include <fmt/format.h>

#include <memory>

namespace syncd::cli {
namespace {

struct Options {
    std::string object, since;
    bool deleted = false;
};

void print_record(const std::string& installation_id, const std::string& object, const storage::RecordRow& row) {
    fmt::print(
        "{{\"id\":{},\"installationId\":{},\"object\":{},\"createdAt\":\"{}\",\"updatedAt\":\"{}\",\"deletedAt\":{},"
        "\"raw\":{}}}\n",
        json::quote(row.id), json::quote(installation_id), json::quote(object), row.created_at, row.updated_at,
        row.deleted_at.empty() ? "null" : json::quote(row.deleted_at), row.raw);
}

int records(Context& context, const Options& options) {
    std::optional<Timestamp> since;
    if (!options.since.empty() && !(since = parse_time(options.since)))
        throw Exit{exit_usage, "--since is not an RFC 3339 time like 2026-01-31T08:00:00Z: " + options.since};
    context.load(false);
    context.require_installation();
    const auto object = object_name(context, options.object);
    auto reader = context.reader();
    for (const auto& installation : context.config->installations) {
        if (!context.installation.empty() && context.installation != installation.id) continue;
        reader.records(installation.id, object, since, options.deleted,
                       [&](const storage::RecordRow& row) { print_record(installation.id, object, row); });
    }
    return exit_done;
}

}  // namespace

void define_records(CLI::App& app, Context& context, Chosen& chosen) {
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("records", "Records of an object as JSON lines");
    command->add_option("object", options->object, "Object")->required();
    command->add_option("--since", options->since, "Only those changed at or after this RFC 3339 time");
    command->add_flag("--deleted", options->deleted, "Only deleted ones");
    command->callback(
        [&context, &chosen, options] { chosen = [&context, options] { return records(context, *options); }; });
}

}  // namespace syncd::cli
