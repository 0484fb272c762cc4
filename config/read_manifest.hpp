// Reads one manifest file and keeps where things stand in it, for problems that show only with the configuration.
#pragma once

#include "config/load.hpp"
#include "config/manifest.hpp"
#include "config/yaml.hpp"

#include <map>
#include <string>
#include <vector>

namespace syncd::config {

/// One integration of the provider as it was written.
struct WrittenIntegration {
    Integration integration;
    std::vector<Value> destinations;  // of integration.reads, in the same order
    Value schema_destination;         // of integration.schema_watch
    bool complete = true;             // false: it has an object whose name can't be read
    Value place;
};

/// The integrations of all manifests.
struct Manifests {
    std::vector<WrittenIntegration> ours;
    std::map<std::string, std::string> others;  // names and providers of those that are skipped
    bool complete = true;                       // false: one of them can't be read, so a missing name proves nothing

    const WrittenIntegration* find(std::string_view name) const;
    std::vector<std::string> names() const;
};

/// Adds the file's integrations; what is wrong is noted at `source`.
void read_manifest(Source& source, const std::string& text, const KnownObjects& known, Manifests& into);

// The installations' config holds these in the same shape.

std::optional<Schedule> read_schedule(const Value& value);
std::optional<Backfill> read_backfill(const Value& value);
/// The outermost member that a field's name leads to: `a` of `$['a']['b']`.
std::string outermost(const std::string& field);
/// A warning when the catalog has no such field of the object.
void check_field(const Value& place, const std::string& field, const std::string& object, const KnownObjects& known);
void check_field(Map& map, const Map::Member& member, const std::string& object, const KnownObjects& known);

}  // namespace syncd::config
