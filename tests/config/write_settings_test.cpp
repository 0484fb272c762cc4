#include "config/write_settings.hpp"

#include "tests/config/loading.hpp"

#include <gtest/gtest.h>

namespace syncd::config {
namespace {

using namespace testing;
using Names = std::map<std::string, std::string>;

const std::string writes_itwins = "    write: { objects: [{ objectName: itwins }] }\n";
const std::string inherits =
    "          mapToName: project\n"
    "          requiredFields: [{ fieldName: id }, { fieldName: displayName, mapToName: title }]\n"
    "          optionalFields: [{ fieldName: number, mapToName: no }, { mapToName: notes }, { fieldName: own }]\n"
    "    write: { objects: [{ objectName: itwins, inheritMapping: true }] }\n";

std::string with_writes(const std::string& settings, const std::string& reads = "") {
    return small_config("    config: { write: { objects: { itwins: { " + settings +
                        " } } }, read: { objects: { itwins: { " + reads + " } } } }\n");
}

WriteObject itwins(const std::string& settings, const std::string& manifest = writes_itwins,
                   const std::string& reads = "") {
    return good(disk(with_writes(settings, reads), small_manifest(manifest))).installations.at(0).writes.at(0);
}

/// The one field that has a setting.
WriteField field(const std::string& settings) { return itwins(settings).fields.at(0); }

TEST(WriteSettings, WithoutAnyTheManifestsObjectsAreWrittenWithCare) {
    const auto config = good(disk(
        small_config(), small_manifest("    write: { objects: [{ objectName: imodels }, { objectName: itwins }] }\n")));

    const auto& writes = config.installations.at(0).writes;
    ASSERT_EQ(writes.size(), 2U);
    EXPECT_EQ(writes[0].object, "imodels");
    EXPECT_EQ(writes[0].mapped_name, "imodels");
    EXPECT_FALSE(writes[0].inherit_mapping);
    EXPECT_FALSE(writes[0].deletes);
    EXPECT_TRUE(writes[0].validate);
    EXPECT_FALSE(writes[0].retry_unknown);
    EXPECT_FALSE(writes[0].marker);
    EXPECT_TRUE(writes[0].fields.empty());
    EXPECT_TRUE(good(small_config()).installations.at(0).writes.empty());
}

TEST(WriteSettings, AnInstallationOverridesThem) {
    const auto object = itwins("deletionSettings: { enabled: true }, validate: off, onUnknown: retry, marker: true");
    EXPECT_TRUE(object.deletes);
    EXPECT_FALSE(object.validate);
    EXPECT_TRUE(object.retry_unknown);
    EXPECT_TRUE(object.marker);
    EXPECT_FALSE(itwins("deletionSettings: { enabled: false }, validate: strict, onUnknown: hold").deletes);
}

TEST(WriteSettings, ADefaultIsKeptAsJson) {
    const auto value = [](const std::string& text) {
        return field("selectedFieldSettings: { number: { default: { " + text + " } } }").value;
    };
    EXPECT_EQ(value("stringValue: 'a \"b\"'"), R"("a \"b\"")");
    EXPECT_EQ(value("stringValue: 5"), R"("5")");
    EXPECT_EQ(value("integerValue: -5"), "-5");
    EXPECT_EQ(value("booleanValue: true"), "true");
    EXPECT_EQ(field("selectedFieldSettings: { number: { writeOnUpdate: never } }").value, "");
    EXPECT_EQ(field("selectedFieldSettings: { number: { default: } }").value, "");
}

TEST(WriteSettings, WhenAFieldIsWrittenIsSaidForCreatesAndUpdates) {
    const auto plain = field("selectedFieldSettings: { number: {} }");
    EXPECT_EQ(plain.name, "number");
    EXPECT_EQ(plain.on_create, WriteDefault::always);
    EXPECT_EQ(plain.on_update, WriteDefault::always);
    const auto other = field("selectedFieldSettings: { number: { writeOnCreate: never, writeOnUpdate: ifEmpty } }");
    EXPECT_EQ(other.on_create, WriteDefault::never);
    EXPECT_EQ(other.on_update, WriteDefault::if_empty);
}

TEST(WriteSettings, DefaultsInTheirOlderFormAreTakenToo) {
    const auto value = [](const std::string& text) {
        return field("selectedValueDefaults: { number: { value: " + text + " } }").value;
    };
    EXPECT_EQ(value("a"), R"("a")");
    EXPECT_EQ(value("'5'"), R"("5")");
    EXPECT_EQ(value("5"), "5");
    EXPECT_EQ(value("false"), "false");
    EXPECT_TRUE(field("selectedValueDefaults: { number: { value: 5 } }").default_on_update);
    const auto never = field("selectedValueDefaults: { number: { value: 5, applyOnUpdate: never } }");
    EXPECT_FALSE(never.default_on_update);
    EXPECT_EQ(never.on_update, WriteDefault::always);

    const auto both =
        "selectedFieldSettings: { number: { default: { integerValue: 1 } } }, "
        "selectedValueDefaults: { number: { value: 2 } }";
    EXPECT_EQ(field(both).value, "1");
    EXPECT_EQ(texts(load_from(disk(with_writes(both), small_manifest(writes_itwins))).warnings),
              (Texts{"config.yaml:13:139: 'number' is in selectedFieldSettings already: this has no effect"}));
}

TEST(WriteSettings, WithoutInheritanceNamesAreTheProviders) {
    const auto object =
        itwins("", "          mapToName: project\n" + writes_itwins, "selectedFieldMappings: { a: id }");
    EXPECT_EQ(object.mapped_name, "project");
    EXPECT_FALSE(object.inherit_mapping);
    EXPECT_TRUE(object.mapping.empty());
}

TEST(WriteSettings, InheritedNamesLeadBackToTheFieldsOfTheReadObject) {
    const auto object = itwins("", inherits, "selectedFieldMappings: { class: subClass, place: \"$['geo']['city']\" }");

    EXPECT_TRUE(object.inherit_mapping);
    EXPECT_EQ(object.mapped_name, "project");
    EXPECT_EQ(object.mapping.at("title"), "displayName");
    EXPECT_EQ(object.mapping.at("no"), "number");
    EXPECT_EQ(object.mapping.at("class"), "subClass");
    EXPECT_EQ(object.mapping.at("place"), "$['geo']['city']");
    EXPECT_EQ(object.unmapped, std::set<std::string>{"notes"});
    EXPECT_FALSE(object.other_fields);
}

TEST(WriteSettings, AFieldThatGoesByItsOwnNameIsMappedToItself) {
    const auto object = itwins("", inherits);
    for (const auto* name : {"own", "subClass", "parentId"})  // selected; in the catalog, read; in the catalog, written
        EXPECT_EQ(object.mapping.at(name), name);
    EXPECT_FALSE(object.mapping.contains("notes"));
    EXPECT_TRUE(itwins("", "          optionalFieldsAuto: all\n" + inherits).other_fields);
}

TEST(WriteSettings, TheInstallationsMappingTakesTheNameFromTheManifests) {
    const auto object = itwins("", inherits, "selectedFieldMappings: { no: status, notes: class }");
    EXPECT_EQ(object.mapping.at("no"), "status");
    EXPECT_EQ(object.mapping.at("notes"), "class");
    EXPECT_TRUE(object.unmapped.empty());
}

TEST(WriteSettings, AMappingIsInheritedThoughItsFieldIsNotSelectedForReads) {
    EXPECT_EQ(itwins("", inherits, "selectedFields: { class: true }").mapping.at("no"), "number");
}

TEST(WriteSettings, ValuesLeadBackToo) {
    const auto object = itwins("", inherits, "selectedValueMappings: { status: { open: Active, closed: Inactive } }");
    EXPECT_EQ(object.value_mappings.at("status"), (Names{{"open", "Active"}, {"closed", "Inactive"}}));
}

TEST(WriteSettings, AnInstallationMaySayWhetherItInherits) {
    EXPECT_FALSE(itwins("inheritMapping: false", inherits).inherit_mapping);
    EXPECT_TRUE(itwins("inheritMapping: true", inherits).inherit_mapping);
}

TEST(WriteSettings, AFieldMayBeNamedAsItIsMapped) {
    const auto object = itwins(
        "selectedFieldSettings: { title: { writeOnUpdate: never }, number: { writeOnCreate: never } }", inherits);
    ASSERT_EQ(object.fields.size(), 2U);
    EXPECT_EQ(object.fields[0].name, "displayName");
    EXPECT_EQ(object.fields[1].name, "number");

    EXPECT_EQ(errors(with_writes("selectedFieldSettings: { no: {}, number: {}, id: {} }"), small_manifest(inherits)),
              (Texts{"config.yaml:13:78: the field 'number' has a setting already",
                     "config.yaml:13:90: 'id' says which record is written: it takes no setting"}));
}

TEST(WriteSettings, ASettingThatCanHaveNoEffectIsAWarning) {
    const auto warnings = [](const std::string& settings) {
        return texts(load_from(disk(with_writes(settings), small_manifest(inherits))).warnings);
    };
    EXPECT_EQ(warnings("selectedFieldSettings: { notes: { default: { integerValue: 1 } } }"),
              (Texts{"config.yaml:13:70: nobody maps 'notes': its setting has no effect"}));
    EXPECT_TRUE(itwins("selectedFieldSettings: { notes: {} }", inherits).fields.empty());
    EXPECT_EQ(
        warnings("selectedFieldSettings: { nummer: {} }"),
        (Texts{"config.yaml:13:70: itwins has no field 'nummer' that is known of; did you mean 'number'? Allowed: "
               "class, displayName, id, number, parentId, status, subClass"}));
}

TEST(WriteSettings, NothingIsInheritedFromAnObjectThatIsNotRead) {
    const auto loaded = load_from(disk(
        small_config(), small_manifest("    write: { objects: [{ objectName: imodels, inheritMapping: true }] }\n")));
    ASSERT_EQ(texts(loaded.errors), Texts());
    EXPECT_EQ(texts(loaded.warnings), (Texts{"amp.yaml:10:63: inheritMapping has no effect: imodels is not read"}));
    EXPECT_FALSE(loaded.config->installations.at(0).writes.at(0).inherit_mapping);
}

TEST(WriteSettings, AnObjectMayBeNamedAsItIsMapped) {
    const auto config = [](const std::string& objects) {
        return small_config("    config: { write: { objects: { " + objects + " } } }\n");
    };
    EXPECT_TRUE(good(disk(config("project: { marker: true }"), small_manifest(inherits)))
                    .installations.at(0)
                    .writes.at(0)
                    .marker);
    EXPECT_EQ(errors(config("project: {}, itwins: {}"), small_manifest(inherits)),
              (Texts{"config.yaml:13:48: the object 'itwins' stands here twice, by its name and by its mapped name"}));
}

TEST(WriteSettings, EveryFaultIsFoundAtOnce) {
    EXPECT_EQ(errors(small_config(R"(    config:
      write:
        objects:
          itwins:
            deletionSettings: {}
            selectedFieldSettings:
              number: { writeOnCreate: ifEmpty, writeOnUpdate: sometimes, default: { stringValue: a, integerValue: 1 } }
              class: { default: {} }
              status: { default: { integerValue: 1.5 } }
            selectedValueDefaults: { subClass: { value: 1.5 }, id: {} }
            validate: lax
            onUnknown: stop
            marker: "no"
            delete: true
)"),
                     small_manifest(writes_itwins)),
              (Texts{"config.yaml:17:31: deletionSettings has no enabled, which is required",
                     "config.yaml:19:40: writeOnCreate is 'ifEmpty'; allowed: always, never",
                     "config.yaml:19:64: writeOnUpdate is 'sometimes'; allowed: always, never, ifEmpty",
                     "config.yaml:19:84: a default has more than one value; allowed: one of stringValue, integerValue, "
                     "booleanValue",
                     "config.yaml:20:33: a default has no value; allowed: one of stringValue, integerValue, "
                     "booleanValue",
                     "config.yaml:21:50: integerValue is '1.5'; allowed: a whole number, in plain decimal digits "
                     "without quotes",
                     "config.yaml:22:57: value is '1.5'; allowed: a whole number, in plain decimal digits without "
                     "quotes",
                     "config.yaml:22:64: 'id' says which record is written: it takes no setting",
                     "config.yaml:22:68: id has no value, which is required",
                     "config.yaml:23:23: validate is 'lax'; allowed: strict, off",
                     "config.yaml:24:24: onUnknown is 'stop'; allowed: hold, retry",
                     "config.yaml:25:21: marker is 'no'; allowed: true or false, without quotes",
                     "config.yaml:26:13: unknown key 'delete' in itwins; allowed: objectName, inheritMapping, "
                     "deletionSettings, selectedFieldSettings, selectedValueDefaults, validate, onUnknown, marker"}));
}

TEST(WriteSettings, TheyDoNotShapeMessages) {
    const auto digest = [](const std::string& settings) {
        return good(disk(with_writes(settings), small_manifest(writes_itwins))).installations.at(0).digest;
    };
    EXPECT_EQ(digest(""), good(small_config()).installations.at(0).digest);
    EXPECT_EQ(digest(""), digest("deletionSettings: { enabled: true }, marker: true, validate: off"));
    EXPECT_EQ(digest(""), digest("selectedFieldSettings: { number: { writeOnUpdate: never } }"));
}

}  // namespace
}  // namespace syncd::config
