#include "daemon/signature.hpp"

#include "config/core/base64.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

Secret key(std::string_view whsec) { return Secret(base64_decode(whsec).value()); }

const Secret published = key("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
constexpr auto id = "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp = "1614265330", body = R"({"test": 2432232314})";
constexpr auto expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

TEST(Signature, IsTheOnePublishedWithTheStandardWebhooksSpecification) {
    EXPECT_EQ(webhook_signature({published}, id, timestamp, body), expected);
}

TEST(Signature, EverySecretSignsDuringARotation) {
    const auto both = webhook_signature({key("AAAA"), published}, id, timestamp, body);

    EXPECT_EQ(both, webhook_signature({key("AAAA")}, id, timestamp, body) + " " + expected);
}

TEST(Signature, CoversIdTimestampAndBody) {
    EXPECT_NE(webhook_signature({published}, "msg_x", timestamp, body), expected);
    EXPECT_NE(webhook_signature({published}, id, "1614265331", body), expected);
    EXPECT_NE(webhook_signature({published}, id, timestamp, R"({"test":2432232314})"), expected);
}

TEST(Signature, OfAnEmptyBodyAndOfAHugeOne) {
    EXPECT_TRUE(webhook_signature({published}, id, timestamp, "").starts_with("v1,"));
    EXPECT_TRUE(webhook_signature({published}, id, timestamp, std::string(10u << 20, 'x')).starts_with("v1,"));
}

TEST(Hmac, IsThatOfRfc4231) {
    EXPECT_EQ(hmac_hex(Secret("Jefe"), "what do ya want for nothing?"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(EqualInConstantTime, ComparesLikeEquality) {
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
    EXPECT_FALSE(equal_in_constant_time("", "a"));
}

}  // namespace
}  // namespace syncd
