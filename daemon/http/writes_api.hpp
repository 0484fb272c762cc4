// Writes and what became of them.
#pragma once

#include "daemon/http/router.hpp"

namespace syncd {

std::span<const Route> write_routes();

}  // namespace syncd
