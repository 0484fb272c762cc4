// Bodies for writes of every object, as small as the provider takes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace syncd::sandbox {

/// The first iTwin of a sandbox with the seed that it has unless told otherwise.
inline constexpr std::string_view sample_itwin = "362e7c32-4590-4b1c-b7c0-474ee1ecc864";

/// Names of all objects that can be written, in the order of the table.
std::vector<std::string> written_objects();

/// A body that creates a record. Each `n` gives another one, none of which is in the way of another.
/// `itwin`: where it belongs to; jobs and reality data need one that is there. Empty on an unknown object.
std::string sample_record(std::string_view object, std::uint64_t n, std::string_view itwin = sample_itwin);
/// The body of an update that changes a record of sample_record(object, n); of a PUT the whole one. Empty when the
/// object has no update.
std::string sample_update(std::string_view object, std::uint64_t n);
/// A state that `advance` of the control API has to bring a fresh record to before it can be deleted; empty: none.
std::string_view deletable_state(std::string_view object);

}  // namespace syncd::sandbox
