#include "tests/sandbox/selection.hpp"

#include "config/core/ids.hpp"
#include "config/core/json.hpp"
#include "tests/sandbox/filter.hpp"
#include "tests/sandbox/problem.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::sandbox {
namespace {

/// Why a call is refused: the parameter and what is wrong with it.
struct Refused {
    std::string target, message;
};

/// `property asc|desc`; an empty text is the provider's own order.
bool sort_rows(std::vector<const Record*>& rows, const ObjectRow& row, const std::string& order) {
    const auto words = split_words(order);
    if (words.empty()) return true;
    const bool falling = words.size() == 2 && same_text(words[1], "desc");
    const bool rising = words.size() == 1 || (words.size() == 2 && same_text(words[1], "asc"));
    if (!has_word(row.orders, words[0]) || !(falling || rising)) return false;
    std::vector<std::pair<std::string, const Record*>> keyed;
    keyed.reserve(rows.size());
    for (const Record* record : rows) {
        const auto slice = json::find(record->text, words[0]);
        keyed.emplace_back(slice ? json::as_text(*slice).value_or("") : "", record);
    }
    std::ranges::sort(keyed, [&](const auto& a, const auto& b) {
        if (a.first == b.first) return a.second->ordinal < b.second->ordinal;
        return falling ? b.first < a.first : a.first < b.first;
    });
    std::ranges::transform(keyed, rows.begin(), [](const auto& each) { return each.second; });
    return true;
}

/// `2024-01-01T00:00:00Z` and nothing else: ranges take no fraction.
bool whole_second(std::string_view text) {
    return text.size() == time_characters && text.ends_with('Z') && text[10] == 'T' && parse_time(text);
}

std::optional<Refused> require_ranges(const ObjectRow& row, const Call& call, Filter& filter) {
    for (const auto word : split_words(row.ranges)) {
        const std::string name(name_of(word));
        const auto range = call.get(name);
        if (!range) continue;
        const auto slash = std::min(range->find('/'), range->size());
        const auto from = range->substr(0, slash), to = range->substr(std::min(slash + 1, range->size()));
        if (!whole_second(from) || !whole_second(to) || to < from)
            return Refused{name, "Must be start/end, each as YYYY-MM-DDTHH:MM:SSZ."};
        const auto path = *path_of(row.ranges, name);
        filter.require(make_condition(name, path, Condition::Op::ge, {from}));
        filter.require(make_condition(name, path, Condition::Op::le, {to}));
    }
    return std::nullopt;
}

std::optional<Refused> read_filter(const ObjectRow& row, const Call& call, Filter& filter) {
    if (const auto text = row.filters.empty() ? std::nullopt : call.get("$filter")) {
        auto parsed = parse_filter(*text, row.filters, row.filter_in);
        if (!parsed) return Refused{"$filter", parsed.error().message};
        filter = std::move(*parsed);
    } else if (row.filter_required) {
        return Refused{"$filter", "The parameter is required"};
    }
    for (const auto word : split_words(row.equals))
        if (const auto value = call.get(name_of(word)))
            filter.require(make_condition(name_of(word), *path_of(word, name_of(word)), Condition::Op::eq, {*value}));
    for (const auto word : split_words(row.lists))
        if (const auto value = call.get(name_of(word)))
            filter.require(
                make_condition(name_of(word), *path_of(word, name_of(word)), Condition::Op::in, split(*value, ',')));
    return require_ranges(row, call, filter);
}

/// The iTwins that the call asks for; none: whatever is the caller's.
std::vector<std::string> wanted_itwins(const ObjectRow& row, const Call& call, const Filter& filter) {
    if (!row.itwin_member.empty()) return filter.pinned(row.itwin_member);
    const auto wanted = row.itwin_parameter.empty() ? std::nullopt : call.get(row.itwin_parameter);
    return wanted ? std::vector{*wanted} : std::vector<std::string>{};
}

bool belongs(const ObjectRow& row, const Record& record, const std::vector<std::string>& itwins) {
    return row.itwin_parameter.empty() || std::ranges::find(record.itwins, itwins.front()) != record.itwins.end();
}

}  // namespace

std::string only_members(std::string_view record, std::string_view wanted) {
    std::string out = "{";
    for (const auto& member : json::members(record)) {
        if (!has_word(wanted, member.key)) continue;
        if (out.size() > 1) out += ',';
        json::append_quoted(out, member.key);
        out.append(":").append(member.value);
    }
    return out + '}';
}

std::string without_member(std::string_view record, std::string_view unwanted) {
    std::string keep;
    for (const auto& member : json::members(record))
        if (!has_word(unwanted, member.key)) keep.append(member.key).append(" ");
    return only_members(record, keep);
}

Selection make_selection(const Data& data, const ObjectRow& row, const Call& call) {
    const auto refuse = [&](std::string_view target, std::string_view message) {
        return Selection{{}, invalid_value(row, target, message)};
    };
    const auto needed = split_words(row.needs);
    if (!needed.empty() && std::ranges::none_of(needed, [&](auto name) { return call.get(name).has_value(); }))
        return refuse(needed.front(), "The parameter is required.");
    Filter filter;
    if (const auto refused = read_filter(row, call, filter)) return refuse(refused->target, refused->message);
    const auto include = call.get("includeInactive"), status = call.get("status");
    if (row.inactive_hidden && include && status) return refuse("status", "Not together with includeInactive");
    const bool hide_inactive = row.inactive_hidden && !same_text(include.value_or("false"), "true") &&
                               !same_text(status.value_or(""), "Inactive");
    const auto itwins = wanted_itwins(row, call, filter);
    for (const auto& id : itwins) {
        if (data.has_itwin(id)) continue;
        if (!row.itwin_parameter.empty() && !is_uuid(id)) return refuse(row.itwin_parameter, "Must be a GUID.");
        return {{}, no_access(row.no_itwin_status)};
    }
    Selection selection;
    for (const Record* record : data.list(row)) {
        if (hide_inactive && record->inactive) continue;
        if (!filter.matches(record->text, {record->id, record->itwin, record->created})) continue;
        if (itwins.empty() ? data.owned(row, *record) : belongs(row, *record, itwins)) selection.rows.push_back(record);
    }
    if (row.newest_first) std::ranges::reverse(selection.rows);
    const auto order = row.orders.empty() ? std::nullopt : call.get("$orderby");
    if (!sort_rows(selection.rows, row, order.value_or(std::string(row.default_order))))
        return refuse("$orderby", "Unknown property or direction");
    return selection;
}

}  // namespace syncd::sandbox
