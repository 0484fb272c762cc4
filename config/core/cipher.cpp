#include "config/core/cipher.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>
#include <stdexcept>

namespace syncd {
namespace {

constexpr char form = 1;
constexpr std::size_t nonce_bytes = 12, tag_bytes = 16, overhead = 1 + nonce_bytes + tag_bytes;

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void require(bool done) {
    if (!done) throw std::runtime_error("OpenSSL refuses AES-256-GCM");
}

Secret derive(const Secret& key) {
    constexpr std::string_view purpose = "bentley-syncd encryption at rest";
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    require(HMAC(EVP_sha256(), key.reveal().data(), int(key.reveal().size()), bytes(purpose), purpose.size(), out,
                 &length) != nullptr);
    return Secret(std::string(reinterpret_cast<char*>(out), length));
}

}  // namespace

Cipher::Cipher(const Secret& key) : key_(derive(key)) {}

std::string Cipher::seal(std::string_view text, std::string_view place, const Random& random) const {
    std::string sealed(overhead + text.size(), '\0');
    sealed[0] = form;
    for (std::size_t i = 0; i < nonce_bytes; i += 4) {
        const auto drawn = random();
        for (std::size_t j = 0; j < 4; ++j) sealed[1 + i + j] = char(drawn >> (8 * j));
    }
    auto* const nonce = bytes(sealed) + 1;
    auto* const body = nonce + nonce_bytes;
    const Context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
    int length = 0;
    require(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes(key_.reveal()), nonce) == 1);
    require(EVP_EncryptUpdate(context.get(), nullptr, &length, bytes(place), int(place.size())) == 1);
    require(EVP_EncryptUpdate(context.get(), body, &length, bytes(text), int(text.size())) == 1);
    require(EVP_EncryptFinal_ex(context.get(), body + text.size(), &length) == 1);
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, int(tag_bytes), body + text.size()) == 1);
    return sealed;
}

result<std::string> Cipher::open(std::string_view sealed, std::string_view place) const {
    const Error wrong{errc::invalid_body,
                      "what is encrypted in the database does not open with this key: give the one that it was written "
                      "with, storage.encryptionKey or the key file beside the database"};
    if (sealed.size() < overhead || sealed[0] != form) return wrong;
    const auto nonce = sealed.substr(1, nonce_bytes);
    const auto body = sealed.substr(1 + nonce_bytes, sealed.size() - overhead);
    std::string tag(sealed.substr(sealed.size() - tag_bytes)), text(body.size(), '\0');
    const Context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
    int length = 0;
    require(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes(key_.reveal()), bytes(nonce)) == 1);
    require(EVP_DecryptUpdate(context.get(), nullptr, &length, bytes(place), int(place.size())) == 1);
    require(EVP_DecryptUpdate(context.get(), bytes(text), &length, bytes(body), int(body.size())) == 1);
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, int(tag_bytes), tag.data()) == 1);
    if (EVP_DecryptFinal_ex(context.get(), bytes(text) + text.size(), &length) != 1) return wrong;
    return text;
}

}  // namespace syncd
