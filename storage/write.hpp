// Values of the write queue: what is accepted, what is due, what became of it.
#pragma once

#include "config/core/model.hpp"
#include "storage/notice.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncd::storage {

enum class WriteStatus { pending, sending, done, failed, unknown };
std::string_view to_string(WriteStatus status);

/// One record of a write request. What the request's checks refused is entered as failed.
struct NewWrite {
    std::string id, record_id;  // record_id is empty for a create
    std::string body;           // sealed
    std::string marker;
    std::string error, problem;  // refused: why
};

/// A request's Idempotency-Key: what it is unique in, and what it was sent with.
struct IdempotencyKey {
    std::string scope, key, digest;
};

inline constexpr Duration idempotency_kept = std::chrono::hours{24 * 7};

struct AcceptWrites {
    std::string operation_id, installation_id, object;
    WriteType type{};
    bool batch = false, all_or_none = false, asynchronous = false;
    std::vector<NewWrite> writes;
    std::optional<IdempotencyKey> idempotency;
    Timestamp now, deadline_at;
};

/// A request of which nothing is kept but that it came and why it was refused.
struct RefusedWrites {
    std::string operation_id, installation_id, object;
    std::vector<std::string> reasons;
    Timestamp now;
};

struct AcceptedWrites {
    enum { fresh, repeated, other_request } what = fresh;
    std::string operation_id;  // of the first request where it is repeated
};

struct Write {
    std::int64_t key = 0, position = 0;
    std::string id, operation_id, installation_id, object;
    WriteType type{};
    std::string record_id;
    WriteStatus status{};
    bool looking = false;    // pending: its outcome is to be looked for, it is not to be sent
    bool ambiguous = false;  // an attempt may have been carried out
    std::int64_t attempts = 0, looks = 0, failures = 0;
    std::optional<Timestamp> first_sent_at, sent_at;
    Timestamp next_attempt_at, deadline_at, created_at, updated_at;
    std::string marker, error, problem;
    std::string body, answer;  // sealed; empty once it is final, or before
};

/// What may be sent or looked for now: of writes to one record only the first, of a batch that is all or none only the
/// next; besides what is past its deadline. A due time further off than `longest_wait` is due: the clock jumped.
struct WriteClaim {
    std::string installation_id;
    std::string objects;             // JSON list: others are not sent, they have left the configuration
    std::vector<std::int64_t> busy;  // keys in hand
    Timestamp now;
    Duration longest_wait{};
    std::size_t limit = 0;
    bool late_only = false;  // only what is past its deadline, looks for outcomes too
};

/// What to tell once none of an operation's writes can change any more; called inside the transaction.
using BuildWritten = std::function<Notices(const std::vector<Write>&)>;

/// What became of a write, or what is to happen next.
struct WriteStep {
    std::int64_t key = 0;
    WriteStatus status{};
    bool looking = false, ambiguous = false;
    std::int64_t looks = 0, failures = 0;
    std::string record_id;       // done
    std::string error, problem;  // kept while it goes on, too
    std::string answer;          // sealed
    std::string note;            // for the operation's log; empty: nothing
    Timestamp next_attempt_at, now;
    bool found = false;      // done: a create that a look has found; unknown if another one has that record already
    Notices unknown{};       // told if its outcome is unknown
    BuildWritten written{};  // told if it ends an operation that nobody waits for
};

struct FinishedWrite {
    Notices notices;  // that were told
    WriteStatus status{};
    bool stored = false;  // false: somebody else has ended it meanwhile
    bool operation_ended = false;
    std::int64_t not_sent = 0;  // further ones of its batch, which is all or none
};

/// An operator's word on a write whose outcome is unknown.
struct WriteResolution {
    std::string id;
    bool retry = false;  // else it is given up
    Timestamp now, deadline_at;
    BuildWritten written{};
};

struct ResolvedWrite {
    bool done = false;  // false: its outcome is not unknown
    Notices notices;    // that were told
};

}  // namespace syncd::storage
