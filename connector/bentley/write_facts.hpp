// What the provider takes in writes of an object, and how a write whose answer was lost is found again. Part of the
// catalog.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace syncd::bentley {

/// What a value may be.
struct Shape {
    enum class Type { any, string, number, integer, boolean, array, object };
    struct Member;
    /// Groups of members, at least one of them whole; `exactly`: no two of them.
    struct Need {
        std::string when_member, when_value;  // only where that member has this value; empty: always
        std::vector<std::vector<std::string>> any_of;
        bool exactly = false;
    };

    Type type = Type::any;
    bool nullable = false;
    std::vector<std::string> values;     // enum: what it may be; empty: anything
    bool any_case = false;               // of those
    std::size_t min = 0, max = 0;        // string: characters, array: elements; 0: no limit
    bool not_blank = false;              // more than white space
    std::vector<std::string> forbidden;  // texts that a string may not hold
    std::vector<Shape> element;          // of an array: one, or empty where anything goes
    std::vector<Member> members;         // of an object, beside those that nobody knows
    std::vector<Need> needs;
};
struct Shape::Member {
    std::string name;
    bool required = false;
    Shape shape;
};

/// An update that starts paid work: `field` has `value` (in any case). Whether it happened is seen in the record's
/// state.
struct ChargedUpdate {
    std::string field, value;           // "state", "active"
    std::set<std::string> not_started;  // states in lower case of a record that it has not reached yet: "unsubmitted"
};

/// How an update that replaces is made whole from what is there.
struct Overlay {
    /// Where a field is read if not under its own name; `link`: as the last segment of an href, or of a list of them.
    struct Source {
        std::vector<std::string> at;
        bool link = false;
    };
    std::map<std::string, Source> sources;
};

struct WriteCall {
    std::string method, path;  // "PATCH", "/itwins/{id}"; other names in braces: its fields
    std::string accept;
    std::set<int> success;
    std::string wrapper;               // empty: the body is the record
    std::vector<std::string> id_at;    // path of the id in the answer to a create
    std::vector<std::string> fields;   // what an update takes; empty: all of `required` and `optional`
    std::vector<std::string> headers;  // fields that go as headers of their name, not in the body
    bool charged = false;              // a create that starts paid work or uses a small quota
    std::optional<ChargedUpdate> starts;
    std::optional<Overlay> overlay;  // of a PUT
};

/// Where a create takes a token of ours.
struct Marker {
    std::string field;  // an array: "tags"
    std::string key;    // its elements are {key, value} and ours has this key; empty: they are texts
};

/// How a create whose answer was lost is looked up.
struct LookupFacts {
    std::string path;  // {field} of the record, {since}, {marker}; the parameter of an absent {field?} is left out
    std::string accept;
    std::string key;                                       // the array; empty: the answer is the record
    std::string wrapper;                                   // of the record where there is no array
    std::map<std::string, std::string> headers;            // Prefer
    std::vector<std::string> id;                           // of a row
    std::vector<std::string> unique;                       // fields that the provider allows once, together
    std::map<std::string, std::vector<std::string>> same;  // field and where a row has it: equal in equal content
    std::vector<std::string> created, creator;             // of a row; empty: it does not say
    bool creator_is_email = false;                         // else an id, perhaps at the end of a link
    bool own = false;                                      // only what the caller made is listed
    bool any_age = false;                                  // equal content is the same thing, however old
    bool self_link_ends = false;                           // as in ReadFacts
    std::optional<Marker> marker;

    /// The unique key stands in rows of the rows: in each, no other record may have one of ours.
    struct Inside {
        std::string path;                            // with {id} of the row
        std::string key;                             // the array
        std::map<std::string, std::string> headers;  // Prefer
        std::string field;                           // of the record: the array whose elements are looked for
        std::string unique;                          // member of an element
        std::vector<std::string> same;               // members that are equal in equal content
    };
    std::optional<Inside> inside;
};

struct WriteFacts {
    WriteCall create;
    std::optional<WriteCall> update, remove;
    std::map<std::string, std::string> required, optional;  // field and what it may hold, as documented
    std::map<std::string, std::string> inside;              // the same deeper down: "sourceFiles[].connectorType"
    Shape record;                                           // all that as one shape
    std::vector<std::string> secrets;                       // outermost fields, of bodies and answers
    std::optional<LookupFacts> lookup;                      // empty: there is no way to look
};

}  // namespace syncd::bentley
