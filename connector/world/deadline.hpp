// Time limits on streams, and a bell to wait for: the two ways in which anything here waits.
#pragma once

#include "connector/world/world.hpp"

#include <boost/asio/as_tuple.hpp>

#include <memory>

namespace syncd {

/// Closes the stream when time is up, so that whatever is pending on it fails. Cheap: one timer, no coroutine.
/// The stream must outlive it.
class Deadline {
public:
    Deadline(World& world, Stream& stream, Duration limit) : timer_(world), state_(std::make_shared<State>(&stream)) {
        timer_.async_wait(limit, [state = state_](error_code cancelled) {
            if (cancelled || !state->stream) return;
            state->passed = true;
            state->stream->close();
        });
    }
    ~Deadline() { state_->stream = nullptr; }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    bool passed() const { return state_->passed; }

private:
    struct State {
        explicit State(Stream* s) : stream(s) {}
        Stream* stream;
        bool passed = false;
    };
    Timer timer_;
    std::shared_ptr<State> state_;
};

/// Wakes one waiter: "look again". A ring while nobody waits is kept; several count as one.
class Doorbell {
public:
    explicit Doorbell(World& world) : timer_(world) {}
    void ring() {
        rung_ = true;
        timer_.cancel();
    }
    /// Until rung, at most `limit`. Returns at once when it was rung since the last wait.
    awaitable<void> wait(Duration limit) {
        if (!rung_) co_await timer_.async_wait(limit, asio::as_tuple(asio::use_awaitable));
        rung_ = false;
    }

private:
    Timer timer_;
    bool rung_ = false;
};

}  // namespace syncd
