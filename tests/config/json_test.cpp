#include "config/core/json.hpp"

#include <gtest/gtest.h>

namespace syncd::json {
namespace {

bool valid(std::string_view text) { return validate(text).has_value(); }

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(Json, ValuesOfEveryKindAreValid) {
    for (const auto* text : {"{}", "[]", "null", "true", "0", "-1.5e+3", "\"\"", " [1 , {\"a\" : null}]\r\n\t",
                             R"({"a":"\u00e9\ud83d\ude00\n\/"})", "\"é😀\""})
        EXPECT_TRUE(valid(text)) << text;
}

TEST(Json, WhatIsNoJsonIsRefusedAndTheErrorSaysWhere) {
    for (const auto* text : {"",
                             " ",
                             "{",
                             "[1",
                             "[1,]",
                             "{\"a\":1,}",
                             "{a:1}",
                             "'a'",
                             "01",
                             "1.",
                             ".5",
                             "+1",
                             "NaN",
                             "nul",
                             "\"a",
                             "\"\\x\"",
                             "\"\\u12\"",
                             "\"\n\"",
                             "1 2",
                             "{}{}",
                             "[1]]",
                             "// c\n1",
                             "\xEF\xBB\xBF{}",
                             "<html></html>"})
        EXPECT_FALSE(valid(text)) << text;
    const auto failure = validate("{\"a\": x}");
    ASSERT_FALSE(failure);
    EXPECT_EQ(failure.error().code, errc::invalid_body);
    EXPECT_EQ(failure.error().message.find("not JSON at byte 6"), 0U) << failure.error().message;
}

TEST(Json, InvalidUtf8IsRefused) {
    for (const auto* text :
         {"\"\x80\"", "\"\xC0\xAF\"", "\"\xED\xA0\x80\"", "\"\xF5\x80\x80\x80\"", "\"\xE2\x82\"", "{\"\xFF\":1}"})
        EXPECT_FALSE(valid(text)) << text;
    EXPECT_FALSE(valid(R"("\ud83d")"));
    EXPECT_FALSE(valid(R"("\ude00")"));
    EXPECT_FALSE(valid(std::string_view("\"\0\"", 3)));
}

TEST(Json, NestingIsFollowedToItsLimit) {
    EXPECT_TRUE(valid(nested(depth_max)));
    EXPECT_FALSE(valid(nested(depth_max + 1)));
    EXPECT_FALSE(valid(nested(1'000'000)));
    EXPECT_FALSE(valid(std::string(1'000'000, '[')));
}

TEST(Json, MembersAreSlicesInOrder) {
    const auto found = members(R"( { "a" : 1 , "b\n" : { "c" : [ 1 , "}" ] } , "" : "x,:\"]" } )");
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].key, "a");
    EXPECT_EQ(found[0].value, "1");
    EXPECT_EQ(found[1].key, "b\n");
    EXPECT_EQ(found[1].value, R"({ "c" : [ 1 , "}" ] })");
    EXPECT_EQ(found[2].key, "");
    EXPECT_EQ(found[2].value, R"("x,:\"]")");
    EXPECT_TRUE(members("{}").empty());
    EXPECT_TRUE(members("[1]").empty());
    EXPECT_TRUE(members("\"{\"").empty());
}

TEST(Json, ElementsAreSlicesInOrder) {
    const auto found = elements(R"( [ 1, "a,]" , [2,3],{"b":[4]} ,null ] )");
    ASSERT_EQ(found.size(), 5U);
    EXPECT_EQ(found[0], "1");
    EXPECT_EQ(found[1], R"("a,]")");
    EXPECT_EQ(found[2], "[2,3]");
    EXPECT_EQ(found[3], R"({"b":[4]})");
    EXPECT_EQ(found[4], "null");
    EXPECT_TRUE(elements("[ ]").empty());
    EXPECT_TRUE(elements("{}").empty());
}

TEST(Json, AMemberIsFoundByItsNameHoweverItIsSpelled) {
    EXPECT_EQ(find(R"({"a":1,"a":2})", "a"), "2");
    EXPECT_EQ(find(R"({"\u0061":1})", "a"), "1");
    EXPECT_EQ(find(R"({"b":{"a":1}})", "a"), std::nullopt);
    EXPECT_EQ(find("[1]", "a"), std::nullopt);
    const std::vector<std::string> path = {"b", "a"};
    EXPECT_EQ(find(R"({"b":{"a":[1]}})", path), "[1]");
    EXPECT_EQ(find(R"({"b":"a"})", path), std::nullopt);
}

TEST(Json, TextsAreUnescaped) {
    EXPECT_EQ(as_string(R"("a\"\\\/\b\f\n\r\t\u00e9\u20ac\ud83d\ude00")"), "a\"\\/\b\f\n\r\té€😀");
    EXPECT_EQ(as_string(R"("\u0000x")"), std::string("\0x", 2));
    EXPECT_EQ(as_string("1"), std::nullopt);
    EXPECT_EQ(as_text("1.50"), "1.50");
    EXPECT_EQ(as_text("true"), "true");
    EXPECT_EQ(as_text("null"), std::nullopt);
    EXPECT_EQ(as_text("{}"), std::nullopt);
}

TEST(Json, WhatIsQuotedIsReadAgainAsItWas) {
    std::string every;
    for (int c = 0; c < 0x80; ++c) every += char(c);
    every += "é😀";
    const auto quoted = quote(every);
    EXPECT_TRUE(valid(quoted)) << quoted;
    EXPECT_EQ(as_string(quoted), every);
}

TEST(JsonDigest, KeyOrderWhiteSpaceAndEscapesDoNotCount) {
    const auto expected = digest(R"({"a":1,"b":{"c":[1,2],"d":"é/"}})");
    EXPECT_EQ(digest(R"( { "b" : { "d" : "\u00e9\/" , "c" : [ 1 , 2 ] } , "a" : 1 } )"), expected);
    EXPECT_EQ(digest(R"({"\u0061":1,"b":{"c":[1,2],"d":"é/"}})"), expected);
}

TEST(JsonDigest, EverythingElseCounts) {
    const std::vector<std::string> all = {"null",
                                          "true",
                                          "false",
                                          "0",
                                          "1",
                                          "1.0",
                                          "1e0",
                                          "-0",
                                          "\"\"",
                                          "\"1\"",
                                          "\"null\"",
                                          "[]",
                                          "{}",
                                          "[null]",
                                          "[[]]",
                                          "[{}]",
                                          "[1,2]",
                                          "[2,1]",
                                          "[[1],2]",
                                          "[1,[2]]",
                                          "[12]",
                                          "{\"a\":1}",
                                          "{\"b\":1}",
                                          "{\"a\":\"1\"}",
                                          "{\"a\":{}}",
                                          "{\"a\":[]}",
                                          "{\"a\":null}",
                                          "[\"a\",1]",
                                          "[\"a\"]",
                                          "{\"a\":1,\"b\":2}",
                                          "{\"a\":2,\"b\":1}",
                                          "{\"a\":{\"b\":1}}",
                                          "{\"a\":1,\"a\":1}",
                                          "[\"a\",\"b\"]",
                                          "[\"a,b\"]",
                                          "[\"b\",\"a\"]",
                                          "\"a\"",
                                          "\"A\"",
                                          "\"a \"",
                                          "{\"a\":[1],\"b\":[]}",
                                          "{\"a\":[],\"b\":[1]}"};
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t j = i + 1; j < all.size(); ++j)
            EXPECT_NE(digest(all[i]).hex(), digest(all[j]).hex()) << all[i] << all[j];
}

TEST(JsonDigest, IgnoredMembersAreLeftOutOfTheOutermostObjectOnly) {
    const std::vector<std::string> ignore = {"at"};
    EXPECT_EQ(digest(R"({"a":1,"at":5})", ignore), digest(R"({"at":{"x":[6]},"a":1})", ignore));
    EXPECT_EQ(digest(R"({"a":1,"\u0061t":5})", ignore), digest(R"({"a":1})", ignore));
    EXPECT_NE(digest(R"({"a":{"at":5}})", ignore), digest(R"({"a":{"at":6}})", ignore));
    EXPECT_NE(digest(R"([{"at":5}])", ignore), digest(R"([{"at":6}])", ignore));
}

TEST(JsonDigest, IsWrittenAs32HexDigits) {
    EXPECT_EQ((Digest{1, 2}.hex()), "00000000000000020000000000000001");
    EXPECT_EQ(digest("{}").hex().size(), 32U);
}

TEST(JsonDigest, TextsWithStructureInsideAreOneText) {
    EXPECT_NE(digest(R"(["a","b"])"), digest(R"(["a\",\"b"])"));
    EXPECT_NE(digest(R"({"a":"}"})"), digest(R"({"a":""})"));
    EXPECT_EQ(digest(R"({"a":":","b":1})"), digest(R"({"b":1,"a":":"})"));
}

}  // namespace
}  // namespace syncd::json
