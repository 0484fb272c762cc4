#include "config/core/log.hpp"

#include "config/core/json.hpp"
#include "config/core/text.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>

namespace syncd {
namespace {

constexpr std::size_t value_bytes_max = 2000;  // a peer's long error text must not become a long line

std::string plain(const LogField& field) {
    if (const auto* text = std::get_if<std::string>(&field.value)) return clean_text(*text, value_bytes_max);
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) return std::to_string(*number);
    return std::get<bool>(field.value) ? "true" : "false";
}

bool needs_quotes(char c) { return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == 0x7F; }

bool is_text(const LogField& field) { return std::holds_alternative<std::string>(field.value); }

spdlog::level::level_enum of(Level level) {
    switch (level) {
        case Level::debug: return spdlog::level::debug;
        case Level::info: return spdlog::level::info;
        case Level::warn: return spdlog::level::warn;
        case Level::error: return spdlog::level::err;
    }
    return spdlog::level::info;
}

}  // namespace

std::string format_text(std::string_view event, std::span<const LogField> fields) {
    std::string line(event);
    for (const auto& field : fields) {
        const auto value = plain(field);
        const bool quoted = is_text(field) && (value.empty() || std::ranges::any_of(value, needs_quotes));
        line += ' ';
        line += field.name;
        line += '=';
        line += quoted ? json::quote(value) : value;
    }
    return line;
}

std::string format_json(std::string_view event, std::span<const LogField> fields) {
    std::string line = "\"event\":" + json::quote(event);
    for (const auto& field : fields) {
        line += "," + json::quote(field.name) + ":";
        line += is_text(field) ? json::quote(plain(field)) : plain(field);
    }
    return line;
}

Log::Sink stderr_sink(Level least, bool json) {
    auto logger = std::make_shared<spdlog::logger>("syncd", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    logger->set_level(of(least));
    logger->set_pattern(
        json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})" : "%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %v",
        spdlog::pattern_time_type::utc);
    logger->flush_on(spdlog::level::debug);
    return [logger, json](Level level, std::string_view event, std::span<const LogField> fields) {
        if (!logger->should_log(of(level))) return;
        logger->log(of(level), "{}", json ? format_json(event, fields) : format_text(event, fields));
    };
}

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

}  // namespace syncd
