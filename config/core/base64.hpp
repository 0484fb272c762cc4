// Base64 (RFC 4648, the standard alphabet, padded) of byte strings: keys, signatures, credentials.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace syncd {

/// The bytes as base64, padded, on one line.
std::string base64_encode(std::string_view bytes);
/// The bytes. Strict: padded, no white space, no foreign characters, unused bits zero. Empty when it is not that.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace syncd
