// Which records a list call asks for, and which of those the caller may see.
#pragma once

#include "tests/sandbox/call.hpp"
#include "tests/sandbox/data.hpp"

#include <optional>
#include <vector>

namespace syncd::sandbox {

struct Selection {
    std::vector<const Record*> rows;       // in the order asked for
    std::optional<http::Response> refusal{};
};

Selection make_selection(const Data& data, const ObjectRow& row, const Call& call);

/// Record's members but for those left out, or only those wanted.
std::string only_members(std::string_view record, std::string_view wanted);
/// `unwanted`: one or several, parted by spaces.
std::string without_member(std::string_view record, std::string_view unwanted);

}  // namespace syncd::sandbox
