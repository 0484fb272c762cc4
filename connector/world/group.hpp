// Coroutines that belong together: counted, waited for, cancelled together. Nothing is ever detached.
#pragma once

#include "connector/world/deadline.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <functional>
#include <list>

namespace syncd {

class Group {
public:
    /// `on_failure` hears of every child that ended with an exception, cancellation by cancel() left out.
    Group(World& world, std::function<void(std::exception_ptr)> on_failure)
        : world_(world), on_failure_(std::move(on_failure)), ended_(world) {}
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;

    void spawn(awaitable<void> work) {
        auto signal = signals_.emplace(signals_.end());
        auto done = [this, signal](std::exception_ptr failure) {
            signals_.erase(signal);
            if (failure && !cancelled_) on_failure_(failure);
            ended_.ring();
        };
        asio::co_spawn(world_.executor(), std::move(work),
                       asio::bind_executor(world_.executor(), asio::bind_cancellation_slot(signal->slot(), done)));
    }
    std::size_t size() const { return signals_.size(); }
    /// Until every child has ended, or `limit` is over; true when all have.
    awaitable<bool> join(Duration limit) {
        const Tick end = world_.tick() + limit;
        while (!signals_.empty() && world_.tick() < end) co_await ended_.wait(end - world_.tick());
        co_return signals_.empty();
    }
    /// Ends the children at their next wait.
    void cancel() {
        cancelled_ = true;
        for (auto at = signals_.begin(); at != signals_.end();) (at++)->emit(asio::cancellation_type::terminal);
    }

private:
    World& world_;
    std::function<void(std::exception_ptr)> on_failure_;
    Doorbell ended_;
    std::list<asio::cancellation_signal> signals_;
    bool cancelled_ = false;
};

/// What an exception says.
std::string describe(std::exception_ptr failure);

}  // namespace syncd
