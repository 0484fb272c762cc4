// What the imitated provider lets callers write: one row per object, from its documentation, apart from the product's
// catalog.
#pragma once

#include "tests/sandbox/call.hpp"
#include "tests/sandbox/data.hpp"
#include "tests/sandbox/fields.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace syncd::sandbox {

enum class Operation { create, update, remove };
std::string_view to_string(Operation operation);

/// Ids that begin so always name something that a record may refer to: a workspace, a form definition, …
inline constexpr std::string_view furniture = "5a5d0000-0000-4000-";

struct WriteRow;

/// A write that is well-formed, before it is done. `record` is the one that is meant; null for a create.
struct Writing {
    const Data& data;
    const ObjectRow& row;
    const WriteRow& write;
    Operation operation;
    const Call& call;
    const Record* record;

    std::string_view body() const { return call.body; }
};

struct WriteRow {
    std::string_view object;
    std::string_view fields;         // in the notation of fields.hpp
    std::string_view create_path{};  // empty: the object's own
    int created = 201;
    std::string_view update{};       // PATCH or PUT; empty: there is no update
    std::string_view updates{};      // fields that it takes; empty: all
    bool update_needs_one = false;   // a PATCH without any of them is refused
    int removed = 204;               // of a delete; 0: there is none; 200 answers the record
    std::string_view remove_sets{};  // path=JSON: a delete marks the record and leaves it there
    std::string_view invalid{};      // error code of a bad body; empty: as the object's reads have it
    std::string_view missing_code = "MissingRequiredProperty", wrong_code = "InvalidValue";
    std::string_view body_code = "InvalidRequestBody";
    std::string_view target_prefix{};  // `Detector.` spells targets Detector.DisplayName
    std::string_view unique{};         // no two records have the same in all of these: 409
    std::string_view taken{};          // its error code
    std::string_view taken_target{};   // of its detail InvalidValue; empty: no detail
    int no_itwin_status = 0;           // answer to an iTwinId that is not there; 0: it is not looked up
    bool location = false;             // a create answers a Location header too
    std::string_view skeleton{};       // record without what the body says; empty: the object's own template
    void (*check)(const Writing& writing, Defects& defects) = nullptr;         // beyond the fields; body is an object
    std::optional<http::Response> (*guard)(const Writing& writing) = nullptr;  // by what is there already
    void (*finish)(const Writing& writing, Data::Draft& draft) = nullptr;      // what depends on other fields
};

std::span<const WriteRow> writes();
const WriteRow* find_write(std::string_view object);

/// One that names what is wrong with the object's envelope.
http::Response refuse(const Writing& writing, std::string_view code, std::string_view target, std::string_view message);

}  // namespace syncd::sandbox
