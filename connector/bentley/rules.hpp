// Whether a record is what the provider documents for a write. Pure.
#pragma once

#include "config/core/model.hpp"
#include "connector/bentley/catalog.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace syncd::bentley {

struct Fault {
    std::string field;    // "sourceFiles[0].connectorType"; "type" where the provider has no such write
    std::string message;  // what is wrong and what is allowed
};

/// Every fault at once: what is missing, then the rest in the record's order; empty: it may be sent. Fields that nobody
/// knows are no fault. Of an update nothing is required but one field at least; of a delete only what its path takes
/// beside the id. The id itself is not looked for: see record_id(). `record` is valid JSON.
std::vector<Fault> check_record(const Object& object, WriteType type, std::string_view record);

}  // namespace syncd::bentley
