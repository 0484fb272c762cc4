// The World as one life of a process sees it: virtual time, chance from the seed, the simulated network. After kill()
// nothing that the process still does has an effect.
#pragma once

#include "tests/simulation/network.hpp"

namespace syncd::simulation {

/// What outlives a process: its machine's clock, and the chance that the product draws.
struct Machine {
    Loop& loop;
    Network& network;
    Chance chance;
    Duration skew{};  // of the wall clock
    Timestamp now() const { return true_now() + skew; }
    Timestamp true_now() const;  // as all others have it
};

class SimWorld final : public World {
public:
    SimWorld(Machine& machine, int life) : machine_(machine), life_(life) {}

    asio::any_io_executor executor() override { return machine_.loop.executor(); }
    Timestamp now() override { return machine_.now(); }
    Tick tick() override { return machine_.loop.tick(); }
    std::uint64_t random() override { return machine_.chance.draw(); }
    std::unique_ptr<TimerImpl> make_timer() override;
    awaitable<Connected> connect(Endpoint endpoint, Duration limit) override;
    std::unique_ptr<Acceptor> listen(Endpoint endpoint) override;

    void kill();
    int life() const { return life_; }

private:
    Machine& machine_;
    int life_;
    bool dead_ = false;
};

}  // namespace syncd::simulation
