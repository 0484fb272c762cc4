#include "config/core/cipher.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

Random counting() {
    return [n = std::uint64_t(0)]() mutable { return n += 0x9e3779b97f4a7c15; };
}

const Secret key(std::string(32, 'k'));

TEST(Cipher, OpensWhatItSealed) {
    const Cipher cipher(key);
    for (const auto& text :
         {std::string(), std::string("a"), std::string("{\"name\":\"Ä\"}"), std::string(100'000, 'x')}) {
        const auto sealed = cipher.seal(text, "write 1", counting());
        EXPECT_EQ(cipher.open(sealed, "write 1").value(), text);
        if (text.size() > 3) EXPECT_EQ(sealed.find(text), std::string::npos);
    }
}

TEST(Cipher, ASealedTextOpensOnlyWithItsKeyAtItsPlaceAndWhole) {
    const Cipher cipher(key), other(Secret(std::string(32, 'o')));
    const auto sealed = cipher.seal("a secret text", "write 1", counting());
    EXPECT_FALSE(other.open(sealed, "write 1"));
    EXPECT_FALSE(cipher.open(sealed, "write 2"));
    EXPECT_FALSE(cipher.open("", "write 1"));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto damaged = sealed;
        damaged[i] = char(damaged[i] ^ 1);
        EXPECT_FALSE(cipher.open(damaged, "write 1")) << i;
        EXPECT_FALSE(cipher.open(sealed.substr(0, i), "write 1")) << i;
    }
}

TEST(Cipher, TheSameTextIsSealedDifferentlyEachTime) {
    const Cipher cipher(key);
    const auto random = counting();
    EXPECT_NE(cipher.seal("text", "place", random), cipher.seal("text", "place", random));
}

}  // namespace
}  // namespace syncd
