#include "daemon/cli/list_options.hpp"

#include "connector/bentley/catalog.hpp"
#include "storage/store.hpp"

namespace syncd::cli {

std::optional<std::string> find_object(const Context& context, const std::string& given) {
    const auto named = [&](const auto& object) { return given == object.object || given == object.mapped_name; };
    for (const auto& installation : context.config->installations) {
        for (const auto& object : installation.objects)
            if (named(object)) return object.object;
        for (const auto& object : installation.writes)
            if (named(object)) return object.object;
    }
    return std::nullopt;
}

std::string object_name(const Context& context, const std::string& given) {
    if (auto found = find_object(context, given)) return *found;
    if (bentley::Catalog::builtin().find(given)) return given;  // one that left the configuration is still kept
    throw Exit{exit_usage, "there is no object " + given + ": `objects` lists them"};
}

storage::ListFilter ListOptions::filter(const Context& context) const {
    const bool any = object.empty() || object == storage::notices_object;  // of which there are deliveries too
    const auto name = any ? object : object_name(context, object);
    return {.installation_id = context.installation, .object = name, .status = status, .limit = limit};
}

std::shared_ptr<ListOptions> add_list_options(CLI::App& command, const std::vector<std::string>& statuses) {
    auto options = std::make_shared<ListOptions>();
    command.add_option("id", options->id, "One in full");
    command.add_option("--status", options->status, "Only with this status")->check(CLI::IsMember(statuses));
    command.add_option("--object", options->object, "Only of this object");
    command.add_option("--limit", options->limit, "At most so many")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
        ->capture_default_str();
    return options;
}

}  // namespace syncd::cli
