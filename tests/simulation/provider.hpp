// The provider: lists in pages, records by id, tokens; with every fault that a plan or chance asks of it. It keeps the
// truth and watches what its clients do: budget, tokens, Retry-After.
#pragma once

#include "tests/simulation/deeds.hpp"
#include "tests/simulation/journal.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/readings.hpp"
#include "tests/simulation/truth.hpp"

#include <map>
#include <optional>
#include <string>

namespace syncd::simulation {

inline constexpr auto api_host = "api.test";
inline constexpr auto token_host = "ims.test";
inline constexpr auto foreign_host = "elsewhere.test";

struct ProviderRules {
    std::int64_t per_minute = 0, per_hour = 0;  // what its clients must keep to; 0: no limit
    Duration token_lifetime = std::chrono::hours{1};
    int jobs_order = 0;          // 0: oldest first, 1: newest first, 2: neither
    bool drift = false;          // records change between the pages of a read
    std::int64_t rows_max = 0;   // where it overlooks the client's wish: a list is cut there, silently; 0: it does not
    bool tells_rows_max = true;  // says in the answer where the list is cut
};

/// The name of the array in a list, and of the record in an answer that holds one.
std::string key_of(const std::string& object);
std::string wrapper_of(const std::string& object);
/// Whether a list is asked for to find a write whose answer was lost.
bool is_lookup(const std::string& target);

class Provider final : public Peer {
public:
    Provider(Machine& machine, Journal& journal, ProviderRules rules, std::uint64_t seed);

    Reply answer(const Arrival& arrival) override;
    void overhear(std::string_view bytes) override;

    Truth& truth(const std::string& object) { return truths_.at(object); }
    std::map<std::string, Truth>& truths() { return truths_; }
    Readings& readings() { return readings_; }
    /// What an earlier life sent may still arrive: it is answered, and nothing else.
    void begin_life(int life) { life_ = life; }
    void revoke_tokens();
    /// Creates, changes and removes some of an object's records.
    void stir(const std::string& object, int strength);
    void create(const std::string& object, Timestamp now, Duration late) {
        truths_.at(object).create(now, late, itwins());
    }
    /// So long a request may wait for the budget.
    Duration budget_window() const { return std::chrono::hours{rules_.per_hour > 0 ? 1 : 0}; }
    /// What was done of writes.
    Deeds& deeds() { return deeds_; }
    struct Listeners {
        std::function<void(const std::string& label)> arrived, carried;
        /// Some record of a page that is on its way: a write may hit it now.
        std::function<void(const std::string& installation, const std::string& object, const std::string& id)> amid;
    };
    void listen(Listeners listeners) {
        on_arrived_ = std::move(listeners.arrived);
        on_carried_ = std::move(listeners.carried);
        amid_ = std::move(listeners.amid);
    }
    /// Who answers what customers send through the daemon's proxy; `refused`: the token is not good.
    using OnPassed =
        std::function<Reply(const Arrival&, const std::string& installation, std::optional<Reply> refused)>;
    void pass_to(OnPassed on_passed) { on_passed_ = std::move(on_passed); }
    /// Those whose connections are of users: who answers the token endpoint for them, who hears of tokens that are
    /// used.
    struct ForUsers {
        std::function<Reply(const Arrival&)> ask;
        std::function<void(const std::string& token)> used;
    };
    void serve_users(ForUsers users) { users_ = std::move(users); }
    std::string issue_token(const std::string& client, const std::string& installation);
    void revoke_token(const std::string& name) { issued_.at(name).revoked = true; }
    void forget_waits() { waits_.clear(); }  // a new process knows nothing of the old one's Retry-After

    /// The endpoint that gives tokens.
    class Tokens final : public Peer {
    public:
        explicit Tokens(Provider& provider) : provider_(provider) {}
        Reply answer(const Arrival& arrival) override;
        void overhear(std::string_view bytes) override;

    private:
        Provider& provider_;
    };
    /// Where no token may ever go.
    class Foreign final : public Peer {
    public:
        explicit Foreign(Journal& journal) : journal_(journal) {}
        Reply answer(const Arrival& arrival) override;
        void overhear(std::string_view bytes) override;

    private:
        Journal& journal_;
    };
    Tokens& tokens() { return tokens_; }
    Foreign& foreign() { return foreign_; }

private:
    struct Token {
        std::string client, installation;
        Tick expires;
        bool revoked = false;
        std::vector<Tick> refused{};  // when the client heard that it is no longer good
    };
    struct ListPage;
    using Key = Readings::Key;

    std::vector<std::string> itwins() const;
    /// Where a record may belong: to an iTwin too that the caller is yet to be invited to.
    std::vector<std::string> homes() const;
    std::optional<Reply> refuse(const Arrival& arrival, Token& token);
    std::optional<Reply> misbehave(const Token& token);
    void count(const Arrival& arrival, const Token& token);
    Reply list(const Arrival& arrival, const Token& token, const std::string& object);
    Reply list_by_ids(const std::string& object, const ListQuery& query);
    std::string label_of(const http::Request& request, const std::string& object, const std::string& id) const;
    Reply write(const Arrival& arrival, const std::string& object, const std::string& id, const std::string& label);
    /// `late`: so long after it arrived.
    Reply carry_out(const http::Request& request, const std::string& object, const std::string& id,
                    const std::string& label, Duration late = {});
    void carried(const std::string& label, const std::string& object, const std::string& id, std::int64_t revision);
    Reply look_up(const Arrival& arrival, const std::string& object);
    Reply own(const Token& token, const std::string& object, const std::string& id);
    std::vector<const Row*> select(const std::string& object, const ListQuery& query) const;
    std::int64_t rows_max(const http::Request& request) const;
    bool refuses(const Token& token, const ListQuery& query);
    void spoil(ListPage& page);
    Reply answered(int status, std::string body) const;

    Machine& machine_;
    Journal& journal_;
    Faults& faults_;
    ProviderRules rules_;
    Chance data_chance_;
    Readings readings_;
    std::map<std::string, Truth> truths_;
    std::map<std::string, Token> issued_;
    std::map<std::string, std::vector<Tick>> sent_;  // requests by client, in the last hours
    std::map<Key, Tick> waits_;                      // installation, target: not before
    std::map<Key, Tick> refused_until_;              // installation, iTwin
    Key wait_key_;                                   // of the request in hand
    Deeds deeds_;
    std::function<void(const std::string&)> on_arrived_, on_carried_;
    std::function<void(const std::string&, const std::string&, const std::string&)> amid_;
    OnPassed on_passed_;
    ForUsers users_;
    std::int64_t next_token_ = 1, error_burst_ = 0, epoch_ = 1;
    int life_ = 0;
    Tokens tokens_{*this};
    Foreign foreign_;
};

}  // namespace syncd::simulation
