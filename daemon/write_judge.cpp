#include "daemon/write_judge.hpp"

#include "connector/bentley/problem.hpp"
#include "connector/http/retry.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd {
namespace {

using storage::WriteStatus;
using storage::WriteStep;

constexpr std::string_view earlier_attempt = "; an earlier attempt may have been carried out";
constexpr int backoff_attempt_max = 6;  // waits grow to a minute and stay there: the deadline ends them

/// The write as it stands, to be changed in one way.
WriteStep step_of(const WriteCase& c) {
    const auto& write = c.write;
    return {.key = write.key,
            .status = WriteStatus::pending,
            .looking = write.looking,
            .ambiguous = write.ambiguous,
            .looks = write.looks,
            .failures = write.failures,
            .next_attempt_at = c.now,
            .now = c.now};
}

WriteStep done(const WriteCase& c) {
    auto step = step_of(c);
    step.status = WriteStatus::done;
    return step;
}

WriteStep failed(const WriteCase& c, std::string why) {
    auto step = step_of(c);
    step.status = WriteStatus::failed;
    if (c.write.ambiguous && c.write.type != WriteType::create) why += earlier_attempt;
    step.error = why;
    step.note = std::move(why);
    return step;
}

WriteStep unknown(const WriteCase& c, std::string why) {
    auto step = step_of(c);
    step.status = WriteStatus::unknown;
    step.looking = false;
    step.ambiguous = true;
    step.error = "its outcome is unknown: " + std::move(why);
    step.note =
        step.error + fmt::format("; look at the provider, then `write --resolve {} retry` or `abandon`", c.write.id);
    return step;
}

/// Whether it may have been carried out without anything that would show it.
bool may_be_done(const WriteCase& c) { return !c.repeatable && c.write.ambiguous && c.traceable != Traceable::by_key; }

WriteStep ended(const WriteCase& c, std::string why) {
    if (may_be_done(c)) return unknown(c, std::move(why));
    if (c.write.ambiguous && c.write.type == WriteType::create) why += earlier_attempt;  // lists may lag for long
    return failed(c, std::move(why));
}

Duration wait_for(const WriteCase& c, const Error& error, std::int64_t failures) {
    const int attempt = int(std::min<std::int64_t>(failures, backoff_attempt_max - 1));
    // As for reads, but with no last attempt: the class only decides about the wait's length here.
    Error kind{.code = error.code == errc::rate_limited ? errc::rate_limited : errc::transient, .message = ""};
    // Of a refused connection it says when others may try it; the write may end before.
    if (error.code != errc::unauthorized) kind.retry_after = error.retry_after;
    const auto wait = http::retry_wait(kind, std::min(attempt, http::attempts_max - 1), attempt, c.random);
    return std::clamp<Duration>(wait.value_or(std::chrono::minutes{1}), std::chrono::milliseconds{100}, write_wait_max);
}

/// Sent again once its wait is over, if that is before the deadline.
WriteStep again(const WriteCase& c, const Error& error) {
    auto step = step_of(c);
    step.looking = false;
    ++step.failures;
    step.next_attempt_at = c.now + wait_for(c, error, step.failures);
    if (step.next_attempt_at >= c.write.deadline_at)
        return ended(c, fmt::format("{}; given up at its deadline after {} attempts", error.message, c.write.attempts));
    step.error = error.message;
    step.note =
        fmt::format("attempt {}: {}; again at {}", c.write.attempts, error.message, format_time(step.next_attempt_at));
    return step;
}

WriteStep look_later(const WriteCase& c, Duration wait, std::string why) {
    auto step = step_of(c);
    step.looking = true;
    step.ambiguous = true;
    step.next_attempt_at = c.now + wait;
    step.error = std::move(why);
    return step;
}

}  // namespace

WriteStep judge_answer(const WriteCase& c, const http::Response& answer, const Error& error) {
    const int status = answer.status;
    if (status / 100 == 2) return done(c);
    if (status == 429 || status == 503) return again(c, error);
    if (status == 401) return again(c, error);  // a clean refusal of the connection, not of the write
    if (status >= 500 || status == 408) return judge_lost(c, error);
    if (c.write.ambiguous && c.write.type == WriteType::remove && (status == 404 || status == 410))
        return bentley::is_missing_route(answer, error) ? again(c, error) : done(c);  // a gateway knows no records
    // The key is taken, or the work under way: perhaps by an attempt of ours that was carried out after all.
    const bool done_before = status == 409 || (status == 422 && c.write.type == WriteType::update);
    if (c.write.ambiguous && !c.repeatable && done_before && c.traceable != Traceable::no)
        return look_later(c, c.write.type == WriteType::update ? look_after : Duration::zero(), error.message);
    return ended(c, error.message);
}

WriteStep judge_unsent(const WriteCase& c, const Error& error) { return again(c, error); }

WriteStep judge_lost(const WriteCase& given, const Error& error) {
    auto write = given.write;
    write.ambiguous = true;  // whatever comes of it
    const WriteCase c{.write = write,
                      .repeatable = given.repeatable,
                      .paid = given.paid,
                      .traceable = given.traceable,
                      .retry_unknown = given.retry_unknown,
                      .now = given.now,
                      .random = given.random};
    if (c.repeatable) return again(c, error);
    if (c.traceable == Traceable::no) return c.retry_unknown && !c.paid ? again(c, error) : unknown(c, error.message);
    auto step = look_later(c, look_after, error.message);
    step.looks = 0;
    step.note = fmt::format("attempt {}: {}; its outcome is looked for at {}", c.write.attempts, error.message,
                            format_time(step.next_attempt_at));
    return step;
}

WriteStep judge_look(const WriteCase& c, const result<Looked>& looked) {
    if (!looked) {
        const auto& error = looked.error();
        auto step = look_later(c, wait_for(c, error, c.write.failures + 1), c.write.error);
        ++step.failures;
        if (step.next_attempt_at >= c.write.deadline_at)
            return unknown(c, fmt::format("{}; looking for it: {}", c.write.error, error.message));
        step.note =
            fmt::format("looking for its outcome: {}; again at {}", error.message, format_time(step.next_attempt_at));
        return step;
    }
    if (looked->what == Looked::ours) {
        auto step = done(c);
        step.record_id = looked->record_id;
        step.found = c.write.type == WriteType::create;
        step.note = fmt::format("its answer was lost; found as {}", looked->record_id);
        return step;
    }
    if (looked->what == Looked::taken) return failed(c, fmt::format("{}; {}", c.write.error, looked->why));
    if (looked->what == Looked::unclear) return unknown(c, fmt::format("{}; {}", c.write.error, looked->why));
    if (c.write.looks + 1 < looks_max) {
        auto step = look_later(c, look_after, c.write.error);
        ++step.looks;
        return step;
    }
    // Not there, twice: that proves nothing where a delete of ours may have removed it.
    const bool safe = (c.traceable == Traceable::by_key && !c.deleted_since) || (c.retry_unknown && !c.paid);
    if (!safe)
        return unknown(
            c, c.write.error + (c.deleted_since ? "; nothing found, but it may be what was deleted meanwhile"
                                                : "; nothing found that is surely it, and nothing that rules it out"));
    auto step = again(c, Error{errc::transient, c.write.error + "; two looks do not show it"});
    step.ambiguous = true;
    return step;
}

WriteStep judge_late(const WriteCase& c) {
    const auto last = c.write.error.empty() ? std::string("it never could be sent") : c.write.error;
    return ended(c, last + "; given up at its deadline");
}

}  // namespace syncd
