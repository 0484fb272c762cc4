#include "daemon/mapping.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

config::ReadObject reading(std::vector<config::Field> fields) {
    config::ReadObject object;
    object.object = object.mapped_name = "itwins";
    object.fields = std::move(fields);
    return object;
}
std::string entry(const config::ReadObject& object, const std::string& raw) {
    return render_entry(object, {ChangeType::create, "1", raw});
}
std::string part(const std::string& entry, const char* name) {
    EXPECT_TRUE(json::validate(entry).has_value()) << entry;
    return std::string(json::find(entry, name).value());
}

TEST(Mapped, ANestedNameBuildsObjectsOneInsideTheOther) {
    const auto object = reading({{.name = "latitude", .mapped = "$['place']['lat']"},
                                 {.name = "displayName", .mapped = "title"},
                                 {.name = "longitude", .mapped = "$['place']['lon']"},
                                 {.name = "$['a']['b']", .mapped = "$['x']['y']['z']"},
                                 {.name = "status", .mapped = "$['odd'"}});
    const auto text = entry(object, R"({"latitude":1,"longitude":2,"displayName":"A","a":{"b":[3]},"status":"s"})");

    EXPECT_EQ(part(text, "mappedFields"),
              R"({"place":{"lat":1,"lon":2},"title":"A","x":{"y":{"z":[3]}},"$['odd'":"s"})");
}

TEST(Mapping, AnEntryHasFieldsMappedFieldsRawIdAndChangeType) {
    const auto object =
        reading({{.name = "displayName", .mapped = "title", .required = true}, {.name = "status", .mapped = ""}});

    EXPECT_EQ(
        entry(object, R"({"displayName":"A","status":"Active"})"),
        R"({"fields":{"status":"Active"},"mappedFields":{"title":"A"},"raw":{"displayName":"A","status":"Active"},"id":"1","changeType":"create"})");
}

TEST(Mapping, ChangeTypesAreSpelledAsDocumented) {
    const auto object = reading({});
    const std::pair<ChangeType, const char*> table[] = {{ChangeType::create, "create"},
                                                        {ChangeType::update, "update"},
                                                        {ChangeType::remove, "delete"},
                                                        {ChangeType::none, "none"}};
    for (const auto& [type, name] : table)
        EXPECT_EQ(json::as_string(part(render_entry(object, {type, "1", "{}"}), "changeType")), name);
}

TEST(Mapping, AMissingFieldIsNull) {
    const auto object = reading(
        {{.name = "number", .mapped = ""}, {.name = "class", .mapped = "kind"}, {.name = "$['a']['b']", .mapped = ""}});

    EXPECT_EQ(part(entry(object, R"({"a":7})"), "fields"), R"({"number":null,"$['a']['b']":null})");
    EXPECT_EQ(part(entry(object, "{}"), "mappedFields"), R"({"kind":null})");
}

TEST(Mapping, NestedFieldsAreFoundByTheirPath) {
    const auto object = reading({{.name = "$['executionInfo']['createdDateTime']", .mapped = "created"},
                                 {.name = "$['a']['b']['c']", .mapped = ""}});
    const auto text = entry(object, R"({"executionInfo":{"createdDateTime":"2026"},"a":{"b":{"c":[1]}}})");

    EXPECT_EQ(part(text, "mappedFields"), R"({"created":"2026"})");
    EXPECT_EQ(part(text, "fields"), R"({"$['a']['b']['c']":[1]})");
}

TEST(Mapping, ValuesAreTheProvidersOwnBytes) {
    const auto object = reading({{.name = "n", .mapped = ""}, {.name = "s", .mapped = "t"}});
    const std::string raw = "{\"n\":0.10e+2 , \"s\":\"\\u00e9\\/\", \"big\":12345678901234567890123}";

    EXPECT_EQ(part(entry(object, raw), "fields"), "{\"n\":0.10e+2}");
    EXPECT_EQ(part(entry(object, raw), "mappedFields"), "{\"t\":\"\\u00e9\\/\"}");
    EXPECT_EQ(part(entry(object, raw), "raw"), raw);
}

TEST(Mapping, AllFieldsAreTheSelectedOnesAndEveryOther) {
    auto object =
        reading({{.name = "b", .mapped = ""}, {.name = "c", .mapped = "see"}, {.name = "gone", .mapped = ""}});
    object.all_fields = true;

    const auto text = entry(object, R"({"a":1,"b":2,"c":3,"d":{"e":4}})");

    EXPECT_EQ(part(text, "fields"), R"({"b":2,"gone":null,"a":1,"d":{"e":4}})");
    EXPECT_EQ(part(text, "mappedFields"), R"({"see":3})");
}

TEST(Mapping, ValuesAreMappedWhereTheUserSaysSo) {
    auto object = reading({{.name = "status", .mapped = ""},
                           {.name = "level", .mapped = "l"},
                           {.name = "on", .mapped = ""},
                           {.name = "o", .mapped = ""}});
    object.value_mappings = {{"status", {{"Active", "a \"b\""}}},
                             {"level", {{"1", "low"}}},
                             {"on", {{"true", "yes"}}},
                             {"o", {{"null", "x"}}}};

    EXPECT_EQ(part(entry(object, R"({"status":"Active","level":1,"on":true,"o":null})"), "fields"),
              R"({"status":"a \"b\"","on":"yes","o":null})");
    EXPECT_EQ(part(entry(object, R"({"status":"Active","level":1})"), "mappedFields"), R"({"l":"low"})");
    EXPECT_EQ(part(entry(object, R"({"status":"Other","on":{},"o":[]})"), "fields"),
              R"({"status":"Other","on":{},"o":[]})")
        << "others stay";
}

TEST(Mapping, OddNamesAndIdsAreQuoted) {
    auto object = reading({{.name = "a\"b", .mapped = "x\\y\n"}});
    object.all_fields = true;

    const auto text = render_entry(object, {ChangeType::create, "i\"d\n", R"({"a\"b":1,"c\"\u0001":2})"});

    EXPECT_TRUE(json::validate(text).has_value()) << text;
    EXPECT_EQ(json::as_string(part(text, "id")), "i\"d\n");
}

TEST(FieldPath, IsTheNameOrThePathInItsBrackets) {
    using Path = std::vector<std::string>;
    EXPECT_EQ(field_path("displayName"), Path{"displayName"});
    EXPECT_EQ(field_path("a.b"), Path{"a.b"});
    EXPECT_EQ(field_path("$['a']"), Path{"a"});
    EXPECT_EQ(field_path("$['a']['b c']['d']"), (Path{"a", "b c", "d"}));
    EXPECT_EQ(field_path("$.a"), Path{"$.a"});
    EXPECT_EQ(field_path(""), Path{""});
}

TEST(Filters, AllHaveToBeEqual) {
    const struct {
        config::FilterValue wanted;
        const char* raw;
        bool pass;
    } table[] = {{std::string("Active"), R"({"f":"Active"})", true},
                 {std::string("Active"), R"({"f":"active"})", false},
                 {std::string("Active"), "{}", false},
                 {std::string("Active"), R"({"f":null})", false},
                 {std::string("Active"), R"({"f":["Active"]})", false},
                 {std::string(""), R"({"f":""})", true},
                 {std::string("\xC3\xA9"), R"({"f":"\u00e9"})", true},
                 {true, R"({"f":true})", true},
                 {true, R"({"f":false})", false},
                 {true, R"({"f":1})", false},
                 {false, R"({"f":false})", true},
                 {false, "{}", false},
                 {1.0, R"({"f":1})", true},
                 {1.0, R"({"f":1.0e0})", true},
                 {1.5, R"({"f":1.50})", true},
                 {1.0, R"({"f":2})", false},
                 {1.0, R"({"f":true})", false},
                 {0.0, R"({"f":null})", false},
                 {0.0, R"({"f":"x"})", false},
                 {0.0, R"({"f":{}})", false}};
    for (const auto& row : table) EXPECT_EQ(passes({{"f", row.wanted}}, row.raw), row.pass) << row.raw;
    EXPECT_TRUE(passes({}, "{}"));
    EXPECT_TRUE(passes({{"f", true}, {"g", 1.0}}, R"({"f":true,"g":1})"));
    EXPECT_FALSE(passes({{"f", true}, {"g", 1.0}}, R"({"f":true,"g":2})"));
    EXPECT_TRUE(passes({{"$['a']['b']", std::string("x")}}, R"({"a":{"b":"x"}})"));
}

}  // namespace
}  // namespace syncd
