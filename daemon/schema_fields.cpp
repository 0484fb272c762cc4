#include "daemon/schema_fields.hpp"

#include <array>
#include <utility>

namespace syncd {
namespace {

constexpr std::array type_names = {
    std::pair{json::Kind::object, "object"},   std::pair{json::Kind::array, "array"},
    std::pair{json::Kind::string, "string"},   std::pair{json::Kind::number, "number"},
    std::pair{json::Kind::boolean, "boolean"},
};

unsigned bit(json::Kind kind) { return 1U << unsigned(kind); }

}  // namespace

void SchemaFields::add(std::string_view raw) {
    for (auto& member : json::members(raw)) {
        auto at = kinds_.find(member.key);
        if (at == kinds_.end()) {
            if (kinds_.size() == names_max) {
                complete_ = false;
                return;
            }
            at = kinds_.emplace(std::move(member.key), 0).first;
        }
        at->second |= bit(json::kind(member.value));
    }
}

FieldTypes SchemaFields::types() const {
    FieldTypes fields;
    for (const auto& [name, kinds] : kinds_) {
        auto& types = fields[name];
        for (const auto& [kind, type] : type_names)
            if ((kinds & bit(kind)) != 0) types.insert(type);
    }
    return fields;
}

bool looks_for_changes(const std::optional<config::SchemaWatch>& watch, const ReadPlan& plan,
                       const storage::ObjectState& state, Timestamp now) {
    if (!watch || !plan.full || plan.resumed || !plan.moves_cursors) return false;
    const auto& last = state.schema_checked_at;
    return !last || *last > now || watch->schedule.next(*last) <= now;  // in the future: the clock was set back
}

}  // namespace syncd
