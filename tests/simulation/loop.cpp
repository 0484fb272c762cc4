#include "tests/simulation/loop.hpp"

namespace syncd::simulation {

std::uint64_t Chance::draw() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

std::int64_t Chance::between(std::int64_t low, std::int64_t high) {
    return low + std::int64_t(draw() % std::uint64_t(high - low + 1));
}

Loop::~Loop() {
    // A handler may own what posts further ones when it dies.
    while (!ready_.empty() || !later_.empty()) {
        auto ready = std::move(ready_);
        ready_.clear();
        later_ = {};
    }
    shutdown();
    destroy();
}

asio::any_io_executor Loop::executor() { return Executor(*this); }

void Loop::run_one_ready() {
    if (ready_.size() > 1) std::swap(ready_.front(), ready_[std::size_t(order_.draw() % ready_.size())]);
    auto job = std::move(ready_.front());
    ready_.pop_front();
    ++steps_;
    running_ = true;
    job->run();
    running_ = false;
}

void Loop::run_until(Tick end, const std::function<bool()>& done) {
    while (!done()) {
        if (!ready_.empty()) {
            run_one_ready();
            continue;
        }
        if (later_.empty() || later_.top().due > end) {
            now_ = std::max(now_, end);
            return;
        }
        auto next = std::move(const_cast<Later&>(later_.top()));  // popped at once: its order is not needed any more
        later_.pop();
        now_ = std::max(now_, next.due);
        next.work();
    }
}

}  // namespace syncd::simulation
