#include "tests/simulation/users.hpp"

#include "connector/http/url.hpp"
#include "tests/simulation/secrets.hpp"
#include "tests/simulation/wire.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>

namespace syncd::simulation {
namespace {

using namespace std::chrono_literals;

constexpr Duration code_lifetime = 10min, storing = 5s;  // storing: what a process that is not hindered needs at most

/// S256 of RFC 7636.
std::string challenge_of(const std::string& verifier) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char digest[32];
    EVP_Digest(verifier.data(), verifier.size(), digest, nullptr, EVP_sha256(), nullptr);
    std::string text;
    unsigned bits = 0, count = 0;
    for (const auto byte : digest) {
        bits = bits << 8 | byte;
        for (count += 8; count >= 6; count -= 6) text += alphabet[bits >> (count - 6) & 63];
    }
    return text + alphabet[bits << (6 - count) & 63];
}

}  // namespace

std::string Users::authorize(const std::string& url, bool denied) {
    const auto question = url.find('?');
    const auto query = url.substr(std::min(question + 1, url.size()));
    const auto of = [&](std::string_view name) { return form_field(query, name); };
    const auto scope = of("scope"), redirect = of("redirect_uri"), state = of("state");
    constexpr std::string_view mark = "inst-";  // the scenario puts the installation's id into its scopes
    const auto at = scope.find(mark) + mark.size();
    const auto installation = scope.substr(at, scope.find(' ', at) - at);
    const bool good =
        url.substr(0, question) == scenario_.config.provider.authorize_url && of("response_type") == "code" &&
        of("code_challenge_method") == "S256" && !of("code_challenge").empty() && !state.empty() &&
        redirect == std::string(public_url) + "/oauth/callback" && scope.find("offline_access") != std::string::npos;
    if (!good) {
        journal_.violate("sign-in", "no provider takes this request: " + url.substr(0, question));
        return {};
    }
    if (denied) return fmt::format("{}?error=access_denied&state={}", redirect, state);
    const auto code = fmt::format("consent-code-{}-{:x}", next_++, chance_.draw());
    codes_[code] = {.installation = installation,
                    .redirect = redirect,
                    .challenge = of("code_challenge"),
                    .state = state,
                    .issued = machine_.loop.tick()};
    return fmt::format("{}?code={}&state={}", redirect, code, state);
}

void Users::end(std::size_t consent) {
    consents_[consent].ended = true;
    for (const auto& generation : consents_[consent].generations) provider_.revoke_token(generation.access);
}

void Users::withdraw(const std::string& installation) {
    journal_.note("the user of " + installation + " withdraws the consent");
    for (std::size_t i = 0; i < consents_.size(); ++i)
        if (consents_[i].installation == installation) end(i);
}

Reply Users::refuse(const std::string& error) const {
    const auto body = fmt::format("{{\"error\":\"{}\",\"error_description\":\"as the plan has it\"}}", error);
    return {.response = {400, {{"Content-Type", "application/json"}}, body}};
}

void Users::spoil(Reply& reply) {
    if (faults_.strike(Fault::token_lost, chance_)) reply.way = Reply::Way::lost;
    if (faults_.strike(Fault::token_cut, chance_)) reply.way = Reply::Way::cut;
    if (faults_.strike(Fault::token_slow, chance_)) reply.delay = chance_.between(Duration{1s}, Duration{45s});
}

Reply Users::answer(const Arrival& arrival) {
    if (faults_.strike(Fault::token_down, chance_)) {
        if (chance_.one_in(4)) return {.response = {401, {}, "{\"error\":\"invalid_client\"}"}};
        return {.response = {chance_.one_in(2) ? 503 : 500, {}, ""}};
    }
    const bool redeems = form_field(arrival.request.body, "grant_type") == "authorization_code";
    auto reply = redeems ? redeem(arrival) : refresh(arrival);
    spoil(reply);
    return reply;
}

void Users::check_client(const std::string& installation, const std::string& form) {
    const auto& all = scenario_.config.installations;
    const auto found = std::ranges::find(all, installation, &config::Installation::id);
    if (found == all.end() || form_field(form, "client_id") != found->connection.client_id ||
        form_field(form, "client_secret") != found->connection.client_secret.reveal())
        journal_.violate("sign-in", "the token endpoint is asked as another client: " + installation);
}

Reply Users::issue(std::size_t number, const Arrival& arrival) {
    auto& consent = consents_[number];
    const Place place{number, consent.generations.size()};
    auto& made = consent.generations.emplace_back();
    made.refresh = fmt::format("refresh-{}-{:x}", next_++, chance_.draw());
    made.access = provider_.issue_token(form_field(arrival.request.body, "client_id"), consent.installation);
    by_refresh_[made.refresh] = by_access_[made.access] = place;
    const auto seconds = scenario_.provider.token_lifetime / 1s;
    Reply reply{.response = {200,
                             {{"Content-Type", "application/json"}},
                             fmt::format("{{\"access_token\":\"{}\",\"refresh_token\":\"{}\",\"token_type\":\"Bearer\","
                                         "\"expires_in\":{}}}",
                                         made.access, made.refresh, seconds)}};
    reply.received = [this, place, life = arrival.life] {
        auto& generation = consents_[place.consent].generations[place.generation];
        generation.received_at = machine_.loop.tick();
        generation.received_in_life = life;
        refusals_.erase(consents_[place.consent].installation);
    };
    return reply;
}

Reply Users::redeem(const Arrival& arrival) {
    const auto& form = arrival.request.body;
    const auto found = codes_.find(form_field(form, "code"));
    if (found == codes_.end()) {
        journal_.violate("sign-in", "the token endpoint is asked for a code that it never gave");
        return refuse("invalid_grant");
    }
    auto& code = found->second;
    check_client(code.installation, form);
    if (code.shown) {
        // Where a resting connection turns out to be closed, nobody knows whether the first came through.
        if (!code.reused || code.begun) journal_.violate("code-once", "a code came again: " + found->first);
        if (code.consent) end(*code.consent);
        return refuse("invalid_grant");
    }
    code.shown = true;
    code.reused = arrival.reused;
    if (!redeemed_states_.insert(code.state).second)
        journal_.violate("state-once", "a second code of the same sign-in is redeemed: " + found->first);
    const bool bound = challenge_of(form_field(form, "code_verifier")) == code.challenge;
    if (!bound) journal_.violate("sign-in", "the code_verifier is not the one of the code_challenge");
    if (form_field(form, "redirect_uri") != code.redirect)
        journal_.violate("sign-in", "the redirect_uri is another than the user came from");
    if (machine_.loop.tick() - code.issued > code_lifetime) return refuse("invalid_grant");
    if (on_redeem_) on_redeem_();
    code.consent = consents_.size();
    consents_.push_back({.installation = code.installation});
    journal_.note("consent for " + code.installation);
    auto reply = issue(*code.consent, arrival);
    reply.begun = [this, name = found->first] { codes_[name].begun = true; };
    return reply;
}

/// One refresh at a time: the others wait for it.
void Users::check_alone(const Arrival& arrival, const std::string& installation) {
    auto& [life, awaited] = in_hand_[installation];
    if (awaited && life == arrival.life && awaited())
        journal_.violate("one-refresh", "a second refresh while one is under way: " + installation);
    life = arrival.life;
    awaited = arrival.awaited;
}

bool Users::was_storable(int life, Tick at) const {
    const auto end = ends_.find(life);
    return end != ends_.end() && end->second.at - std::max(at, end->second.undisturbed) > storing;
}

/// Who has heard that the consent has ended asks no more, until a user has consented anew.
void Users::check_refusal(const Arrival& arrival, Place place) {
    const auto found = refusals_.find(consents_[place.consent].installation);
    if (found == refusals_.end() || found->second.consent != place.consent || arrival.sent_at <= found->second.at)
        return;
    const auto end = ends_.find(found->second.life);
    const bool noted = end != ends_.end() && end->second.undisturbed <= found->second.at &&
                       was_storable(found->second.life, found->second.at);
    if (found->second.life == arrival.life || noted)
        journal_.violate("no-storm", "a refresh though the consent is known to have ended: " + found->first);
}

/// A refresh token comes again only where its first answer did not come, or could not be kept.
void Users::check_reuse(const Arrival& arrival, Place place) {
    const auto& consent = consents_[place.consent];
    for (auto at = place.generation + 1; at < consent.generations.size(); ++at) {
        const auto& next = consent.generations[at];
        if (!next.received_at || arrival.sent_at <= *next.received_at || next.excused) continue;
        const bool same_life = next.received_in_life == arrival.life;
        if (same_life || next.used || was_storable(next.received_in_life, *next.received_at))
            journal_.violate("rotation", fmt::format("{} is sent again, though {} had come{}",
                                                     consent.generations[place.generation].refresh, next.refresh,
                                                     next.used ? " and its access token was used" : ""));
    }
}

Reply Users::refresh(const Arrival& arrival) {
    ++refreshes_;
    const auto& form = arrival.request.body;
    const auto found = by_refresh_.find(form_field(form, "refresh_token"));
    if (found == by_refresh_.end()) {
        journal_.violate("rotation", "the token endpoint gets a refresh token that it never gave");
        return refuse("invalid_grant");
    }
    const auto place = found->second;
    auto& consent = consents_[place.consent];
    check_client(consent.installation, form);
    check_alone(arrival, consent.installation);
    check_refusal(arrival, place);
    if (place.generation + 1 < consent.generations.size()) {
        ++reuses_;
        journal_.note("a refresh token comes again, the consent ends: " + consent.installation);
        check_reuse(arrival, place);
        end(place.consent);
    }
    if (!consent.ended) return issue(place.consent, arrival);
    auto reply = refuse("invalid_grant");
    reply.received = [this, place, life = arrival.life] {
        refusals_[consents_[place.consent].installation] = {life, machine_.loop.tick(), place.consent};
    };
    return reply;
}

std::optional<Users::Place> Users::used(const std::string& access_token) {
    const auto found = by_access_.find(access_token);
    if (found == by_access_.end()) return std::nullopt;
    auto& generation = consents_[found->second.consent].generations[found->second.generation];
    return std::exchange(generation.used, true) ? std::nullopt : std::optional(found->second);
}

std::optional<Users::Place> Users::find(const std::string& refresh_token) const {
    const auto found = by_refresh_.find(refresh_token);
    return found == by_refresh_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Users::Place> Users::newest(const std::string& installation) const {
    for (auto at = consents_.size(); at-- > 0;)
        for (auto i = consents_[at].generations.size(); i-- > 0 && consents_[at].installation == installation;)
            if (consents_[at].generations[i].received_at) return Place{at, i};
    return std::nullopt;
}

void Users::excuse(const std::string& installation) {
    if (const auto place = newest(installation))
        consents_[place->consent].generations[place->generation].excused = true;
}

bool Users::should_be_kept(Place place) const {
    const auto& generation = consents_[place.consent].generations[place.generation];
    return !has_ended(place) && !generation.excused &&
           (generation.used || was_storable(generation.received_in_life, *generation.received_at));
}

bool Users::is_excused(Place place) const { return consents_[place.consent].generations[place.generation].excused; }

}  // namespace syncd::simulation
