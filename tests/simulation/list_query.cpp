#include "tests/simulation/list_query.hpp"

#include "connector/http/url.hpp"

#include <charconv>

namespace syncd::simulation {
namespace {

std::vector<std::string> split(const std::string& text, const std::string& separator) {
    std::vector<std::string> parts;
    for (std::size_t at = 0;;) {
        const auto end = text.find(separator, at);
        parts.push_back(text.substr(at, end - at));
        if (end == std::string::npos) return parts;
        at = end + separator.size();
    }
}

std::int64_t number(const std::string& text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// The value, if the text begins with those words.
std::optional<std::string> after(const std::string& text, std::string_view words) {
    if (!text.starts_with(words)) return std::nullopt;
    return text.substr(words.size());
}

}  // namespace

bool is_per_itwin(const std::string& object) {
    return object.ends_with("/jobs") || object == "reality-management/reality-data";
}

Timestamp time_of(const std::string& object, const Row& row) {
    return object == "reality-management/reality-data" ? row.modified : row.created;
}

ListQuery::ListQuery(const std::string& object, const std::string& requested)
    : target(requested), base(requested.substr(0, requested.find('?'))), top(100'000), object_(object) {
    const auto begin = target.find('?');
    if (begin == std::string::npos) return;
    char joint = '?';
    for (const auto& part : split(target.substr(begin + 1), "&")) {
        const auto name = part.substr(0, part.find('='));
        const auto value = http::percent_decode(part.substr(std::min(part.size(), name.size() + 1)));
        if (name == "$skip" || name == "continuationToken") {
            first = false;
            (name == "$skip" ? skip : top) = name == "$skip" ? number(value) : top;
            if (name != "$skip") position = value;
            continue;
        }
        base += std::exchange(joint, '&') + part;
        if (name == "$top") top = number(value);
        if (name == "$filter") read_filter(value);
        if (name == "iTwinId") itwin_id = value;
        if (name != "modifiedDateTime") continue;
        const auto ends = split(value, "/");
        if (ends.size() == 2) since = parse_time(ends[0]), until = parse_time(ends[1]);
        understood = understood && since && until && value.find('.') == std::string::npos;  // whole seconds only
    }
}

void ListQuery::read_filter(const std::string& expression) {
    for (const auto& alternative : split(expression, " or "))
        for (const auto& condition : split(alternative, " and ")) read_condition(condition);
    // `or` joins conditions on ids only.
    if (expression.find(" or ") != std::string::npos && (ids.empty() || since || from)) understood = false;
}

void ListQuery::read_condition(const std::string& condition) {
    const auto time = [&](std::string_view words, std::optional<Timestamp>& into) {
        const auto text = after(condition, words);
        if (text) into = parse_time(*text);
        return text && into;
    };
    const bool sliced = object_ == "itwins";
    if (time("createdDateTime ge ", sliced ? from : since)) return;
    if (!sliced && time("createdDateTime le ", until)) return;
    if (sliced && time("createdDateTime lt ", before)) return;
    if (const auto id = after(condition, "iTwinId eq ")) {
        understood = understood && (itwin_id.empty() || itwin_id == *id);
        itwin_id = *id;
    } else if (const auto one = after(condition, "id eq ")) {
        ids.insert(*one);
    } else if (const auto some = after(condition, "id in ("); some && some->ends_with(")")) {
        for (const auto& each : split(some->substr(0, some->size() - 1), ","))
            ids.insert(each.substr(1, each.size() - 2));
    } else {
        understood = false;
    }
}

QueryName ListQuery::name() const { return {itwin_id, from ? format_time(*from) : std::string()}; }

bool ListQuery::covers(const Row& row) const {
    if (is_per_itwin(object_) && (itwin_id.empty() ? !row.own : !row.itwins.contains(itwin_id))) return false;
    const auto time = time_of(object_, row);
    return (!since || time >= *since) && (!until || time <= *until);
}

bool ListQuery::matches(const Row& row) const {
    if (!ids.empty() && !ids.contains(row.id)) return false;
    return covers(row) && (!from || row.created >= *from) && (!before || row.created < *before);
}

}  // namespace syncd::simulation
