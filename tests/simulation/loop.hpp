// Virtual time: one thread, a queue of what is ready, a queue of what comes later. Everything that a seed decides comes
// from here, in one order, so that the same seed gives the same run.
#pragma once

#include "connector/world/world.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <type_traits>
#include <utility>

namespace syncd::simulation {

/// A stream of chance (splitmix64): each part of the world has its own, so that one part drawing more or less than
/// before does not change what happens in the others.
class Chance {
public:
    explicit Chance(std::uint64_t seed) : state_(seed) {}
    std::uint64_t draw();
    /// At least `low`, at most `high`.
    std::int64_t between(std::int64_t low, std::int64_t high);
    bool one_in(std::int64_t n) { return between(1, n) == 1; }
    Duration between(Duration low, Duration high) { return Duration{between(low.count(), high.count())}; }

private:
    std::uint64_t state_;
};

class Loop final : public asio::execution_context {
public:
    class Executor;
    using Work = std::function<void()>;

    explicit Loop(std::uint64_t seed) : order_(seed) {}
    ~Loop();

    asio::any_io_executor executor();
    Tick tick() const { return now_; }
    void at(Tick due, Work work) { later_.push({due, sequence_++, std::move(work)}); }
    void after(Duration wait, Work work) { at(now_ + wait, std::move(work)); }
    /// Runs what is ready and what comes due until `end`, or until `done` says so after any step.
    void run_until(Tick end, const std::function<bool()>& done);
    /// Hands the handler its outcome at the next step, never at once.
    template <class Handler, class... Outcome>
    void complete(Handler handler, Outcome... outcome);
    std::uint64_t steps() const { return steps_; }

private:
    struct Job {
        virtual ~Job() = default;
        virtual void run() = 0;
    };
    template <class Function>
    struct JobOf final : Job {
        explicit JobOf(Function&& f) : function(std::move(f)) {}
        void run() override { std::move(function)(); }
        Function function;
    };
    struct Later {
        Tick due;
        std::uint64_t sequence;
        Work work;
        bool operator<(const Later& other) const {
            return std::pair(other.due, other.sequence) < std::pair(due, sequence);
        }
    };
    template <class Function>
    void push(Function&& function) {
        using Plain = std::decay_t<Function>;
        ready_.push_back(std::make_unique<JobOf<Plain>>(Plain(std::forward<Function>(function))));
    }
    void run_one_ready();

    Chance order_;  // picks among the handlers that are ready together
    Tick now_{std::chrono::hours{48}};
    std::deque<std::unique_ptr<Job>> ready_;
    std::priority_queue<Later> later_;
    std::uint64_t sequence_ = 0, steps_ = 0;
    bool running_ = false;
};

/// dispatch() runs inline: a co_spawn that is cancelled before its first dispatch ends in std::terminate otherwise.
class Loop::Executor {
public:
    explicit Executor(Loop& loop, bool never_inline = false) : loop_(&loop), never_inline_(never_inline) {}
    Loop& query(asio::execution::context_t) const noexcept { return *loop_; }
    asio::execution::blocking_t query(asio::execution::blocking_t) const noexcept {
        if (never_inline_) return asio::execution::blocking.never;
        return asio::execution::blocking.possibly;
    }
    Executor require(asio::execution::blocking_t::never_t) const { return Executor(*loop_, true); }
    Executor require(asio::execution::blocking_t::possibly_t) const { return Executor(*loop_, false); }
    template <class Function>
    void execute(Function&& function) const {
        if (!never_inline_ && loop_->running_)
            std::decay_t<Function>(std::forward<Function>(function))();
        else
            loop_->push(std::forward<Function>(function));
    }
    bool operator==(const Executor&) const noexcept = default;

private:
    Loop* loop_;
    bool never_inline_;
};

template <class Handler, class... Outcome>
void Loop::complete(Handler handler, Outcome... outcome) {
    asio::post(executor(), asio::append(std::move(handler), outcome...));
}

}  // namespace syncd::simulation
