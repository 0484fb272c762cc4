// What there is to watch, in Prometheus' text format.
#pragma once

#include "daemon/http/router.hpp"

namespace syncd {

std::span<const Route> metrics_routes();

}  // namespace syncd
