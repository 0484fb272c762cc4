// Access tokens of a connection: got when needed, renewed before they expire, by one request for all who wait.
#pragma once

#include "config/config.hpp"
#include "config/core/error.hpp"
#include "connector/http/client.hpp"
#include "connector/world/mutex.hpp"

#include <functional>
#include <optional>
#include <string>

namespace syncd::oauth {

/// What a user's consent gave.
struct Tokens {
    Secret refresh_token;  // the last one received; empty: the provider gave none
    Secret access_token;
    Timestamp expires_at;
};

/// Where tokens of authorization_code are kept between runs. Each is on disk when it returns, or throws.
struct TokenStore {
    /// Empty when there is nothing to go on with. Errors: what is kept can't be read, `needs_consent` set.
    std::function<awaitable<result<std::optional<Tokens>>>()> load;
    std::function<awaitable<void>(Tokens, bool consented)> save;  // consented: a user's, not renewed
    std::function<awaitable<void>()> end;                         // the provider ended the consent
};

/// The tokens of one connection, of either grant. Every user of the connection shares one: refresh tokens rotate.
class TokenSource {
public:
    TokenSource(World& world, http::Client& client, const config::Provider& provider, config::Connection connection,
                TokenStore store = {});

    /// A token that is good for some time. Errors: unauthorized (the endpoint refuses the credentials; with
    /// `needs_consent` until a user signs in, else `retry_after`: until then everybody hears the same, and nobody asks
    /// again), else transport's. Throws what the store throws on loading.
    awaitable<result<Secret>> token();
    /// The next call asks, however lately the credentials were refused: somebody may have put them right.
    void ask_again();
    /// The provider answered 401 to this token: the next call gets another one, unless that has happened already.
    void reject(const Secret& token);

    // authorization_code
    /// Loads what is kept, so that needs_consent() knows. Nothing with client_credentials.
    awaitable<void> load();
    /// Why no token can be had until a user signs in; empty otherwise, and before load() or token().
    const std::optional<Error>& needs_consent() const { return refused_; }
    /// Redeems an authorization code; its tokens are on disk when this succeeds. Errors: as token().
    awaitable<result<void>> redeem(Secret code, Secret verifier, std::string redirect_uri);
    /// Forgets the tokens here and runs `forget`, which does so on disk; nothing renews them meanwhile.
    awaitable<void> sign_out(std::function<awaitable<void>()> forget);
    /// Saves what could not be saved when it came, if anything.
    awaitable<void> save_again();

private:
    void note_refusal();
    awaitable<result<void>> fetch();
    awaitable<result<void>> refresh();
    awaitable<void> load_once();
    /// Keeps what was issued, on disk before anybody uses it.
    awaitable<void> take(struct Issued issued, Tick asked_at, bool consented);
    awaitable<void> save();
    void use(Secret token, Tick from, Duration lifetime);

    World& world_;
    http::Client& client_;
    const config::Provider& provider_;
    config::Connection connection_;
    TokenStore store_;
    Mutex mutex_;
    Secret token_;
    Tick renew_at_{};
    std::optional<Error> failure_;  // of the last request
    Tick failed_at_{}, ask_again_at_{};
    int refusals_ = 0;  // of the credentials, in a row
    std::optional<Tokens> kept_;
    std::optional<Error> refused_;
    bool loaded_ = false;
    bool unsaved_ = false;    // kept_ is newer than what is on disk
    bool consented_ = false;  // and comes from a user
    Tick save_again_at_{};
};

}  // namespace syncd::oauth
