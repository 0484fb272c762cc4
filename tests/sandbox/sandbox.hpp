// bentley-sandbox as a library: two handlers for two HTTP servers, or for a simulation without sockets. It asks the
// World for time and nothing else for anything: the same seed and the same calls give the same answers.
#pragma once

#include "connector/http/message.hpp"
#include "connector/world/world.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace syncd::sandbox {

struct Options {
    std::size_t itwins = 250, jobs = 20, cesium = 12, recents = 5, favorites = 3;
    /// Records to begin with of any object, by name or alias; go before the numbers above.
    std::map<std::string, std::size_t> counts{};
    /// How many of them belong to somebody else; half of reality-management/reality-data unless told otherwise.
    std::map<std::string, std::size_t> others{};
    std::string client_id = "sandbox";
    std::string client_secret = "sandbox-secret";
    std::vector<std::string> webhook_secrets = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
    std::uint64_t seed = 1;
    Duration token_lifetime = std::chrono::hours{1};
    std::string origin{};                  // in links; empty: http and the Host that was called
    std::string foreign_origin{};          // where foreignNext leads; empty: an address where nothing is
    std::function<void(const std::string& line)> log{};  // one line for each delivery received
};

class Sandbox {
public:
    /// Throws std::invalid_argument on an unknown object in the options.
    Sandbox(World& world, Options options);
    ~Sandbox();

    /// The API, the token endpoint (POST /connect/token) and the control API (/_sandbox/). A response of status 0
    /// stands for a connection that is closed unanswered.
    awaitable<http::Response> provider(http::Request request);
    /// The webhook receiver (POST /hooks/{name}).
    awaitable<http::Response> receiver(http::Request request);

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace syncd::sandbox
