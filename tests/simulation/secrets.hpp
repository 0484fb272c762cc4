// What must stay where it belongs: tokens, the client's secret, the customers' keys. Each is spelled so that it can be
// found in any bytes.
#pragma once

#include "tests/simulation/journal.hpp"

#include <string_view>

namespace syncd::simulation {

inline constexpr auto clients_secret = "client-secret-of-ours";
inline constexpr auto customers_key = "customer-key-1", other_customers_key = "customer-key-0",
                      wrong_key = "customer-key-2";

/// Where bytes have come to: the provider takes access tokens, its token endpoint all that it gave but those; nobody
/// else takes any.
enum class Place { provider, token_endpoint, elsewhere };

void check_secrets(Journal& journal, std::string_view bytes, Place place, std::string_view where);

}  // namespace syncd::simulation
