#include "config/core/model.hpp"

namespace syncd {

std::string_view to_string(ChangeType type) {
    switch (type) {
        case ChangeType::create: return "create";
        case ChangeType::update: return "update";
        case ChangeType::remove: return "delete";
        case ChangeType::none: return "none";
    }
    return "none";
}

std::string_view to_string(WriteType type) {
    switch (type) {
        case WriteType::create: return "create";
        case WriteType::update: return "update";
        case WriteType::remove: return "delete";
    }
    return "create";
}

std::string_view to_string(FieldChangeType type) {
    switch (type) {
        case FieldChangeType::created: return "fieldCreated";
        case FieldChangeType::deleted: return "fieldDeleted";
        case FieldChangeType::changed: return "fieldChanged";
    }
    return "fieldChanged";
}

std::string_view to_string(ReadType type) {
    switch (type) {
        case ReadType::backfill: return "backfill";
        case ReadType::scheduled: return "scheduled";
        case ReadType::triggered: return "triggered";
    }
    return "scheduled";
}

}  // namespace syncd
