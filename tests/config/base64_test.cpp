#include "config/core/base64.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

TEST(Base64, BytesGoBothWays) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes) << i;
        bytes += char(i);
    }
    EXPECT_EQ(base64_encode("f"), "Zg==");
    EXPECT_EQ(base64_encode("fo"), "Zm8=");
    EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
    EXPECT_EQ(base64_encode(""), "");
    EXPECT_EQ(base64_decode(""), "");
}

TEST(Base64, WhatIsNotExactlyBase64IsRefused) {
    for (const auto* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", " Zg==", "Zg==\n\n\n\n",
                             "Zm-_", "Zg==Zg==", "Zm9v!mFy", "Zm=v"})
        EXPECT_EQ(base64_decode(text), std::nullopt) << text;
}

}  // namespace
}  // namespace syncd
