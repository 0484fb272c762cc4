// Installations with the state of their connections.
#pragma once

#include "daemon/http/router.hpp"

namespace syncd {

std::span<const Route> installation_routes();

}  // namespace syncd
