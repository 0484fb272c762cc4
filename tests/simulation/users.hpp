// The provider's users and its token endpoint for them: consent with PKCE, codes, refresh tokens that rotate. It is
// strict: a refresh token or a code that comes again ends the consent. Checks what the daemon may ask, and when.
#pragma once

#include "tests/simulation/journal.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/provider.hpp"
#include "tests/simulation/scenario.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace syncd::simulation {

class Users {
public:
    Users(Machine& machine, Journal& journal, const Scenario& scenario, Provider& provider, std::uint64_t seed)
        : machine_(machine),
          journal_(journal),
          scenario_(scenario),
          provider_(provider),
          faults_(machine.network.faults()),
          chance_(seed) {}

    /// The user has answered the page at `url`; where the browser is sent. Empty: no provider takes such a request.
    std::string authorize(const std::string& url, bool denied);
    /// The user takes the consent back.
    void withdraw(const std::string& installation);
    /// Hears that a code is being redeemed.
    void set_on_redeem(std::function<void()> listener) { on_redeem_ = std::move(listener); }
    /// What the token endpoint says.
    Reply answer(const Arrival& arrival);

    /// A generation of tokens: the refresh token that gives the next one, the access token beside it.
    struct Place {
        std::size_t consent = 0, generation = 0;
        auto operator<=>(const Place&) const = default;
    };
    /// An access token has come to the provider: of which generation, the first time.
    std::optional<Place> used(const std::string& access_token);
    std::optional<Place> find(const std::string& refresh_token) const;
    /// The daemon says that it could not store what it got last.
    void excuse(const std::string& installation);
    bool is_excused(Place place) const;
    /// Whether the process must still have it, whatever befell it since.
    bool should_be_kept(Place place) const;
    const std::string& installation_of(Place place) const { return consents_[place.consent].installation; }
    /// Whether its refresh token has been used: with a strict provider it serves no more.
    bool is_spent(Place place) const { return place.generation + 1 < consents_[place.consent].generations.size(); }
    /// Whether the consent has ended at the provider.
    bool has_ended(Place place) const { return consents_[place.consent].ended; }
    /// The newest consent whose tokens the process has, or had.
    std::optional<Place> newest(const std::string& installation) const;
    /// `undisturbed`: since then nothing kept it from storing what it got.
    void end_life(int life, Tick undisturbed) { ends_[life] = {machine_.loop.tick(), undisturbed}; }

    std::int64_t consents() const { return std::int64_t(consents_.size()); }
    std::int64_t refreshes() const { return refreshes_; }
    std::int64_t reuses() const { return reuses_; }

private:
    struct Generation {
        std::string refresh, access;
        int received_in_life = 0;
        std::optional<Tick> received_at{};
        bool used = false, excused = false;
    };
    struct Consent {
        std::string installation;
        std::vector<Generation> generations{};
        bool ended = false;
    };
    struct Code {
        std::string installation, redirect, challenge, state;
        Tick issued{};
        std::optional<std::size_t> consent{};
        bool shown = false, reused = false, begun = false;  // how it came the first time
    };
    struct End {
        Tick at{}, undisturbed{};
    };
    struct Refusal {
        int life = 0;
        Tick at{};
        std::size_t consent = 0;
    };

    Reply redeem(const Arrival& arrival);
    Reply refresh(const Arrival& arrival);
    void check_client(const std::string& installation, const std::string& form);
    void check_alone(const Arrival& arrival, const std::string& installation);
    void check_refusal(const Arrival& arrival, Place place);
    void check_reuse(const Arrival& arrival, Place place);
    /// Whether what the process had then is surely on disk.
    bool was_storable(int life, Tick at) const;
    Reply issue(std::size_t consent, const Arrival& arrival);
    Reply refuse(const std::string& error) const;
    void end(std::size_t consent);
    void spoil(Reply& reply);

    Machine& machine_;
    Journal& journal_;
    const Scenario& scenario_;
    Provider& provider_;
    Faults& faults_;
    Chance chance_;
    std::deque<Consent> consents_;
    std::map<std::string, Place> by_refresh_, by_access_;
    std::map<std::string, Code> codes_;
    std::set<std::string> redeemed_states_;
    std::map<std::string, std::pair<int, std::function<bool()>>> in_hand_;  // by installation: of which life
    std::map<std::string, Refusal> refusals_;                               // heard, by installation
    std::function<void()> on_redeem_;
    std::map<int, End> ends_;  // of lives
    std::int64_t next_ = 1, refreshes_ = 0, reuses_ = 0;
};

}  // namespace syncd::simulation
