#include "daemon/write_mapping.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

using config::WriteDefault;
using config::WriteField;
using config::WriteObject;
using Names = std::vector<std::string>;

WriteObject inheriting(std::map<std::string, std::string> mapping) {
    WriteObject object;
    object.object = object.mapped_name = "itwins";
    object.inherit_mapping = true;
    object.mapping = std::move(mapping);
    return object;
}
WriteObject with(WriteField field) {
    WriteObject object;
    object.fields.push_back(std::move(field));
    return object;
}
MappedWrite mapped(const WriteObject& object, const std::string& record, WriteType type = WriteType::create) {
    auto write = map_write(object, type, record);
    EXPECT_TRUE(write) << (write ? "" : write.error().message);
    EXPECT_TRUE(json::validate(write.value().record)) << write.value().record;
    return write.value();
}
std::string created(const WriteObject& object, const std::string& record) { return mapped(object, record).record; }
std::string updated(const WriteObject& object, const std::string& record) {
    return mapped(object, record, WriteType::update).record;
}

TEST(WriteMapping, WithoutMappingsAndSettingsARecordGoesAsItIs) {
    const std::string record = R"({ "b" : 1.50, "a": "\u00e4", "a": [ 2 ] })";
    EXPECT_EQ(created({}, record), record);
    EXPECT_EQ(updated({}, record), record);
}

TEST(WriteMapping, WhatIsNoObjectIsNoRecord) {
    for (const auto* text : {"", "[]", "null", "\"a\"", "{", "{}x"}) {
        const auto write = map_write(inheriting({}), WriteType::create, text);
        ASSERT_FALSE(write) << text;
        EXPECT_EQ(write.error().code, errc::invalid_input) << text;
    }
}

TEST(WriteMapping, OurNamesBecomeTheProvidersAndValuesKeepTheirBytesAndOrder) {
    const auto object = inheriting({{"title", "displayName"}, {"no", "number"}, {"class", "class"}});
    EXPECT_EQ(created(object, R"({"no": 1.50, "class":"a","title":"\u00e4" })"),
              R"({"number":1.50,"class":"a","displayName":"\u00e4"})");
}

TEST(WriteMapping, WhatNothingMapsIsLeftOutAndSaid) {
    auto object = inheriting({{"title", "displayName"}});
    object.unmapped = {"notes"};
    const auto write = mapped(object, R"({"title":"a","other":1,"notes":"n"})");
    EXPECT_EQ(write.record, R"({"displayName":"a"})");
    EXPECT_EQ(write.left_out, (Names{"other", "notes"}));
}

TEST(WriteMapping, WhereAllFieldsAreReadOnlyOurUnmappedNamesAreLeftOut) {
    auto object = inheriting({{"title", "displayName"}});
    object.unmapped = {"notes"};
    object.other_fields = true;
    const auto write = mapped(object, R"({"title":"a","other":1,"notes":"n"})");
    EXPECT_EQ(write.record, R"({"displayName":"a","other":1})");
    EXPECT_EQ(write.left_out, Names{"notes"});
}

TEST(WriteMapping, TheIdAlwaysStays) {
    EXPECT_EQ(updated(inheriting({}), R"({"id":"1","x":2})"), R"({"id":"1"})");
    EXPECT_EQ(updated(inheriting({{"id", "number"}}), R"({"id":"1"})"), R"({"id":"1"})");
    const auto object = inheriting({{"key", "id"}});
    EXPECT_EQ(updated(object, R"({"key":"1"})"), R"({"id":"1"})");
    EXPECT_EQ(mapped(object, R"({"id":"1","x":2})", WriteType::remove).record, R"({"id":"1"})");
}

TEST(WriteMapping, AMappedNameIsPreferredToTheFieldsOwn) {
    const auto object = inheriting({{"title", "displayName"}, {"displayName", "displayName"}});
    EXPECT_EQ(created(object, R"({"displayName":"own"})"), R"({"displayName":"own"})");
    EXPECT_EQ(created(object, R"({"displayName":"own","title":"ours"})"), R"({"displayName":"ours"})");
    EXPECT_EQ(created(object, R"({"title":"ours","displayName":"own"})"), R"({"displayName":"ours"})");
}

TEST(WriteMapping, AnOwnNameThatIsOneOfOursMeansOurs) {
    const auto object = inheriting({{"number", "displayName"}, {"displayName", "number"}});
    EXPECT_EQ(created(object, R"({"number":"a","displayName":"b"})"), R"({"displayName":"a","number":"b"})");
}

TEST(WriteMapping, NestedFieldsAreBuiltAndNestedNamesTakenApart) {
    const auto object = inheriting({{"email", "$['user']['email']"},
                                    {"name", "$['user']['name']"},
                                    {"$['more']['state']", "status"},
                                    {"$['a']['b']['c']", "$['x']['y']"}});
    EXPECT_EQ(created(object, R"({"email":"e","more":{"state":"deleted"},"name":"n","a":{"b":{"c":[1]}}})"),
              R"({"user":{"email":"e","name":"n"},"status":"deleted","x":{"y":[1]}})");
    EXPECT_EQ(created(object, R"({"$['more']['state']":"s"})"), R"({"status":"s"})");

    const auto write = mapped(object, R"({"more":{"state":"s","else":1},"a":5})");
    EXPECT_EQ(write.record, R"({"status":"s"})");
    EXPECT_EQ(write.left_out, (Names{"more", "a"}));
}

TEST(WriteMapping, AFieldInsideAnotherThatIsGivenTooIsLaidIntoIt) {
    const auto object = inheriting({{"city", "$['place']['city']"}, {"place", "place"}});
    EXPECT_EQ(created(object, R"({"place":{"zip": "1","city":"own"},"city":"ours"})"),
              R"({"place":{"zip":"1","city":"ours"}})");
    EXPECT_EQ(created(object, R"({"city":"ours","place":{"zip": "1","city":"own"}})"),
              R"({"place":{"city":"ours","zip":"1"}})");
}

TEST(WriteMapping, WhatIsLeftOfAnObjectWithOurNamesKeepsItsOwn) {
    auto object = inheriting({{"$['place']['lat']", "latitude"}, {"place", "place"}});
    object.unmapped = {"$['place']['lon']"};
    const auto write = mapped(object, R"({"place":{"lat":1,"lon":2,"zip":"3"}})");
    EXPECT_EQ(write.record, R"({"latitude":1,"place":{"zip":"3"}})");
    EXPECT_EQ(write.left_out, Names{"$['place']['lon']"});
}

TEST(WriteMapping, OurValuesBecomeTheProviders) {
    auto object = inheriting({{"state", "status"}, {"on", "$['a']['b']"}, {"class", "class"}});
    object.value_mappings = {{"status", {{"open", "Active"}}}, {"$['a']['b']", {{"true", "yes"}}}};
    EXPECT_EQ(created(object, R"({"state":"open","on":true,"class":"open"})"),
              R"({"status":"Active","a":{"b":"yes"},"class":"open"})");
    EXPECT_EQ(created(object, R"({"state":"other","on":{}})"), R"({"status":"other","a":{"b":{}}})");
    EXPECT_EQ(created(object, R"({"state":null})"), R"({"status":null})");
}

TEST(WriteMapping, OfAMemberThatComesTwiceTheLastCounts) {
    EXPECT_EQ(created(inheriting({{"a", "b"}}), R"({"a":1,"c":2,"a":3})"), R"({"b":3})");
}

TEST(WriteMapping, ARecordOfVeryManyMembersIsNoTrouble) {
    auto object = inheriting({{"m1", "first"}});
    object.other_fields = true;
    std::string record = "{";
    for (int i = 0; i < 200'000; ++i) record += (i ? ",\"m" : "\"m") + std::to_string(i) + "\":1";
    const auto text = created(object, record + "}");
    EXPECT_TRUE(text.starts_with(R"({"m0":1,"first":1,"m2":1,)"));
}

TEST(WriteDefaults, ADefaultIsWrittenWhereTheRecordDoesNotSay) {
    const auto object = with({.name = "number", .value = R"("n/a")"});
    EXPECT_EQ(created(object, R"({"a":1})"), R"({"a":1,"number":"n/a"})");
    EXPECT_EQ(updated(object, "{}"), R"({"number":"n/a"})");
    for (const auto* record : {R"({"number":"5"})", R"({"number":null})", R"({"number":""})"})
        EXPECT_EQ(created(object, record), record);
    EXPECT_EQ(mapped(object, R"({"id":"1"})", WriteType::remove).record, R"({"id":"1"})");
}

TEST(WriteDefaults, ADefaultOfAMappedFieldIsInOurValues) {
    auto object = inheriting({{"state", "status"}});
    object.value_mappings = {{"status", {{"open", "Active"}}}};
    object.fields = {{.name = "status", .value = R"("open")"}};
    EXPECT_EQ(created(object, "{}"), R"({"status":"Active"})");
    EXPECT_EQ(created(object, R"({"state":"x"})"), R"({"status":"x"})");
}

TEST(WriteDefaults, AFieldThatIsNeverWrittenIsLeftOutThoughItBeGiven) {
    const auto object = with({.name = "number", .value = "5", .on_update = WriteDefault::never});
    EXPECT_EQ(created(object, R"({"number":"1"})"), R"({"number":"1"})");
    EXPECT_EQ(created(object, "{}"), R"({"number":5})");
    const auto write = mapped(object, R"({"id":"1","number":"1"})", WriteType::update);
    EXPECT_EQ(write.record, R"({"id":"1"})");
    EXPECT_EQ(write.left_out, Names{"number"});
    EXPECT_EQ(updated(object, R"({"id":"1"})"), R"({"id":"1"})");

    const auto later = with({.name = "number", .value = "5", .on_create = WriteDefault::never});
    EXPECT_EQ(created(later, R"({"number":"1","a":2})"), R"({"a":2})");
    EXPECT_EQ(updated(later, R"({"a":2})"), R"({"a":2,"number":5})");
}

TEST(WriteDefaults, ADefaultForCreatesOnlyLeavesGivenValuesAlone) {
    const auto object = with({.name = "number", .value = "5", .default_on_update = false});
    EXPECT_EQ(created(object, "{}"), R"({"number":5})");
    EXPECT_EQ(updated(object, "{}"), "{}");
    EXPECT_EQ(updated(object, R"({"number":1})"), R"({"number":1})");
}

TEST(WriteDefaults, NestedFieldsHaveThemToo) {
    const auto object = with({.name = "$['a']['b']", .value = "5", .on_update = WriteDefault::never});
    EXPECT_EQ(created(object, "{}"), R"({"a":{"b":5}})");
    EXPECT_EQ(created(object, R"({"a":{"c": 1}})"), R"({"a":{"c":1,"b":5}})");
    EXPECT_EQ(created(object, R"({"a":null})"), R"({"a":null})");
    EXPECT_EQ(updated(object, R"({"x":1,"a":{"b":2}})"), R"({"x":1})");
    EXPECT_EQ(updated(object, R"({"a":{"b":2,"c":3}})"), R"({"a":{"c":3}})");
}

const WriteObject if_empty = with({.name = "number", .value = "5", .on_update = WriteDefault::if_empty});

/// The record of an update as it is sent when `present` is there.
std::string filled(const WriteObject& object, const std::string& record, const std::string& present) {
    const auto write = mapped(object, record, WriteType::update);
    return fill_empty(write.record, present, write.if_empty);
}

TEST(WriteDefaults, IfEmptyAFieldIsWrittenOnlyWhereThereIsNone) {
    for (const auto* empty : {"{}", R"({"number":null})", R"({"number":""})"}) {
        EXPECT_EQ(filled(if_empty, R"({"a":1})", empty), R"({"a":1,"number":5})") << empty;
        EXPECT_EQ(filled(if_empty, R"({"number":"mine","a":1})", empty), R"({"a":1,"number":"mine"})") << empty;
    }
    for (const auto* full : {R"({"number":"theirs"})", R"({"number":0})", R"({"number":false})", R"({"number":[]})"}) {
        EXPECT_EQ(filled(if_empty, R"({"a":1})", full), R"({"a":1})") << full;
        EXPECT_EQ(filled(if_empty, R"({"number":"mine","a":1})", full), R"({"a":1})") << full;
    }
}

TEST(WriteDefaults, IfEmptyAsksNothingOfACreate) {
    EXPECT_EQ(created(if_empty, R"({"number":"mine"})"), R"({"number":"mine"})");
    EXPECT_EQ(created(if_empty, "{}"), R"({"number":5})");
    EXPECT_TRUE(mapped(if_empty, "{}").if_empty.empty());
}

TEST(WriteDefaults, IfEmptyWithoutADefaultConcernsGivenValuesOnly) {
    const auto object = with({.name = "$['a']['b']", .on_update = WriteDefault::if_empty});
    EXPECT_TRUE(mapped(object, "{}", WriteType::update).if_empty.empty());
    EXPECT_EQ(filled(object, R"({"a":{"b":1,"c":2}})", R"({"a":{"b":""}})"), R"({"a":{"c":2,"b":1}})");
    EXPECT_EQ(filled(object, R"({"a":{"b":1,"c":2}})", R"({"a":{"b":"x"}})"), R"({"a":{"c":2}})");
    EXPECT_EQ(filled(object, R"({"a":{"b":1}})", R"({"a":5})"), R"({"a":{"b":1}})");
}

TEST(WriteDefaults, WhatTheRecordSaysIsNotFilled) {
    const std::vector<WriteField> fields = {{.name = "number", .value = "5"}, {.name = "$['a']['b']", .value = "6"}};
    EXPECT_EQ(fill_empty(R"({ "number":null,"a":7 })", "{}", fields), R"({ "number":null,"a":7 })");
}

}  // namespace
}  // namespace syncd
