// Operations, their logs, and how far backfills have come.
#pragma once

#include "daemon/http/router.hpp"

namespace syncd {

std::span<const Route> operation_routes();

}  // namespace syncd
