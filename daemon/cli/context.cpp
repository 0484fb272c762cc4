#include "daemon/cli/context.hpp"

#include "config/load.hpp"
#include "connector/bentley/catalog.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace syncd::cli {
namespace {

/// Every name that a record to be written may have: for bodies, paths, headers, and to say which record is meant.
std::set<std::string> write_fields(const bentley::WriteFacts& facts) {
    std::set<std::string> fields;
    for (const auto* documented : {&facts.required, &facts.optional})
        for (const auto& [field, type] : *documented) fields.insert(field);
    for (const auto& member : facts.record.members) fields.insert(member.name);
    if (!facts.create.id_at.empty()) fields.insert(facts.create.id_at.back());
    for (const auto* call :
         {&facts.create, facts.update ? &*facts.update : nullptr, facts.remove ? &*facts.remove : nullptr}) {
        if (!call) continue;
        fields.insert(call->fields.begin(), call->fields.end());
        fields.insert(call->headers.begin(), call->headers.end());
        const std::string_view path = call->path;
        for (auto at = path.find('{'); at != path.npos; at = path.find('{', at + 1))
            fields.emplace(path.substr(at + 1, path.find('}', at) - at - 1));
    }
    return fields;
}

config::KnownObjects known_objects() {
    config::KnownObjects known;
    for (const auto& [name, object] : bentley::Catalog::builtin().objects()) {
        if (object.read) known.readable.insert(name);
        if (object.read && object.read->per_itwin) known.per_itwin.insert(name);
        if (object.write) known.writable.insert(name);
    }
    known.fields = [](const std::string& name) {
        std::set<std::string> fields;
        const auto* object = bentley::Catalog::builtin().find(name);
        if (object && object->read)
            for (const auto& [field, type] : object->read->fields) fields.insert(field);
        return fields;
    };
    known.write_fields = [](const std::string& name) {
        const auto* object = bentley::Catalog::builtin().find(name);
        return object && object->write ? write_fields(*object->write) : std::set<std::string>();
    };
    return known;
}

}  // namespace

void Context::load(bool show_warnings) {
    auto loaded = config::load(config_path, known_objects(), config::real_surroundings());
    for (const auto& problem : loaded.errors) fmt::print(stderr, "error: {}\n", problem.text());
    if (show_warnings)
        for (const auto& problem : loaded.warnings) fmt::print(stderr, "warning: {}\n", problem.text());
    if (!loaded.config) throw Exit{exit_usage, ""};
    config = std::make_unique<config::Config>(std::move(*loaded.config));
}

void Context::require_installation() const {
    const auto named = [&](const config::Installation& each) { return each.id == installation; };
    if (!installation.empty() && std::ranges::none_of(config->installations, named))
        throw Exit{exit_usage, "the configuration has no installation " + installation};
}

void Context::require_database() const {
    if (::access(config->storage.path.c_str(), F_OK) != 0)
        throw Exit{exit_failed,
                   fmt::format("there is no database at {} yet: `run` or `sync` makes it", config->storage.path)};
}

storage::Reader Context::reader() const {
    require_database();
    try {
        return storage::Reader(config->storage.path);
    } catch (const std::exception& failure) {
        throw Exit{exit_failed, fmt::format("opening {}: {}", config->storage.path, failure.what())};
    }
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i == widths.size()) widths.push_back(0);
            widths[i] = std::max(widths[i], row[i].size());
        }
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
        while (!line.empty() && line.back() == ' ') line.pop_back();
        fmt::print("{}\n", line);
    }
}

void print_json(const boost::json::value& value) { fmt::print("{}\n", boost::json::serialize(value)); }

}  // namespace syncd::cli
