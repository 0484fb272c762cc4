// Texts encrypted at rest: AES-256-GCM with the storage key. What is sealed for one place opens only there.
#pragma once

#include "config/core/error.hpp"
#include "config/core/ids.hpp"
#include "config/core/secret.hpp"

#include <string>
#include <string_view>

namespace syncd {

class Cipher {
public:
    /// `key`: the storage key, 32 bytes; what encrypts is derived from it, because it signs links too.
    explicit Cipher(const Secret& key);

    /// One byte that names the form, 12 bytes of nonce from `random`, the text encrypted, 16 bytes of tag. `place` says
    /// what the text belongs to, such as "write 6f1c…": it is authenticated, not kept.
    std::string seal(std::string_view text, std::string_view place, const Random& random) const;
    /// Errors: invalid_body when it was sealed with another key, for another place, or is damaged.
    result<std::string> open(std::string_view sealed, std::string_view place) const;

private:
    Secret key_;
};

}  // namespace syncd
