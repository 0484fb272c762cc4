// Standard Webhooks signatures. Pure.
#pragma once

#include "config/core/secret.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace syncd {

/// `v1,BASE64` of HMAC-SHA256 over `id.timestamp.body`, one per key, separated by spaces.
/// Source: the Standard Webhooks specification, "Signature scheme".
std::string webhook_signature(const std::vector<Secret>& keys, std::string_view id, std::string_view timestamp,
                              std::string_view body);

/// HMAC-SHA256 in hexadecimal: for links that we sign for ourselves.
std::string hmac_hex(const Secret& key, std::string_view text);

/// Compares without telling by its time how much is equal, or whether the lengths are.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace syncd
