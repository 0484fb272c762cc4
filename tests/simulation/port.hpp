// Connections that come in: the port at which the process listens, and its customers, who send one request over a
// connection each, in their own time, and may break off at any byte.
#pragma once

#include "connector/http/message.hpp"
#include "connector/world/world.hpp"
#include "tests/simulation/faults.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace syncd::simulation {

/// What a customer has of the answer.
struct Heard {
    bool connected = false;  // the process listened
    bool whole = false;      // the answer came to its last byte
    int status = 0;          // 0: not even the header came
    http::Headers headers{};
    std::string body{};  // as far as it came
};

struct Inlet;

class Port {
public:
    using Hear = std::function<void(const Heard&)>;

    Port(Loop& loop, Faults& faults, std::uint64_t seed) : loop_(loop), faults_(faults), chance_(seed) {}

    /// For the World: the process of that life takes connections from now on.
    std::unique_ptr<Acceptor> listen(int life);
    /// Every connection of that life breaks; what the process had sent still arrives.
    void kill(int life);
    /// A customer's request; `hear` is called once, when its connection has ended.
    void call(const http::Request& request, Hear hear);
    /// Looks at all that the process sends to anybody, byte for byte.
    void overhear(std::function<void(std::string_view)> listener) { overheard_ = std::move(listener); }
    std::int64_t calls() const { return calls_; }

    struct Waiting;  // connections that nobody has accepted yet

private:
    friend struct Inlet;
    Duration latency() { return chance_.between(Duration{200}, Duration{40'000}); }

    Loop& loop_;
    Faults& faults_;
    Chance chance_;
    std::shared_ptr<Waiting> waiting_;
    std::vector<std::weak_ptr<Inlet>> inlets_;
    std::function<void(std::string_view)> overheard_;
    std::int64_t calls_ = 0;
};

}  // namespace syncd::simulation
