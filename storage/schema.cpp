#include "storage/schema.hpp"

#include "storage/outbox.hpp"

#include <algorithm>

namespace syncd::storage {
namespace {

using Types = std::set<std::string>;

std::string joined(const Types& types) {
    std::string text;
    for (const auto& type : types) text += (text.empty() ? "" : ",") + type;
    return text;
}

Types parted(std::string_view text) {
    Types types;
    while (!text.empty()) {
        const auto end = std::min(text.find(','), text.size());
        types.emplace(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return types;
}

FieldTypes known_fields(Database& db, std::int64_t object_key) {
    FieldTypes fields;
    auto row = db.query("SELECT name, types FROM field WHERE object_key = ?");
    row.bind(object_key);
    while (row.step()) fields.emplace(row.text(0), parted(row.text_view(1)));
    return fields;
}

bool was_checked(Database& db, std::int64_t object_key) {
    auto row = db.query("SELECT schema_checked_at IS NOT NULL FROM object_state WHERE key = ?");
    row.bind(object_key);
    return row.step() && row.integer(0) != 0;
}

/// A read that shows fewer types than known says nothing: what was seen before stays.
void keep(Database& db, std::int64_t object_key, const FieldTypes& known, const FieldTypes& seen) {
    for (const auto& [name, types] : known)
        if (!seen.contains(name)) db.run("DELETE FROM field WHERE object_key = ? AND name = ?", object_key, name);
    for (const auto& [name, types] : seen) {
        const auto before = known.find(name);
        if (before != known.end() && std::ranges::includes(before->second, types)) continue;
        db.run(
            "INSERT INTO field (object_key, name, types) VALUES (?, ?, ?) "
            "ON CONFLICT (object_key, name) DO UPDATE SET types = excluded.types",
            object_key, name, joined(types));
    }
}

}  // namespace

std::vector<FieldChange> compare_fields(const FieldTypes& known, const FieldTypes& seen) {
    std::vector<FieldChange> changes;
    for (const auto& [name, types] : seen) {
        const auto before = known.find(name);
        if (before == known.end())
            changes.push_back({FieldChangeType::created, name, types, {}});
        else if (!before->second.empty() && !std::ranges::includes(before->second, types))
            changes.push_back({FieldChangeType::changed, name, types, before->second});
    }
    for (const auto& [name, types] : known)
        if (!seen.contains(name)) changes.push_back({FieldChangeType::deleted, name, {}, types});
    std::ranges::sort(changes, {}, &FieldChange::name);
    return changes;
}

std::int64_t check_schema(Database& db, const SchemaCheck& check) {
    const bool first = !was_checked(db, check.object_key);
    const auto known = known_fields(db, check.object_key);
    keep(db, check.object_key, known, check.fields);
    db.run("UPDATE object_state SET schema_checked_at = ? WHERE key = ?", check.read_started, check.object_key);
    if (first) return 0;
    auto changes = compare_fields(known, check.fields);
    std::erase_if(changes, [&](const FieldChange& change) { return !check.told.contains(change.type); });
    return append_messages(db,
                           {check.object_key, check.operation_id, check.destination, check.new_stream_id, check.now},
                           changes, check.build);
}

}  // namespace syncd::storage
