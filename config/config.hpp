// The configuration as plain structs, defaults written once. load.hpp fills them from YAML.
#pragma once

#include "config/core/proxy.hpp"
#include "config/core/secret.hpp"
#include "config/core/time.hpp"
#include "config/cron.hpp"
#include "config/manifest.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace syncd::config {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct Provider {
    std::string base_url = "https://api.bentley.com";  // an origin: no path, no trailing slash
    std::string authorize_url = "https://ims.bentley.com/connect/authorize";
    std::string token_url = "https://ims.bentley.com/connect/token";
    std::int64_t requests_per_minute = 500;    // per clientId; 0: no limit
    std::int64_t requests_per_hour = 5000;     // per clientId; 0: no limit
    std::int64_t max_concurrent_requests = 4;  // per clientId
    Duration timeout = seconds{30};            // of one request, from connecting to the last byte
    std::string ca_file;                       // absolute; beside the system's authorities
    std::optional<Proxy> base_proxy;           // between us and base_url
    std::optional<Proxy> token_proxy;          // between us and token_url
};

struct Retention {
    Duration operations = days{30};
    Duration deliveries = days{7};
    Duration dead_letters = days{30};
    Duration deleted_records = days{90};
};

struct Storage {
    std::string path = "/var/lib/bentley-syncd/bentley-syncd.db";
    std::optional<Secret> encryption_key;  // 32 bytes, decoded; absent: a key file beside the database
    Retention retention;
};

/// What the server shows to its clients; PEM files, absolute.
struct Tls {
    std::string certificate_file, key_file;
};

struct Server {
    std::string host = "127.0.0.1";                    // a literal address
    std::uint16_t port = 8710;                         // 0: any free one
    std::string public_url = "http://127.0.0.1:8710";  // no trailing slash
    std::vector<Secret> api_keys;
    std::optional<Tls> tls;
};

struct Destination {
    std::string name;
    std::string url;
    std::vector<Secret> secrets;  // decoded key bytes; every one signs
    std::map<std::string, std::string> headers;
    std::string ca_file;  // absolute; beside the system's authorities
    Duration timeout = seconds{15};
    std::int64_t messages_per_second = 1000;
    std::int64_t max_payload_bytes = 307'200;
    std::vector<Duration> retry_schedule = {seconds{5}, minutes{5}, minutes{30}, hours{2},
                                            hours{5},   hours{10},  hours{10}};
    Duration disable_after = days{5};
    bool strict_ordering = true;  // per installation and object
};

/// Which events a destination is told.
struct Notification {
    std::string destination;
    bool all = false;
    std::set<std::string> events;  // names such as read.backfill.done; when not all
};

enum class Grant { client_credentials, authorization_code };

struct Connection {
    Grant grant = Grant::client_credentials;
    std::string client_id;
    Secret client_secret;  // empty: a public client, which only authorization_code (always with PKCE) allows
    std::vector<std::string> scopes = {"itwin-platform"};  // authorization_code asks for offline_access besides
};

using FilterValue = std::variant<std::string, bool, double>;
struct FieldFilter {
    std::string field;
    FilterValue value;  // operator eq
};

/// `maxDeletes`: the fuse. As a share of the known records, or as a number of records.
struct MaxDeletes {
    double share = 0.10;
    std::optional<std::int64_t> records;
};

/// `iTwins`: those that an object is read for, one query each, beside the one for the whole connection.
struct QueriedITwins {
    bool all = false;              // those that the installation's reads of itwins know
    std::vector<std::string> ids;  // else these
    bool any() const { return all || !ids.empty(); }
};

/// What is read of one object for one installation: the manifest, overridden by the installation's config.
struct ReadObject {
    std::string object;       // the provider's name
    std::string mapped_name;  // equal to `object` when nothing maps it
    std::string destination;
    Schedule schedule;
    std::vector<Field> fields;  // selected ones: required and optional, with their mapped names
    bool all_fields = false;    // and every other one that a record has
    std::map<std::string, std::map<std::string, std::string>> value_mappings;  // field, provider's value -> ours
    std::vector<FieldFilter> filters;
    std::optional<Backfill> backfill;   // absent: section 4's default for the object
    std::int64_t page_records_max = 0;  // `delivery.pageSize`: records of a message; 0: no cap
    bool disabled = false;
    bool deliver_all = false;  // `deliver: all`
    bool detect_deletes = true;
    MaxDeletes max_deletes;
    std::map<std::string, std::string> query;  // extra query parameters
    QueriedITwins itwins;
    Duration overlap = minutes{5};
    Duration full_every = hours{24};  // zero: never
};

enum class WriteDefault { always, never, if_empty };

/// `selectedFieldSettings`: whether a field is written, given or not, and what it gets where the record does not say.
struct WriteField {
    std::string name;   // the provider's, a path like $['a']['b'] included
    std::string value;  // the default, as JSON; empty: none
    WriteDefault on_create = WriteDefault::always, on_update = WriteDefault::always;
    bool default_on_update = true;  // false: an update writes what is given, and no default
};

/// What may be written of one object for one installation: the manifest, overridden by the installation's config.
struct WriteObject {
    std::string object;                          // the provider's name
    std::string mapped_name;                     // of the read object, where it is read; else `object`
    bool inherit_mapping = false;                // records use our names; what nothing maps is left out
    std::map<std::string, std::string> mapping;  // inherited: our field -> the provider's; its own names as themselves
    std::set<std::string> unmapped;              // inherited: our fields that nobody has mapped
    bool other_fields = false;                   // inherited: names that are in neither are the provider's own
    std::map<std::string, std::map<std::string, std::string>> value_mappings;  // field, our value -> the provider's
    std::vector<WriteField> fields;
    bool deletes = false;        // deletionSettings.enabled
    bool validate = true;        // false: bodies are sent as they are
    bool retry_unknown = false;  // `onUnknown: retry`
    bool marker = false;
};

struct Installation {
    std::string id;
    std::string integration, group_ref, group_name, consumer_ref, consumer_name;
    Connection connection;
    std::vector<ReadObject> objects;  // in the manifest's order
    std::vector<WriteObject> writes;  // likewise
    bool proxy = false;               // the manifest and the installation let requests pass through
    std::optional<SchemaWatch> schema_watch;
    std::string digest;  // of all that shapes its messages: a change gives a new installationUpdateTime
};

enum class LogFormat { automatic, json, text };
enum class LogLevel { debug, info, warn, error };

struct Logging {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::automatic;
};

struct Config {
    std::string project;
    std::vector<std::string> manifests;  // absolute paths
    Provider provider;
    Storage storage;
    Server server;
    std::map<std::string, Destination> destinations;
    std::vector<Notification> notifications;
    std::vector<Integration> integrations;  // of provider bentley
    std::vector<Installation> installations;
    Logging logging;
};

}  // namespace syncd::config
