// The few plain values that reading, storing and sending share.
#pragma once

#include "config/core/json.hpp"
#include "config/core/time.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace syncd {

/// One item of an object as the provider sent it.
struct Record {
    std::string id;
    std::string raw;                     // byte for byte
    json::Digest digest;                 // of its content, volatile fields left out
    std::optional<Timestamp> created{};  // where the object has such a field
    std::optional<Timestamp> modified{};
    bool open = false;  // a job whose state may still change
};

/// One page of an object, in the provider's order. Ids are unique and not empty.
struct Page {
    std::vector<Record> records;
    std::int64_t rows = 0;            // that the answer held, repeated ones too
    std::string next;                 // URL of the next page, byte for byte; empty on the last one
    std::optional<Timestamp> date{};  // the answer's Date header
    std::int64_t rows_max = 0;        // the list's cap over all pages, as the answer says; 0: it says nothing
};

enum class ChangeType { create, update, remove, none };
/// `create`, `update`, `delete` or `none`, as in messages.
std::string_view to_string(ChangeType type);

/// A record that destinations have to be told about.
struct Change {
    ChangeType type{};
    std::string id;
    std::string raw;
};

/// The outermost fields of an object's records, each with the JSON types of its values: string, number, boolean,
/// object, array. Null is no type.
using FieldTypes = std::map<std::string, std::set<std::string>>;

enum class WriteType { create, update, remove };
/// `create`, `update` or `delete`, as in write requests.
std::string_view to_string(WriteType type);

enum class FieldChangeType { created, deleted, changed };
/// `fieldCreated`, `fieldDeleted` or `fieldChanged`, as in messages.
std::string_view to_string(FieldChangeType type);

/// A field that an object's records have, have no more, or have with values of other types.
struct FieldChange {
    FieldChangeType type{};
    std::string name;
    std::set<std::string> types, previous_types;
    bool operator==(const FieldChange&) const = default;
};

enum class ReadType { backfill, scheduled, triggered };
std::string_view to_string(ReadType type);

/// A finished message body but for its sequence number, which the store puts in when it commits.
struct Message {
    std::string body;     // JSON; for `by_url` without result and downloadUrl
    std::string results;  // by_url: the JSON list that the downloadUrl serves
    std::size_t records = 0;
    bool by_url = false;
};

/// Where one object's messages go: one stream per destination, installation and object.
struct StreamKey {
    std::string destination, installation_id, object;
    auto operator<=>(const StreamKey&) const = default;
};

/// Turns changes into messages: called by the store inside the transaction, with the stream's id and next sequence.
using BuildMessages = std::function<std::vector<Message>(const std::vector<Change>& changes,
                                                         const std::string& stream_id, std::int64_t next_sequence)>;
/// The same for changes of an object's fields.
using BuildFieldMessages = std::function<std::vector<Message>(
    const std::vector<FieldChange>& changes, const std::string& stream_id, std::int64_t next_sequence)>;

}  // namespace syncd
