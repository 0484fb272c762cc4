// The simulated network: connections with latency and every way to break, and the peers at their other ends, which see
// whole requests and answer them.
#pragma once

#include "connector/http/message.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/port.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace syncd::simulation {

/// A request as it arrived, and when its first byte was sent.
struct Arrival {
    http::Request request;
    Tick sent_at;
    int life = 0;         // of the process that sent it
    bool reused = false;  // the connection has served before
    /// Whether the process still waits for the answer.
    std::function<bool()> awaited{};
};

/// An answer, and how the peer gives it.
struct Reply {
    http::Response response;
    Duration delay{};
    enum class Way {
        whole,
        never,
        lost,
        cut
    } way = Way::whole;  // never: it hangs; lost: closes unanswered; cut: half of the body
    /// Called when the last byte has reached the process, if it ever does.
    std::function<void()> received{};
    /// Likewise, of the first byte.
    std::function<void()> begun{};
};

class Peer {
public:
    virtual ~Peer() = default;
    virtual Reply answer(const Arrival& arrival) = 0;
    /// Sees all that arrives, byte for byte, whole request or not.
    virtual void overhear(std::string_view bytes) = 0;
};

class Network {
public:
    Network(Loop& loop, Faults& faults, std::uint64_t seed) : loop_(loop), faults_(faults), port_(loop, faults, seed) {}

    void place(const std::string& host, Peer& peer) { peers_[host].peer = &peer; }
    /// Until then nothing reaches the host and nothing comes back.
    void partition(const std::string& host, Duration length) { peers_[host].unreachable_until = loop_.tick() + length; }
    /// Every connection of that life breaks; what it had sent still arrives.
    void kill(int life);
    /// For the World: how connecting goes.
    struct Outcome {
        Duration wait;
        const char* failure = nullptr;  // null: connected
        bool stalled = false;           // no answer at all: the caller's limit ends it
    };
    Outcome try_connect(const std::string& host);
    Stream connected(const std::string& host, int life);
    Duration latency();

    /// Where the process listens.
    Port& port() { return port_; }
    const Port& port() const { return port_; }
    Loop& loop() { return loop_; }
    Faults& faults() { return faults_; }
    std::int64_t requests() const { return requests_; }

private:
    friend struct Link;
    struct Host {
        Peer* peer = nullptr;
        Tick unreachable_until{};
    };

    Loop& loop_;
    Faults& faults_;
    Port port_;
    std::map<std::string, Host> peers_;
    std::vector<std::weak_ptr<struct Link>> links_;
    std::int64_t requests_ = 0;
};

}  // namespace syncd::simulation
