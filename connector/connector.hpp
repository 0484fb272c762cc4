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

/// Told what a request says of the connection: that it works (empty), or why it is refused, by the token endpoint or,
/// with a fresh token, by the provider.
using OnSign = std::function<void(const std::optional<Error>& refused)>;

/// A request that writes, and what came back; `sent` false: certainly nothing reached the provider.
struct Exchanged {
    result<http::Response> answer;
    bool sent = false;
};

/// Called before each time the request is sent, once it may be; false: it is not to be sent any more.
using BeforeSend = std::function<awaitable<bool>()>;

/// A request of somebody else's, at the provider's origin.
struct ForwardOrder {
    http::Request request;  // with its own body where that is small: only then it can be sent again after a 401
    std::optional<http::StreamedBody> body{};
    bool throttle = false;  // don't send while the provider wants to be left alone or the budget is used up
};

/// What the provider answers, whatever its status; under way until it is destroyed.
struct Forwarded {
    http::Budget::Permit permit;
    http::Answer answer;
    std::chrono::seconds retry_after{};  // of a 429
};

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
    /// Sends a request that writes, once; after a 401 once more with another token. Redirects are not followed.
    /// Errors: the token's or transport's; cancelled when `before_send` says no.
    awaitable<Exchanged> write(http::Request request, std::string url, BeforeSend before_send);
    /// GET that belongs to a write, once, whatever the answer's status.
    awaitable<result<http::Response>> look(http::Headers headers, std::string url);

    /// Sends the request with a token, once; again only with a new token after a 401, or when a kept-alive connection
    /// turns out to be closed. Redirects are not followed. Waits up to a minute for the budget.
    /// Errors: rate_limited with `retry_after` (not sent); refused or timed_out, with the reason, when there is no
    /// token; transport's; those of the order's body.
    awaitable<result<Forwarded>> forward(ForwardOrder order);
    /// Gets a token, so that wrong credentials show before anything else does.
    awaitable<result<void>> sign_in();
    /// The connection's tokens: the one source for all who use it.
    oauth::TokenSource& tokens() { return tokens_; }
    /// From now on a request that fails is not tried again: for somebody who waits for the answer.
    void dont_retry() { retries_ = false; }
    void on_sign(OnSign told) { told_ = std::move(told); }
    const std::string& base_url() const { return provider_.base_url; }

private:
    /// A record's own read: 200 or a 404 that speaks of the record.
    awaitable<result<http::Response>> get_own(const bentley::ReadFacts& facts, std::string id, http::Priority priority,
                                              OnRetry on_retry);
    /// GET with retries; the answer's status is 200, or 404 with `missing_is_fine`.
    awaitable<result<http::Response>> get(std::string url, http::Headers headers, http::Priority priority,
                                          bool missing_is_fine, OnRetry on_retry);
    awaitable<result<http::Response>> attempt(std::string url, http::Headers headers, http::Priority priority);
    /// One request at the provider's origin with this token.
    awaitable<result<http::Response>> send(http::Url url, http::Request request, const Secret& token);
    /// What a request ends with that gets no token.
    Error no_token(Error error) const;
    /// Passes on what the answer says of the connection, once a 401 is no matter of the token's age.
    void tell(const http::Response& answer) const;
    result<http::Url> own_url(const std::string& url) const;

    World& world_;
    http::Client& client_;
    const config::Provider& provider_;
    http::Budget& budget_;
    oauth::TokenSource tokens_;
    OnSign told_;
    bool retries_ = true;
};

}  // namespace syncd
