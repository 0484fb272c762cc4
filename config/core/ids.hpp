// Identifiers: random ones from the caller's chance, and derived ones that stay the same for the same name.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace syncd {

using Random = std::function<std::uint64_t()>;

/// A random UUID (version 4) from two draws.
std::string make_uuid(const Random& random);
/// UUIDv5 in the URL namespace: the same name gives the same id on every machine.
std::string name_uuid(std::string_view name);
/// Whether the text has the form of a UUID.
bool is_uuid(std::string_view text);

}  // namespace syncd
