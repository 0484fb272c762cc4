#include "config/load.hpp"

#include "config/destinations.hpp"
#include "config/installations.hpp"
#include "config/interpolate.hpp"
#include "config/notifications.hpp"
#include "config/read_manifest.hpp"
#include "config/settings.hpp"
#include "config/suggest.hpp"
#include "config/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <tuple>

namespace syncd::config {
namespace {

/// What one run reads: the files in their order, and what was found in them.
struct Run {
    const KnownObjects& known;
    const Surroundings& surroundings;
    Findings findings;
    std::deque<Source> sources;  // the configuration first; they never move

    Source& open(const std::string& file, Source::Replace replace = {}) {
        return sources.emplace_back(file, findings, std::move(replace));
    }
};

/// The project is a part of paths in the API.
void read_project(const Value& value, std::string& project) {
    const auto text = value.filled();
    if (!text) return;
    const auto fits = [](char c) {
        return static_cast<unsigned char>(c) > 0x20 && c != 0x7F &&
               std::string_view("/?#%").find(c) == std::string::npos;
    };
    if (std::ranges::all_of(*text, fits))
        project = *text;
    else
        value.error(fmt::format("project is {}; allowed: any text without spaces, / ? # and %", value.written()));
}

void read_manifest_file(const Value& value, const Folder& folder, Run& run, Manifests& manifests, Config& config) {
    const auto name = value.filled();
    const auto absolute = folder.absolute(value);
    if (!name || !absolute) {
        manifests.complete = false;
        return;
    }
    if (std::ranges::find(config.manifests, *absolute) != config.manifests.end())
        return value.error(fmt::format("manifest {} is named twice", value.written()));
    config.manifests.push_back(*absolute);
    const auto file = path_in(folder.path, *name);
    std::string why;
    const auto text = run.surroundings.read_file(file, why);
    if (!text) {
        value.error(fmt::format("manifest: can't read {}: {}", file, why));
        manifests.complete = false;
        return;
    }
    read_manifest(run.open(file), *text, run.known, manifests);
}

void read_manifests(const Value& value, const Folder& folder, Run& run, Manifests& manifests, Config& config) {
    if (!value.present()) manifests.complete = false;
    if (value.present() && !value.is_list()) return read_manifest_file(value, folder, run, manifests, config);
    const auto entries = value.list();
    for (const auto& entry : entries) read_manifest_file(entry, folder, run, manifests, config);
    if (value.is_list() && entries.empty()) {
        value.error("manifest is an empty list; allowed: the name of a manifest, or a list of them");
        manifests.complete = false;
    }
}

void read_root(const Value& root, const Folder& folder, Run& run, Config& config) {
    Map map(root);
    read_project(map.required("project"), config.project);
    Manifests manifests;
    read_manifests(map.required("manifest"), folder, run, manifests, config);
    read_provider(map["provider"], folder, config.provider);
    read_storage(map["storage"], folder, config.storage);
    read_server(map["server"], folder, config.server);
    auto destinations = read_destinations(map["destinations"], folder);
    config.notifications = read_notifications(map["notifications"], destinations);
    config.installations = read_installations(map["installations"], config.project, manifests, destinations, run.known);
    read_logging(map["log"], config.logging);
    map.close();
    config.destinations = std::move(destinations.all);
    for (auto& written : manifests.ours) config.integrations.push_back(std::move(written.integration));
}

/// In file order, each once: two installations of one integration find the same fault in it.
std::vector<Problem> in_order(std::vector<Problem> problems, const std::deque<Source>& sources) {
    const auto rank = [&](const std::string& file) {
        return std::ranges::find(sources, file, &Source::file) - sources.begin();
    };
    const auto key = [&](const Problem& problem) {
        return std::tuple(rank(problem.file), problem.line, problem.column, std::string_view(problem.message));
    };
    std::ranges::sort(problems, {}, key);
    const auto doubled = std::ranges::unique(problems, {}, key);
    problems.erase(doubled.begin(), doubled.end());
    return problems;
}

}  // namespace

std::string Problem::text() const {
    if (line == 0) return fmt::format("{}: {}", file, message);
    return fmt::format("{}:{}:{}: {}", file, line, column, message);
}

Loaded load(const std::string& path, const KnownObjects& known, const Surroundings& surroundings) {
    Run run{known, surroundings, {}, {}};
    const Folder folder{std::filesystem::path(path).parent_path().string(), surroundings};
    auto& source =
        run.open(path, [&](std::string_view scalar) { return interpolate(scalar, folder.path, surroundings); });
    Config config;
    std::string why;
    if (const auto text = surroundings.read_file(path, why); !text)
        source.error({}, fmt::format("can't read the configuration: {}", why));
    else if (const auto node = source.parse(*text))
        read_root(Value(source, *node, {1, 1}, "the configuration"), folder, run, config);

    Loaded loaded;
    loaded.errors = in_order(std::move(run.findings.errors), run.sources);
    loaded.warnings = in_order(std::move(run.findings.warnings), run.sources);
    if (loaded.errors.empty()) loaded.config = std::move(config);
    return loaded;
}

}  // namespace syncd::config
