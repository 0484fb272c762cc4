// One simulated connection: the process's end as a Stream, the peer's end as a parser of whole requests.
#pragma once

#include "tests/simulation/network.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>

#include <optional>

namespace syncd::simulation {

/// A handler that waits, and what happens when its coroutine is cancelled.
template <class Handler>
class Pending {
public:
    template <class OnCancel>
    void set(Handler handler, OnCancel on_cancel) {
        handler_.swap(handler);  // 1.81: move assignment of any_completion_handler recurses for ever
        if (auto slot = asio::get_associated_cancellation_slot(handler_); slot.is_connected())
            slot.assign([on_cancel](asio::cancellation_type type) {
                if (type != asio::cancellation_type::none) on_cancel();
            });
    }
    /// Ends the coroutine that waits without a word to it: its owner is gone already.
    void drop() {
        Handler handler;
        handler.swap(handler_);
    }
    explicit operator bool() const { return bool(handler_); }
    Handler take() {
        if (auto slot = asio::get_associated_cancellation_slot(handler_); slot.is_connected()) slot.clear();
        Handler handler;
        handler.swap(handler_);
        return handler;
    }

private:
    Handler handler_;
};

struct Link : std::enable_shared_from_this<Link> {
    Link(Network& n, std::string h, int l) : network(n), host(std::move(h)), life(l) {}

    Network& network;
    std::string host;
    int life;

    // The process's end.
    std::string inbox;                   // arrived, not read yet
    bool ended = false, broken = false;  // the peer closed; the connection was reset
    bool closed = false;                 // by the process
    asio::mutable_buffer target{};
    Pending<IoHandler> reader;

    // On the way and at the peer's end.
    std::string request;                  // arrived there, not answered yet
    std::optional<Tick> first_byte_sent;  // of the request that is being sent
    std::int64_t breaks_after = -1;       // bytes of requests; -1: never
    Tick last_up{}, last_down{};          // no byte overtakes another
    bool answering = false, peer_closed = false;
    std::int64_t served = 0;  // requests

    void read(asio::mutable_buffer buffer, IoHandler handler);
    void write(const WriteBuffers& buffers, std::size_t count, IoHandler handler);
    void close();
    void reset();

private:
    void wake();
    void arrive(std::string bytes);
    void take_request();
    void answer(Arrival arrival);
    void send_down(std::string bytes, bool then_end, std::function<void()> received, std::function<void()> begun = {});
    void at_peer(Tick due, std::function<void(Link&)> work);
    Tick reachable(Tick due) const;
};

}  // namespace syncd::simulation
