// Whether a value that was sent and one that is read are the same content. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace syncd::bentley {

enum class Alike { yes, unknown, no };
/// The one that says less for a match.
Alike worse(Alike a, Alike b);

/// `sent` and `read` are valid JSON or absent. What was not sent, or as null, is like anything; what is empty or false
/// is like nothing at all; what is not told in the answer is unknown. The spelling of numbers, the case of GUIDs and
/// the order of arrays do not count.
Alike alike(std::optional<std::string_view> sent, std::optional<std::string_view> read);

}  // namespace syncd::bentley
