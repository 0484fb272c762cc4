// What the body of a write may hold, as the provider documents it, and what is wrong with one that came.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace syncd::sandbox {

/// One field of a body, in the short notation of write_rows.cpp: `name*:type(argument)>path~shape(argument)`.
/// `*`: required; `+`: of updates only. The path is where the value stands in the record; the name unless given.
struct FieldRule {
    std::string name, type, argument, path, shape, shape_argument;
    bool required = false, update_only = false;
};

/// Rules are parted by semicolons.
std::vector<FieldRule> parse_fields(std::string_view spec);

/// One thing that is wrong with a body. `code`: empty for the object's usual one.
struct Defect {
    bool missing = false;
    std::string target, message, code{};
};
using Defects = std::vector<Defect>;

/// Why the JSON `value` does not fit; empty when it does. Types: text, filled (not blank), name (without > < ^ $ ? ||),
/// label (without < > & " ' .) - the argument of each is the longest that is taken -, guid, url, time, bool, int,
/// number, object, array (the argument is how many it needs), texts (the argument is for each), state, enum(A|B).
std::string misfit(const FieldRule& rule, std::string_view value);

}  // namespace syncd::sandbox
