// What follows from an attempt to deliver a message. Pure.
#pragma once

#include "config/config.hpp"
#include "storage/store.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace syncd {

/// How the receiver answered.
struct Answer {
    int status = 0;     // of HTTP; 0: none
    std::string error;  // why there is none
    std::optional<std::chrono::seconds> retry_after{};
};

inline constexpr Duration strict_wait_max =
    std::chrono::minutes{15};  // what holds back a stream is tried at least so often
inline constexpr Duration webhook_retry_after_max = std::chrono::hours{24};

/// The longest that any message of the destination may have to wait: what is due later is due now, the clock was set
/// back.
Duration longest_wait(const config::Destination& destination);

/// Delivered: 2xx. Dead: 400, 413, 422, or a used schedule while the destination accepts others. Held: 410, or nothing
/// but failures for disableAfter; both disable the destination. Else a retry: a wait of the schedule, ±20 %, is used up
/// once its time is over, however often the message was tried early meanwhile.
storage::Attempt judge(const storage::DueMessage& message, const storage::DestinationState& state,
                       const config::Destination& destination, const Answer& answer, Timestamp now,
                       std::uint64_t random);

}  // namespace syncd
