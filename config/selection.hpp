// Which fields of an object are delivered, and under which names: the manifest's, narrowed and mapped by the
// installation. Pure.
#pragma once

#include "config/manifest.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace syncd::config {

/// What an installation says about an object's fields.
struct Selection {
    std::map<std::string, bool> fields;                         // selectedFields
    std::vector<std::pair<std::string, std::string>> mappings;  // selectedFieldMappings: delivered name, field
    bool all = false;                                           // selectedFieldsAuto: all
};

struct SelectedFields {
    std::vector<Field> fields;
    bool all = false;                   // and every other one that a record has
    std::vector<std::string> unmapped;  // required mappings that nobody has made
};

/// Required fields always. Without a field set to true: the listed optional ones, and with optionalFieldsAuto all
/// others; else those that are true. What is set to false is left out of both, `catalog` naming what `all others` are
/// then.
SelectedFields select_fields(const ManifestReadObject& object, const Selection& selection,
                             const std::set<std::string>& catalog);

}  // namespace syncd::config
