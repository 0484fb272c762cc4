#include "config/destinations.hpp"

#include "config/core/base64.hpp"
#include "config/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::config {
namespace {

constexpr std::size_t key_bytes_min = 24, key_bytes_max = 64;  // as Standard Webhooks
constexpr std::int64_t messages_per_second_max = 1'000'000;
constexpr std::int64_t payload_bytes_max = std::int64_t{1} << 30;
constexpr std::size_t retries_max = 100;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
    return out;
}

std::optional<Secret> read_secret(const Value& value) {
    constexpr std::string_view prefix = "whsec_";
    const auto text = value.text();
    if (!text) return std::nullopt;
    auto bytes = text->starts_with(prefix) ? base64_decode(text->substr(prefix.size())) : std::nullopt;
    if (bytes && bytes->size() >= key_bytes_min && bytes->size() <= key_bytes_max) return Secret(std::move(*bytes));
    value.error(
        fmt::format("{} has not the form whsec_<base64 of {} to {} bytes>; make one with: "
                    "echo whsec_$(openssl rand -base64 24)",
                    value.name(), key_bytes_min, key_bytes_max));
    return std::nullopt;
}

std::vector<Secret> read_secrets(const Value& value) {
    std::vector<Secret> secrets;
    const auto entries = value.is_list() ? value.list() : std::vector<Value>{value};
    if (value.is_list() && entries.empty())
        value.error("secret is an empty list; allowed: whsec_<base64>, or a list of them");
    for (const auto& entry : entries)
        if (auto secret = read_secret(entry)) secrets.push_back(std::move(*secret));
    return secrets;
}

/// Why a header can't be sent; empty when it can.
std::string header_fault(const std::string& name, const std::string& value) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    const auto token = [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               marks.find(c) != std::string_view::npos;
    };
    if (name.empty() || !std::ranges::all_of(name, token))
        return "is no header name; allowed: letters, digits and " + std::string(marks);
    const auto low = lower(name);
    const std::vector<std::string> ours = {"content-type", "content-length", "host", "transfer-encoding", "connection"};
    if (low.starts_with("webhook-") || low.starts_with("svix-") || std::ranges::find(ours, low) != ours.end())
        return fmt::format("is set by bentley-syncd itself, as webhook-*, svix-*, {} are", fmt::join(ours, ", "));
    const auto printable = [](char c) { return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) || c == '\t'; };
    if (!std::ranges::all_of(value, printable)) return "has a line break or control character in its value";
    return {};
}

std::map<std::string, std::string> read_headers(const Value& value) {
    Map map(value);
    std::map<std::string, std::string> headers;
    for (const auto& member : map.members()) {
        const auto text = member.value.text();
        if (!text) continue;
        auto fault = header_fault(member.key, *text);
        const auto same = [&](const auto& other) { return lower(other.first) == lower(member.key); };
        if (fault.empty() && std::ranges::any_of(headers, same)) fault = "stands here already: case does not count";
        if (fault.empty())
            headers.emplace(member.key, *text);
        else
            map.error_at(member, fmt::format("header {} {}", shown(member.key), fault));
    }
    return headers;
}

std::optional<std::vector<Duration>> read_retry_schedule(const Value& value) {
    if (!value.present()) return std::nullopt;
    std::vector<Duration> waits;
    for (const auto& entry : value.list())
        if (const auto wait = entry.duration()) waits.push_back(*wait);
    if (waits.size() > retries_max)
        value.error(fmt::format("retrySchedule has {} waits; allowed: at most {}", waits.size(), retries_max));
    return waits;
}

Destination read_destination(const Map::Member& member, const Folder& folder) {
    constexpr std::chrono::milliseconds shortest{1};
    Map map(member.value);
    Destination destination;
    destination.name = member.key;
    const bool insecure = map["insecure"].boolean().value_or(false);
    set(destination.url, read_url(map.required("url"), insecure, ", or set insecure: true"));
    destination.secrets = read_secrets(map.required("secret"));
    destination.headers = read_headers(map["headers"]);
    set(destination.ca_file, folder.readable(map["caFile"]));
    set(destination.timeout, map["timeout"].duration(shortest));
    set(destination.messages_per_second, map["messagesPerSecond"].integer(1, messages_per_second_max));
    set(destination.max_payload_bytes, map["maxPayloadBytes"].integer(1, payload_bytes_max));
    set(destination.retry_schedule, read_retry_schedule(map["retrySchedule"]));
    set(destination.disable_after, map["disableAfter"].duration(shortest));
    destination.strict_ordering = map["ordering"].word({"strict", "none"}) != "none";
    map.close();
    return destination;
}

}  // namespace

void Destinations::check(const std::string& name, const Value& place) const {
    if (!complete || name.empty() || all.contains(name)) return;
    std::vector<std::string> names;
    for (const auto& [known, destination] : all) names.push_back(known);
    place.error(fmt::format("no destination is named {}{}", shown(name), suggestion(name, names)));
}

Destinations read_destinations(const Value& value, const Folder& folder) {
    Destinations found;
    found.complete = !value.present() || value.is_null() || value.is_map();
    Map map(value);
    for (const auto& member : map.members()) {
        const auto fits = [](char c) {
            return static_cast<unsigned char>(c) > 0x20 && c != '/' && c != ':' && c != 0x7F;
        };
        if (member.key.empty() || !std::ranges::all_of(member.key, fits))
            map.error_at(member,
                         fmt::format("{} is no name for a destination; allowed: any text without spaces, / and :",
                                     shown(member.key)));
        found.all.emplace(member.key, read_destination(member, folder));
    }
    return found;
}

}  // namespace syncd::config
