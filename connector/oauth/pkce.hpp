// What binds an authorization code to who asked for it: PKCE (RFC 7636), and random texts that nobody can guess.
#pragma once

#include "config/core/ids.hpp"
#include "config/core/secret.hpp"

#include <string>
#include <string_view>

namespace syncd::oauth {

/// 256 random bits as 43 unreserved characters: a code_verifier, a state, an id that is a secret.
Secret random_text(const Random& random);
/// The S256 challenge of a verifier: 43 characters.
std::string challenge_of(const Secret& verifier);
/// SHA-256 as base64url without padding: what is kept of a text that need not be known again.
std::string digest_of(std::string_view text);
/// Whether the text may be one of random_text()'s.
bool is_random_text(std::string_view text);

}  // namespace syncd::oauth
