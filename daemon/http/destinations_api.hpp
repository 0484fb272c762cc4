// Destinations; enabling and disabling them.
#pragma once

#include "daemon/http/router.hpp"

namespace syncd {

std::span<const Route> destination_routes();

}  // namespace syncd
