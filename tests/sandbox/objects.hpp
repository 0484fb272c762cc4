// What the imitated provider has: one row per readable object. It is written from the provider's documentation, apart
// from the product's catalog, so that a mistake there shows as a failing test here.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace syncd::sandbox {

enum class Paging { none, offset, token };   // offset: $top and $skip; token: continuationToken
enum class TimeForm { seconds, ticks };      // 2020-09-14T14:29:55Z or 2020-09-14T14:29:55.1234567Z

/// Lists are words parted by spaces.
struct ObjectRow {
    std::string_view name;                   // "contextcapture/jobs"
    std::string_view alias;                  // what the control API takes as well: "jobs"
    std::string_view path;                   // of the list; a trailing slash may be left out by callers
    std::string_view key;                    // the array in the body
    std::string_view id_member = "id";
    bool numeric_id = false;
    std::string_view version = "v1";         // in Accept
    Paging paging = Paging::none;
    int top_min = 1, top_max = 1000, top_default = 100;
    bool self_link = false;                  // _links has self (and prev where there is one)
    bool max_return = false;                 // X-Max-Return caps all pages together
    bool filter_required = false;
    std::string_view filters{};              // properties that $filter knows
    std::string_view equals{};               // plain parameters that select by equality
    std::string_view ranges{};               // plain parameters that select by time: start/end
    std::string_view orders{};               // properties that $orderby knows
    std::string_view owner_member{};         // without `iTwinId eq` only the caller's own rows are listed
    bool inactive_hidden = false;            // Inactive rows only with includeInactive=true or status=Inactive
    std::string_view own_wrapper{};          // GET {path}/{id} answers {"wrapper": record}; empty: no such read
    std::string_view not_found{};            // its error code
    std::string_view invalid{};              // error code of a 422
    std::string_view minimal{};              // members without `Prefer: return=representation`; empty: always all
    std::string_view image{};                // member with a signed URL that is another at each read
    std::string_view name_member = "name";   // what `change` edits, and the time that goes with it:
    std::string_view modified_member{};
    std::string_view state_member{};         // what `advance` moves along:
    std::string_view states{};
    TimeForm time_form = TimeForm::seconds;
    std::string_view view_of{};              // the rows are those of another object
    std::size_t rows_max = 0;                // of a view: the oldest is pushed out; 0: no limit
    bool absence_is_delete = true;           // false: a receiver may rightly hold rows that are gone here
    /// The JSON of a record. $id$, $n$ (counts from 1), $created$, $modified$, $guid$, $itwin$ (some iTwin's id),
    /// $caller$ (the identity that reads) and $pick:a|b$ (by n) are filled in.
    std::string_view record{};
};

std::span<const ObjectRow> objects();
/// By name or alias; null when there is none.
const ObjectRow* find_object(std::string_view name);
/// By the path of its list, trailing slash and letter case aside; null when there is none.
const ObjectRow* find_list(std::string_view path);

}  // namespace syncd::sandbox
