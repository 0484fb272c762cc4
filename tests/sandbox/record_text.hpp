// Looking into a record's JSON text and changing it in place.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace syncd::sandbox {

/// What stands at `path`, as json::as_text has it; a/b is member b of object a.
std::optional<std::string> text_at(std::string_view text, std::string_view path);
/// The JSON at `path`; it refers to `text`.
std::optional<std::string_view> json_at(std::string_view text, std::string_view path);
/// Sets what stands at `path` to the JSON `value`; members that are missing are added.
void set_at(std::string& text, std::string_view path, std::string value);

}  // namespace syncd::sandbox
