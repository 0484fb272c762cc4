// What the provider has: one entry per object, from catalog.json, which is compiled in. Every fact about the provider
// that the code acts on stands there, so that a wrong one is a one-line correction.
#pragma once

#include "config/core/error.hpp"
#include "connector/bentley/write_facts.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace syncd::bentley {

enum class Paging { none, offset, token };
enum class Absence { deleted, nothing };  // what it means when a complete read no longer shows a record

/// A read of one record by its id.
struct OwnRead {
    std::string path;     // "/itwins/{id}"; the id is percent-encoded into it
    std::string wrapper;  // "iTwin": the member that holds it; empty: the body is the record
};

/// How the provider narrows a list by time.
struct Incremental {
    enum class Style { filter, range } style{};  // filter: OData in `parameter`; range: start/end in `parameter`
    std::string parameter;                       // "$filter", "modifiedDateTime"
    std::string expression;                      // filter: "createdDateTime ge {since}"
    std::string until;                           // filter: "createdDateTime le {until}"
    std::vector<std::string> at;                 // where the time stands: ["executionInfo", "createdDateTime"]
    bool required = false;                       // the parameter must always be sent
};

/// How a list is narrowed to one iTwin. Without it the provider may show less than the connection may see.
struct PerITwin {
    std::string parameter;        // "$filter", "iTwinId"
    std::string expression;       // "iTwinId eq {iTwinId}"
    std::vector<std::string> at;  // where the iTwin's id stands in a record; empty: nowhere
};

/// How a list is narrowed to some ids.
struct ByIds {
    std::string parameter;   // "$filter"
    std::string expression;  // "id in ({ids})"; "{ids}" alone: a row of conditions
    std::string each;        // "'{id}'", "id eq {id}"
    std::string separator;   // ",", " or "
};

/// How a list is cut by time of creation, where it would be longer than rows_max.
struct Slices {
    std::string parameter;    // "$filter"
    std::string from, until;  // "createdDateTime ge {from}", "createdDateTime lt {until}"
};

struct ReadFacts {
    std::string path;                            // "/itwins/"
    std::string accept;                          // the whole media type
    std::string key;                             // the array in the body: "iTwins"
    std::vector<std::string> id;                 // members tried in order: {"id"}
    std::map<std::string, std::string> headers;  // beside Accept: Prefer, X-Max-Return
    std::map<std::string, std::string> query;    // always sent: includeInactive=true
    Paging paging = Paging::none;
    std::string page_parameter;      // "$top"; empty: the page size can't be chosen
    int page_max = 0, page_min = 1;  // of page_parameter
    std::optional<Incremental> incremental;
    std::optional<PerITwin> per_itwin;
    std::optional<ByIds> by_ids;
    std::optional<Slices> slices;
    std::vector<std::string> created, modified;  // paths of those times in a record; empty: none
    std::vector<std::string> volatile_fields;    // outermost members that don't count as a change
    std::vector<std::string> secret_fields;      // outermost members that are never kept or shown: *** instead
    std::vector<std::string> state;              // path of a job's state; empty: the object has none
    std::set<std::string> terminal_states;       // in lower case
    Absence absence = Absence::deleted;
    std::optional<OwnRead> own;
    bool self_link_ends = false;                // a next link to the page itself is the end, not a loop
    int rows_max = 0;                           // silent cap over all pages (X-Max-Return); 0: none
    int rows_max_default = 0;                   // the cap where the provider overlooks our header; 0: none
    std::string scope;                          // permission that it takes, for people
    std::map<std::string, std::string> fields;  // outermost fields and their types
    std::string confidence;                     // "documented", "observed in peer code", "inferred"
};

struct Object {
    std::string name;
    std::optional<ReadFacts> read;
    std::optional<WriteFacts> write;
};

class Catalog {
public:
    /// The compiled-in catalog; parsed once. A defect in it is our bug: throws std::logic_error naming the entry.
    static const Catalog& builtin();
    /// Errors: invalid_input naming the entry and member.
    static result<Catalog> parse(std::string_view json);

    const Object* find(std::string_view name) const;
    const std::map<std::string, Object, std::less<>>& objects() const { return objects_; }
    /// What the provider calls the user of a service application, with {clientId}; empty: the catalog does not say.
    const std::string& service_user() const { return service_user_; }

private:
    std::map<std::string, Object, std::less<>> objects_;
    std::string service_user_;
};

}  // namespace syncd::bentley
