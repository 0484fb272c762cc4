// How a field of a body looks in the record, where it is not the same.
#pragma once

#include "tests/sandbox/fields.hpp"

#include <string>
#include <string_view>

namespace syncd::sandbox {

/// The JSON that goes into the record `id`. Shapes: link and links (ids to addresses in a folder), typed (names to
/// {id, type}), settings (outputs to [{format, id}]), specifications (outputs to {name: id}), files (each with an id).
std::string shaped(const FieldRule& rule, std::string_view value, const std::string& id);

}  // namespace syncd::sandbox
