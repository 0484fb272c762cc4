// The imitated iTwin Platform: token endpoint, bearer and version checks, lists, single reads and writes, and
// faults on order.
#pragma once

#include "connector/http/message.hpp"
#include "connector/world/world.hpp"
#include "tests/sandbox/data.hpp"
#include "tests/sandbox/faults.hpp"
#include "tests/sandbox/ledger.hpp"
#include "tests/sandbox/pages.hpp"
#include "tests/sandbox/routes.hpp"
#include "tests/sandbox/tokens.hpp"
#include "tests/sandbox/traffic.hpp"
#include "tests/sandbox/writer.hpp"

#include <string>

namespace syncd::sandbox {

/// Where links go that a fault bends to another host, unless it names its own.
inline constexpr std::string_view foreign_origin_default = "http://127.0.0.2:9";

class Provider {
public:
    /// `origin` stands in front of links; empty: http and the Host that was called.
    Provider(World& world, Data& data, Tokens& tokens, std::string origin, std::string foreign_origin);

    /// Answers a call; a status of 0 means that the connection is to be closed unanswered.
    awaitable<http::Response> handle(Call call);

    Faults& faults() { return faults_; }
    Traffic& traffic() { return traffic_; }
    Ledger& ledger() { return ledger_; }

private:
    http::Response own_read(const Target& target);
    http::Response list(const Call& call, const Target& target, const Twist& twist);
    http::Response read(const Call& call, const Target& target, const Twist& twist);
    http::Response answer(const Call& call, const Target& target, const std::optional<Fault>& fault,
                          std::uint64_t entry);
    std::uint64_t note_write(const Call& call, const WriteTarget& target);
    void note_answer(std::uint64_t entry, int status, const std::optional<Fault>& fault);
    http::Response failure(const Fault& fault) const;
    Twist twist_of(const std::optional<Fault>& fault) const;
    std::string origin_of(const Call& call) const;

    World& world_;
    Data& data_;
    Tokens& tokens_;
    std::string origin_, foreign_origin_;
    Pages pages_;
    Writer writer_;
    Ledger ledger_;
    Faults faults_;
    Traffic traffic_;
};

}  // namespace syncd::sandbox
