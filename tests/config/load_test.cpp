#include "config/load.hpp"

#include "config/core/ids.hpp"
#include "tests/config/loading.hpp"

#include <gtest/gtest.h>

namespace syncd::config {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using std::chrono::days;

const std::string everything = R"(project: acme
manifest: [amp.yaml]
provider:
  baseUrl: https://API.bentley.com/
  authorizeUrl: https://ims.bentley.com/connect/authorize
  tokenUrl: http://127.0.0.1:8711/token
  requestsPerMinute: 0
  requestsPerHour: 100
  maxConcurrentRequests: 1
  timeout: 10s
  caFile: corporate.pem
  proxy: http://user:p%40ss@Proxy.example:3128/
storage:
  path: data/syncd.db
  encryptionKey: ${file:key}
  retention: { operations: 1d, deliveries: 0, deadLetters: 3d, deletedRecords: 4d }
server:
  listen: "[::1]:9000"
  publicUrl: https://sync.example.com/base/
  apiKeys: ["${SYNCD_API_KEY}", second]
  tls: { certificate: cert.pem, key: tls/key.pem }
destinations:
  hook:
    url: https://example.com/hooks/bentley?x=1
    secret: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
    headers: { X-Team: sync }
    caFile: /etc/ssl/other.pem
    timeout: 5s
    messagesPerSecond: 10
    maxPayloadBytes: 1000
    retrySchedule: [1s, 2m]
    disableAfter: 1d
    ordering: none
  plain: { url: "http://10.0.0.1/", insecure: true, secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw }
notifications:
  - { destination: hook, events: [read.backfill.done, disk.low] }
  - { destination: plain, events: [all] }
installations:
  - integration: sync
    groupRef: 42
    groupName: Acme Corp
    consumerRef: user-1
    consumerName: Ann
    id: 6f1c-x
    connection:
      grant: client_credentials
      clientId: service-1
      clientSecret: ${BENTLEY_CLIENT_SECRET}
      scopes: itwin-platform offline_access
    config:
      provider: bentley
      proxy: { enabled: true }
      read:
        objects:
          itwins:
            objectName: itwins
            selectedFields: { displayName: true }
            selectedFieldMappings: { title: displayName }
            selectedFieldsAuto: all
            selectedValueMappings: { status: { open: Active, closed: Inactive } }
            dynamicMappingsInput: [{ mapToName: a, mappedValues: [{ mappedValue: b, mappedDisplayValue: B }] }]
            fieldFilters:
              - { fieldName: status, operator: eq, value: Active }
              - { fieldName: number, operator: eq, value: 5 }
              - { fieldName: class, operator: eq, value: "5" }
              - { fieldName: id, operator: eq, value: true }
            schedule: "*/5 * * * *"
            disabled: true
            destination: plain
            backfill: { defaultPeriod: { days: 30 } }
            deliver: all
            detectDeletes: false
            maxDeletes: 2.5%
            query: { includeInactive: true, top: "5" }
            iTwins: none
            overlap: 1m
            fullEvery: 0
      write:
        objects:
          itwins:
            deletionSettings: { enabled: true }
            selectedFieldSettings: { number: { writeOnUpdate: never, default: { stringValue: "n/a" } } }
            selectedValueDefaults: { class: { value: 5, applyOnUpdate: never } }
            validate: strict
            onUnknown: hold
            marker: false
log: { level: debug, format: json }
)";

Config everything_loaded() {
    const auto manifest = small_manifest(
        "          optionalFieldsAuto: all\n"
        "          requiredFields: [{ fieldName: id }]\n"
        "    write: { objects: [{ objectName: itwins }] }\n"
        "    proxy: { enabled: true }\n");
    return good(disk(everything, manifest)
                    .file("/etc/syncd/key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
                    .file("/etc/syncd/corporate.pem", "x")
                    .file("/etc/syncd/cert.pem", "x")
                    .file("/etc/syncd/tls/key.pem", "x")
                    .file("/etc/ssl/other.pem", "x"));
}

TEST(Load, EverySettingOfTheProgramIsRead) {
    const auto config = everything_loaded();

    EXPECT_EQ(config.project, "acme");
    EXPECT_EQ(config.manifests, Texts{"/etc/syncd/amp.yaml"});
    EXPECT_EQ(config.provider.base_url, "https://api.bentley.com");
    EXPECT_EQ(config.provider.token_url, "http://127.0.0.1:8711/token");
    EXPECT_EQ(config.provider.requests_per_minute, 0);
    EXPECT_EQ(config.provider.requests_per_hour, 100);
    EXPECT_EQ(config.provider.max_concurrent_requests, 1);
    EXPECT_EQ(config.provider.timeout, 10s);
    EXPECT_EQ(config.provider.ca_file, "/etc/syncd/corporate.pem");
    EXPECT_EQ(config.provider.base_proxy, (Proxy{"proxy.example", 3128, Secret("user:p@ss"), "provider.proxy"}));
    EXPECT_EQ(config.provider.token_proxy, config.provider.base_proxy);
    EXPECT_EQ(config.storage.path, "/etc/syncd/data/syncd.db");
    ASSERT_TRUE(config.storage.encryption_key);
    EXPECT_EQ(config.storage.encryption_key->reveal().size(), 32U);
    EXPECT_EQ(config.storage.encryption_key->reveal().substr(1, 2), "\x01\x02");
    EXPECT_EQ(config.storage.retention.deliveries, 0s);
    EXPECT_EQ(config.storage.retention.deleted_records, Duration{days{4}});
    EXPECT_EQ(config.server.host, "::1");
    EXPECT_EQ(config.server.port, 9000);
    EXPECT_EQ(config.server.public_url, "https://sync.example.com/base");
    EXPECT_EQ(config.server.api_keys, (std::vector<Secret>{Secret("key-1"), Secret("second")}));
    ASSERT_TRUE(config.server.tls);
    EXPECT_EQ(config.server.tls->certificate_file, "/etc/syncd/cert.pem");
    EXPECT_EQ(config.server.tls->key_file, "/etc/syncd/tls/key.pem");
    ASSERT_EQ(config.notifications.size(), 2U);
    EXPECT_EQ(config.notifications[0].destination, "hook");
    EXPECT_EQ(config.notifications[0].events, (std::set<std::string>{"read.backfill.done", "disk.low"}));
    EXPECT_TRUE(config.notifications[1].all);
    EXPECT_TRUE(config.installations.at(0).proxy);
    EXPECT_EQ(config.logging.level, LogLevel::debug);
    EXPECT_EQ(config.logging.format, LogFormat::json);
}

TEST(Load, EverySettingOfADestinationIsRead) {
    const auto config = everything_loaded();

    const auto& hook = config.destinations.at("hook");
    EXPECT_EQ(hook.name, "hook");
    EXPECT_EQ(hook.url, "https://example.com/hooks/bentley?x=1");
    ASSERT_EQ(hook.secrets.size(), 2U);
    EXPECT_EQ(hook.secrets[1], Secret(std::string(24, '\0')));
    EXPECT_EQ(hook.headers, (std::map<std::string, std::string>{{"X-Team", "sync"}}));
    EXPECT_EQ(hook.ca_file, "/etc/ssl/other.pem");
    EXPECT_EQ(hook.timeout, 5s);
    EXPECT_EQ(hook.messages_per_second, 10);
    EXPECT_EQ(hook.max_payload_bytes, 1000);
    EXPECT_EQ(hook.retry_schedule, (std::vector<Duration>{1s, 2min}));
    EXPECT_EQ(hook.disable_after, 24h);
    EXPECT_FALSE(hook.strict_ordering);
    EXPECT_EQ(config.destinations.at("plain").url, "http://10.0.0.1/");
}

TEST(Load, EverySettingOfAnInstallationIsRead) {
    const auto config = everything_loaded();

    ASSERT_EQ(config.installations.size(), 1U);
    const auto& installation = config.installations[0];
    EXPECT_EQ(installation.id, "6f1c-x");
    EXPECT_EQ(installation.group_ref, "42");
    EXPECT_EQ(installation.group_name, "Acme Corp");
    EXPECT_EQ(installation.consumer_ref, "user-1");
    EXPECT_EQ(installation.consumer_name, "Ann");
    EXPECT_EQ(installation.connection.client_id, "service-1");
    EXPECT_EQ(installation.connection.client_secret, Secret("s3cret"));
    EXPECT_EQ(installation.connection.scopes, (Texts{"itwin-platform", "offline_access"}));
    ASSERT_EQ(installation.objects.size(), 1U);
    const auto& itwins = installation.objects[0];
    EXPECT_EQ(itwins.schedule.text(), "*/5 * * * *");
    EXPECT_TRUE(itwins.disabled);
    EXPECT_EQ(itwins.destination, "plain");
    EXPECT_EQ(itwins.backfill, (Backfill{false, 30}));
    EXPECT_TRUE(itwins.deliver_all);
    EXPECT_FALSE(itwins.detect_deletes);
    EXPECT_DOUBLE_EQ(itwins.max_deletes.share, 0.025);
    EXPECT_EQ(itwins.max_deletes.records, std::nullopt);
    EXPECT_EQ(itwins.query, (std::map<std::string, std::string>{{"includeInactive", "true"}, {"top", "5"}}));
    EXPECT_EQ(itwins.overlap, 1min);
    EXPECT_EQ(itwins.full_every, 0s);
    EXPECT_EQ(itwins.fields,
              (std::vector<Field>{{"id", "", true}, {"displayName", "", false}, {"displayName", "title", false}}));
    EXPECT_TRUE(itwins.all_fields);
    EXPECT_EQ(itwins.value_mappings.at("status"),
              (std::map<std::string, std::string>{{"Active", "open"}, {"Inactive", "closed"}}));
    ASSERT_EQ(itwins.filters.size(), 4U);
    EXPECT_EQ(itwins.filters[0].value, FilterValue("Active"));
    EXPECT_EQ(itwins.filters[1].value, FilterValue(5.0));
    EXPECT_EQ(itwins.filters[2].value, FilterValue("5"));
    EXPECT_EQ(itwins.filters[3].value, FilterValue(true));
}

TEST(Load, WhatIsAbsentIsAsTheContractSays) {
    const auto config = good(small_config());

    EXPECT_EQ(config.provider.base_url, "https://api.bentley.com");
    EXPECT_EQ(config.provider.requests_per_minute, 500);
    EXPECT_EQ(config.storage.path, "/var/lib/bentley-syncd/bentley-syncd.db");
    EXPECT_FALSE(config.storage.encryption_key);
    EXPECT_EQ(config.server.public_url, "http://127.0.0.1:8710");
    EXPECT_EQ(config.destinations.at("hook").retry_schedule,
              (std::vector<Duration>{5s, 5min, 30min, 2h, 5h, 10h, 10h}));
    EXPECT_TRUE(config.destinations.at("hook").strict_ordering);
    const auto& installation = config.installations.at(0);
    EXPECT_EQ(installation.id, name_uuid("bentley-syncd:acme/sync/acme"));
    EXPECT_EQ(installation.group_name + installation.consumer_ref + installation.consumer_name, "");
    EXPECT_EQ(installation.connection.scopes, Texts{"itwin-platform"});
    const auto& itwins = installation.objects.at(0);
    EXPECT_EQ(itwins.mapped_name, "itwins");
    EXPECT_EQ(itwins.schedule.text(), "@hourly");
    EXPECT_FALSE(itwins.deliver_all);
    EXPECT_TRUE(itwins.detect_deletes);
    EXPECT_DOUBLE_EQ(itwins.max_deletes.share, 0.10);
    EXPECT_EQ(itwins.overlap, 5min);
    EXPECT_EQ(itwins.full_every, 24h);
}

TEST(Load, EmptySectionsAreAsIfAbsent) {
    EXPECT_EQ(errors(small_config(
                  "    config:\nprovider:\nstorage: {}\nserver:\n  apiKeys:\n  tls:\nnotifications:\nlog:\n")),
              Texts());
}

TEST(Load, AMissingConfigurationIsAProblemOfTheWholeFile) {
    const auto loaded = load_from({});

    ASSERT_EQ(loaded.errors.size(), 1U);
    EXPECT_FALSE(loaded.config);
    EXPECT_EQ(loaded.errors[0].line, 0);
    EXPECT_EQ(loaded.errors[0].text(),
              "/etc/syncd/config.yaml: can't read the configuration: No such file or directory");
}

TEST(Load, AnEmptyConfigurationSaysWhatItNeeds) {
    EXPECT_EQ(errors("# nothing\n"), (Texts{"config.yaml:1:1: the configuration has no manifest, which is required",
                                            "config.yaml:1:1: the configuration has no project, which is required"}));
}

TEST(Load, AMissingManifestIsOneErrorAndNoOther) {
    EXPECT_EQ(texts(load_from(Disk{}.file("/etc/syncd/config.yaml", small_config())).errors),
              (Texts{"config.yaml:2:11: manifest: can't read /etc/syncd/amp.yaml: No such file or directory"}));
}

TEST(Load, BrokenYamlIsAnErrorWhereItBreaks) {
    EXPECT_EQ(errors("project: a: b\n"), (Texts{"config.yaml:1:11: this is not YAML: illegal map value"}));
    EXPECT_EQ(errors("project: a\n---\nproject: b\n")[0],
              "config.yaml:3:1: a second YAML document; the file holds one");
}

TEST(Load, AnUnquotedVariableInsideBracesIsExplained) {
    const std::string message = "inside { } or [ ] a scalar that holds ${…} needs quotes: \"${NAME}\"";
    EXPECT_EQ(errors("project: acme\nserver: { apiKeys: [x, ${KEY}] }\n"), (Texts{"config.yaml:2:24: " + message}));
    EXPECT_EQ(errors("project: acme\nlog: { level: ${LEVEL:-info}, format: json }\n"),
              (Texts{"config.yaml:2:15: " + message}));
    EXPECT_EQ(errors("project: acme\nlog: {\n  level: x${LEVEL}\n}\n"), (Texts{"config.yaml:3:11: " + message}));
}

TEST(Load, AnUnsetVariableIsAnErrorWhereItStands) {
    EXPECT_EQ(
        errors(small_config("storage:\n  path: ${DATA}/x.db\n  encryptionKey: ${file:key}\n")),
        (Texts{"config.yaml:14:9: path: the environment variable DATA is not set; set it, or write ${DATA:-default}",
               "config.yaml:15:18: encryptionKey: ${file:key}: can't read /etc/syncd/key: No such file or "
               "directory"}));
}

TEST(Load, AVariableMayHoldANumberEvenInQuotes) {
    auto from = disk(small_config("provider: { requestsPerMinute: \"${LIMIT}\" }\n"));
    from.variables["LIMIT"] = "60";
    EXPECT_EQ(good(from).provider.requests_per_minute, 60);
}

TEST(Load, WhatAVariableHoldsIsNotShown) {
    auto from = disk(small_config("provider: { requestsPerMinute: \"${LIMIT}\" }\nlog: { level: \"${LIMIT}\" }\n"));
    from.variables["LIMIT"] = "hunter2";
    for (const auto& text : texts(load_from(from).errors)) EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
}

TEST(Load, AnUnknownKeyIsAnErrorWithTheAllowedOnes) {
    EXPECT_EQ(
        errors(small_config("      scope: x\nlogs: {}\nlog: { colour: red }\n")),
        (Texts{"config.yaml:13:7: unknown key 'scope' in connection; did you mean 'scopes'? Allowed: grant, clientId, "
               "clientSecret, scopes",
               "config.yaml:14:1: unknown key 'logs' in the configuration; did you mean 'log'? Allowed: project, "
               "manifest, provider, storage, server, destinations, notifications, installations, log",
               "config.yaml:15:8: unknown key 'colour' in log; allowed: level, format"}));
}

TEST(Load, ADuplicateKeyIsAnErrorAtTheSecondOne) {
    EXPECT_EQ(errors(small_config("project: other\ndestinations: {}\n")),
              (Texts{"config.yaml:13:1: duplicate key 'project'; it stands at line 1 already",
                     "config.yaml:14:1: duplicate key 'destinations'; it stands at line 3 already"}));
    EXPECT_EQ(errors(small_config("log: { level: info, \"level\": warn }\n")),
              (Texts{"config.yaml:13:21: duplicate key 'level'; it stands at line 13 already"}));
}

TEST(Load, NumbersAndTruthsAreWrittenPlainly) {
    const auto number = [](const std::string& text) {
        return errors(small_config("provider:\n  requestsPerMinute: " + text + "\n"));
    };
    EXPECT_EQ(number("010"), (Texts{"config.yaml:14:22: requestsPerMinute is '010'; allowed: a whole number from 0 to "
                                    "1000000, in plain decimal digits without quotes"}));
    for (const auto* text :
         {"\"5\"", "-1", "0x10", "1e3", "1_000", "1.5", "5 m", "99999999999999999999", "~", "[1]", "{}"})
        EXPECT_EQ(number(text).size(), 1U) << text;
    EXPECT_EQ(number("0"), Texts());

    const auto truth = [](const std::string& text) {
        auto config = small_config();
        return errors(config.insert(config.find("    secret"), "    insecure: " + text + "\n"));
    };
    EXPECT_EQ(truth("yes"), (Texts{"config.yaml:6:15: insecure is 'yes'; allowed: true or false, without quotes"}));
    for (const auto* text : {"on", "True", "1", "\"true\"", "~"}) EXPECT_EQ(truth(text).size(), 1U) << text;
    EXPECT_EQ(truth("true"), Texts());
}

TEST(Load, WhereTextIsExpectedNothingElseWillDo) {
    auto config = small_config("    groupName: [a]\n    consumerRef: ~\n    consumerName: { a: b }\n");
    config.replace(config.find("groupRef: acme"), 14, "groupRef:     ");
    EXPECT_EQ(errors(config), (Texts{"config.yaml:9:5: groupRef is empty (null); allowed: text",
                                     "config.yaml:13:16: groupName is a list; allowed: text",
                                     "config.yaml:14:5: consumerRef is empty (null); allowed: text",
                                     "config.yaml:15:19: consumerName is a map; allowed: text"}));
}

TEST(Load, ErrorsOfAllFilesAreListedInOrder) {
    const auto found = errors(small_config("log: { level: loud }\n") + "x: 1\n", small_manifest("          y: 2\n"));
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0], "config.yaml:13:15: level is 'loud'; allowed: debug, info, warn, error");
    EXPECT_TRUE(found[1].starts_with("config.yaml:14:1: unknown key 'x'"));
    EXPECT_TRUE(found[2].starts_with("amp.yaml:10:11: unknown key 'y'"));
}

TEST(Load, AReferenceToItselfAndMergeKeysDoNoHarm) {
    EXPECT_EQ(errors(small_config("log: &log { level: *log }\n")).size(), 1U);
    EXPECT_EQ(errors(small_config("log: { <<: { level: info } }\n")),
              (Texts{"config.yaml:13:8: merge keys (<<) are not supported; write the members out"}));
    EXPECT_EQ(errors(small_config("log: " + std::string(100'000, '[') + "\n")).size(), 1U);
}

}  // namespace
}  // namespace syncd::config
