#include "tests/sandbox/faults.hpp"

#include "config/core/json.hpp"
#include "tests/sandbox/call.hpp"
#include "tests/sandbox/objects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace syncd::sandbox {
namespace {

constexpr std::array<std::pair<std::string_view, FaultKind>, 19> kinds = {{
    {"status", FaultKind::status}, {"reset", FaultKind::reset}, {"close", FaultKind::close}, {"hang", FaultKind::hang},
    {"slow", FaultKind::slow}, {"truncate", FaultKind::truncate}, {"garbage", FaultKind::garbage},
    {"html", FaultKind::html}, {"foreignNext", FaultKind::foreign_next}, {"loop", FaultKind::loop},
    {"nullNext", FaultKind::null_next}, {"noNext", FaultKind::no_next}, {"wrongKey", FaultKind::wrong_key},
    {"noId", FaultKind::no_id}, {"omit", FaultKind::omit}, {"twice", FaultKind::twice}, {"empty", FaultKind::empty},
    {"body", FaultKind::body}, {"date", FaultKind::date}}};

bool set_object(Fault& fault, std::string_view text) {
    const auto* row = find_object(text);
    if (row) fault.object = row->name;
    return row != nullptr;
}

bool set_probability(Fault& fault, std::string_view text) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), fault.probability);
    return failure == std::errc{} && end == text.data() + text.size() && fault.probability >= 0 &&
           fault.probability <= 1;
}

/// Sets one member; false when the name is unknown or the value does not fit.
bool set(Fault& fault, std::string_view name, std::string_view text) {
    const auto number = [&](auto& target, std::int64_t low, std::int64_t high) {
        const auto value = parse_number(text, low, high);
        using Target = std::remove_reference_t<decltype(target)>;
        if (value) target = static_cast<Target>(*value);
        return value.has_value();
    };
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    if (name == "path" || name == "hook") {
        fault.path = name == "hook" ? fmt::format("/hooks/{}", text) : std::string(text);
        return true;
    }
    if (name == "method") return fault.method = text, true;
    if (name == "object") return set_object(fault, text);
    if (name == "operation") {
        fault.operation = text;
        return has_word("create update delete read write", text);
    }
    if (name == "probability") return set_probability(fault, text);
    if (name == "seed") return number(fault.seed, 0, most);
    if (name == "contains") return fault.contains = text, true;
    if (name == "url") return fault.url = text, true;
    if (name == "body") return fault.body = text, true;
    if (name == "contentType") return fault.content_type = text, true;
    if (name == "offsetSeconds") {
        const auto seconds = parse_number(text, -most, most);
        if (seconds) fault.date_offset = std::chrono::seconds{*seconds};
        return seconds.has_value();
    }
    if (name == "processed") return fault.processed = text == "true", text == "true" || text == "false";
    if (name == "status") return number(fault.status, 100, 599);
    if (name == "count") return number(fault.count, -1, most);
    if (name == "afterPages" || name == "after") return number(fault.after, 0, most);
    if (name == "every") return number(fault.every, 1, most);
    if (name == "retryAfter") return number(fault.retry_after.emplace(), 0, most);
    if (name == "delayMs") {
        const auto milliseconds = parse_number(text, 0, most);
        if (milliseconds) fault.delay = std::chrono::milliseconds{*milliseconds};
        return milliseconds.has_value();
    }
    if (name != "kind") return false;
    const auto kind = std::ranges::find(kinds, text, [](const auto& each) { return each.first; });
    if (kind != kinds.end()) fault.kind = kind->second;
    return kind != kinds.end();
}

/// {"Name":"value"}; false when it is something else.
bool set_headers(Fault& fault, std::string_view object) {
    if (json::kind(object) != json::Kind::object) return false;
    for (const auto& member : json::members(object)) {
        const auto value = json::as_text(member.value);
        if (!value) return false;
        fault.headers.add(member.key, *value);
    }
    return true;
}

bool fits(const Fault& fault, const Subject& subject) {
    const bool writes = has_word("create update delete", subject.operation);
    return (fault.method.empty() || same_text(fault.method, subject.method)) &&
           (fault.object.empty() || fault.object == subject.object) &&
           (fault.operation.empty() || fault.operation == subject.operation ||
            (fault.operation == "write" && writes));
}

bool fits(const Fault& fault, std::string_view path, std::string_view query) {
    std::string_view wanted = fault.path;
    if (wanted.empty()) return query.find(fault.contains) != std::string_view::npos;
    const bool prefix = wanted.ends_with('*');
    if (prefix) wanted.remove_suffix(1);
    const auto bare = [](std::string_view text) {
        return text.size() > 1 && text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
    };
    const bool same = prefix ? same_text(path.substr(0, wanted.size()), wanted) : same_text(bare(path), bare(wanted));
    return same && query.find(fault.contains) != std::string_view::npos;
}

/// The n-th draw of a fault, splitmix64: in [0, 1), and the same each time.
double draw(std::uint64_t seed, std::int64_t n) {
    std::uint64_t value = seed * 0x9E3779B97F4A7C15u + std::uint64_t(n) * 0xD1B54A32D192ED03u;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    constexpr double steps = 9007199254740992.0;  // 2^53: what a double holds exactly
    return double((value ^ (value >> 31)) >> 11) / steps;
}

}  // namespace

std::string_view to_string(FaultKind kind) {
    return std::ranges::find(kinds, kind, [](const auto& each) { return each.second; })->first;
}

result<Fault> parse_fault(std::string_view text) {
    if (const auto valid = json::validate(text); !valid) return Error{errc::invalid_input, valid.error().message};
    if (json::kind(text) != json::Kind::object) return Error{errc::invalid_input, "a fault is a JSON object"};
    Fault fault;
    if (const auto kind = json::find(text, "kind"); kind && *kind == "\"body\"") fault.status = 200;
    for (const auto& member : json::members(text)) {
        const auto value = json::as_text(member.value);
        const bool good = member.key == "headers" ? set_headers(fault, member.value)
                                                  : value && set(fault, member.key, *value);
        if (!good)
            return Error{errc::invalid_input,
                         fmt::format("member {} = {}: not one of path, hook, kind (status, reset, close, hang, slow, "
                                     "truncate, garbage, html, foreignNext, loop, nullNext, noNext, wrongKey, noId, "
                                     "omit, twice, empty, body, date), status, count, after, afterPages, every, "
                                     "retryAfter, delayMs, url, method, object, operation, probability, seed, "
                                     "contains, processed, body, contentType, headers, "
                                     "offsetSeconds, or not a value for it",
                                     member.key, member.value)};
    }
    if (fault.path.empty() && fault.object.empty() && fault.operation.empty())
        return Error{errc::invalid_input, "a fault needs a path (or a hook), an object or an operation"};
    return fault;
}

result<void> Faults::add(Fault fault) {
    if (faults_.size() >= faults_max) return Error{errc::too_large, "too many faults on order; DELETE them first"};
    if (fault.count != 0) faults_.push_back(std::move(fault));
    return {};
}

std::optional<Fault> Faults::take(std::string_view path, std::string_view query, Subject subject) {
    for (auto at = faults_.begin(); at != faults_.end(); ++at) {
        if (!fits(*at, path, query) || !fits(*at, subject)) continue;
        if (at->seen++ < at->after || (at->seen - at->after - 1) % at->every != 0) continue;
        if (at->probability < 1 && draw(at->seed, at->seen) >= at->probability) continue;
        ++at->served;
        ++served_;
        Fault fault = *at;
        if (at->count > 0 && at->served >= at->count) faults_.erase(at);
        return fault;
    }
    return std::nullopt;
}

std::string Faults::describe() const {
    std::string out = "[";
    for (const auto& fault : faults_) {
        if (out.size() > 1) out += ',';
        out += fmt::format(R"({{"path":{},"object":{},"operation":"{}","kind":"{}","status":{},"count":{},"seen":{},)"
                           R"("served":{}}})",
                           json::quote(fault.path), json::quote(fault.object), fault.operation, to_string(fault.kind),
                           fault.status, fault.count, fault.seen, fault.served);
    }
    return out + "]";
}

}  // namespace syncd::sandbox
