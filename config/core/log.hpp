// The log: one line per finished thing, an event name and fields.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace syncd {

enum class Level { debug, info, warn, error };

struct LogField {
    std::string_view name;
    std::variant<std::string, std::int64_t, bool> value;

    LogField(std::string_view n, std::string v) : name(n), value(std::move(v)) {}
    LogField(std::string_view n, std::string_view v) : name(n), value(std::string(v)) {}
    LogField(std::string_view n, const char* v) : name(n), value(std::string(v)) {}
    LogField(std::string_view n, bool v) : name(n), value(v) {}
    template <class Integer>
        requires std::is_integral_v<Integer>
    LogField(std::string_view n, Integer v) : name(n), value(std::int64_t(v)) {}
};

class Log {
public:
    using Sink = std::function<void(Level level, std::string_view event, std::span<const LogField> fields)>;

    explicit Log(Sink sink) : sink_(std::move(sink)) {}
    using Fields = std::initializer_list<LogField>;
    void write(Level level, std::string_view event, Fields fields) const { sink_(level, event, fields); }
    void debug(std::string_view event, Fields fields) const { write(Level::debug, event, fields); }
    void info(std::string_view event, Fields fields) const { write(Level::info, event, fields); }
    void warn(std::string_view event, Fields fields) const { write(Level::warn, event, fields); }
    void error(std::string_view event, Fields fields) const { write(Level::error, event, fields); }

private:
    Sink sink_;
};

/// `event name=value …`, values with spaces in quotes.
std::string format_text(std::string_view event, std::span<const LogField> fields);
/// `"event":"…","name":value,…`: the inside of a JSON object.
std::string format_json(std::string_view event, std::span<const LogField> fields);

/// To standard error with time and level; `json`: one object a line.
Log::Sink stderr_sink(Level least, bool json);
/// Whether standard error is a terminal.
bool stderr_is_terminal();

}  // namespace syncd
