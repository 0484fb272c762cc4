// Standard Webhooks signatures, written apart from the product's own so that neither can hide a mistake of the other.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace syncd::sandbox {

std::string to_base64(std::string_view bytes);
/// Empty when it is not base64 with padding.
std::optional<std::string> from_base64(std::string_view text);

/// HMAC-SHA256, 32 bytes.
std::string sign_bytes(std::string_view key, std::string_view text);

/// `v1,…` over "id.timestamp.body". `secret` is "whsec_" and base64, or base64 alone. Empty when it is neither.
std::optional<std::string> sign_message(std::string_view secret, std::string_view id, std::string_view timestamp,
                                        std::string_view body);

}  // namespace syncd::sandbox
