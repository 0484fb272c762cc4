#include "tests/simulation/secrets.hpp"

#include <fmt/format.h>

namespace syncd::simulation {

void check_secrets(Journal& journal, std::string_view bytes, Place place, std::string_view where) {
    const auto forbid = [&](std::string_view secret) {
        const auto at = bytes.find(secret);
        if (at == std::string_view::npos) return;
        constexpr std::size_t shown = 40;
        journal.violate("secrets", fmt::format("{} has {}", where, bytes.substr(at, shown)));
    };
    forbid("customer-key-");
    if (place != Place::provider) forbid("token-");
    if (place != Place::token_endpoint) {
        forbid("refresh-");
        forbid("consent-code-");
        forbid(clients_secret);
    }
}

}  // namespace syncd::simulation
