// Changes to what a bench wrote as its configuration.
#pragma once

#include "tests/e2e/support/bench.hpp"

namespace syncd::e2e {

/// Puts `to` in the place of the first `from`, which must be there.
inline void edit_configuration(Bench& bench, const std::string& from, const std::string& to) {
    auto text = read_text(bench.folder / "config.yaml");
    const auto at = text.find(from);
    if (at == std::string::npos) throw std::invalid_argument("not in the configuration: " + from);
    write_text(bench.folder / "config.yaml", text.replace(at, from.size(), to));
}

}  // namespace syncd::e2e
