// When each object of one installation is read.
#pragma once

#include "connector/world/group.hpp"
#include "daemon/object_reader.hpp"

#include <memory>
#include <vector>

namespace syncd {

/// Whether the connection works, as the last request that could tell says.
class Health {
public:
    Health(ReaderContext& context);
    /// Takes note of how a read ended.
    awaitable<void> note(const ReadOutcome& outcome);
    /// Takes note of what any request says, soon: why the connection is refused; empty: it works.
    void hear(const std::optional<Error>& refused);
    /// Until what was heard is stored.
    awaitable<void> settle();
    /// Without a word in the log; whether it was otherwise before. `reason`: why it is unhealthy.
    awaitable<bool> set(bool healthy, std::string reason);

private:
    awaitable<void> store_heard();

    ReaderContext& context_;
    std::optional<bool> known_;  // empty: not told since the process began
    ReadOutcome heard_;          // the last sign, as a read would have ended by it
    Group storing_;
};

/// The next time an object is due: at once when it was never read or its time was missed, else as its schedule says.
Timestamp next_due(const config::Schedule& schedule, std::optional<Timestamp> last_due_at, Timestamp now);

class Scheduler {
public:
    Scheduler(ReaderContext& context, std::vector<std::unique_ptr<ObjectReader>>& readers, Health& health);

    /// Reads on schedule until the context is stopping, stop() was called and the reads in hand have ended.
    awaitable<void> run();
    /// Wakes what waits for its time.
    void wake();
    /// Cuts the reads in hand; what they committed stays.
    void cancel() { group_.cancel(); }

private:
    awaitable<void> serve(ObjectReader& reader);
    /// Takes note when a user's consent ends, whoever heard of it: a read, a write, a request that is passed through.
    awaitable<void> watch_consent();
    struct Turn;
    awaitable<void> wait_until_due(ObjectReader& reader, Doorbell& bell, Turn& turn);
    /// Whether the installation's iTwins are known, where the object is read for each of them.
    awaitable<bool> knows_itwins(const ObjectReader& reader);

    ReaderContext& context_;
    std::vector<std::unique_ptr<ObjectReader>>& readers_;
    Health& health_;
    std::vector<Doorbell*> bells_;
    Group group_;
};

}  // namespace syncd
