// What the imitated provider has: one row per readable object. It is written from the provider's documentation, apart
// from the product's catalog, so that a mistake there shows as a failing test here.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace syncd::sandbox {

/// offset: $top and $skip; token: one that names the last row seen; offset_token: one that holds $top and $skip.
enum class Paging { none, offset, token, offset_token };
/// What stands in the place of the next link on the last page.
enum class LastNext { absent, null, self };
/// …29:55Z, …29:55.123Z, …29:55.1234567Z, …29:55.1234567+00:00, …29:55.12-04:00
enum class TimeForm { seconds, milliseconds, ticks, ticks_offset, eastern };

/// Lists are words parted by spaces. A word `name=path` has callers write `name` for what stands at `path` in the
/// record, where `a/b` is member b of object a; without `=` both are the same.
struct ObjectRow {
    std::string_view name;                   // "contextcapture/jobs"
    std::string_view alias;                  // what the control API takes as well: "jobs"
    std::string_view path;                   // of the list; a trailing slash may be left out by callers
    std::string_view key;                    // the array in the body
    std::size_t at_start = 0;                // records to begin with, where Options has no number of its own
    std::string_view id_member = "id";
    std::string_view id_form{};              // with $n$; empty: a GUID
    bool numeric_id = false;
    std::string_view version = "v1";         // in Accept

    Paging paging = Paging::none;
    int top_min = 1, top_max = 1000, top_default = 100;
    bool top_fixed = false;                  // pages have top_default rows whatever $top says
    std::string_view top_name = "$top";      // how errors spell it
    bool self_link = false;                  // _links has self (and prev where there is one)
    bool prev_always = false;                // the first page has a prev link too: its own address
    LastNext last_next = LastNext::absent;
    std::string_view link_path{};            // how links spell the path; empty: as it was called
    std::string_view token_name = "continuationToken";  // how links spell it
    bool token_quoted = false;               // it stands in single quotes
    bool max_return = false;                 // X-Max-Return caps all pages together
    bool newest_first = false;

    bool filter_required = false;
    std::string_view filters{};              // properties that $filter knows
    bool filter_in = true;                   // whether it has the operator `in`
    std::string_view equals{};               // plain parameters that select by equality
    std::string_view lists{};                // the same, by any of the values that commas part
    std::string_view ranges{};               // plain parameters that select by time: start/end, whole seconds
    std::string_view orders{};               // properties that $orderby knows
    std::string_view needs{};                // plain parameters of which a list call must have one
    std::string_view default_order{};        // as $orderby would have it; empty: of creation
    bool listed = true;                      // false: there is no list, only reads by id
    std::string_view hidden{};               // members that no read shows
    std::string_view list_segment{};         // {path}/{segment}/{iTwinId} is the list; empty: {path}

    std::string_view owner_member{};         // unless an iTwin is asked for, only the caller's own rows are listed
    std::string_view itwin_member{};         // which iTwin a row belongs to, and what `$filter` calls it
    std::string_view itwin_parameter{};      // rows belong to iTwins that they don't tell of; asked for by this
    int no_itwin_status = 403;               // answer about an iTwin that is not there
    bool inactive_hidden = false;            // Inactive rows only with includeInactive=true or status=Inactive

    bool own_read = false;                   // GET {path}/{id}
    std::string_view own_wrapper{};          // answers {"wrapper": record}; empty: the record alone
    std::string_view own_added{};            // members that only this read shows
    std::string_view own_lacks{};            // members that only the list shows
    std::string_view not_found{};            // its error code
    std::string_view invalid{};              // error code of a bad parameter, its status and the code of its detail
    int invalid_status = 422;
    std::string_view invalid_detail = "InvalidValue";

    std::string_view minimal{};              // members without `Prefer: return=representation`; empty: always all
    std::string_view secret{};               // member that must not come through as it is
    std::string_view renewed{};              // member that is another at each read: a signed URL or a time
    std::string_view name_member = "name";   // what `change` edits, and the time that goes with it:
    std::string_view modified_member{};
    std::string_view state_member{};         // what `advance` moves along; the last of `states` is success:
    std::string_view states{};
    std::string_view started_members{};      // times that are set by leaving the first state
    std::string_view ended_member{};         // time that is set by success, failed and cancelled
    std::string_view result_member{};        // signed URL that success brings
    bool settled_at_start = false;           // all records but the last begin with success
    TimeForm time_form = TimeForm::seconds;
    std::string_view view_of{};              // the rows are those of another object
    std::size_t rows_max = 0;                // of a view: the oldest is pushed out; 0: no limit
    bool absence_is_delete = true;           // false: a receiver may rightly hold rows that are gone here
    std::string_view record{};               // of templates.hpp
};

/// What can be read.
std::span<const ObjectRow> objects();
/// What can only be written, and looked up after that. They begin empty.
std::span<const ObjectRow> write_only_objects();
/// Among both, by name or alias; null when there is none.
const ObjectRow* find_object(std::string_view name);
/// By the path of its list, trailing slash and letter case aside; null when there is none.
const ObjectRow* find_list(std::string_view path);

/// The path of the word that callers write as `name`, letter case aside.
std::optional<std::string_view> path_of(std::string_view words, std::string_view name);
/// The part of a word that callers write.
constexpr std::string_view name_of(std::string_view word) { return word.substr(0, word.find('=')); }

}  // namespace syncd::sandbox
