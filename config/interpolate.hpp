// ${NAME} and its kin in the scalars of the configuration. Pure, given its surroundings.
#pragma once

#include "config/core/error.hpp"
#include "config/load.hpp"

#include <string>
#include <string_view>

namespace syncd::config {

/// `text` with these replaced, once and from left to right; what they stand for is not looked at again:
/// `${NAME}` the environment variable; `${NAME:-default}` the default when it is unset or empty; `${file:PATH}` the
/// file's content less its last newline, PATH relative to `folder`; `$${` a literal `${`. Any other `$` stands for
/// itself. Errors: invalid_input, naming the variable or file and never what it holds.
result<std::string> interpolate(std::string_view text, const std::string& folder, const Surroundings& surroundings);

/// `path` itself when absolute, else in `folder`.
std::string path_in(const std::string& folder, const std::string& path);

}  // namespace syncd::config
