// What a seed says of the daemon's server, its customers and its users. Drawn from a stream of its own, after all else:
// what is read, written and sent is the same with it and without.
#include "tests/simulation/scenario.hpp"
#include "tests/simulation/secrets.hpp"

namespace syncd::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t passages_max = 12, withdrawals_max = 2;

class AccessBuilder {
public:
    AccessBuilder(Scenario& scenario, std::uint64_t seed, Faults& faults)
        : out_(scenario), chance_(seed ^ 0xACCE55ull), faults_(faults) {}

    void build() {
        auto& access = out_.access;
        const bool writes = chance_.one_in(2), passes = chance_.one_in(4), users = chance_.one_in(5),
                   notices = chance_.one_in(4);
        access = {.writes = writes && out_.writes, .passes = passes, .users = users, .notices = notices};
        if (notices) build_notices();
        if (!access.serves()) return;
        auto& server = out_.config.server;
        server.public_url = public_url;
        server.api_keys = {Secret(other_customers_key), Secret(customers_key)};
        const bool calm = chance_.one_in(5);
        const auto set = [&](Fault first, Fault last) {
            for (auto i = std::size_t(first); i <= std::size_t(last); ++i) {
                const bool may = chance_.one_in(2) && !calm;
                const auto one_in = chance_.between(3, 12);
                faults_.set(Fault(i), may ? one_in : 0);
            }
        };
        set(Fault::caller_cut, Fault::wrong_key);
        if (passes) {
            set(Fault::passed_unauthorized, Fault::passed_slow);
            if (!calm && chance_.one_in(2)) faults_.set(Fault::passed_unauthorized, 2);
            build_passages();
        }
        if (users) {
            set(Fault::consent_withdrawn, Fault::repeated_callback);
            build_users();
            if (!calm && chance_.one_in(2)) faults_.set(Fault::stop_amid, 3);
        }
    }

private:
    void build_notices() {
        auto which = chance_.between(0, std::int64_t(out_.receivers.size()) - 1);
        if (out_.writes) which = 0;  // which hears of writes already
        out_.config.notifications.push_back(
            {.destination = out_.receivers[std::size_t(which)].destination, .all = true, .events = {}});
    }

    void build_passages() {
        for (auto& installation : out_.config.installations) installation.proxy = true;
        for (auto i = chance_.between(1, passages_max); i > 0; --i) {
            add(Event::Kind::passage);
            for (auto next = out_.events.back(); chance_.one_in(2); out_.events.push_back(next))  // side by side
                next.at += chance_.between(Duration{0}, Duration{2s});
        }
    }

    void build_users() {
        const bool public_client = chance_.one_in(4);
        for (auto& installation : out_.config.installations) {
            installation.connection.grant = config::Grant::authorization_code;
            if (public_client) installation.connection.client_secret = Secret();
        }
        for (auto i = chance_.between(0, withdrawals_max); i > 0; --i) add(Event::Kind::withdraw);
    }

    void add(Event::Kind kind) {
        const auto& installations = out_.config.installations;
        const auto& installation =
            installations[std::size_t(chance_.between(0, std::int64_t(installations.size()) - 1))];
        out_.events.push_back({.kind = kind,
                               .at = chance_.between(Duration{0}, chance_.one_in(2) ? Duration{3min} : Duration{90min}),
                               .length = {},
                               .object = "itwins",
                               .installation = installation.id});
    }

    Scenario& out_;
    Chance chance_;
    Faults& faults_;
};

}  // namespace

void add_access(Scenario& scenario, std::uint64_t seed, Faults& faults) {
    AccessBuilder(scenario, seed, faults).build();
}

}  // namespace syncd::simulation
