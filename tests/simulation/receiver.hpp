// A destination's receiver: takes messages, fails in every way, never forgets what it got, and checks each promise
// about messages as they come.
#pragma once

#include "tests/simulation/journal.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/truth.hpp"

#include <functional>
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace syncd::simulation {

struct ReceiverRules {
    std::string destination;
    std::string secret;  // base64
    std::int64_t payload_bytes_max = 0;
    bool ordered = true;
    bool partly_told = false;  // records from before the backfill's window were never announced
};

/// What a receiver knows of the records of one installation and object.
struct Told {
    struct Record {
        std::string raw;
        bool deleted = false;
        std::int64_t sequence = 0;  // of the message that said so
    };
    std::map<std::string, Record> records;
    std::string stream;
    bool has_dead_letters = false;  // what a dead letter said is missing for good
};

class Receiver final : public Peer {
public:
    /// Whether a message is a dead letter, by stream and sequence.
    using IsDead = std::function<bool(const std::string& stream, std::int64_t sequence)>;

    Receiver(Machine& machine, Journal& journal, ReceiverRules rules, std::map<std::string, Truth>& truths);

    Reply answer(const Arrival& arrival) override;
    void overhear(std::string_view bytes) override;

    void set_is_dead(IsDead is_dead) { is_dead_ = std::move(is_dead); }
    /// Hears of every notification that comes.
    void set_on_notice(std::function<void(std::string_view body)> listener) { on_notice_ = std::move(listener); }
    /// Fails every request until then.
    void fall_silent(Duration length) { silent_until_ = machine_.loop.tick() + length; }
    void recover() { silent_until_ = {}; }
    /// Something happened that may make the daemon send again what was acknowledged in the last seconds.
    void note_trouble(Tick from, Tick until) { troubles_.emplace_back(from, until); }
    /// The operator enabled the destination, or the clock jumped: waits are void.
    void forgive_waits() { waits_void_at_ = machine_.loop.tick(); }

    using ToldKey = std::pair<std::string, std::string>;  // installation, object
    const std::map<ToldKey, Told>& told() const { return told_; }
    bool has_taken(const std::string& id) const {
        const auto found = messages_.find(id);
        return found != messages_.end() && found->second.taken;
    }
    /// Ids of the messages that told of the end of a write operation.
    const std::map<std::string, std::set<std::string>>& notices() const { return notices_; }
    /// Whether that notification was taken.
    bool has_notice(const std::string& id) const {
        const auto found = seen_notices_.find(id);
        return found != seen_notices_.end() && found->second.taken;
    }
    const ReceiverRules& rules() const { return rules_; }
    std::int64_t notices_taken() const {
        return std::ranges::count_if(seen_notices_, [](const auto& each) { return each.second.taken; });
    }
    std::int64_t taken() const { return taken_; }
    std::int64_t attempts() const { return attempts_; }
    std::int64_t repeated() const { return repeated_; }

private:
    struct Message {
        std::string id, stream, installation, object;
        std::int64_t sequence = 0;
        std::size_t body_hash = 0;
        bool taken = false, refused = false;
        std::optional<Tick> acknowledged_at, not_before, waits_since;
    };

    struct Notice {
        std::size_t body_hash = 0;
        bool taken = false;
        std::optional<Tick> acknowledged_at{};
    };

    /// Whether something happened after that which may have made the daemon forget it.
    bool may_be_forgotten(Tick from) const;
    Reply answer_notice(const Arrival& arrival);
    Message* see(const Arrival& arrival);
    void check_signature(const Arrival& arrival);
    void check_order(const Message& message);
    void check_repetition(const Message& message);
    std::optional<Reply> fail(Message& message, const std::string& body);
    void take(Message& message, const std::string& body);
    void apply(const Message& message, Told& told, std::string_view item);
    void violate(const Message& message, const std::string& which, const std::string& how);

    Machine& machine_;
    Journal& journal_;
    Faults& faults_;
    ReceiverRules rules_;
    std::map<std::string, Truth>& truths_;
    IsDead is_dead_;
    std::map<std::string, Message> messages_;                             // by webhook-id
    std::map<std::string, std::map<std::int64_t, std::string>> streams_;  // webhook-id by sequence
    std::map<ToldKey, Told> told_;
    std::map<std::string, std::set<std::string>> notices_;  // by operation
    std::map<std::string, Notice> seen_notices_;            // by webhook-id
    std::function<void(std::string_view)> on_notice_;
    std::vector<std::pair<Tick, Tick>> troubles_;
    Tick silent_until_{}, waits_void_at_{}, accepted_at_{};
    std::int64_t taken_ = 0, attempts_ = 0, repeated_ = 0;
};

}  // namespace syncd::simulation
