// From a record as it is given to one as the provider takes it: names and values mapped back, defaults, and which
// fields are written at all. Pure.
#pragma once

#include "config/config.hpp"
#include "config/core/error.hpp"
#include "config/core/model.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace syncd {

struct MappedWrite {
    std::string record;                        // JSON; values are the given bytes, in the given order
    std::vector<config::WriteField> if_empty;  // for fill_empty(): provider's field and what it gets, given or default
    std::vector<std::string> left_out{};       // given, but not written, as they were named
};

/// The record as the provider takes it. Errors: invalid_input (no JSON object).
///
/// Where mappings are inherited our names become the provider's, nested ones too ($['a']['b']), and so do our values,
/// as text. What goes by the provider's own name keeps it, if it is selected or in the catalog; a mapped name that
/// leads to the same field is preferred. Anything else is left out, unless the read object selects all fields; our
/// names that nobody has mapped always are. Member `id` stays as it is.
///
/// A field whose setting is `never` is not written, though it be given. A default, in our values, is written where the
/// record does not have the field; null counts as given. What is written only if the field is empty stands in
/// `if_empty` and no longer in the record. Deletes know no settings.
result<MappedWrite> map_write(const config::WriteObject& object, WriteType type, std::string_view record);

/// Adds those of the fields that are absent, null or "" in the present record and not in `record`. Both are JSON
/// objects in the provider's names.
std::string fill_empty(std::string record, std::string_view present_record,
                       const std::vector<config::WriteField>& fields);

}  // namespace syncd
