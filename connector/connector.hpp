// The door to the provider for one connection: every request with its token, inside the budget, tried again as the
// contract says.
#pragma once

#include "config/config.hpp"
#include "connector/bentley/page.hpp"
#include "connector/http/budget.hpp"
#include "connector/http/client.hpp"
#include "connector/oauth/token.hpp"

#include <functional>
#include <string>

namespace syncd {

/// Told of every retry before its wait: what failed and how long the wait is.
using OnRetry = std::function<void(const Error& failure, Duration wait)>;

class Connector {
public:
    Connector(World& world, http::Client& client, const config::Provider& provider, config::Connection connection,
              http::Budget& budget, oauth::TokenStore token_store = {});

    /// One page at `url`, which first_page_url() or the page before gave.
    /// Errors: as parse_page(), or the provider's, after the retries. unauthorized: also after one token refresh.
    awaitable<result<Page>> read_page(const bentley::ReadFacts& facts, std::string url, http::Priority priority,
                                      OnRetry on_retry);
    /// Whether the record's own read still shows it: false on a 404 that speaks of the record. REQUIRES facts.own.
    awaitable<result<bool>> exists(const bentley::ReadFacts& facts, std::string id, http::Priority priority,
                                   OnRetry on_retry);
    /// The record as its own read shows it; empty on a 404 that speaks of the record. REQUIRES facts.own.
    /// Errors: invalid_body too: it is there, but can't be read.
    awaitable<result<std::optional<Record>>> read_own(const bentley::ReadFacts& facts, std::string id,
                                                      http::Priority priority, OnRetry on_retry);
    /// Gets a token, so that wrong credentials show before anything else does.
    awaitable<result<void>> sign_in();
    /// The connection's tokens: the one source for all who use it.
    oauth::TokenSource& tokens() { return tokens_; }
    /// From now on a request that fails is not tried again: for somebody who waits for the answer.
    void dont_retry() { retries_ = false; }
    const std::string& base_url() const { return provider_.base_url; }

private:
    /// A record's own read: 200 or a 404 that speaks of the record.
    awaitable<result<http::Response>> get_own(const bentley::ReadFacts& facts, std::string id, http::Priority priority,
                                              OnRetry on_retry);
    /// GET with retries; the answer's status is 200, or 404 with `missing_is_fine`.
    awaitable<result<http::Response>> get(std::string url, http::Headers headers, http::Priority priority,
                                          bool missing_is_fine, OnRetry on_retry);
    awaitable<result<http::Response>> attempt(std::string url, http::Headers headers, http::Priority priority);

    World& world_;
    http::Client& client_;
    const config::Provider& provider_;
    http::Budget& budget_;
    oauth::TokenSource tokens_;
    bool retries_ = true;
};

}  // namespace syncd
