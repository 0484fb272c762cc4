// HTTP as bytes, for those who stand at the other ends of the process's connections.
#pragma once

#include "tests/simulation/port.hpp"

#include <string>
#include <string_view>

namespace syncd::simulation {

/// The bytes of a request, with the length of its body.
std::string render(const http::Request& request);
/// As much of an answer as these bytes are. `head`: no body follows; `ended`: nothing more comes.
Heard parse_answer(std::string_view bytes, bool head, bool ended);
/// A field of a query or of a form, decoded; empty: it is not there.
std::string form_field(std::string_view form, std::string_view name);

}  // namespace syncd::simulation
