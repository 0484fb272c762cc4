// A World whose clock only the test moves: timers fire in advance(), chance comes from a seed, there is no network.
#pragma once

#include "connector/world/world.hpp"

#include <boost/asio/io_context.hpp>

#include <map>
#include <memory>
#include <random>

namespace syncd::testing {

class TestWorld final : public World {
public:
    explicit TestWorld(std::uint64_t seed = 1) : chance_(seed) {}
    ~TestWorld() override;

    asio::any_io_executor executor() override { return context.get_executor(); }
    Timestamp now() override {
        return Timestamp{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}} + passed_ + jumped_;
    }
    Tick tick() override { return Tick{std::chrono::hours{48}} + passed_; }
    std::uint64_t random() override { return chance_(); }
    std::unique_ptr<TimerImpl> make_timer() override;
    awaitable<Connected> connect(Endpoint endpoint, Duration limit) override;
    std::unique_ptr<Acceptor> listen(Endpoint endpoint) override;

    /// Runs all that can run without time passing.
    void settle();
    /// Lets time pass; what comes due on the way runs at its time.
    void advance(Duration time);
    /// Sets the wall clock off; the monotonic one goes on as before.
    void jump(Duration time) { jumped_ += time; }
    /// Timers that somebody waits for.
    std::size_t waiting() const { return waits_.size(); }

    asio::io_context context;

private:
    class TestTimer;
    struct Wait {
        TestTimer* timer;
        WaitHandler handler;
    };
    using Waits = std::multimap<Tick, Wait>;

    std::mt19937_64 chance_;
    Duration passed_{}, jumped_{};
    Waits waits_;
};

}  // namespace syncd::testing
