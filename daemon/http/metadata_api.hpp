// Fields and types of objects.
#pragma once

#include "daemon/http/router.hpp"

namespace syncd {

std::span<const Route> metadata_routes();

}  // namespace syncd
