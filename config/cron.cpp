#include "config/cron.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

namespace syncd::config {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 12> month_names = {"jan", "feb", "mar", "apr", "may", "jun",
                                                          "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekday_names = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::size_t text_bytes_max = 256;

/// What one of the five fields may hold. `names` stand for the numbers from `low` on.
struct Field5 {
    std::string_view title;
    int low, high;
    Names names;
    std::string_view allowed;
};

constexpr std::array<Field5, 5> cron_fields = {{
    {"minute", 0, 59, {}, "0-59"},
    {"hour", 0, 23, {}, "0-23"},
    {"day of month", 1, 31, {}, "1-31"},
    {"month", 1, 12, month_names, "1-12 or JAN-DEC"},
    {"day of week", 0, 7, weekday_names, "0-7 (0 and 7 are Sunday) or SUN-SAT"},
}};

struct Alias {
    std::string_view name, line;
};
constexpr std::array<Alias, 7> aliases = {{
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
    {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
}};

std::vector<std::string_view> split(std::string_view text, std::string_view separators, bool keep_empty) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
        if (end > at || keep_empty) parts.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
    return out;
}

/// At most four digits: no field has use for more, and nothing overflows.
std::optional<int> small_number(std::string_view text) {
    if (text.empty() || text.size() > 4) return std::nullopt;
    int value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

std::optional<int> point(const Field5& field, std::string_view text) {
    const auto name = std::ranges::find(field.names, lower(text));
    if (name != field.names.end()) return field.low + int(name - field.names.begin());
    const auto value = small_number(text);
    return value && *value >= field.low && *value <= field.high ? value : std::nullopt;
}

struct Span {
    int first, last, step;
};

/// `*`, `5`, `5-10`, each with `/step`. `5/10` goes on to the field's end, as `5-59/10`.
std::optional<Span> parse_span(const Field5& field, std::string_view text) {
    const std::size_t slash = text.find('/');
    int step = 1;
    if (slash != std::string_view::npos) {
        const auto given = small_number(text.substr(slash + 1));
        if (!given || *given == 0) return std::nullopt;
        step = *given;
    }
    const auto range = text.substr(0, slash);
    if (range == "*") return Span{field.low, field.high, step};
    const std::size_t dash = range.find('-');
    const auto first = point(field, range.substr(0, dash));
    if (!first) return std::nullopt;
    if (dash == std::string_view::npos)
        return Span{*first, slash == std::string_view::npos ? *first : field.high, step};
    auto last = point(field, range.substr(dash + 1));
    if (last && *last == 0 && *first > 0) last = 7;  // FRI-SUN; only a day of week can be 0 after something larger
    if (!last || *last < *first || *last > field.high) return std::nullopt;
    return Span{*first, *last, step};
}

/// The numbers that a field allows, as a bit each.
result<std::uint64_t> parse_field(const Field5& field, std::string_view text) {
    std::uint64_t bits = 0;
    for (const auto part : split(text, ",", true)) {
        const auto span = parse_span(field, part);
        if (!span)
            return Error{errc::invalid_input,
                         fmt::format("'{}' is no {}; allowed are {}, *, lists (1,2), ranges (1-5) and steps (*/5)",
                                     part, field.title, field.allowed)};
        for (int i = span->first; i <= span->last; i += span->step) bits |= std::uint64_t{1} << i;
    }
    return bits;
}

bool is_any(std::string_view field) { return field == "*" || field == "*/1"; }

/// Whether some month that is allowed has a day that is allowed; February with 29 days.
bool has_a_day(const std::bitset<13>& months, const std::bitset<32>& month_days) {
    constexpr std::array<std::size_t, 13> lengths = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (std::size_t month = 1; month <= 12; ++month)
        for (std::size_t day = 1; months[month] && day <= lengths[month]; ++day)
            if (month_days[day]) return true;
    return false;
}

/// Which days a cron line means. Two restricted fields: either one is enough.
struct Days {
    const std::bitset<13>& months;
    const std::bitset<32>& month_days;
    const std::bitset<7>& weekdays;
    bool either;

    bool match(sys_days day) const {
        const year_month_day date{day};
        if (!months[unsigned(date.month())]) return false;
        const bool day_fits = month_days[unsigned(date.day())];
        const bool weekday_fits = weekdays[std::chrono::weekday{day}.c_encoding()];
        return either ? day_fits || weekday_fits : day_fits && weekday_fits;
    }
};

constexpr std::string_view forms =
    "five fields (minute hour day-of-month month day-of-week), @yearly, @annually, @monthly, @weekly, @daily, "
    "@midnight, "
    "@hourly or @every DURATION";

}  // namespace

result<Schedule> Schedule::parse(std::string_view text) {
    if (text.size() > text_bytes_max)
        return Error{errc::invalid_input, fmt::format("a schedule is at most {} characters long", text_bytes_max)};
    auto words = split(text, " \t", false);
    if (words.empty()) return Error{errc::invalid_input, fmt::format("a schedule is empty; allowed are {}", forms)};
    Schedule schedule;
    schedule.text_ = fmt::format("{}", fmt::join(words, " "));

    if (lower(words[0]) == "@every") {
        const auto period = words.size() == 2 ? parse_duration(words[1]) : std::nullopt;
        if (!period || *period < seconds{1})
            return Error{errc::invalid_input, "@every takes one duration from 1s on, such as 30s, 5m, 2h or 7d"};
        schedule.every_ = *period;
        return schedule;
    }
    if (words[0].starts_with('@')) {
        const auto alias = std::ranges::find(aliases, lower(words[0]), &Alias::name);
        if (alias == aliases.end() || words.size() != 1)
            return Error{errc::invalid_input, fmt::format("'{}' is no schedule; allowed are {}", text, forms)};
        words = split(alias->line, " ", false);
    }
    if (words.size() != cron_fields.size())
        return Error{errc::invalid_input, fmt::format("a schedule of {} {}; allowed are {}", words.size(),
                                                      words.size() == 1 ? "field" : "fields", forms)};

    std::array<std::uint64_t, 5> bits{};
    for (std::size_t i = 0; i < bits.size(); ++i) {
        const auto field = parse_field(cron_fields[i], words[i]);
        if (!field) return field.error();
        bits[i] = *field;
    }
    schedule.minutes_ = bits[0];
    schedule.hours_ = bits[1];
    schedule.days_ = bits[2];
    schedule.months_ = bits[3];
    schedule.weekdays_ = (bits[4] | bits[4] >> 7) & 0x7F;  // 7 is Sunday too
    schedule.any_day_ = is_any(words[2]);
    schedule.any_weekday_ = is_any(words[4]);
    if (schedule.any_weekday_ && !has_a_day(schedule.months_, schedule.days_))
        return Error{errc::invalid_input,
                     fmt::format("day of month '{}' never comes in month '{}'", words[2], words[3])};
    return schedule;
}

Timestamp Schedule::next(Timestamp after) const {
    if (every_ > Duration::zero()) return after + every_;
    const auto earliest = std::chrono::floor<minutes>(after) + minutes{1};
    const auto first_day = std::chrono::floor<days>(earliest);
    const Days allowed{months_, days_, weekdays_, !any_day_ && !any_weekday_};
    constexpr int longest_gap_days = 8 * 366;  // 29 February from 2096 to 2104
    for (auto day = first_day; day <= first_day + days{longest_gap_days}; day += days{1}) {
        if (!allowed.match(day)) continue;
        for (std::size_t hour = 0; hour < hours_.size(); ++hour) {
            if (!hours_[hour] || day + hours{hour + 1} <= earliest) continue;
            for (std::size_t minute = 0; minute < minutes_.size(); ++minute) {
                const auto due = day + hours{hour} + minutes{minute};
                if (minutes_[minute] && due >= earliest) return due;
            }
        }
    }
    return Timestamp::max();  // only a Schedule that never was parsed
}

double Schedule::per_hour() const {
    if (every_ > Duration::zero()) return double(Duration{hours{1}}.count()) / double(every_.count());
    // In 28 years every date meets every weekday equally often.
    const sys_days from{std::chrono::year{2001} / 1 / 1}, until{std::chrono::year{2029} / 1 / 1};
    const Days allowed{months_, days_, weekdays_, !any_day_ && !any_weekday_};
    int matching = 0;
    for (auto day = from; day < until; day += days{1}) matching += allowed.match(day) ? 1 : 0;
    const double share = double(matching) / double((until - from).count());
    return double(minutes_.count() * hours_.count()) / 24 * share;
}

}  // namespace syncd::config
