#include "tests/support/test_world.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <optional>
#include <stdexcept>

namespace syncd::testing {

class TestWorld::TestTimer final : public TimerImpl {
public:
    explicit TestTimer(TestWorld& world) : world_(world) {}
    ~TestTimer() override { cancel(); }

    void wait_until(Tick due, WaitHandler handler) override {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) slot.assign([this](asio::cancellation_type) { cancel(); });
        at_ = world_.waits_.emplace(due, Wait{this, std::move(handler)});
    }
    void cancel() override {
        if (at_) complete(world_, *at_, asio::error::operation_aborted);
    }
    static void complete(TestWorld& world, Waits::iterator at, error_code outcome) {
        auto wait = std::move(at->second);
        world.waits_.erase(at);
        wait.timer->at_.reset();
        asio::post(world.context,
                   [handler = std::move(wait.handler), outcome]() mutable { std::move(handler)(outcome); });
    }
    void forget() { at_.reset(); }

private:
    TestWorld& world_;
    std::optional<Waits::iterator> at_;
};

TestWorld::~TestWorld() {
    while (!waits_.empty()) {  // each may own a coroutine that owns timers of its own
        auto node = waits_.extract(waits_.begin());
        node.mapped().timer->forget();
    }
}

std::unique_ptr<TimerImpl> TestWorld::make_timer() { return std::make_unique<TestTimer>(*this); }

awaitable<Connected> TestWorld::connect(Endpoint, Duration) { throw std::logic_error("this world has no network"); }

std::unique_ptr<Acceptor> TestWorld::listen(Endpoint) { throw std::logic_error("this world has no network"); }

void TestWorld::settle() {
    context.restart();
    context.poll();
}

void TestWorld::advance(Duration time) {
    const auto target = passed_ + time;
    settle();
    while (!waits_.empty() && waits_.begin()->first <= Tick{std::chrono::hours{48}} + target) {
        const auto at = waits_.begin();
        passed_ = std::max(passed_, Duration(at->first - Tick{std::chrono::hours{48}}));
        TestTimer::complete(*this, at, error_code{});
        settle();
    }
    passed_ = target;
    settle();
}

}  // namespace syncd::testing
