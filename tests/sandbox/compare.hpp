// Does the receiver hold what the provider has? The question that every end-to-end test ends with.
#pragma once

#include "tests/sandbox/data.hpp"
#include "tests/sandbox/inbox.hpp"

#include <string>

namespace syncd::sandbox {

inline constexpr std::size_t differences_max = 20;  // listed for each object; all are counted

/// Only objects that messages came of, and of those only `object` and `hook` where they are not empty. Records count
/// as equal whatever their key order and what is another at each read. Rows that are gone at the provider may stay with
/// the receiver where the object's absence is no deletion, and rows that the caller may no longer see everywhere.
/// JSON: {"equal","objects":[{"hook","installationId","objectName","equal","provider","receiver","missing","extra",
/// "different","differences":[{"id","is"}]}]}.
std::string compare(const Data& data, const Inbox& inbox, std::string_view object, std::string_view hook);

/// Same content, what is another at each read aside.
bool same_record(const ObjectRow& row, const std::string& a, const std::string& b);

}  // namespace syncd::sandbox
