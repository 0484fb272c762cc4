#include "connector/http/gzip.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

namespace syncd::http {
namespace {

std::string gzip(const std::string& text) {
    z_stream stream{};
    deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, uLong(text.size())) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = uInt(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = uInt(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(out.size() - stream.avail_out);
    deflateEnd(&stream);
    return out;
}

/// Text that does not pack well.
std::string noise(std::size_t bytes) {
    std::string text;
    for (std::uint32_t state = 1; text.size() < bytes; state = state * 1664525 + 1013904223) text += char(state >> 24);
    return text;
}

errc code_of(std::string_view packed, std::size_t bytes_max = 1u << 20) {
    const auto plain = gunzip(packed, bytes_max);
    return plain ? errc{} : plain.error().code;
}

TEST(Gunzip, GivesBackWhatWasPacked) {
    for (const auto& text : {std::string("{\"a\":1}"), std::string(), std::string(300'000, 'a'), noise(300'000)})
        EXPECT_EQ(gunzip(gzip(text), 1u << 20).value(), text);
}

TEST(Gunzip, ABombIsCutAtTheLimit) {
    const auto bomb = gzip(std::string(50u << 20, '\0'));
    ASSERT_LT(bomb.size(), 100'000u);

    EXPECT_EQ(code_of(bomb, 1u << 20), errc::too_large);
}

TEST(Gunzip, TheLimitItselfIsAllowedAndOneByteMoreIsNot) {
    for (const std::size_t bytes : {1u, 1000u, 65'536u, 100'000u})
        for (const auto& text : {std::string(bytes, 'x'), noise(bytes)}) {
            EXPECT_EQ(code_of(gzip(text), bytes), errc{}) << bytes;
            EXPECT_EQ(code_of(gzip(text), bytes - 1), errc::too_large) << bytes;
        }
}

TEST(Gunzip, ACutOffBodyIsAnErrorWhereverItIsCut) {
    const auto packed = gzip("{\"some\":\"text\"}" + noise(100));
    for (std::size_t bytes = 0; bytes < packed.size(); ++bytes)
        EXPECT_EQ(code_of(packed.substr(0, bytes)), errc::invalid_body) << bytes;
}

TEST(Gunzip, WhatIsNoGzipIsAnError) {
    EXPECT_EQ(code_of("{}"), errc::invalid_body);
    EXPECT_EQ(code_of(std::string(1000, '\x1f')), errc::invalid_body);
    EXPECT_EQ(code_of(noise(1000)), errc::invalid_body);
}

TEST(Gunzip, AWrongChecksumIsAnError) {
    auto packed = gzip("{\"some\":\"text\"}");
    packed[packed.size() - 6] ^= 1;

    EXPECT_EQ(code_of(packed), errc::invalid_body);
}

TEST(Gunzip, AFlippedBitAnywhereNeverCrashes) {
    const auto packed = gzip(noise(200));
    for (std::size_t at = 0; at < packed.size(); ++at) {
        auto broken = packed;
        broken[at] = char(broken[at] ^ 0x10);
        code_of(broken);
    }
}

}  // namespace
}  // namespace syncd::http
