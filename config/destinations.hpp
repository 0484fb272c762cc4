// The destinations of the configuration, and the check that a name is one of theirs.
#pragma once

#include "config/config.hpp"
#include "config/settings.hpp"
#include "config/yaml.hpp"

#include <map>
#include <string>
#include <vector>

namespace syncd::config {

struct Destinations {
    std::map<std::string, Destination> all;  // also those with an error, so that nothing else follows from it
    bool complete = true;                    // false: the section can't be read, so a missing name proves nothing

    /// Notes an error at `place` when there is no destination of that name.
    void check(const std::string& name, const Value& place) const;
};

Destinations read_destinations(const Value& value, const Folder& folder);

}  // namespace syncd::config
