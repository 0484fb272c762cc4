// Instants, their RFC 3339 form and the forms that HTTP and the provider use. Nobody here asks what time it is.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace syncd {

using Duration = std::chrono::microseconds;
/// Wall clock, UTC; may jump.
using Timestamp = std::chrono::sys_time<Duration>;
/// Monotonic; for waits.
using Tick = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// `2026-11-21T08:00:00.000Z`: always milliseconds and Z, so that texts sort as the instants do.
std::string format_time(Timestamp time);
/// `2026-11-21T08:00:00Z`: the provider's filters take no fraction. Rounds down.
std::string format_time_seconds(Timestamp time);
/// RFC 3339 with 0 to 9 fractional digits and any offset; a missing offset is UTC. Empty when it is not a time.
std::optional<Timestamp> parse_time(std::string_view text);
/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110). Empty when it is not one.
std::optional<Timestamp> parse_http_date(std::string_view text);
/// The reverse of parse_http_date.
std::string format_http_date(Timestamp time);
/// `500ms`, `15s`, `5m`, `2h`, `7d`. Empty when it is not a duration.
std::optional<Duration> parse_duration(std::string_view text);
/// The shortest of those forms that is exact, for people.
std::string format_duration(Duration duration);

}  // namespace syncd
