#include "daemon/mask.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

TEST(Mask, ASecretIsHiddenWhereverItStands) {
    EXPECT_EQ(mask_text("the key abc of abcabc", {"abc"}), "the key *** of ******");
    EXPECT_EQ(mask_text("one and two", {"one", "two"}), "*** and ***");
    EXPECT_EQ(mask_text("nothing", {"", "abc"}), "nothing");
}

TEST(Mask, ASecretOfAsterisksEndsToo) {
    EXPECT_EQ(mask_text("a *** b", {"***"}), "a *** b");
    EXPECT_EQ(mask_text("a*b", {"*"}), "a***b");
}

TEST(Mask, EscapesInJsonHideNoSecret) {
    EXPECT_EQ(mask_json(R"({"message":"s3cr\u002Bet\/plain is wrong","n":1.50})", {"s3cr+et/plain"}),
              R"({"message":"*** is wrong","n":1.50})");
    EXPECT_EQ(mask_json(R"(["a\"b", "\\", {"a\"b":2}])", {"a\"b"}), R"(["***", "\\", {"***":2}])");
}

TEST(Mask, WhatHoldsNoneStaysByteForByte) {
    const std::string json = R"( {"a" : "\u00e9\/", "b":[ 1E5 ,"" ]} )";
    EXPECT_EQ(mask_json(json, {"secret"}), json);
}

}  // namespace
}  // namespace syncd
