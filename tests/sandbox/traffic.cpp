#include "tests/sandbox/traffic.hpp"

#include "config/core/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::sandbox {
namespace {

constexpr std::size_t names_max = 1000;  // different texts that one kind of count remembers

template <class Key>
void count(std::map<Key, std::uint64_t>& counts, const Key& key) {
    const auto found = counts.find(key);
    if (found != counts.end()) ++found->second;
    else if (counts.size() < names_max) counts.emplace(key, 1);
}

template <class Counts>
std::string object_of(const Counts& counts) {
    std::string out = "{";
    for (const auto& [key, value] : counts)
        out += fmt::format("{}{}:{}", out.size() > 1 ? "," : "", json::quote(fmt::format("{}", key)), value);
    return out + "}";
}

/// The path as it is counted: ids would make every path another one.
std::string counted_path(const Call& call, const ObjectRow* row) {
    if (!row) return call.path;
    const bool own = find_list(call.path) != row;
    std::string path(row->path);
    if (!own) return path;
    if (!path.ends_with('/')) path += '/';
    return path + "{id}";
}

bool known_parameter(const ObjectRow& row, std::string_view name) {
    if (row.paging != Paging::none && !row.top_fixed && same_text(name, "$top")) return true;
    if (row.paging == Paging::offset && same_text(name, "$skip")) return true;
    const bool by_token = row.paging == Paging::token || row.paging == Paging::offset_token;
    if (by_token && same_text(name, row.token_name)) return true;
    if (!row.filters.empty() && same_text(name, "$filter")) return true;
    if (!row.orders.empty() && same_text(name, "$orderby")) return true;
    if (row.inactive_hidden && same_text(name, "includeInactive")) return true;
    if (has_word(row.needs, name)) return true;
    return path_of(row.equals, name) || path_of(row.lists, name) || path_of(row.ranges, name) ||
           (!row.itwin_parameter.empty() && same_text(name, row.itwin_parameter));
}

}  // namespace

void SlidingCount::expire(Tick now) {
    while (!slots_.empty() && slots_.front().first + window_ <= now) {
        sum_ -= slots_.front().second;
        slots_.pop_front();
    }
}

void SlidingCount::add(Tick now) {
    expire(now);
    const Tick slot = Tick{now.time_since_epoch() / grain_ * grain_};
    if (slots_.empty() || slots_.back().first != slot) slots_.emplace_back(slot, 0);
    ++slots_.back().second;
    max_ = std::max(max_, ++sum_);
}

std::uint64_t SlidingCount::current(Tick now) {
    expire(now);
    return sum_;
}

Duration SlidingCount::until_free(Tick now) const {
    return slots_.empty() ? Duration::zero() : slots_.front().first + window_ - now;
}

void Traffic::note(Tick now, const Call& call, const ObjectRow* row, bool astray) {
    ++total_;
    if (astray) ++tokens_astray_;
    minute_.add(now);
    hour_.add(now);
    count(paths_, call.method == "GET" ? counted_path(call, row) : call.method + " " + counted_path(call, row));
    if (!call.headers.has("Accept")) ++without_accept_;
    if (!row) return;
    if (row->max_return && find_list(call.path) == row)
        count(max_returns_, std::string(call.headers.has("X-Max-Return") ? call.headers.get("X-Max-Return") : "none"));
    if (call.headers.has("Prefer")) count(prefers_, std::string(call.headers.get("Prefer")));
    if (const auto top = call.get("$top")) count(tops_, fmt::format("{} {}", row->name, *top));
    for (const auto& parameter : call.parameters)
        if (!known_parameter(*row, parameter.name)) count(unknown_parameters_, parameter.name);
}

void Traffic::set_limits(std::uint64_t per_minute, std::uint64_t per_hour) {
    per_minute_ = per_minute;
    per_hour_ = per_hour;
}

std::optional<std::int64_t> Traffic::over_limit(Tick now) {
    const auto seconds = [&](const SlidingCount& window) {
        return std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(window.until_free(now)).count());
    };
    if (per_hour_ != 0 && hour_.current(now) > per_hour_) return seconds(hour_);
    if (per_minute_ != 0 && minute_.current(now) > per_minute_) return seconds(minute_);
    return std::nullopt;
}

std::string Traffic::describe() const {
    return fmt::format(R"("total":{},"requests":{},"statuses":{},"perMinuteMax":{},"perHourMax":{},"inFlightMax":{},)"
                       R"("tokensAstray":{},"withoutAccept":{},"xMaxReturn":{},"prefer":{},"top":{},)"
                       R"("unknownParameters":{})",
                       total_, object_of(paths_), object_of(statuses_), minute_.max(), hour_.max(), in_flight_max_,
                       tokens_astray_, without_accept_, object_of(max_returns_), object_of(prefers_), object_of(tops_),
                       object_of(unknown_parameters_));
}

void Traffic::reset() {
    Traffic fresh;
    fresh.in_flight_ = in_flight_;
    fresh.set_limits(per_minute_, per_hour_);
    *this = std::move(fresh);
}

}  // namespace syncd::sandbox
