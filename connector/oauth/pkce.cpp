#include "connector/oauth/pkce.hpp"

#include "config/core/base64.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace syncd::oauth {
namespace {

constexpr std::size_t secret_bytes = 32;
constexpr std::size_t text_characters = 43;

std::string base64url(std::string_view bytes) {
    auto text = base64_encode(bytes);
    while (text.ends_with('=')) text.pop_back();
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    return text;
}

}  // namespace

Secret random_text(const Random& random) {
    std::string bytes;
    while (bytes.size() < secret_bytes) {
        const auto draw = random();
        bytes.append(reinterpret_cast<const char*>(&draw), sizeof draw);
    }
    return Secret(base64url(bytes));
}

std::string digest_of(std::string_view text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("OpenSSL refuses SHA-256");
    return base64url({reinterpret_cast<const char*>(digest), length});
}

std::string challenge_of(const Secret& verifier) { return digest_of(verifier.reveal()); }

bool is_random_text(std::string_view text) {
    return text.size() == text_characters &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
}

}  // namespace syncd::oauth
