// Schedules: five-field cron lines in UTC, @hourly and its siblings, and @every DURATION.
#pragma once

#include "config/core/error.hpp"
#include "config/core/time.hpp"

#include <bitset>
#include <string>
#include <string_view>

namespace syncd::config {

/// When an object is read. Values only; next() and period() are pure.
class Schedule {
public:
    /// Five fields (minute hour day-of-month month day-of-week) with lists, ranges, steps and English names; 0 and 7
    /// are Sunday; @yearly @annually @monthly @weekly @daily @midnight @hourly; `@every 30s`, from 1 s on. Errors:
    /// invalid_input, naming the field and what is allowed in it; also for a line that never matches (31 February).
    static result<Schedule> parse(std::string_view text);

    /// The first due time after `after`. Of @every: `after` plus the period.
    Timestamp next(Timestamp after) const;
    /// How many reads an hour it asks for, on average.
    double per_hour() const;
    const std::string& text() const { return text_; }
    bool operator==(const Schedule& other) const { return text_ == other.text_; }

private:
    std::string text_;
    Duration every_{};  // zero: a cron line
    std::bitset<60> minutes_;
    std::bitset<24> hours_;
    std::bitset<32> days_;                      // 1 to 31
    std::bitset<13> months_;                    // 1 to 12
    std::bitset<7> weekdays_;                   // 0: Sunday
    bool any_day_ = true, any_weekday_ = true;  // as in cron: when both are restricted, either one matches
};

}  // namespace syncd::config
