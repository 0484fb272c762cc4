#include "config/core/time.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace syncd {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> day_names = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

/// Exactly `count` digits at `at`; -1 when they are not there.
int digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return -1;
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

std::optional<Timestamp> civil(int year, int month, int day, int hour, int minute, int second) {
    const auto date = std::chrono::year{year} / month / day;
    if (year < 1 || !date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return std::nullopt;
    return Timestamp{std::chrono::sys_days{date}} + hours{hour} + minutes{minute} + seconds{second};
}

/// Offset from UTC in minutes at `at`, which must reach the end of the text.
std::optional<int> offset_minutes(std::string_view text, std::size_t at) {
    if (at == text.size()) return 0;
    if ((text[at] == 'Z' || text[at] == 'z') && at + 1 == text.size()) return 0;
    if (text[at] != '+' && text[at] != '-') return std::nullopt;
    const int sign = text[at] == '-' ? -1 : 1;
    const bool colon = at + 3 < text.size() && text[at + 3] == ':';
    const int hour = digits(text, at + 1, 2);
    const int minute = digits(text, at + (colon ? 4 : 3), 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || at + (colon ? 6 : 5) != text.size()) return std::nullopt;
    return sign * (hour * 60 + minute);
}

struct Civil {
    std::chrono::year_month_day date;
    std::chrono::hh_mm_ss<microseconds> clock;
};

Civil split(Timestamp time) {
    const auto day = std::chrono::floor<days>(time);
    return {std::chrono::year_month_day{day}, std::chrono::hh_mm_ss<microseconds>{time - day}};
}

std::string date_and_clock(Timestamp time) {
    const auto [date, clock] = split(time);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int(date.year()), unsigned(date.month()),
                       unsigned(date.day()), clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace

std::string format_time(Timestamp time) {
    const auto rest = std::chrono::floor<milliseconds>(time) - std::chrono::floor<seconds>(time);
    return fmt::format("{}.{:03}Z", date_and_clock(time), rest.count());
}

std::string format_time_seconds(Timestamp time) { return date_and_clock(time) + "Z"; }

std::optional<Timestamp> parse_time(std::string_view text) {
    constexpr std::size_t longest = 40;
    if (text.size() < 19 || text.size() > longest) return std::nullopt;
    if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') ||
        text[13] != ':' || text[16] != ':')
        return std::nullopt;
    auto time = civil(digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2), digits(text, 11, 2),
                      digits(text, 14, 2), digits(text, 17, 2));
    if (!time) return std::nullopt;
    std::size_t at = 19;
    if (at < text.size() && text[at] == '.') {
        int scale = 100'000;
        const std::size_t first = ++at;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
            *time += microseconds{(text[at] - '0') * scale};
        if (at == first || at - first > 9) return std::nullopt;
    }
    const auto offset = offset_minutes(text, at);
    if (!offset) return std::nullopt;
    return *time - minutes{*offset};
}

std::optional<Timestamp> parse_http_date(std::string_view text) {
    // "Sun, 06 Nov 1994 08:49:37 GMT"
    if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
    for (std::size_t month = 0; month < month_names.size(); ++month) {
        if (text.substr(8, 3) != month_names[month]) continue;
        return civil(digits(text, 12, 4), int(month) + 1, digits(text, 5, 2), digits(text, 17, 2), digits(text, 20, 2),
                     digits(text, 23, 2));
    }
    return std::nullopt;
}

std::string format_http_date(Timestamp time) {
    const auto [date, clock] = split(time);
    const std::chrono::weekday weekday{std::chrono::floor<days>(time)};
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", day_names[weekday.c_encoding()],
                       unsigned(date.day()), month_names[unsigned(date.month()) - 1], int(date.year()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<Duration> parse_duration(std::string_view text) {
    std::int64_t count = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
    constexpr std::int64_t longest = 1'000'000'000;
    if (failure != std::errc{} || count < 0 || count > longest) return std::nullopt;
    const std::string_view unit(end, std::size_t(text.data() + text.size() - end));
    if (unit == "ms") return milliseconds{count};
    if (unit == "s") return seconds{count};
    if (count > longest / 10'000) return std::nullopt;  // 100,000 days: beyond any use, far from overflow
    if (unit == "m") return minutes{count};
    if (unit == "h") return hours{count};
    if (unit == "d") return days{count};
    return std::nullopt;
}

std::string format_duration(Duration duration) {
    const auto exact = [&](auto unit, const char* name) -> std::string {
        if (duration % unit != Duration::zero()) return {};
        return fmt::format("{}{}", duration / unit, name);
    };
    if (duration == Duration::zero()) return "0s";
    for (auto& text : {exact(days{1}, "d"), exact(hours{1}, "h"), exact(minutes{1}, "m"), exact(seconds{1}, "s")})
        if (!text.empty()) return text;
    return fmt::format("{}ms", duration / milliseconds{1});
}

}  // namespace syncd
