// What becomes of a write after an attempt, a crash or a look for its outcome. Pure.
#pragma once

#include "config/core/error.hpp"
#include "config/core/time.hpp"
#include "connector/http/message.hpp"
#include "storage/store.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace syncd {

/// How far a look can tell whether a lost write was carried out.
enum class Traceable { no, by_content, by_key };

/// What the judgement depends on beside the answer.
struct WriteCase {
    const storage::Write& write;
    bool repeatable = true;  // false: sent twice it may do its work twice: creates, updates that start paid work
    bool paid = false;       // it starts paid work
    Traceable traceable = Traceable::no;
    bool retry_unknown = false;  // onUnknown: retry
    bool deleted_since = false;  // a create: a delete of ours may have removed what it made
    Timestamp now;
    std::uint64_t random = 0;
};

/// What a look found.
struct Looked {
    enum { nothing, ours, taken, unclear } what = nothing;
    std::string record_id;
    std::string why;  // taken, unclear
};

inline constexpr Duration look_after = std::chrono::seconds{30};  // the provider's lists may lag behind
inline constexpr int looks_max = 2;
inline constexpr Duration write_wait_max = std::chrono::hours{24};  // the longest between two attempts, as Retry-After

/// The provider answered. 2xx: done; 401, 429 and 503: later, until the deadline; other 5xx: as lost(); 404 of a delete
/// that may have been carried out: done, unless a gateway said it; 409 of a create that may have been: looked for; else
/// failed with what it said. `error` is the answer's, unused when it is a success.
storage::WriteStep judge_answer(const WriteCase& write, const http::Response& answer, const Error& error);
/// No answer came, or a crash between sending and the answer: what is repeatable is sent again until the deadline, else
/// it is looked for, or its outcome stays unknown.
storage::WriteStep judge_lost(const WriteCase& write, const Error& error);
/// Nothing reached the provider: again, until the deadline.
storage::WriteStep judge_unsent(const WriteCase& write, const Error& error);
storage::WriteStep judge_look(const WriteCase& write, const result<Looked>& looked);
/// Its deadline has passed while it waited to be sent.
storage::WriteStep judge_late(const WriteCase& write);

}  // namespace syncd
