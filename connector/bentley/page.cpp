#include "connector/bentley/page.hpp"

#include "connector/http/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <unordered_map>

namespace syncd::bentley {
namespace {

Error invalid(std::string message) {
    return {.code = errc::invalid_body, .message = std::move(message), .http_status = 200};
}

void replace(std::string& text, std::string_view what, std::string_view with) {
    if (const auto at = text.find(what); at != std::string::npos) text.replace(at, what.size(), with);
}

/// OData with bare times and `$`; only what a URL can't hold is encoded.
std::string encode_expression(std::string_view expression) {
    std::string out;
    for (const char c : expression) {
        if (c == ' ')
            out += "%20";
        else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F ||
                 std::string_view("+&#%\"<>\\^`{|}").find(c) != std::string_view::npos)
            out += http::percent_encode(std::string_view(&c, 1));
        else
            out += c;
    }
    return out;
}

using Parameters = std::map<std::string, std::string>;

/// A condition of ours beside those that stand there already, the user's among them.
void add_condition(Parameters& parameters, const std::string& name, std::string condition) {
    auto& expression = parameters[name];
    if (condition.find(' ') == std::string::npos) expression.clear();  // a plain value stands alone
    if (expression.find(" or ") != std::string::npos) expression = "(" + expression + ")";
    expression += (expression.empty() ? "" : " and ") + std::move(condition);
}

std::string filled(std::string expression, std::string_view place, std::string_view with) {
    replace(expression, place, with);
    return expression;
}

std::string rounded_up(Timestamp time) { return format_time_seconds(std::chrono::ceil<std::chrono::seconds>(time)); }

void add_since(Parameters& parameters, const Incremental& incremental, const ListRequest& request) {
    const auto since = format_time_seconds(request.since.value_or(Timestamp{}));
    if (incremental.style == Incremental::Style::range) {
        constexpr auto far = "9999-12-31T23:59:59Z";
        parameters[incremental.parameter] = since + "/" + (request.until ? rounded_up(*request.until) : far);
        return;
    }
    add_condition(parameters, incremental.parameter, filled(incremental.expression, "{since}", since));
    if (request.until)
        add_condition(parameters, incremental.parameter,
                      filled(incremental.until, "{until}", rounded_up(*request.until)));
}

std::string with_parameters(std::string url, const Parameters& parameters) {
    for (const auto& [name, value] : parameters)
        url += (url.find('?') == std::string::npos ? "?" : "&") + name + "=" + encode_expression(value);
    return url;
}

std::optional<Timestamp> time_at(std::string_view raw, const std::vector<std::string>& path) {
    if (path.empty()) return std::nullopt;
    const auto value = json::find(raw, path);
    const auto text = value ? json::as_string(*value) : std::nullopt;
    return text ? parse_time(*text) : std::nullopt;
}

std::string id_of(const ReadFacts& facts, std::string_view raw) {
    for (const auto& name : facts.id)
        if (const auto value = json::find(raw, name); value && json::kind(*value) != json::Kind::boolean)
            if (auto text = json::as_text(*value); text && !text->empty()) return *text;
    return {};
}

/// The link to the next page as it stands in the body; empty when there is none.
result<std::string> next_link(std::string_view body) {
    const auto links = json::find(body, "_links");
    if (links && json::kind(*links) != json::Kind::object && json::kind(*links) != json::Kind::null)
        return invalid("_links is not an object");
    const auto next = links ? json::find(*links, "next") : std::nullopt;
    if (!next || json::kind(*next) == json::Kind::null) return std::string();
    if (json::kind(*next) == json::Kind::string) return json::as_string(*next).value();
    if (json::kind(*next) != json::Kind::object) return invalid("_links.next is not a link");
    const auto href = json::find(*next, "href");
    if (!href || json::kind(*href) == json::Kind::null) return std::string();
    const auto text = json::as_string(*href);
    if (!text) return invalid("_links.next.href is not a text");
    return *text;
}

bool is_own_link(std::string_view body, std::string_view link) {
    const auto self = json::find(body, std::vector<std::string>{"_links", "self", "href"});
    return self && json::as_string(*self) == link;
}

std::int64_t whole_number(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failure == std::errc{} && end == text.data() + text.size() ? number : 0;
}

result<std::string> checked_next_link(std::string_view body, const std::string& base_url) {
    auto link = next_link(body);
    if (!link || link->empty()) return link;
    if (link->front() == '/' && !link->starts_with("//")) link->insert(0, base_url);
    const auto url = http::parse_url(*link);
    if (!url) return invalid("the next link is not usable: " + url.error().message);
    const auto base = http::parse_url(base_url);
    if (!base) return base.error();
    if (url->origin() != base->origin())
        return invalid(fmt::format("the next link leads to another origin, {}: not followed, the token stays at {}",
                                   url->origin(), base->origin()));
    return link;
}

bool is_json(const http::Headers& headers) {
    const auto type = headers.get("Content-Type");
    return type.empty() || type.find("json") != std::string_view::npos;
}

/// The record's bytes, but for members that nobody may see.
std::string mask(std::string_view raw, const std::vector<std::string>& secrets) {
    std::string out(raw);
    for (const auto& name : secrets)
        if (const auto value = json::find(out, name); value && json::kind(*value) != json::Kind::null)
            out.replace(std::size_t(value->data() - out.data()), value->size(), "\"***\"");
    return out;
}

/// Whether its state may still change: a state that nobody knows may.
bool is_open(const ReadFacts& facts, std::string_view raw) {
    if (facts.state.empty()) return false;
    const auto value = json::find(raw, facts.state);
    auto state = value ? json::as_string(*value) : std::nullopt;
    if (!state || state->empty()) return false;
    std::ranges::transform(*state, state->begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return !facts.terminal_states.contains(*state);
}

result<Record> record_of(const ReadFacts& facts, std::string_view raw, std::optional<std::size_t> index) {
    const auto where = [&] { return index ? fmt::format("{}[{}]", facts.key, *index) : std::string("the record"); };
    if (json::kind(raw) != json::Kind::object) return invalid(where() + " is not an object");
    Record record;
    record.id = id_of(facts, raw);
    if (record.id.empty()) return invalid(fmt::format("{} has no {}", where(), facts.id.front()));
    record.raw = mask(raw, facts.secret_fields);
    record.digest = json::digest(record.raw, facts.volatile_fields);
    record.created = time_at(raw, facts.created);
    record.modified = time_at(raw, facts.modified);
    record.open = is_open(facts, raw);
    return record;
}

}  // namespace

std::string first_page_url(const ReadFacts& facts, const std::string& base_url, const ListRequest& request) {
    std::string url = base_url + facts.path;
    if (!facts.page_parameter.empty()) {
        const auto size = request.page_size > 0 ? request.page_size : facts.page_max;
        http::append_query(url, facts.page_parameter, std::to_string(size));
    }
    auto query = request.query;
    query.insert(facts.query.begin(), facts.query.end());  // the user's own win
    Parameters ours;
    const auto take_over = [&](const std::string& parameter) {  // a filter of the user's stays, beside ours
        if (auto theirs = query.extract(parameter)) ours[parameter] = theirs.mapped();
    };
    if (!request.itwin_id.empty()) {
        take_over(facts.per_itwin->parameter);
        add_condition(ours, facts.per_itwin->parameter,
                      filled(facts.per_itwin->expression, "{iTwinId}", request.itwin_id));
    }
    if (facts.incremental && (facts.incremental->required || request.since || request.until)) {
        take_over(facts.incremental->parameter);
        add_since(ours, *facts.incremental, request);
    }
    if (request.from || request.before) take_over(facts.slices->parameter);
    if (request.from)
        add_condition(ours, facts.slices->parameter,
                      filled(facts.slices->from, "{from}", format_time_seconds(*request.from)));
    if (request.before)
        add_condition(ours, facts.slices->parameter,
                      filled(facts.slices->until, "{until}", rounded_up(*request.before)));
    for (const auto& [name, value] : query) http::append_query(url, name, value);
    return with_parameters(std::move(url), ours);
}

std::string by_ids_url(const ReadFacts& facts, const std::string& base_url, const std::string& itwin_id,
                       std::span<const std::string> ids, std::int64_t page_size) {
    const auto& by_ids = facts.by_ids.value();
    const bool row_of_conditions = by_ids.expression == "{ids}";
    const auto narrowed =
        itwin_id.empty() ? std::string() : filled(facts.per_itwin->expression, "{iTwinId}", itwin_id) + " and ";
    std::string list;
    for (const auto& id : ids) {
        if (!list.empty()) list += by_ids.separator;
        if (row_of_conditions) list += narrowed;
        list += filled(by_ids.each, "{id}", id);
    }
    auto expression = filled(by_ids.expression, "{ids}", list);
    if (!row_of_conditions) expression = narrowed + expression;
    std::string url = base_url + facts.path;
    if (!facts.page_parameter.empty())
        http::append_query(url, facts.page_parameter, std::to_string(page_size > 0 ? page_size : facts.page_max));
    return with_parameters(std::move(url), {{by_ids.parameter, expression}});
}

http::Headers page_headers(const ReadFacts& facts) {
    http::Headers headers;
    headers.add("Accept", facts.accept);
    for (const auto& [name, value] : facts.headers) headers.add(name, value);
    return headers;
}

std::string own_url(const ReadFacts& facts, const std::string& base_url, const std::string& id) {
    std::string path = facts.own->path;
    replace(path, "{id}", http::percent_encode(id));
    return base_url + path;
}

result<Page> parse_page(const ReadFacts& facts, const std::string& base_url, const http::Response& response,
                        std::string_view url) {
    if (!is_json(response.headers))
        return invalid(fmt::format("the answer is {}, not JSON", response.headers.get("Content-Type")));
    if (auto valid = json::validate(response.body); !valid) return invalid(valid.error().message);
    const auto array = json::find(response.body, facts.key);
    if (!array || json::kind(*array) != json::Kind::array)
        return invalid(fmt::format("the answer has no array \"{}\"", facts.key));

    Page page;
    std::unordered_map<std::string, std::size_t> places;
    for (const auto raw : json::elements(*array)) {
        auto record = record_of(facts, raw, std::size_t(page.rows++));
        if (!record) return record.error();
        const auto [place, fresh] = places.emplace(record->id, page.records.size());
        if (fresh)
            page.records.push_back(std::move(*record));
        else
            page.records[place->second] = std::move(*record);
    }
    auto next = checked_next_link(response.body, base_url);
    if (!next) return next.error();
    page.next = std::move(*next);
    if (facts.self_link_ends && (page.next == url || is_own_link(response.body, page.next))) page.next.clear();
    page.rows_max = whole_number(response.headers.get("X-Max-Return"));
    page.date = parse_http_date(response.headers.get("Date"));
    return page;
}

result<Record> parse_own(const ReadFacts& facts, const http::Response& response) {
    if (!is_json(response.headers))
        return invalid(fmt::format("the answer is {}, not JSON", response.headers.get("Content-Type")));
    if (auto valid = json::validate(response.body); !valid) return invalid(valid.error().message);
    const auto& wrapper = facts.own.value().wrapper;
    if (wrapper.empty()) return record_of(facts, response.body, std::nullopt);
    const auto inner = json::find(response.body, wrapper);
    if (!inner) return invalid(fmt::format("the answer has no \"{}\"", wrapper));
    return record_of(facts, *inner, std::nullopt);
}

}  // namespace syncd::bentley
