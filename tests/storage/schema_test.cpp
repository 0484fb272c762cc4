#include "storage/schema.hpp"

#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>

namespace syncd::storage {
namespace {

using namespace syncd::testing;
using Texts = std::vector<std::string>;
using Types = std::set<std::string>;

std::string text_of(const FieldChange& change) {
    std::string text = fmt::format("{} {}", to_string(change.type), change.name);
    for (const auto& type : change.previous_types) text += " -" + type;
    for (const auto& type : change.types) text += " +" + type;
    return text;
}

/// What is told of field `f` beside one that stays.
std::string told(std::optional<Types> known, std::optional<Types> seen) {
    FieldTypes before{{"id", {"string"}}}, after = before;
    if (known) before.emplace("f", *known);
    if (seen) after.emplace("f", *seen);
    std::string all;
    for (const auto& change : compare_fields(before, after)) all += text_of(change);
    return all;
}

TEST(CompareFields, TellsNewAndVanishedOnesAndOtherTypes) {
    EXPECT_EQ(told(std::nullopt, Types{"string"}), "fieldCreated f +string");
    EXPECT_EQ(told(std::nullopt, Types{}), "fieldCreated f") << "only null so far";
    EXPECT_EQ(told(Types{"number"}, std::nullopt), "fieldDeleted f -number");
    EXPECT_EQ(told(Types{}, std::nullopt), "fieldDeleted f");
    EXPECT_EQ(told(Types{"number"}, Types{"string"}), "fieldChanged f -number +string");
    EXPECT_EQ(told(Types{"number"}, Types{"number", "string"}), "fieldChanged f -number +number +string");
    EXPECT_EQ(told(Types{"array", "number"}, Types{"array", "object"}), "fieldChanged f -array -number +array +object");
}

TEST(CompareFields, NullAndFewerTypesAreNoChange) {
    EXPECT_EQ(told(Types{"number"}, Types{"number"}), "");
    EXPECT_EQ(told(Types{"number"}, Types{}), "") << "only null now";
    EXPECT_EQ(told(Types{}, Types{"number"}), "") << "only null before";
    EXPECT_EQ(told(Types{}, Types{}), "");
    EXPECT_EQ(told(Types{"number", "string"}, Types{"number"}), "");
}

TEST(CompareFields, GoesByName) {
    Texts texts;
    for (const auto& change : compare_fields({{"b", {}}, {"d", {"array"}}}, {{"a", {}}, {"c", {}}, {"d", {"object"}}}))
        texts.push_back(text_of(change));
    EXPECT_EQ(texts, (Texts{"fieldCreated a", "fieldDeleted b", "fieldCreated c", "fieldChanged d -array +object"}));
}

/// Looks at the fields of itwins; messages read `SEQUENCE:CHANGE`.
class CheckSchema : public ::testing::Test {
protected:
    SchemaCheck check(FieldTypes fields, std::int64_t started = 100) {
        return {
            .object_key = store.key,
            .operation_id = "op-1",
            .fields = std::move(fields),
            .told = {FieldChangeType::created, FieldChangeType::deleted, FieldChangeType::changed},
            .destination = "hook",
            .new_stream_id = "another stream",
            .build =
                [](const std::vector<FieldChange>& changes, const std::string&, std::int64_t sequence) {
                    std::vector<Message> messages;
                    for (const auto& change : changes)
                        messages.push_back({.body = fmt::format("{}:{}", sequence++, text_of(change)), .records = 1});
                    return messages;
                },
            .read_started = at(started),
            .now = at(started + 1)};
    }
    std::int64_t look(FieldTypes fields) { return store.run(store->check_schema(check(std::move(fields)))); }
    Texts baseline() {
        return store.column("SELECT name || ' ' || types FROM field WHERE object_key = " + std::to_string(store.key) +
                            " ORDER BY name");
    }

    OpenStore store;
};

TEST_F(CheckSchema, TheFirstLookOnlyNotes) {
    EXPECT_EQ(look({{"id", {"string"}}, {"mixed", {"string", "number"}}, {"n", {}}}), 0);

    EXPECT_EQ(store.bodies(), Texts());
    EXPECT_EQ(store.column("SELECT id FROM stream"), Texts());
    EXPECT_EQ(baseline(), (Texts{"id string", "mixed number,string", "n "}));
    EXPECT_EQ(store.state().schema_checked_at, at(100));
    EXPECT_EQ(store.state("imodels").schema_checked_at, std::nullopt) << "each object has its own";
}

TEST_F(CheckSchema, WhatItTellsGoesIntoTheStreamOfTheRecords) {
    look({{"id", {"string"}}, {"old", {"number"}}});
    store.commit({seen(a_record("1"))});

    EXPECT_EQ(look({{"id", {"string"}}, {"new", {"array"}}}), 2);

    EXPECT_EQ(store.bodies(), (Texts{"1:create:1", "2:fieldCreated new +array", "3:fieldDeleted old -number"}));
    EXPECT_EQ(store.column("SELECT DISTINCT stream_id || ' ' || operation_id FROM deliveries"),
              Texts{"stream-" + std::to_string(store.key) + " op-1"});
    store.remove({"1"});
    EXPECT_EQ(store.bodies().back(), "4:delete:1");
}

TEST_F(CheckSchema, TellsEachChangeOnce) {
    look({{"id", {"string"}}, {"f", {"number"}}, {"old", {"string"}}});
    const FieldTypes changed{{"id", {"string"}}, {"f", {"string"}}};
    look(changed);
    store.open();

    EXPECT_EQ(look(changed), 0);
    EXPECT_EQ(look({{"id", {"string"}}, {"f", {"number"}}}), 1) << "what is seen replaced what was known";

    EXPECT_EQ(store.bodies(), (Texts{"1:fieldChanged f -number +string", "2:fieldDeleted old -string",
                                     "3:fieldChanged f -string +number"}));
}

TEST_F(CheckSchema, AReadThatShowsFewerTypesDoesNotMakeThemNewLater) {
    look({{"f", {"number", "string"}}, {"g", {"number"}}});
    look({{"f", {"number"}}, {"g", {}}});

    EXPECT_EQ(look({{"f", {"string"}}, {"g", {"number"}}}), 0);
    EXPECT_EQ(look({{"f", {"string"}}, {"g", {"object"}}}), 1) << "null did not make it forget";
}

TEST_F(CheckSchema, TheFirstTypeAfterNullIsNoted) {
    look({{"f", {}}});

    EXPECT_EQ(look({{"f", {"number"}}}), 0);
    EXPECT_EQ(look({{"f", {"string"}}}), 1);
}

TEST_F(CheckSchema, WhatNobodyAskedForIsNotedSilently) {
    look({{"id", {"string"}}, {"old", {"number"}}});
    auto only_created = check({{"id", {"number"}}});
    only_created.told = {FieldChangeType::created};

    EXPECT_EQ(store.run(store->check_schema(only_created)), 0);

    EXPECT_EQ(store.bodies(), Texts());
    EXPECT_EQ(baseline(), Texts{"id number"});
}

TEST_F(CheckSchema, WhatIsNotedAndWhatIsToldAreOneTransaction) {
    look({{"id", {"string"}}});
    auto broken = check({{"id", {"string"}}, {"new", {"string"}}}, 500);
    broken.build = [](const auto&, const auto&, auto) -> std::vector<Message> { throw std::runtime_error("broken"); };

    EXPECT_THROW(store.run(store->check_schema(broken)), std::runtime_error);

    EXPECT_EQ(baseline(), Texts{"id string"});
    EXPECT_EQ(store.state().schema_checked_at, at(100));
    EXPECT_EQ(look({{"id", {"string"}}, {"new", {"string"}}}), 1) << "it is told the next time";
}

}  // namespace
}  // namespace syncd::storage
