#include "tests/simulation/sim_world.hpp"

#include "tests/simulation/link.hpp"

#include <boost/asio/error.hpp>

namespace syncd::simulation {
namespace {

class SimTimer final : public TimerImpl {
public:
    explicit SimTimer(Loop& loop) : loop_(loop) {}
    ~SimTimer() override { cancel(); }

    void wait_until(Tick due, WaitHandler handler) override {
        const auto wait = waits_ = std::make_shared<Wait>();
        const auto end = [&loop = loop_](Wait& of, error_code outcome) {
            if (of.handler) loop.complete(of.handler.take(), outcome);
        };
        wait->handler.set(std::move(handler), [weak = std::weak_ptr(wait), end] {
            if (auto alive = weak.lock()) end(*alive, asio::error::operation_aborted);
        });
        loop_.at(due, [wait, end] { end(*wait, {}); });
    }
    void cancel() override {
        if (waits_ && waits_->handler)
            loop_.complete(waits_->handler.take(), error_code(asio::error::operation_aborted));
    }

private:
    struct Wait {
        Pending<WaitHandler> handler;
    };
    Loop& loop_;
    std::shared_ptr<Wait> waits_;
};

}  // namespace

Timestamp Machine::true_now() const {
    constexpr Timestamp start{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};
    return start + (loop.tick() - Tick{std::chrono::hours{48}});
}

std::unique_ptr<TimerImpl> SimWorld::make_timer() { return std::make_unique<SimTimer>(machine_.loop); }

std::unique_ptr<Acceptor> SimWorld::listen(Endpoint) { return machine_.network.port().listen(life_); }

awaitable<Connected> SimWorld::connect(Endpoint endpoint, Duration limit) {
    Network::Outcome outcome{.wait = {}, .failure = "the process is dead"};
    if (!dead_) outcome = machine_.network.try_connect(endpoint.host);
    const bool late = outcome.stalled || outcome.wait >= limit;
    Timer timer(*this);
    co_await timer.async_wait(late ? limit : outcome.wait);
    if (dead_ || late || outcome.failure) {
        const error_code code = late ? error_code(asio::error::timed_out) : error_code(asio::error::connection_refused);
        co_return Connected{{}, {code, endpoint.host + ": " + (outcome.failure ? outcome.failure : "too late")}};
    }
    co_return Connected{machine_.network.connected(endpoint.host, life_), {}};
}

void SimWorld::kill() {
    dead_ = true;
    machine_.network.kill(life_);
}

}  // namespace syncd::simulation
