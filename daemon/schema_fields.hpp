// What a schema watch wants to know of a full read: the outermost fields of its records. Pure.
#pragma once

#include "config/config.hpp"
#include "config/core/model.hpp"
#include "daemon/plan.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace syncd {

class SchemaFields {
public:
    static constexpr std::size_t names_max = 1000;  // an object with more is a map, whose keys are data

    /// Takes in the members of a record.
    void add(std::string_view raw);
    /// Whether all of them could be kept.
    bool complete() const { return complete_; }
    /// Empty when no record was seen.
    FieldTypes types() const;

private:
    std::map<std::string, unsigned, std::less<>> kinds_;  // bits of json::Kind
    bool complete_ = true;
};

/// Whether this read is one to look for changes in: a full one from its beginning, with no look before it that is too
/// recent.
bool looks_for_changes(const std::optional<config::SchemaWatch>& watch, const ReadPlan& plan,
                       const storage::ObjectState& state, Timestamp now);

}  // namespace syncd
