// A user in a browser who lets an installation read: the daemon's page, the provider's, and back. Somebody else's
// browser may try the way back too, and the user may take it twice.
#pragma once

#include "tests/simulation/journal.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/users.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace syncd::simulation {

class SignIns {
public:
    using Done = std::function<void(bool connected)>;

    SignIns(Machine& machine, Journal& journal, Users& users, std::uint64_t seed)
        : machine_(machine), journal_(journal), users_(users), faults_(machine.network.faults()), chance_(seed) {}

    /// Whether something may rightly keep the daemon from answering as it should.
    void set_troubled(std::function<bool()> troubled) { troubled_ = std::move(troubled); }
    /// The user goes all the way, as far as that comes. `link`: what `auth login` printed; empty: with an API key.
    void begin(const std::string& installation, const std::string& link, Done done);
    std::int64_t connected() const { return connected_; }

private:
    struct Visit {
        std::string installation;
        bool with_key = false, strange = false, repeats = false, denies = false;
        std::map<std::string, std::string> cookies{};
        std::string url{};   // of the page at the provider
        std::string back{};  // where the provider sends the browser
        Done done;
    };
    using On = std::shared_ptr<Visit>;

    void go(const On& visit, http::Request request, std::function<void(const Heard&)> next);
    void open_session(const On& visit);
    void open_page(const On& visit, const std::string& path);
    void start(const On& visit, const std::string& page);
    void consent(const On& visit);
    void come_back(const On& visit);
    void come_strangely(const On& visit);
    void come_again(const On& visit, bool connected);
    void end(const On& visit, bool connected);
    bool is_expected(const On& visit, const Heard& heard, int status, const char* step);

    Machine& machine_;
    Journal& journal_;
    Users& users_;
    Faults& faults_;
    Chance chance_;
    std::function<bool()> troubled_;
    std::int64_t connected_ = 0;
};

}  // namespace syncd::simulation
