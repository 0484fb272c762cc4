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
    std::string name;                      // as callers write it
    std::vector<std::string> property;     // path into the record
    Op op{};
    std::vector<std::string> values;       // one, but for `in`
    std::optional<Timestamp> time{};       // of the value, where it is one: compared as instants
};

/// What is known of a record without looking into its text: most reads ask for nothing else. Empty: look.
struct Known {
    std::string_view id{}, itwin{};
    std::optional<Timestamp> created{};
};

/// One of the groups must hold; a group holds when all of its conditions do. No groups: everything matches.
struct Filter {
    std::vector<std::vector<Condition>> any_of;

    /// `record` is JSON.
    bool matches(std::string_view record, const Known& known = {}) const;
    /// The values that this property is pinned to with eq or in; none when there is a group that does not pin it.
    std::vector<std::string> pinned(std::string_view name) const;
    /// Adds a condition to every group.
    void require(Condition condition);
};

/// `createdDateTime ge 2024-01-01T00:00:00Z and iTwinId eq GUID or id in ('a','b')`; values bare or in single quotes,
/// no brackets around groups. `properties` are the words of those it may use, as in ObjectRow.
/// Errors: invalid_input, with the position.
result<Filter> parse_filter(std::string_view text, std::string_view properties, bool with_in = true);

Condition make_condition(std::string_view name, std::string_view path, Condition::Op op,
                         std::vector<std::string> values);

}  // namespace syncd::sandbox
