// From a record to what a message says of it: selected fields, mapped names, mapped values, filters. Pure.
#pragma once

#include "config/config.hpp"
#include "config/core/model.hpp"

#include <string>
#include <string_view>

namespace syncd {

/// One entry of a message's `result`: fields, mappedFields, raw, id, changeType. Values are the provider's own bytes. A
/// mapped name like $['a']['b'] builds objects one inside the other.
std::string render_entry(const config::ReadObject& object, const Change& change);

/// Whether a record passes every filter.
bool passes(const std::vector<config::FieldFilter>& filters, std::string_view raw);

/// The names in a field like `displayName` or `$['a']['b']`, outermost first.
std::vector<std::string> field_path(std::string_view field);

}  // namespace syncd
