#include "daemon/signature.hpp"

#include "config/core/base64.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

namespace syncd {
namespace {

std::string hmac_sha256(const Secret& key, std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int bytes = 0;
    const auto& secret = key.reveal();
    if (!HMAC(EVP_sha256(), secret.data(), int(secret.size()), reinterpret_cast<const unsigned char*>(text.data()),
              text.size(), digest.data(), &bytes))
        throw std::runtime_error("OpenSSL can't compute an HMAC");
    return {reinterpret_cast<const char*>(digest.data()), bytes};
}

std::array<unsigned char, 32> sha256(std::string_view text) {
    std::array<unsigned char, 32> digest{};
    if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("OpenSSL can't compute a digest");
    return digest;
}

}  // namespace

std::string webhook_signature(const std::vector<Secret>& keys, std::string_view id, std::string_view timestamp,
                              std::string_view body) {
    std::string signed_text;
    signed_text.reserve(id.size() + timestamp.size() + body.size() + 2);
    signed_text.append(id).append(".").append(timestamp).append(".").append(body);
    std::string signatures;
    for (const auto& key : keys)
        signatures += (signatures.empty() ? "v1," : " v1,") + base64_encode(hmac_sha256(key, signed_text));
    return signatures;
}

std::string hmac_hex(const Secret& key, std::string_view text) {
    std::string hex;
    for (const char byte : hmac_sha256(key, text)) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return hex;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    // Digests are of one length, so that the texts' lengths are not told either.
    const auto digest_a = sha256(a), digest_b = sha256(b);
    return CRYPTO_memcmp(digest_a.data(), digest_b.data(), digest_a.size()) == 0;
}

}  // namespace syncd
