// Deliveries and their attempts; sending them again.
#pragma once

#include "daemon/http/router.hpp"

namespace syncd {

std::span<const Route> delivery_routes();

}  // namespace syncd
