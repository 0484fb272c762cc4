// One at a time, first come first served, for coroutines on one thread.
#pragma once

#include "connector/world/deadline.hpp"

#include <list>
#include <memory>

namespace syncd {

class Mutex {
public:
    explicit Mutex(World& world) : world_(world) {}
    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

    /// Holds the mutex until it is destroyed.
    class Guard {
    public:
        explicit Guard(Mutex* mutex) : mutex_(mutex) {}
        Guard(Guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;
        Guard& operator=(Guard&&) = delete;
        ~Guard() {
            if (mutex_) mutex_->unlock();
        }

    private:
        Mutex* mutex_;
    };

    awaitable<Guard> lock() {
        if (!locked_ && waiting_.empty()) {
            locked_ = true;
            co_return Guard(this);
        }
        Turn turn(*this);
        while (!turn.granted()) co_await turn.wait();
        turn.taken = true;
        co_return Guard(this);
    }
    bool locked() const { return locked_; }
    std::size_t waiting() const { return waiting_.size(); }

private:
    struct Waiter {
        explicit Waiter(World& world) : bell(world) {}
        Doorbell bell;
        bool granted = false;
    };
    /// A place in the queue, given up when its coroutine is cancelled.
    struct Turn {
        explicit Turn(Mutex& m) : mutex(m), at(m.waiting_.emplace(m.waiting_.end(), m.world_)) {}
        ~Turn() {
            const bool unused = at->granted && !taken;
            mutex.waiting_.erase(at);
            if (unused) mutex.unlock();
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        bool granted() const { return at->granted; }
        awaitable<void> wait() { return at->bell.wait(std::chrono::hours{24}); }
        Mutex& mutex;
        std::list<Waiter>::iterator at;
        bool taken = false;
    };

    void unlock() {
        for (auto& waiter : waiting_) {
            if (waiter.granted) continue;
            waiter.granted = true;
            waiter.bell.ring();
            return;
        }
        locked_ = false;
    }

    World& world_;
    std::list<Waiter> waiting_;
    bool locked_ = false;
};

}  // namespace syncd
