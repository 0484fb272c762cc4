// The part of OData's $filter that the provider documents and a reader needs: comparisons, `in` lists, and, or.
#pragma once

#include "config/core/error.hpp"
#include "config/core/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncd::sandbox {

struct Condition {
    enum class Op { eq, ne, lt, le, gt, ge, in };
    std::vector<std::string> property;     // path into the record
    Op op{};
    std::vector<std::string> values;       // one, but for `in`
    std::optional<Timestamp> time{};       // of the value, where it is one: compared as instants
};

/// One of the groups must hold; a group holds when all of its conditions do. No groups: everything matches.
struct Filter {
    std::vector<std::vector<Condition>> any_of;

    /// `record` is JSON.
    bool matches(std::string_view record) const;
    /// Whether every group pins this property with eq or in.
    bool pins(std::string_view property) const;
    /// Adds a condition to every group.
    void require(Condition condition);
};

/// `createdDateTime ge 2024-01-01T00:00:00Z and iTwinId eq GUID or id in ('a','b')`; values bare or in single quotes,
/// no brackets around groups. `properties` are the names it may use, parted by spaces; `a/b` reaches into an object.
/// Errors: invalid_input, with the position.
result<Filter> parse_filter(std::string_view text, std::string_view properties);

Condition make_condition(std::string_view property, Condition::Op op, std::vector<std::string> values);

}  // namespace syncd::sandbox
