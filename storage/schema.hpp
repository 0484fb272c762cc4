// The fields that an object's records have, and what changes in them.
#pragma once

#include "storage/database.hpp"
#include "storage/store.hpp"

namespace syncd::storage {

/// What is to be told, by name. Types that the field had before, or its first ones, are no change. Pure.
std::vector<FieldChange> compare_fields(const FieldTypes& known, const FieldTypes& seen);

/// Compares with what is kept, keeps what is seen and appends what is to be told of; inside a transaction of the
/// writer.
std::int64_t check_schema(Database& db, const SchemaCheck& check);

}  // namespace syncd::storage
