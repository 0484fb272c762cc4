#include "config/manifest.hpp"

#include "tests/config/loading.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace syncd::config {
namespace {

using namespace testing;

Loaded load_manifest(const std::string& manifest) {
    return load_from(Disk{}.file("/etc/syncd/config.yaml", small_config()).file("/etc/syncd/amp.yaml", manifest));
}

Texts manifest_errors(const std::string& manifest) { return texts(load_manifest(manifest).errors); }
Texts warnings(const std::string& manifest) { return texts(load_manifest(manifest).warnings); }

/// The one read object of small_manifest(more).
ManifestReadObject object(const std::string& more) {
    const auto loaded = load_manifest(small_manifest(more));
    EXPECT_EQ(texts(loaded.errors), Texts());
    return loaded.config ? loaded.config->integrations.at(0).reads.at(0) : ManifestReadObject{};
}

TEST(Manifest, AmpersandsSampleIsTakenUnchanged) {
    std::ifstream file(SYNCD_SOURCE_DIR "/tests/config/sample-amp.yaml");
    std::stringstream sample;
    sample << file.rdbuf();
    auto config = small_config();
    config.replace(config.find("integration: sync"), 17, "integration: readAndWriteBentley");
    config.replace(config.find("  hook:"), 7, "  bentleyWebhook:");

    const auto loaded =
        load_from(Disk{}.file("/etc/syncd/config.yaml", config).file("/etc/syncd/amp.yaml", sample.str()));

    ASSERT_EQ(texts(loaded.errors), Texts());
    EXPECT_EQ(texts(loaded.warnings), Texts());
    ASSERT_EQ(loaded.config->integrations.size(), 1U);
    const auto& integration = loaded.config->integrations[0];
    EXPECT_EQ(integration.name, "readAndWriteBentley");
    EXPECT_EQ(integration.display_name, "Bentley read and write");
    EXPECT_TRUE(integration.proxy);
    ASSERT_EQ(integration.reads.size(), 3U);
    const auto& itwins = integration.reads[0];
    EXPECT_EQ(itwins.object, "itwins");
    EXPECT_EQ(itwins.mapped_name, "itwins");
    EXPECT_EQ(itwins.destination, "bentleyWebhook");
    EXPECT_EQ(itwins.schedule.text(), "*/10 * * * *");
    EXPECT_EQ(itwins.fields, (std::vector<Field>{{"id", "", true}, {"class", "", true}, {"subClass", "", true}}));
    EXPECT_TRUE(itwins.all_fields);
    EXPECT_EQ(itwins.backfill, (Backfill{true, 0}));
    EXPECT_EQ(integration.reads[1].backfill, std::nullopt);
    ASSERT_EQ(integration.writes.size(), 2U);
    EXPECT_EQ(integration.writes[1].object, "imodels");
}

TEST(Manifest, EveryKeyOfAmpersandsSchemaIsKnown) {
    const auto manifest = R"(specVersion: 1.0.0
integrations:
  - name: sync
    displayName: Sync
    provider: bentley
    module: none
    read:
      objects:
        - objectName: itwins
          mapToName: project
          mapToDisplayName: Project
          destination: hook
          schedule: "@hourly"
          enabled: always
          requiredFields:
            - { fieldName: id, mapToName: key, mapToDisplayName: Key }
          optionalFields:
            - { fieldName: number }
            - { mapToName: notes, mapToDisplayName: Notes, prompt: "Which one?", default: displayName }
          optionalFieldsAuto: all
          backfill: { defaultPeriod: { days: 30 } }
          delivery: { mode: auto, pageSize: 50 }
    write:
      objects:
        - { objectName: itwins, inheritMapping: true, valueDefaults: { allowAnyFields: true } }
    proxy: { enabled: false, useModule: false }
)";

    const auto loaded = load_manifest(manifest);

    ASSERT_EQ(texts(loaded.errors), Texts());
    EXPECT_EQ(texts(loaded.warnings), Texts());
    const auto& integration = loaded.config->integrations[0];
    EXPECT_EQ(integration.reads[0].mapped_name, "project");
    EXPECT_EQ(integration.reads[0].fields,
              (std::vector<Field>{{"id", "key", true}, {"number", "", false}, {"", "notes", false}}));
    EXPECT_EQ(integration.reads[0].backfill, (Backfill{false, 30}));
    EXPECT_EQ(integration.reads[0].page_records_max, 50);
    EXPECT_TRUE(integration.writes[0].inherit_mapping);
    EXPECT_FALSE(integration.proxy);
}

TEST(Manifest, IntegrationsOfOtherProvidersAreSkippedUnread) {
    const auto loaded =
        load_manifest(small_manifest("  - { name: crm, provider: hubspot, read: { objects: 5 }, x: y }\n"));

    ASSERT_EQ(texts(loaded.errors), Texts());
    EXPECT_EQ(loaded.config->integrations.size(), 1U);
}

TEST(Manifest, WhatThisVersionDoesNotActOnIsAWarning) {
    EXPECT_EQ(
        warnings(small_manifest("          delivery: { mode: onRequest, pageSize: 100 }\n"
                                "    subscribe: { objects: [{ objectName: itwins, destination: hook }] }\n")),
        (Texts{"amp.yaml:10:29: delivery.mode onRequest is not supported by this version: records are delivered when "
               "they are read",
               "amp.yaml:11:16: subscribe is not supported by this version and has no effect"}));
}

/// The installation's watch, of a manifest with these lines of watchSchema from line 11 on.
SchemaWatch schema_watch(const std::string& lines) {
    const auto loaded = load_manifest(small_manifest("    watchSchema:\n" + lines));
    EXPECT_EQ(texts(loaded.errors), Texts());
    EXPECT_EQ(texts(loaded.warnings), Texts());
    return loaded.config.value().installations.at(0).schema_watch.value();
}

TEST(Manifest, ASchemaWatchGoesToEveryInstallationOfTheIntegration) {
    const auto watch = schema_watch(
        "      destination: hook\n"
        "      schedule: '@every 2h'\n"
        "      allObjects:\n"
        "        fieldCreated: { enabled: always }\n"
        "        fieldDeleted: { enabled: always }\n"
        "        fieldChanged: { enabled: always }\n");
    EXPECT_EQ(watch.destination, "hook");
    EXPECT_EQ(watch.schedule.text(), "@every 2h");
    EXPECT_TRUE(watch.created && watch.deleted && watch.changed);

    EXPECT_EQ(good(small_config()).installations.at(0).schema_watch.has_value(), false) << "without watchSchema";
}

TEST(Manifest, ASchemaWatchTellsOnlyWhatItNames) {
    const auto watch = schema_watch(
        "      destination: hook\n"
        "      allObjects: { fieldDeleted: { enabled: always } }\n");
    EXPECT_EQ(watch.schedule.text(), "0 */24 * * *") << "Ampersand's default";
    EXPECT_FALSE(watch.created || watch.changed);
    EXPECT_TRUE(watch.deleted);
    EXPECT_TRUE(schema_watch("      destination: hook\n"
                             "      allObjects: { fieldTypeChanged: { enabled: always } }\n")
                    .changed)
        << "another spelling of fieldChanged";
}

TEST(Manifest, EveryFaultOfASchemaWatchIsFoundAtOnce) {
    EXPECT_EQ(manifest_errors(small_manifest("    watchSchema:\n"
                                             "      destination: hok\n"
                                             "      schedule: daily\n"
                                             "      objects: []\n"
                                             "      allObjects:\n"
                                             "        fieldCreated: { enabled: never }\n"
                                             "        fieldDeleted: {}\n"
                                             "        fieldChanged: always\n"
                                             "        fieldRenamed: { enabled: always }\n")),
              (Texts{"amp.yaml:11:20: no destination is named 'hok'; did you mean 'hook'? Allowed: hook",
                     "amp.yaml:12:17: schedule: a schedule of 1 field; allowed are five fields (minute hour "
                     "day-of-month month day-of-week), @yearly, @annually, @monthly, @weekly, @daily, @midnight, "
                     "@hourly or @every DURATION",
                     "amp.yaml:13:7: unknown key 'objects' in watchSchema; allowed: destination, schedule, allObjects",
                     "amp.yaml:15:34: enabled is 'never'; allowed: always",
                     "amp.yaml:16:23: fieldDeleted has no enabled, which is required",
                     "amp.yaml:17:23: fieldChanged is a single value; allowed: a map of keys and values",
                     "amp.yaml:18:9: unknown key 'fieldRenamed' in allObjects; did you mean 'fieldCreated'? Allowed: "
                     "fieldCreated, fieldDeleted, fieldChanged, fieldTypeChanged"}));
    EXPECT_EQ(manifest_errors(small_manifest("    watchSchema: {}\n")),
              (Texts{"amp.yaml:10:18: watchSchema has no allObjects, which is required",
                     "amp.yaml:10:18: watchSchema has no destination, which is required"}));
    EXPECT_EQ(manifest_errors(small_manifest("    watchSchema: hook\n")),
              (Texts{"amp.yaml:10:18: watchSchema is a single value; allowed: a map of keys and values"}));
}

TEST(Manifest, ASchemaWatchWithoutAnEventIsAWarning) {
    EXPECT_EQ(warnings(small_manifest("    watchSchema: { destination: hook, allObjects: {} }\n")),
              (Texts{"amp.yaml:10:51: allObjects names no event, so that nothing is told; allowed: fieldCreated, "
                     "fieldDeleted, fieldChanged, each with enabled: always"}));
}

TEST(Manifest, AnotherSpecVersionIsAnError) {
    EXPECT_EQ(manifest_errors("specVersion: 2.0\nintegrations: []\n"),
              (Texts{"config.yaml:8:18: no integration is named 'sync' in the manifest; there are none",
                     "amp.yaml:1:14: specVersion is '2.0'; allowed: 1.0.0"}));
    EXPECT_EQ(manifest_errors("integrations: []\n")[1],
              "amp.yaml:1:1: the manifest has no specVersion, which is required");
}

TEST(Manifest, AnUnknownObjectIsAnErrorWithTheAllowedOnes) {
    auto manifest = small_manifest("    write:\n      objects:\n        - objectName: webhooks\n");
    manifest.replace(manifest.find("itwins"), 6, "itwin");

    EXPECT_EQ(manifest_errors(manifest),
              (Texts{"amp.yaml:7:23: 'itwin' is no object that can be read; did you mean 'itwins'? Allowed: "
                     "contextcapture/jobs, curated-content/cesium, itwins, itwins/recents",
                     "amp.yaml:12:23: 'webhooks' is no object that can be written; allowed: imodels, itwins"}));
}

TEST(Manifest, EveryFaultOfAReadObjectIsFoundAtOnce) {
    EXPECT_EQ(
        manifest_errors(R"(specVersion: 1.0.0
integrations:
  - name: sync
    provider: bentley
    read:
      objects:
        - objectName: itwins
          schedule: every hour
          shedule: "@hourly"
          requiredFields:
            - {}
            - { fieldname: id }
            - id
          optionalFieldsAuto: some
          delivery: { pageSize: 10 }
          backfill: { defaultPeriod: {} }
          enabled: true
)"),
        (Texts{"amp.yaml:7:11: an entry of objects has no destination, which is required",
               "amp.yaml:8:21: schedule: a schedule of 2 fields; allowed are five fields (minute hour day-of-month "
               "month day-of-week), @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly or @every "
               "DURATION",
               "amp.yaml:9:11: unknown key 'shedule' in an entry of objects; did you mean 'schedule'? Allowed: "
               "objectName, mapToName, mapToDisplayName, destination, schedule, requiredFields, optionalFields, "
               "optionalFieldsAuto, backfill, delivery, enabled",
               "amp.yaml:11:15: a field has a fieldName, or a mapToName that an installation maps, or both",
               "amp.yaml:12:15: a field has a fieldName, or a mapToName that an installation maps, or both",
               "amp.yaml:12:17: unknown key 'fieldname' in an entry of requiredFields; did you mean 'fieldName'? "
               "Allowed: fieldName, mapToName, mapToDisplayName, default, prompt",
               "amp.yaml:13:15: an entry of requiredFields is a single value; allowed: a map of keys and values",
               "amp.yaml:14:31: optionalFieldsAuto is 'some'; allowed: all",
               "amp.yaml:15:33: pageSize is '10'; allowed: a whole number from 50 to 500, in plain decimal digits "
               "without quotes",
               "amp.yaml:16:38: defaultPeriod has neither; allowed: days: N (0: no backfill), or fullHistory: true",
               "amp.yaml:17:20: enabled is 'true'; allowed: always"}));
}

TEST(Manifest, TwoOfOneNameAreAnError) {
    const auto twice =
        "        - objectName: itwins\n"
        "          destination: hook\n"
        "          schedule: '@hourly'\n"
        "        - objectName: itwins/recents\n"
        "          mapToName: itwins\n"
        "          destination: hook\n"
        "          schedule: '@hourly'\n"
        "  - name: sync\n"
        "    provider: bentley\n";
    EXPECT_EQ(manifest_errors(small_manifest(twice)),
              (Texts{"amp.yaml:10:23: 'itwins' stands twice among the read objects of 'sync'",
                     "amp.yaml:14:22: the name 'itwins' is that of 'itwins' already",
                     "amp.yaml:17:11: there is another integration named 'sync'"}));
}

TEST(Manifest, ARequiredFieldThatTheCatalogDoesNotHaveIsAWarning) {
    EXPECT_EQ(
        warnings(small_manifest("          requiredFields:\n"
                                "            - fieldName: displayname\n"
                                "            - fieldName: $['status']['x']\n"
                                "            - fieldName: $['stats']['x']\n")),
        (Texts{"amp.yaml:11:26: itwins has no field 'displayname' that is known of: it may always be null; did you "
               "mean 'displayName'? Allowed: class, displayName, id, number, status, subClass",
               "amp.yaml:13:26: itwins has no field '$['stats']['x']' that is known of: it may always be null; "
               "allowed: class, displayName, id, number, status, subClass"}));
}

TEST(Manifest, TwoFieldsCantBeDeliveredUnderOneName) {
    EXPECT_EQ(manifest_errors(small_manifest("          requiredFields:\n"
                                             "            - { fieldName: id, mapToName: key }\n"
                                             "            - { fieldName: id, mapToName: key }\n"
                                             "            - { fieldName: number, mapToName: key }\n")),
              (Texts{"amp.yaml:13:47: mapToName 'key' is taken: 'id' is delivered under it already"}));
}

TEST(Manifest, ABackfillIsDaysOrEverything) {
    EXPECT_EQ(object("          backfill: { defaultPeriod: { days: 0 } }\n").backfill, (Backfill{false, 0}));
    EXPECT_EQ(object("          backfill: { defaultPeriod: { fullHistory: true } }\n").backfill, (Backfill{true, 0}));
    EXPECT_EQ(object("          backfill: { defaultPeriod: { days: 5, fullHistory: false } }\n").backfill,
              (Backfill{false, 5}));
    EXPECT_EQ(manifest_errors(small_manifest("          backfill: { defaultPeriod: { days: -1 } }\n")),
              (Texts{"amp.yaml:10:46: days is '-1'; allowed: a whole number from 0 to 36500, in plain decimal digits "
                     "without quotes"}));
}

TEST(Manifest, VariablesAreNotReplacedInIt) {
    EXPECT_EQ(object("          mapToName: ${NAME}\n").mapped_name, "${NAME}");
}

TEST(Manifest, BrokenYamlIsAnErrorOfItsOwnFileAndOfNothingElse) {
    EXPECT_EQ(manifest_errors("specVersion: 1.0.0\nintegrations: [\n"),
              (Texts{"amp.yaml:3:1: this is not YAML: end of sequence "
                     "flow not found"}));
    EXPECT_EQ(manifest_errors("- a\n"),
              (Texts{"amp.yaml:1:1: the manifest is a list; allowed: a map of keys and values"}));
}

TEST(Manifest, WithoutAnyIntegrationOfBentleyThereIsAWarning) {
    EXPECT_EQ(warnings("specVersion: 1.0.0\nintegrations:\n  - { name: crm, provider: hubspot }\n"),
              (Texts{"amp.yaml:1:1: no integration of provider bentley in this manifest"}));
}

}  // namespace
}  // namespace syncd::config
