// Where a connection's tokens are kept: encrypted, in the database.
#pragma once

#include "config/config.hpp"
#include "config/core/cipher.hpp"
#include "config/core/log.hpp"
#include "connector/oauth/token.hpp"
#include "daemon/notify.hpp"
#include "storage/store.hpp"

#include <functional>
#include <string>

namespace syncd {

/// All of them outlive it.
oauth::TokenStore make_token_store(World& world, storage::Store& store, const Cipher& cipher, const Log& log,
                                   const config::Installation& installation, const Notifier& notifier,
                                   std::function<void(const std::string& destination)> ring);

}  // namespace syncd
