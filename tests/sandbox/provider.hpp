// The imitated iTwin Platform: token endpoint, bearer and version checks, lists and single reads, and faults on order.
#pragma once

#include "connector/http/message.hpp"
#include "connector/world/world.hpp"
#include "tests/sandbox/data.hpp"
#include "tests/sandbox/faults.hpp"
#include "tests/sandbox/pages.hpp"
#include "tests/sandbox/tokens.hpp"
#include "tests/sandbox/traffic.hpp"

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

private:
    struct Target {
        const ObjectRow* row = nullptr;
        std::string id;                    // of a single read; empty: the list
    };

    static Target target_of(const Call& call);
    http::Response own_read(const ObjectRow& row, const std::string& id);
    http::Response answer(const Call& call, const Target& target, const Twist& twist);
    http::Response failure(const Fault& fault) const;
    Twist twist_of(const std::optional<Fault>& fault) const;
    std::string origin_of(const Call& call) const;

    World& world_;
    Data& data_;
    Tokens& tokens_;
    std::string origin_, foreign_origin_;
    Pages pages_;
    Faults faults_;
    Traffic traffic_;
};

}  // namespace syncd::sandbox
