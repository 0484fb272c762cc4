// Ampersand's manifest (amp.yaml, specVersion 1.0.0), as far as reads, writes and the proxy of provider bentley need
// it.
#pragma once

#include "config/cron.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace syncd::config {

/// A selected field. `name` as in the manifest, a path like $['a']['b'] included; `mapped` is empty when nothing maps
/// it.
struct Field {
    std::string name;
    std::string mapped;
    bool required = false;
    bool operator==(const Field&) const = default;
};

/// How far back the first read of an object goes.
struct Backfill {
    bool full_history = false;
    std::int64_t days = 0;  // when not full_history; 0: existing records are taken as known
    bool operator==(const Backfill&) const = default;
};

struct ManifestReadObject {
    std::string object, mapped_name, destination;
    Schedule schedule;
    std::vector<Field> fields;
    bool all_fields = false;  // optionalFieldsAuto: all
    std::optional<Backfill> backfill;
    std::int64_t page_records_max = 0;  // delivery.pageSize; 0: not given
};

struct ManifestWriteObject {
    std::string object;
    bool inherit_mapping = false;
};

/// Which changes of the objects' fields are told, where, and how often they are looked for.
struct SchemaWatch {
    std::string destination;
    Schedule schedule;
    bool created = false, deleted = false, changed = false;
};

struct Integration {
    std::string name, display_name;
    std::vector<ManifestReadObject> reads;
    std::vector<ManifestWriteObject> writes;
    bool proxy = false;
    std::optional<SchemaWatch> schema_watch;
};

}  // namespace syncd::config
