// What to say about a name that isn't one of those allowed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace syncd::config {

/// The allowed name that was probably meant; empty when none is near.
std::string nearest(std::string_view name, const std::vector<std::string>& allowed);
/// `; did you mean 'x'? Allowed: x, y`, the first part only for a near miss; `; there are none` when nothing is
/// allowed.
std::string suggestion(std::string_view name, const std::vector<std::string>& allowed);
/// The text in single quotes, on one line and cut where it is too long for a message.
std::string shown(std::string_view text);

}  // namespace syncd::config
