// Access tokens of a connection: got when needed, renewed before they expire, by one request for all who wait.
#pragma once

#include "config/config.hpp"
#include "config/core/error.hpp"
#include "connector/http/client.hpp"
#include "connector/world/mutex.hpp"

#include <string>

namespace syncd::oauth {

/// client_credentials of one connection.
class TokenSource {
public:
    TokenSource(World& world, http::Client& client, const config::Provider& provider, config::Connection connection);

    /// A token that is good for some time. Errors: unauthorized (the endpoint refuses the credentials), else
    /// transport's.
    awaitable<result<Secret>> token();
    /// The provider answered 401 to this token: the next call gets another one, unless that has happened already.
    void reject(const Secret& token);

private:
    awaitable<result<void>> fetch();

    World& world_;
    http::Client& client_;
    const config::Provider& provider_;
    config::Connection connection_;
    Mutex mutex_;
    Secret token_;
    Tick renew_at_{};
};

}  // namespace syncd::oauth
