#include "config/interpolate.hpp"

#include <gtest/gtest.h>

#include <map>

namespace syncd::config {
namespace {

Surroundings surroundings() {
    return {[](const std::string& name) -> std::optional<std::string> {
                const std::map<std::string, std::string> variables = {
                    {"NAME", "acme"}, {"EMPTY", ""}, {"TRICKY", "${NAME} $${NAME}"}};
                const auto found = variables.find(name);
                return found == variables.end() ? std::nullopt : std::optional(found->second);
            },
            [](const std::string& path, std::string& why) -> std::optional<std::string> {
                const std::map<std::string, std::string> files = {{"/etc/syncd/key", "secret\n"},
                                                                  {"/run/two", "a\nb\n\n"},
                                                                  {"/run/dos", "secret\r\n"},
                                                                  {"/run/huge", std::string(1 << 20, 'x')}};
                const auto found = files.find(path);
                if (found == files.end()) why = "No such file or directory";
                return found == files.end() ? std::nullopt : std::optional(found->second);
            }};
}

std::string of(std::string_view text) {
    const auto value = interpolate(text, "/etc/syncd", surroundings());
    return value ? *value : "error: " + value.error().message;
}

TEST(Interpolate, TextWithoutDollarStaysAsItIs) {
    EXPECT_EQ(of(""), "");
    EXPECT_EQ(of("a{b}c"), "a{b}c");
}

TEST(Interpolate, AVariableIsReplacedWhereverItStands) {
    EXPECT_EQ(of("${NAME}"), "acme");
    EXPECT_EQ(of("x-${NAME}-${NAME}."), "x-acme-acme.");
    EXPECT_EQ(of("${EMPTY}"), "");
}

TEST(Interpolate, AnUnsetVariableIsAnErrorThatNamesIt) {
    EXPECT_EQ(of("${MISSING}"),
              "error: the environment variable MISSING is not set; set it, or write ${MISSING:-default}");
}

TEST(Interpolate, ADefaultCountsWhenTheVariableIsUnsetOrEmpty) {
    EXPECT_EQ(of("${MISSING:-a b:-c}"), "a b:-c");
    EXPECT_EQ(of("${EMPTY:-x}"), "x");
    EXPECT_EQ(of("${NAME:-x}"), "acme");
    EXPECT_EQ(of("${MISSING:-}"), "");
}

TEST(Interpolate, AFileIsItsContentLessItsLastNewline) {
    EXPECT_EQ(of("${file:key}"), "secret");
    EXPECT_EQ(of("${file:/etc/syncd/key}"), "secret");
    EXPECT_EQ(of("${file:../../run/two}"), "a\nb\n");
    EXPECT_EQ(of("${file:/run/dos}"), "secret");
}

TEST(Interpolate, AFileThatCantBeReadIsAnErrorThatSaysWhy) {
    EXPECT_EQ(of("${file:nothing}"),
              "error: ${file:nothing}: can't read /etc/syncd/nothing: No such file or directory");
    EXPECT_EQ(of("${file:}"), "error: ${file:} names no file; write ${file:PATH}");
    EXPECT_EQ(of("${file:/run/huge}"), "error: ${file:/run/huge}: /run/huge is larger than 65536 bytes");
}

TEST(Interpolate, TwoDollarsAreALiteralOne) {
    EXPECT_EQ(of("$${NAME}"), "${NAME}");
    EXPECT_EQ(of("$${"), "${");
    EXPECT_EQ(of("$$${NAME}"), "$${NAME}");
}

TEST(Interpolate, AnyOtherDollarStandsForItself) {
    EXPECT_EQ(of("$"), "$");
    EXPECT_EQ(of("$NAME"), "$NAME");
    EXPECT_EQ(of("$['a']['b']"), "$['a']['b']");
}

TEST(Interpolate, WhatWasPutInIsNotLookedAtAgain) { EXPECT_EQ(of("${TRICKY}"), "${NAME} $${NAME}"); }

TEST(Interpolate, WhatIsNoFormIsAnErrorThatListsTheForms) {
    const std::string forms = "allowed are ${NAME}, ${NAME:-default}, ${file:PATH} and $${ for a literal ${";
    EXPECT_EQ(of("${NAME"), "error: '${' without its '}'; " + forms);
    EXPECT_EQ(of("${}"), "error: '${}' names no variable; " + forms);
    EXPECT_EQ(of("${1A}"), "error: '${1A}' names no variable; " + forms);
    EXPECT_EQ(of("${A B}"), "error: '${A B}' names no variable; " + forms);
    EXPECT_EQ(of("${NAME-x}"), "error: '${NAME-x}' names no variable; " + forms);
    EXPECT_EQ(of("${A:-${B}}"), "error: the default of ${A:-…} can't hold another ${…}");
}

}  // namespace
}  // namespace syncd::config
