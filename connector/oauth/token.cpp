#include "connector/oauth/token.hpp"

#include "connector/oauth/endpoint.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace syncd::oauth {
namespace {

constexpr Duration renew_before = std::chrono::seconds{60};
constexpr Duration first_pause = std::chrono::seconds{15};  // after the credentials were refused
constexpr Duration longest_pause = std::chrono::minutes{15};
constexpr Duration save_again_after = std::chrono::seconds{10};
constexpr Duration lifetime_max = std::chrono::hours{7 * 24};  // of a kept token: beyond it the clock was set back

Error no_consent(const std::string& why) {
    return {.code = errc::unauthorized,
            .message = why + ": `bentley-syncd auth login` prints the link where a user does",
            .needs_consent = true};
}

std::string credentials_form(const config::Connection& connection) {
    return encode_form({{"grant_type", "client_credentials"},
                        {"client_id", connection.client_id},
                        {"client_secret", connection.client_secret.reveal()},
                        {"scope", scope_of(connection)}});
}

std::string refresh_form(const config::Connection& connection, const Secret& refresh_token) {
    return encode_form({{"grant_type", "refresh_token"},
                        {"client_id", connection.client_id},
                        {"client_secret", connection.client_secret.reveal()},
                        {"refresh_token", refresh_token.reveal()}});
}

}  // namespace

TokenSource::TokenSource(World& world, http::Client& client, const config::Provider& provider,
                         config::Connection connection, TokenStore store)
    : world_(world),
      client_(client),
      provider_(provider),
      connection_(std::move(connection)),
      store_(std::move(store)),
      mutex_(world) {}

awaitable<result<Secret>> TokenSource::token() {
    const auto came_at = world_.tick();
    const auto guard = co_await mutex_.lock();
    if (unsaved_ && world_.tick() >= save_again_at_) co_await save();
    if (!token_.empty() && world_.tick() < renew_at_) co_return token_;
    if (failure_ && failed_at_ > came_at) co_return *failure_;  // it was asked for all who waited
    if (failure_ && world_.tick() < ask_again_at_) {
        failure_->retry_after = std::chrono::ceil<std::chrono::seconds>(ask_again_at_ - world_.tick());
        co_return *failure_;
    }
    failure_.reset();
    if (auto fetched = co_await fetch(); !fetched) {
        failure_ = fetched.error();
        failed_at_ = world_.tick();
        if (failure_->code == errc::unauthorized && !failure_->needs_consent) note_refusal();
        co_return *failure_;
    }
    refusals_ = 0;
    co_return token_;
}

/// Wrong credentials stay wrong for a while, however many requests wait for a token.
void TokenSource::note_refusal() {
    const auto pause = std::min<Duration>(longest_pause, first_pause * (1 << std::min(refusals_++, 6)));
    ask_again_at_ = failed_at_ + pause;
    failure_->retry_after = std::chrono::ceil<std::chrono::seconds>(pause);
}

void TokenSource::ask_again() {
    ask_again_at_ = {};
    refusals_ = 0;
}

void TokenSource::reject(const Secret& token) {
    if (token_ == token) token_ = Secret();
}

awaitable<result<void>> TokenSource::fetch() {
    if (connection_.grant == config::Grant::authorization_code) co_return co_await refresh();
    token_ = Secret();
    const auto asked_at = world_.tick();
    auto issued = co_await ask_for_token(client_, provider_, credentials_form(connection_));
    if (!issued) {
        auto error = issued.error();
        if (std::exchange(error.needs_consent, false)) error.message += credentials_hint;  // there is no user
        co_return error;
    }
    use(issued->access_token, asked_at, issued->lifetime);
    co_return result<void>();
}

awaitable<result<void>> TokenSource::refresh() {
    if (!loaded_) {
        co_await load_once();
        if (!token_.empty() && world_.tick() < renew_at_) co_return result<void>();
    }
    token_ = Secret();
    if (refused_) co_return *refused_;
    const auto asked_at = world_.tick();
    auto issued = co_await ask_for_token(client_, provider_, refresh_form(connection_, kept_->refresh_token));
    if (issued) {
        co_await take(std::move(*issued), asked_at, false);
        co_return result<void>();
    }
    if (!issued.error().needs_consent) co_return issued.error();  // the old token may still be good: asked again
    kept_.reset();
    unsaved_ = false;
    refused_ = no_consent(issued.error().message + "; a user has to sign in again");
    try {
        co_await store_.end();
    } catch (const std::exception&) {  // the next process learns it from the provider as we did
    }
    co_return *refused_;
}

awaitable<void> TokenSource::take(Issued issued, Tick asked_at, bool consented) {
    Tokens tokens{.refresh_token = issued.refresh_token ? *issued.refresh_token : kept_->refresh_token,
                  .access_token = issued.access_token,
                  .expires_at = world_.now() - (world_.tick() - asked_at) + issued.lifetime};
    kept_ = std::move(tokens);
    unsaved_ = true;
    consented_ = consented_ || consented;
    co_await save();
    use(kept_->access_token, asked_at, issued.lifetime);
}

/// Nothing cancels it: the provider has used up the token before. A full disk does not end the connection either: what
/// could not be saved is used from memory, and saved later.
awaitable<void> TokenSource::save() {
    co_await asio::this_coro::throw_if_cancelled(false);
    try {
        co_await store_.save(*kept_, consented_);
        unsaved_ = consented_ = false;
    } catch (const std::exception&) {
        save_again_at_ = world_.tick() + save_again_after;
    }
    co_await asio::this_coro::throw_if_cancelled(true);
}

void TokenSource::use(Secret token, Tick from, Duration lifetime) {
    renew_at_ = from + lifetime - std::min(renew_before, lifetime / 4);
    token_ = std::move(token);
}

awaitable<void> TokenSource::load_once() {
    auto loaded = co_await store_.load();
    loaded_ = true;
    if (!loaded) {
        refused_ = no_consent(loaded.error().message + ", or have a user sign in again");
        co_return;
    }
    kept_ = std::move(*loaded);
    if (!kept_ || kept_->refresh_token.empty()) refused_ = no_consent("no user has signed in");
    if (!kept_) co_return;
    const auto left = kept_->expires_at - world_.now();
    if (kept_->access_token.empty() || left <= Duration::zero() || left > lifetime_max) co_return;
    use(kept_->access_token, world_.tick(), left);
}

awaitable<void> TokenSource::load() {
    const auto guard = co_await mutex_.lock();
    if (connection_.grant == config::Grant::authorization_code && !loaded_) co_await load_once();
}

awaitable<result<void>> TokenSource::redeem(Secret code, Secret verifier, std::string redirect_uri) {
    const auto guard = co_await mutex_.lock();
    auto form = encode_form({{"grant_type", "authorization_code"},
                             {"client_id", connection_.client_id},
                             {"client_secret", connection_.client_secret.reveal()},
                             {"code", code.reveal()},
                             {"redirect_uri", redirect_uri},
                             {"code_verifier", verifier.reveal()}});
    const auto asked_at = world_.tick();
    auto issued = co_await ask_for_token(client_, provider_, std::move(form));
    if (!issued) co_return issued.error();
    if (!issued->refresh_token)
        co_return Error{errc::refused,
                        "the provider gave no refresh token: the application at the provider must be one that allows "
                        "the scope offline_access (a web, native or single-page application)"};
    kept_.reset();
    refused_.reset();
    ask_again();
    loaded_ = true;
    co_await take(std::move(*issued), asked_at, true);
    if (unsaved_)
        co_return Error{errc::internal,
                        "the sign-in works, but could not be stored yet: the database can't be written; a restart "
                        "before that is put right loses it"};
    co_return result<void>();
}

awaitable<void> TokenSource::sign_out(std::function<awaitable<void>()> forget) {
    const auto guard = co_await mutex_.lock();
    co_await forget();
    ask_again();
    token_ = Secret();
    kept_.reset();
    unsaved_ = false;
    loaded_ = true;
    refused_ = no_consent("no user has signed in");
}

awaitable<void> TokenSource::save_again() {
    const auto guard = co_await mutex_.lock();
    if (unsaved_) co_await save();
}

}  // namespace syncd::oauth
