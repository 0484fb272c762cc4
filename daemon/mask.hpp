// Secrets of a record, hidden in what the provider says of it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace syncd {

/// The text with each occurrence of a secret as ***.
std::string mask_text(std::string_view text, const std::vector<std::string>& secrets);
/// Likewise in the strings of valid JSON, however they are escaped there; the rest stays byte for byte.
std::string mask_json(std::string_view json, const std::vector<std::string>& secrets);

}  // namespace syncd
