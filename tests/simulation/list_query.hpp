// A list request taken apart, as the provider understands it: which rows it asks for and where in the list it goes on.
#pragma once

#include "tests/simulation/truth.hpp"

#include <optional>
#include <set>
#include <string>
#include <utility>

namespace syncd::simulation {

/// The iTwin that a query is narrowed to, and where its slice of creation time begins; as the database has them.
using QueryName = std::pair<std::string, std::string>;

struct ListQuery {
    ListQuery() = default;
    ListQuery(const std::string& object, const std::string& requested);

    QueryName name() const;
    /// Of what the list narrows to, without the slice.
    bool covers(const Row& row) const;
    bool matches(const Row& row) const;

    std::string target, base;  // base: without the position
    std::string position;      // of a continuation: EPOCH~PLACE
    std::int64_t top = 0, skip = 0;
    std::string itwin_id;                   // empty: what the caller itself has
    std::optional<Timestamp> since, until;  // both inclusive
    std::optional<Timestamp> from, before;  // a slice of creation time, without `before`
    std::set<std::string> ids;              // empty: any
    bool first = true;
    bool understood = true;

private:
    void read_filter(const std::string& expression);
    void read_condition(const std::string& condition);

    std::string object_;
};

/// Where the caller's own rows are not all that it may see.
bool is_per_itwin(const std::string& object);
/// By which of its times a list of the object is narrowed.
Timestamp time_of(const std::string& object, const Row& row);

}  // namespace syncd::simulation
