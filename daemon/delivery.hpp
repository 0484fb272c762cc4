// Sends the messages of one destination: in order per stream, several streams at once, each attempt judged and
// recorded.
#pragma once

#include "config/config.hpp"
#include "config/core/log.hpp"
#include "connector/http/client.hpp"
#include "connector/world/group.hpp"
#include "daemon/judge.hpp"
#include "daemon/metrics.hpp"
#include "storage/store.hpp"

#include <functional>
#include <set>

namespace syncd {

/// The address at which this attempt's downloadUrl is served, good for a while; empty: nobody serves one now.
using DownloadUrl = std::function<std::string(const std::string& delivery_id)>;

/// What else becomes of a destination's attempts; either may be empty.
struct DeliveryNotices {
    std::function<storage::Notices()> disabled;  // when an attempt disables it
    std::function<void()> ring_all;              // notifications were made, for any destination
};

class Delivery {
public:
    Delivery(World& world, storage::Store& store, http::Client& client, const Log& log,
             const config::Destination& destination, storage::DestinationState state, DownloadUrl download_url,
             DeliveryNotices notices = {});

    /// Until stop() and the last attempt in flight has ended.
    awaitable<void> run();
    /// Every message that this process can send, those in flight too.
    storage::Claim everything() const;
    /// There may be something new to send.
    void ring() { bell_.ring(); }
    /// Starts no further attempt.
    void stop();
    /// Cuts what is in flight; the messages stay as they are.
    void cancel() {
        lanes_.cancel();
        flushes_.cancel();
    }
    /// Starts no attempt until resume().
    void pause() { ++paused_; }
    void resume() {
        --paused_;
        ring();
    }
    /// No attempt is under way, and the last ones are stored.
    bool idle() const { return lanes_.size() == 0 && flushes_.size() == 0; }
    /// As the operator decides. Enabled: what was held is sent, in order.
    awaitable<storage::DestinationState> set_enabled(bool enabled);
    const storage::DestinationState& state() const { return state_; }
    std::int64_t attempts_made() const { return attempts_made_; }
    const AttemptCounts& counts() const { return counts_; }

private:
    class Acks;

    storage::Claim claim() const;
    awaitable<void> start_due();
    awaitable<void> lane(storage::DueMessage first, std::int64_t busy_key);
    awaitable<void> send_stream(storage::DueMessage message);
    awaitable<storage::Attempt> send(const storage::DueMessage& message);
    awaitable<Answer> post(const storage::DueMessage& message);
    awaitable<void> wait_for_slot();
    void report(std::exception_ptr failure) const;

    World& world_;
    storage::Store& store_;
    http::Client& client_;
    const Log& log_;
    const config::Destination& destination_;
    storage::DestinationState state_;
    DownloadUrl download_url_;
    DeliveryNotices notices_;
    Doorbell bell_;
    Group lanes_, flushes_;
    std::set<std::int64_t> yielded_;  // streams that had their turn while others wait
    std::set<std::int64_t> busy_;     // streams, or messages where order does not matter
    Tick next_slot_{};                // for messagesPerSecond
    std::int64_t attempts_made_ = 0;
    AttemptCounts counts_;
    int paused_ = 0;
    bool stopping_ = false;
};

}  // namespace syncd
