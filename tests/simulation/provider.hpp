// The provider: lists in pages, records by id, tokens; with every fault that a plan or chance asks of it. It keeps the
// truth and watches what its clients do: budget, tokens, Retry-After.
#pragma once

#include "tests/simulation/journal.hpp"
#include "tests/simulation/network.hpp"
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
    int jobs_order = 0;  // 0: oldest first, 1: newest first, 2: neither
    bool drift = false;  // records change between the pages of a read
};

/// One chain of pages as the provider saw it: of an installation and an object, from its last first page on.
struct Chain {
    std::int64_t mutations = 0;  // of the truth when it began
    bool gapless = false;        // each page followed the one before
    bool finished = false;       // the last page was asked for
    bool restarted = false;      // begun anew before the read before it had ended well
    bool done = true;            // its read has ended well
    bool omitted = false;        // a row that exists was left out, once
    std::string current, next;   // targets: of the last page asked for and the one that must follow
    std::int64_t rows = 0;       // on the list when it began
    Timestamp since;             // what its filter asked for
    bool hindered = false;       // a record's own read was refused, so that its delete can't be confirmed
};

class Provider final : public Peer {
public:
    Provider(Machine& machine, Journal& journal, ProviderRules rules, std::uint64_t seed);

    Reply answer(const Arrival& arrival) override;
    void overhear(std::string_view) override {}

    Truth& truth(const std::string& object) { return truths_.at(object); }
    std::map<std::string, Truth>& truths() { return truths_; }
    /// What the named installation's last read from a first page on began with.
    const Chain& chain(const std::string& installation, const std::string& object) {
        return chains_[{installation, object}];
    }
    void end_chain(const std::string& installation, const std::string& object) {
        chains_[{installation, object}].done = true;
    }
    /// At the start of a life: the list request that must come first, since a backfill was cut off there.
    void expect_resume(const std::string& installation, const std::string& object, std::string url);
    void revoke_tokens();
    /// Creates, changes and removes some of an object's records.
    void stir(const std::string& object, int strength);
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
    };
    struct Query;
    struct ListPage;
    using Key = std::pair<std::string, std::string>;

    void check_resume(const Key& key, const std::string& target);
    std::optional<Reply> refuse(const Arrival& arrival, Token& token);
    std::optional<Reply> misbehave(const Arrival& arrival, const Token& token);
    void count(const Arrival& arrival, const Token& token);
    Reply list(const Arrival& arrival, const Token& token, const std::string& object);
    Reply own(const std::string& object, const std::string& id);
    void follow(const Token& token, const std::string& object, const Query& query, const ListPage& page);
    std::vector<const Row*> select(const std::string& object, const Query& query, const http::Request& request);
    void spoil(ListPage& page);
    Reply answered(int status, std::string body) const;

    Machine& machine_;
    Journal& journal_;
    Faults& faults_;
    ProviderRules rules_;
    Chance data_chance_;
    std::map<std::string, Truth> truths_;
    std::map<std::string, Token> issued_;
    std::map<Key, Chain> chains_;
    std::map<Key, std::string> resumes_;
    std::map<std::string, std::vector<Tick>> sent_;  // requests by client, in the last hours
    std::map<Key, Tick> waits_;                      // installation, target: not before
    std::int64_t next_token_ = 1, error_burst_ = 0, epoch_ = 1;
    Tokens tokens_{*this};
    Foreign foreign_;
};

}  // namespace syncd::simulation
