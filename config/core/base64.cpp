#include "config/core/base64.hpp"

#include <openssl/evp.h>

#include <limits>
#include <stdexcept>

namespace syncd {
namespace {

constexpr std::size_t bytes_max = std::numeric_limits<int>::max() / 2;  // OpenSSL counts in int

const unsigned char* data_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::string base64_encode(std::string_view bytes) {
    if (bytes.empty()) return {};
    if (bytes.size() > bytes_max) throw std::length_error("base64: too long");
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock appends a zero byte
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), data_of(bytes), int(bytes.size()));
    text.pop_back();
    return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.empty()) return std::string();
    if (text.size() % 4 != 0 || text.size() > bytes_max) return std::nullopt;
    std::string bytes(text.size() / 4 * 3, '\0');
    const int written =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), data_of(text), int(text.size()));
    if (written < 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    bytes.resize(std::size_t(written) - padding);
    // OpenSSL forgives white space at the ends, stray padding and unused bits: what it read must spell the same.
    if (base64_encode(bytes) != text) return std::nullopt;
    return bytes;
}

}  // namespace syncd
