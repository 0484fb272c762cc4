#include "daemon/consent.hpp"

#include "config/core/text.hpp"
#include "connector/oauth/endpoint.hpp"
#include "connector/oauth/pkce.hpp"
#include "daemon/daemon.hpp"
#include "daemon/signature.hpp"

#include <algorithm>

namespace syncd {
namespace {

constexpr std::size_t answer_bytes_max = 200;  // of what strangers say, on a page and in the log

/// What the provider's error code means (RFC 6749, 4.1.2.1), for people.
std::string explain(const ConsentAnswer& answer) {
    if (answer.error == "access_denied") return "Access was not granted.";
    auto text = "The provider refused: " + clean_text(answer.error, answer_bytes_max);
    if (!answer.error_description.empty()) text += " (" + clean_text(answer.error_description, answer_bytes_max) + ")";
    return text + ".";
}

}  // namespace

std::string redirect_uri(const Daemon& daemon) { return daemon.public_url() + "/oauth/callback"; }

const config::Installation* find_user_installation(const config::Config& config, const std::string& id) {
    const auto found = std::ranges::find(config.installations, id, &config::Installation::id);
    const bool users =
        found != config.installations.end() && found->connection.grant == config::Grant::authorization_code;
    return users ? &*found : nullptr;
}

awaitable<std::string> begin_consent(Daemon& daemon, const config::Installation& installation, Secret browser) {
    const auto random = [&daemon] { return daemon.world().random(); };
    const auto state = oauth::random_text(random), verifier = oauth::random_text(random);
    const auto digest = oauth::digest_of(state.reveal());
    const auto redirect = redirect_uri(daemon);
    const auto sealed = daemon.cipher().seal(verifier.reveal(), storage::place_of_verifier(digest), random);
    co_await daemon.store().begin_authorization({.state_digest = digest,
                                                 .installation_id = installation.id,
                                                 .browser_digest = oauth::digest_of(browser.reveal()),
                                                 .verifier = sealed,
                                                 .redirect_uri = redirect,
                                                 .created_at = daemon.world().now()});
    co_return oauth::consent_url(daemon.config().provider, installation.connection, redirect, state,
                                 oauth::challenge_of(verifier));
}

awaitable<result<const config::Installation*>> end_consent(Daemon& daemon, ConsentAnswer answer, Secret browser) {
    const Error unknown{errc::invalid_input, "no such sign-in is under way"};
    if (!oauth::is_random_text(answer.state.reveal()) || !oauth::is_random_text(browser.reveal())) co_return unknown;
    const auto digest = oauth::digest_of(answer.state.reveal());
    const auto pending = co_await daemon.store().take_authorization(digest, daemon.world().now());
    if (!pending || !equal_in_constant_time(pending->browser_digest, oauth::digest_of(browser.reveal())))
        co_return unknown;
    const auto* installation = find_user_installation(daemon.config(), pending->installation_id);
    const auto verifier = daemon.cipher().open(pending->verifier, storage::place_of_verifier(digest));
    if (!installation || !verifier) co_return unknown;
    if (!answer.error.empty()) co_return Error{errc::refused, explain(answer)};
    if (answer.code.empty()) co_return Error{errc::refused, "The provider sent no authorization code."};
    auto done = co_await daemon.installation(installation->id)
                    ->sign_in(std::move(answer.code), Secret(*verifier), pending->redirect_uri);
    if (!done) co_return done.error();
    co_return installation;
}

}  // namespace syncd
