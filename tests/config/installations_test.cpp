#include "config/installations.hpp"

#include "tests/config/loading.hpp"

#include <gtest/gtest.h>

#include <set>

namespace syncd::config {
namespace {

using namespace testing;

TEST(Installations, AnUnknownIntegrationIsAnErrorWithTheAllowedOnes) {
    auto config = small_config();
    config.replace(config.find("integration: sync"), 17, "integration: snyc");
    EXPECT_EQ(errors(config),
              (Texts{"config.yaml:8:18: no integration is named 'snyc' in the manifest; did you mean 'sync'? "
                     "Allowed: sync"}));
    EXPECT_EQ(
        errors(config, small_manifest("  - { name: snyc, provider: hubspot }\n")),
        (Texts{"config.yaml:8:18: integration 'snyc' is one of provider 'hubspot'; allowed are those of bentley"}));
}

TEST(Installations, AnUnknownDestinationIsAnErrorWhereItWasWritten) {
    auto manifest = small_manifest();
    manifest.replace(manifest.find("hook"), 4, "hoook");
    const auto second = "  - { integration: sync, groupRef: b, connection: { clientId: a, clientSecret: b } }\n";
    EXPECT_EQ(errors(small_config(second), manifest),
              (Texts{"amp.yaml:8:24: no destination is named 'hoook'; did you mean 'hook'? Allowed: hook"}));

    const auto override = [](const std::string& name) {
        return small_config("    config: { read: { objects: { itwins: { destination: " + name + " } } } }\n");
    };
    EXPECT_EQ(errors(override("none")), (Texts{"config.yaml:13:57: no destination is named 'none'; allowed: hook"}));
    EXPECT_EQ(errors(override("hook"), manifest), Texts());
}

TEST(Installations, AnUnknownObjectIsAnErrorWithTheAllowedOnes) {
    EXPECT_EQ(errors(small_config("    config:\n"
                                  "      read: { objects: { itwin: {} } }\n"
                                  "      write: { objects: { itwins: {} } }\n")),
              (Texts{"config.yaml:14:26: 'itwin' is no read object of 'sync'; did you mean 'itwins'? Allowed: itwins",
                     "config.yaml:15:27: 'itwins' is no write object of 'sync'; there are none"}));
}

TEST(Installations, AnObjectMayBeNamedAsItIsMapped) {
    const auto manifest = small_manifest("          mapToName: project\n");
    const auto config = [](const std::string& objects) {
        return small_config("    config: { read: { objects: { " + objects + " } } }\n");
    };
    const auto loaded = load_from(disk(config("project: { disabled: true }"), manifest));
    ASSERT_EQ(texts(loaded.errors), Texts());
    EXPECT_TRUE(loaded.config->installations[0].objects[0].disabled);
    EXPECT_EQ(loaded.config->installations[0].objects[0].mapped_name, "project");
    EXPECT_EQ(errors(config("project: {}, itwins: {}"), manifest),
              (Texts{"config.yaml:13:47: the object 'itwins' stands here twice, by its name and by its mapped name"}));
}

TEST(Installations, InstallationsAreDistinct) {
    const auto connection = ", connection: { clientId: a, clientSecret: b } }\n";
    EXPECT_EQ(errors(small_config(std::string("  - { integration: sync, groupRef: acme") + connection)),
              (Texts{"config.yaml:13:36: there is another installation of 'sync' with groupRef 'acme'"}));
    EXPECT_EQ(errors(small_config(std::string("    id: x\n  - { integration: sync, groupRef: b, id: x") + connection)),
              (Texts{"config.yaml:14:43: there is another installation with id 'x'"}));
    EXPECT_EQ(errors(small_config(std::string("    id: a/b\n"))),
              (Texts{"config.yaml:13:9: id is 'a/b'; allowed: letters, digits, - _ and ."}));
}

TEST(Installations, AConnectionNeedsItsCredentials) {
    auto config = small_config();
    config.erase(config.find("      clientId"));
    EXPECT_EQ(errors(config), (Texts{"config.yaml:10:5: connection has no clientId, which is required",
                                     "config.yaml:10:5: connection has no clientSecret, which is required"}));
    config.erase(config.find("    connection"));
    EXPECT_EQ(errors(config),
              (Texts{"config.yaml:8:5: an entry of installations has no connection, which is required"}));
    EXPECT_EQ(errors(config + "    connection: { clientId: '', clientSecret: ~, scopes: [] }\n"),
              (Texts{"config.yaml:10:29: clientId is empty; allowed: any text but this",
                     "config.yaml:10:33: clientSecret is empty (null); allowed: text",
                     "config.yaml:10:58: scopes are empty; allowed: a list, or one text with spaces between them"}));
}

TEST(Installations, AUserSignsInWithOrWithoutASecret) {
    const auto connection = [](const std::string& text) {
        auto config = small_config();
        config.erase(config.find("    connection"));
        return config + "    connection: { clientId: app-1, " + text + " }\n";
    };
    const auto open = good(connection("grant: authorization_code")).installations.at(0).connection;
    EXPECT_EQ(open.grant, Grant::authorization_code);
    EXPECT_EQ(open.client_secret, Secret());
    const auto closed = good(connection("grant: authorization_code, clientSecret: s")).installations.at(0).connection;
    EXPECT_EQ(closed.client_secret, Secret("s"));
    EXPECT_EQ(good(small_config()).installations.at(0).connection.grant, Grant::client_credentials);

    EXPECT_EQ(errors(connection("grant: client_credentials")),
              (Texts{"config.yaml:10:17: connection has no clientSecret, which is required"}));
    EXPECT_EQ(errors(connection("grant: authorisation_code")),
              (Texts{"config.yaml:10:43: grant is 'authorisation_code'; did you mean 'authorization_code'? Allowed: "
                     "client_credentials, authorization_code"}));
}

TEST(Installations, TheProxyIsOpenWhereTheManifestOpensItAndNobodyClosesIt) {
    const auto open = small_manifest("    proxy: { enabled: true }\n");
    const auto proxy = [](const std::string& settings, const std::string& manifest) {
        return good(disk(small_config("    config: { proxy: { " + settings + " } }\n"), manifest))
            .installations.at(0)
            .proxy;
    };
    EXPECT_FALSE(proxy("", small_manifest()));
    EXPECT_FALSE(proxy("enabled: false", small_manifest()));
    EXPECT_TRUE(proxy("", open));
    EXPECT_TRUE(proxy("enabled: true", open));
    EXPECT_FALSE(proxy("enabled: false", open));
    EXPECT_EQ(errors(small_config("    config: { proxy: { enabled: true } }\n")),
              (Texts{"config.yaml:13:33: the manifest does not enable the proxy of 'sync'; let it say proxy: { "
                     "enabled: true }"}));
}

/// The itwins of an installation whose config for it is `settings`.
ReadObject itwins(const std::string& settings, const std::string& manifest = "") {
    const auto config = small_config("    config: { read: { objects: { itwins: { " + settings + " } } } }\n");
    return good(disk(config, small_manifest(manifest))).installations.at(0).objects.at(0);
}

const std::string some_fields =
    "          requiredFields: [{ fieldName: id }]\n"
    "          optionalFields: [{ fieldName: number, mapToName: no }, { fieldName: class }]\n";

TEST(Installations, WithoutSelectionTheManifestsFieldsAreRead) {
    const std::vector<Field> listed = {{"id", "", true}, {"number", "no", false}, {"class", "", false}};
    EXPECT_EQ(itwins("", some_fields).fields, listed);
    EXPECT_FALSE(itwins("", some_fields).all_fields);
    EXPECT_EQ(itwins("", some_fields + "          optionalFieldsAuto: all\n").fields, listed);
    EXPECT_TRUE(itwins("", some_fields + "          optionalFieldsAuto: all\n").all_fields);
}

TEST(Installations, SelectedFieldsNarrowTheOptionalOnes) {
    const auto all = some_fields + "          optionalFieldsAuto: all\n";
    const auto selected = itwins("selectedFields: { number: true, class: false, status: true }", all);
    EXPECT_EQ(selected.fields, (std::vector<Field>{{"id", "", true}, {"number", "no", false}, {"status", "", false}}));
    EXPECT_FALSE(selected.all_fields);
    EXPECT_TRUE(itwins("selectedFields: { number: true }, selectedFieldsAuto: all", all).all_fields);
}

TEST(Installations, FieldsSetToFalseAreLeftOutOfAllOthersToo) {
    const auto one_less = itwins("selectedFields: { class: false }", some_fields);
    EXPECT_EQ(one_less.fields, (std::vector<Field>{{"id", "", true}, {"number", "no", false}}));

    const auto all = itwins("selectedFields: { class: false }", some_fields + "          optionalFieldsAuto: all\n");
    EXPECT_FALSE(all.all_fields);
    EXPECT_EQ(all.fields, (std::vector<Field>{{"id", "", true},
                                              {"number", "no", false},
                                              {"displayName", "", false},
                                              {"status", "", false},
                                              {"subClass", "", false}}));
}

TEST(Installations, AMappingOfTheInstallationTakesTheNameFromTheManifests) {
    EXPECT_EQ(itwins("selectedFieldMappings: { no: displayName }", some_fields).fields,
              (std::vector<Field>{
                  {"id", "", true}, {"number", "", false}, {"class", "", false}, {"displayName", "no", false}}));
    EXPECT_EQ(itwins("selectedFieldMappings: { no: number }", some_fields).fields, itwins("", some_fields).fields);
}

TEST(Installations, AMappingLeftToTheInstallationIsSelectedOnlyWhenItMapsIt) {
    const std::string dynamic = "          requiredFields: [{ mapToName: notes, default: number }]\n";
    EXPECT_EQ(itwins("selectedFieldMappings: { notes: number }", dynamic).fields,
              (std::vector<Field>{{"number", "notes", true}}));

    const auto loaded = load_from(disk(small_config(), small_manifest(dynamic)));
    ASSERT_EQ(texts(loaded.errors), Texts());
    EXPECT_EQ(loaded.config->installations[0].objects[0].fields, std::vector<Field>());
    EXPECT_EQ(texts(loaded.warnings),
              (Texts{"config.yaml:8:5: itwins: the manifest requires a mapping for 'notes'; add "
                     "selectedFieldMappings: { notes: FIELD }"}));
}

TEST(Installations, MaxDeletesIsAShareOrANumber) {
    EXPECT_DOUBLE_EQ(itwins("maxDeletes: 100%").max_deletes.share, 1);
    EXPECT_EQ(itwins("maxDeletes: 50").max_deletes.records, 50);
    EXPECT_EQ(itwins("maxDeletes: 0").max_deletes.records, 0);
    for (const auto* text : {"101%", "-1", "-1%", "%", "10 %", "ten", "nan%", "1e2%", "5.5", "''"})
        EXPECT_EQ(errors(small_config(std::string("    config: { read: { objects: { itwins: { maxDeletes: ") + text +
                                      " } } } }\n"))
                      .size(),
                  1U)
            << text;
}

TEST(Installations, EveryFaultOfAnObjectsSettingsIsFoundAtOnce) {
    EXPECT_EQ(
        errors(small_config(R"(    config:
      read:
        objects:
          itwins:
            objectName: imodels
            schedule: "0 0 31 2 *"
            deliver: some
            fieldFilters:
              - { fieldName: status, operator: ne, value: x }
              - { fieldName: status, value: ~ }
            selectedValueMappings: { status: { a: x, b: x } }
            backfill: { defaultPeriod: { fullHistory: true }, fieldFilters: [{}] }
            iTwins: some
            overlap: 5
            detectdeletes: true
)")),
        (Texts{"config.yaml:17:25: objectName is 'imodels', but it stands under 'itwins'; leave it out",
               "config.yaml:18:23: schedule: day of month '31' never comes in month '2'",
               "config.yaml:19:22: deliver is 'some'; allowed: changes, all",
               "config.yaml:21:48: operator is 'ne'; allowed: eq",
               "config.yaml:22:17: an entry of fieldFilters has no operator, which is required",
               "config.yaml:22:30: 'status' has a condition already; allowed: one for each field",
               "config.yaml:22:38: value is empty (null); allowed: text, a number, true or false",
               "config.yaml:23:57: the provider's value 'x' is delivered as 'a' already",
               "config.yaml:24:77: backfill.fieldFilters is not supported by this version; fieldFilters of the object "
               "are",
               "config.yaml:25:21: iTwins is 'some'; allowed: none, all",
               "config.yaml:26:22: overlap is '5'; allowed: a duration such as 500ms, 15s, 5m, 2h, 7d, or 0",
               "config.yaml:27:13: unknown key 'detectdeletes' in itwins; did you mean 'detectDeletes'? Allowed: "
               "objectName, schedule, disabled, destination, selectedFieldsAuto, selectedFields, "
               "selectedFieldMappings, selectedValueMappings, dynamicMappingsInput, backfill, fieldFilters, deliver, "
               "detectDeletes, maxDeletes, query, iTwins, overlap, fullEvery"}));
}

TEST(Installations, TheDigestCountsWhatShapesMessagesAndNothingElse) {
    const auto digest = [](const std::string& settings) {
        return good(small_config("    config: { read: { objects: { itwins: { " + settings + " } } } }\n"))
            .installations.at(0)
            .digest;
    };
    const auto plain = digest("");
    EXPECT_EQ(plain, good(small_config()).installations[0].digest);
    EXPECT_EQ(plain, digest("schedule: '@daily', disabled: true"));
    std::set<std::string> different = {plain};
    for (const auto* settings :
         {"selectedFields: { number: true }", "selectedFieldMappings: { number: id }",
          "selectedFieldMappings: { id: number }", "selectedFieldsAuto: all",
          "selectedValueMappings: { status: { a: b } }", "selectedValueMappings: { status: { b: a } }",
          "fieldFilters: [{ fieldName: id, operator: eq, value: 1 }]",
          "fieldFilters: [{ fieldName: id, operator: eq, value: '1' }]", "deliver: all"})
        EXPECT_TRUE(different.insert(digest(settings)).second) << settings;
    EXPECT_TRUE(different.insert(good(small_config("    groupName: x\n")).installations[0].digest).second);
    EXPECT_TRUE(different.insert(good(small_config("    consumerRef: x\n")).installations[0].digest).second);
}

}  // namespace
}  // namespace syncd::config
