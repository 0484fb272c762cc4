// The writes of one installation: accepts them onto the disk, sends them in their order, finds out what became of them.
#pragma once

#include "connector/bentley/rules.hpp"
#include "connector/world/group.hpp"
#include "daemon/outage.hpp"
#include "daemon/write_attempt.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace syncd {

/// A write request of Ampersand's API, parsed.
struct WriteOrder {
    std::string object;  // provider's or mapped name
    WriteType type{};
    bool batch = false, all_or_none = false, asynchronous = false;
    std::int64_t deadline_hours = 1;
    std::vector<std::string> records;  // JSON objects; more than one only in a batch
    std::string idempotency_key;       // empty: none
    std::string digest;                // of the request, where it has a key
};

struct WriteAccepted {
    std::string operation_id;
    std::vector<bentley::Fault> faults;  // all of them; not empty: it was refused as a whole
};

class WriteService {
public:
    WriteService(ReaderContext& context, const bentley::Catalog& catalog, const Cipher& cipher,
                 WrittenRecords& written);

    /// Puts the request on disk; one that is refused, as by its checks or since its key came with another request, as a
    /// failed operation. Errors: not_found (the installation doesn't write the object).
    awaitable<result<WriteAccepted>> accept(WriteOrder order);
    /// Until none of the operation's writes will change soon: each is done, failed or unknown; or `limit` is over.
    /// Answers open ones of theirs too.
    awaitable<std::vector<storage::Write>> wait(std::string operation_id, Duration limit);
    /// The record as the provider answered it, JSON; empty when there is none.
    std::string answer_of(const storage::Write& write) const;
    /// Sends what is due until the context is stopping.
    awaitable<void> run();
    /// There may be something to do, or it is time to stop.
    void wake();
    /// The connection works: what waited for that is sent.
    void resume();
    /// What tells of the end of the write's operation.
    storage::BuildWritten tell_written(const storage::Write& write) const;
    /// Cuts what is in flight: its outcome is looked for when the process starts again.
    void cancel() { lanes_.cancel(); }

private:
    std::optional<storage::IdempotencyKey> key_of(const WriteOrder& order) const;

    result<storage::NewWrite> prepare(const config::WriteObject& object, const WriteOrder& order,
                                      const std::string& record, std::vector<bentley::Fault>& faults);
    awaitable<WriteAccepted> refuse(std::string object, std::vector<bentley::Fault> faults);
    awaitable<void> settle_interrupted();
    /// What may be sent now.
    storage::WriteClaim claim();
    awaitable<void> start_due();
    void note_contact(const WriteAttempt& attempt);
    awaitable<void> work(storage::Write write);
    awaitable<void> finish(const storage::Write& write, storage::WriteStep step);
    WriteSubject subject(const storage::Write& write) const;

    ReaderContext& context_;
    WriteContext writes_;
    std::string objects_;                            // that may be written, a JSON list
    std::vector<std::int64_t> busy_;                 // keys
    std::multimap<std::string, Doorbell*> waiting_;  // by operation
    Doorbell bell_;
    Group lanes_;
    Outage outage_;                      // of the connection
    std::optional<std::int64_t> probe_;  // the key of the write that tries whether it is over
    bool paused_ = false;                // the store failed: not so fast
};

}  // namespace syncd
