// Users in a simulated world: they sign in and withdraw; what the daemon keeps of their consent is looked at.
#include "tests/simulation/simulated_world.hpp"

#include "storage/tokens.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::simulation {
namespace {

using namespace std::chrono_literals;

constexpr int visits_max = 25;               // in a world, of one user
constexpr Duration visit_max = 30min;        // in peace
constexpr Duration out_of_patience = 20min;  // a user looks again after so long at the latest

}  // namespace

void SimulatedWorld::build_users() {
    provider_.serve_users({.ask = [this](const Arrival& arrival) { return users_.answer(arrival); },
                           .used = [this](const std::string& token) { look_at_tokens(token); }});
    users_.set_on_redeem([this] { stop_wanted_ = faults_.strike(Fault::stop_amid, access_chance_); });
    sign_ins_.set_troubled([this] { return loop_.tick() <= undisturbed_since_; });
    for (const auto& installation : scenario_.config.installations)
        tend(installation.id, access_chance_.between(Duration{1s}, Duration{2min}), visits_max);
}

/// The refresh token that the process would go on with after its end; nothing: it would wait for a user.
std::optional<Users::Place> SimulatedWorld::stored_tokens(Observer& database, const std::string& installation) {
    const auto sealed = database.refresh_token(installation);
    if (sealed.empty()) return std::nullopt;
    const auto opened = Cipher(Secret(storage_key)).open(sealed, storage::place_of_tokens(installation));
    const auto place = opened ? users_.find(*opened) : std::nullopt;
    if (!place) journal_.violate("tokens-stored", "what is stored is no refresh token: " + installation);
    return place;
}

/// Before an access token is used, the refresh token that came with it is on disk.
void SimulatedWorld::look_at_tokens(const std::string& access_token) {
    const auto place = users_.used(access_token);
    if (!place || users_.is_excused(*place)) return;
    look([&](Observer& database) {
        const auto stored = stored_tokens(database, users_.installation_of(*place));
        if (stored ? *stored < *place : !users_.has_ended(*place))
            journal_.violate("tokens-stored", fmt::format("{} uses a token before what came with it is on disk",
                                                          users_.installation_of(*place)));
    });
}

/// A user looks now and then whether the installation is connected, and signs in where it is not.
void SimulatedWorld::tend(const std::string& installation, Duration after, int visits) {
    loop_.after(after, [this, installation, visits] {
        if (peace_ || visits == 0) return;
        const auto again = [this, installation](int left) {
            tend(installation, access_chance_.between(Duration{5s}, out_of_patience), left);
        };
        bool connected = true;
        if (takes_commands())
            look([&](Observer& database) { connected = !database.refresh_token(installation).empty(); });
        const bool anew = takes_commands() && access_chance_.one_in(12);
        if (connected && !anew) return again(visits);
        sign_in(installation, [again, visits](bool) { again(visits - 1); });
    });
}

void SimulatedWorld::sign_in(const std::string& installation, SignIns::Done done) {
    const bool by_link = access_chance_.one_in(2);
    const auto link =
        by_link ? life_->daemon().links().connect_link(public_url, installation, machine_.now()) : std::string();
    sign_ins_.begin(installation, link, [this, installation, done = std::move(done)](bool connected) {
        if (connected) check_connected(installation);
        done(connected);
    });
}

/// Who was told that the installation is connected can rely on it.
void SimulatedWorld::check_connected(const std::string& installation) {
    look([&](Observer& database) {
        const auto stored = stored_tokens(database, installation);
        const auto newest = users_.newest(installation);
        if (stored || (newest && (users_.has_ended(*newest) || users_.is_excused(*newest)))) return;
        journal_.violate("tokens-stored", installation + " is connected, but nothing of that is on disk");
    });
}

/// In peace: a token can be had, or can be had again once the user has consented anew.
void SimulatedWorld::settle_users() {
    const auto gets_token = [this](const std::string& installation) {
        bool done = false, good = false;
        life_->operate(
            [&good, installation](Daemon& daemon) -> awaitable<void> {
                good = bool(co_await daemon.installation(installation)->connector().sign_in());
            },
            done);
        loop_.run_until(loop_.tick() + visit_max, [&] { return done || journal_.violated(); });
        return good;
    };
    for (const auto& installation : scenario_.config.installations) {
        if (journal_.violated()) return;
        std::optional<Users::Place> stored;
        look([&](Observer& database) { stored = stored_tokens(database, installation.id); });
        const bool serves = stored && !users_.has_ended(*stored) && !users_.is_spent(*stored);
        const bool consents = serves && gets_token(installation.id);
        if (serves && !consents && !users_.has_ended(*stored))
            journal_.violate("recovers", installation.id + " has tokens in peace, but they don't serve");
        if (consents) continue;
        const auto newest = users_.newest(installation.id);
        if (!stored && newest && users_.should_be_kept(*newest))
            journal_.violate("consent-kept", installation.id + " has lost a consent that the user did not take back");
        bool done = false, connected = false;
        sign_in(installation.id, [&](bool is) { connected = is, done = true; });
        loop_.run_until(loop_.tick() + visit_max, [&] { return done || journal_.violated(); });
        if (journal_.violated()) return;
        if (!done || !connected || !gets_token(installation.id))
            journal_.violate("recovers", installation.id + " is not connected after a sign-in in peace");
    }
}

}  // namespace syncd::simulation
