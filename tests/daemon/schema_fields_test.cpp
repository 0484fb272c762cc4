#include "daemon/schema_fields.hpp"

#include "tests/support/builders.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace syncd {
namespace {

using testing::at;
using namespace std::chrono_literals;

TEST(SchemaFields, AreTheOutermostMembersOfAllRecordsWithTheirTypes) {
    SchemaFields fields;
    EXPECT_TRUE(fields.types().empty());

    fields.add(R"({"id":"1","n":1,"null":null,"both":true,"inner":{"deep":1},"list":[]})");
    fields.add(R"({"id":"2","n":1.5,"null":null,"both":"x"})");

    EXPECT_EQ(fields.types(), (FieldTypes{{"id", {"string"}},
                                          {"n", {"number"}},
                                          {"null", {}},
                                          {"both", {"boolean", "string"}},
                                          {"inner", {"object"}},
                                          {"list", {"array"}}}));
    EXPECT_TRUE(fields.complete());
}

TEST(SchemaFields, AreBounded) {
    SchemaFields fields;
    for (std::size_t i = 0; i < SchemaFields::names_max; ++i) fields.add(fmt::format("{{\"f{}\":1}}", i));
    EXPECT_TRUE(fields.complete());
    fields.add(R"({"f0":"x"})");
    EXPECT_TRUE(fields.complete()) << "a known name takes no room";

    fields.add(R"({"one more":1,"f1":1})");

    EXPECT_FALSE(fields.complete());
    EXPECT_EQ(fields.types().size(), SchemaFields::names_max);
}

/// Whether a read at 100 s looks, with a watch of once a minute.
bool looks(const ReadPlan& plan, std::optional<Timestamp> checked_at) {
    const config::SchemaWatch watch{.destination = "hook", .schedule = config::Schedule::parse("@every 1m").value()};
    storage::ObjectState state;
    state.schema_checked_at = checked_at;
    return looks_for_changes(watch, plan, state, at(100));
}

TEST(LooksForChanges, WhenItsScheduleIsDue) {
    EXPECT_TRUE(looks({}, std::nullopt)) << "never yet";
    EXPECT_TRUE(looks({}, at(40)));
    EXPECT_FALSE(looks({}, at(41)));
    EXPECT_FALSE(looks({}, at(100)));
    EXPECT_TRUE(looks({}, at(101))) << "the clock was set back";
}

TEST(LooksForChanges, OnlyInAFullReadFromItsBeginning) {
    EXPECT_TRUE(looks({.backfill = true}, std::nullopt));
    EXPECT_FALSE(looks({.backfill = true, .resumed = true}, std::nullopt)) << "what came before the cut is not known";
    EXPECT_FALSE(looks({.full = false}, std::nullopt));
    EXPECT_FALSE(looks({.moves_cursors = false}, std::nullopt)) << "triggered";
}

TEST(LooksForChanges, OnlyWhereTheManifestWatches) { EXPECT_FALSE(looks_for_changes({}, {}, {}, at(100))); }

}  // namespace
}  // namespace syncd
