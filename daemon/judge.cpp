#include "daemon/judge.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd {
namespace {

using storage::Attempt;
using storage::Verdict;

Duration with_jitter(Duration wait, std::uint64_t random) {
    constexpr std::int64_t steps = 401;  // -20.0 % to +20.0 %
    return Duration{wait.count() / 1000 * (800 + std::int64_t(random % steps))};
}

std::string reason_of(const Answer& answer) {
    return answer.status == 0 ? answer.error : fmt::format("HTTP {}", answer.status);
}

Attempt hold(Attempt attempt, std::string reason) {
    attempt.verdict = Verdict::hold;
    attempt.disable = true;
    attempt.error = std::move(reason);
    return attempt;
}

/// The next try of a message that stays where it is.
Attempt retry(Attempt attempt, const storage::DueMessage& message, const config::Destination& destination,
              const Answer& answer, Timestamp now, std::uint64_t random) {
    const auto& schedule = destination.retry_schedule;
    attempt.verdict = Verdict::retry;
    attempt.step = message.step;
    attempt.step_due_at = message.step_due_at;
    const bool clock_jumped = message.step_due_at && *message.step_due_at > now + longest_wait(destination);
    if (!message.step_due_at || now >= *message.step_due_at || clock_jumped) {
        const auto last = schedule.empty() ? strict_wait_max : schedule.back();
        const auto index = std::size_t(message.step);
        attempt.step_due_at = now + with_jitter(index < schedule.size() ? schedule[index] : last, random);
        attempt.step = std::min<std::int64_t>(message.step + 1, std::int64_t(schedule.size()) + 1);
    }
    if (answer.retry_after) {
        const auto asked =
            now + std::min(*answer.retry_after, std::chrono::floor<std::chrono::seconds>(webhook_retry_after_max));
        attempt.step_due_at = std::max(*attempt.step_due_at, asked);
        attempt.next_attempt_at = destination.strict_ordering
                                      ? std::max(asked, std::min(*attempt.step_due_at, now + strict_wait_max))
                                      : *attempt.step_due_at;
    } else {
        attempt.next_attempt_at =
            destination.strict_ordering ? std::min(*attempt.step_due_at, now + strict_wait_max) : *attempt.step_due_at;
    }
    return attempt;
}

bool schedule_is_used(const storage::DueMessage& message, const config::Destination& destination, Timestamp now) {
    if (destination.retry_schedule.empty()) return true;
    return message.step >= std::int64_t(destination.retry_schedule.size()) && message.step_due_at &&
           now >= *message.step_due_at;
}

}  // namespace

Duration longest_wait(const config::Destination& destination) {
    Duration longest = webhook_retry_after_max;
    for (const auto wait : destination.retry_schedule) longest = std::max(longest, wait + wait / 5);
    return longest;
}

Attempt judge(const storage::DueMessage& message, const storage::DestinationState& state,
              const config::Destination& destination, const Answer& answer, Timestamp now, std::uint64_t random) {
    Attempt attempt{.message_key = message.key, .status = answer.status, .at = now};
    if (answer.status / 100 == 2) {
        attempt.verdict = Verdict::delivered;
        return attempt;
    }
    attempt.error = reason_of(answer);
    if (answer.status == 410) return hold(attempt, "the destination answered 410 Gone");
    if (answer.status == 400 || answer.status == 413 || answer.status == 422) {
        attempt.verdict = Verdict::dead;
        return attempt;
    }
    const bool went_on = state.last_failed_at && now - *state.last_failed_at < storage::failing_gap_max;
    if (state.failing_since && went_on && now - *state.failing_since >= destination.disable_after)
        return hold(attempt, fmt::format("nothing but failures for {}, last: {}",
                                         format_duration(destination.disable_after), attempt.error));
    const bool others_pass =
        state.last_accepted_at && message.first_attempt_at && *state.last_accepted_at > *message.first_attempt_at;
    if (others_pass && schedule_is_used(message, destination, now)) {
        attempt.verdict = Verdict::dead;
        return attempt;
    }
    return retry(attempt, message, destination, answer, now, random);
}

}  // namespace syncd
