// Which object and which record a path means.
#pragma once

#include "tests/sandbox/call.hpp"
#include "tests/sandbox/objects.hpp"

#include <string>

namespace syncd::sandbox {

struct Target {
    const ObjectRow* row = nullptr;  // null: no such path
    std::string id{};                // of one record; empty: the list
    std::string itwin{};             // of a list that has the iTwin in its path
    bool files = false;              // the source files of the record
};

Target target_of(const Call& call);

}  // namespace syncd::sandbox
