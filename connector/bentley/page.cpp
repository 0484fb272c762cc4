#include "connector/bentley/page.hpp"

#include "connector/http/url.hpp"

#include <fmt/format.h>

#include <algorithm>
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
        else if (c == '+' || c == '&' || c == '#' || c == '%')
            out += http::percent_encode(std::string_view(&c, 1));
        else
            out += c;
    }
    return out;
}

void append_since(std::string& url, const Incremental& incremental, const ListRequest& request) {
    const Timestamp epoch{};
    const auto since = format_time_seconds(request.since.value_or(epoch));
    std::string value;
    if (incremental.style == Incremental::Style::filter) {
        value = incremental.expression;
        replace(value, "{since}", since);
    } else {
        constexpr auto far = "9999-12-31T23:59:59Z";
        value = since + "/" + (request.until ? format_time_seconds(*request.until) : far);
    }
    url += (url.find('?') == std::string::npos ? "?" : "&") + incremental.parameter + "=" + encode_expression(value);
}

std::optional<Timestamp> time_at(std::string_view raw, const std::vector<std::string>& path) {
    if (path.empty()) return std::nullopt;
    const auto value = json::find(raw, path);
    const auto text = value ? json::as_string(*value) : std::nullopt;
    return text ? parse_time(*text) : std::nullopt;
}

std::string id_of(const ReadFacts& facts, std::string_view raw) {
    for (const auto& name : facts.id)
        if (const auto value = json::find(raw, name))
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

result<std::string> checked_next_link(std::string_view body, const std::string& base_url) {
    auto link = next_link(body);
    if (!link || link->empty()) return link;
    if (link->front() == '/' && !link->starts_with("//")) return base_url + *link;
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

result<Record> record_of(const ReadFacts& facts, std::string_view raw, std::size_t index) {
    if (json::kind(raw) != json::Kind::object) return invalid(fmt::format("{}[{}] is not an object", facts.key, index));
    Record record;
    record.id = id_of(facts, raw);
    if (record.id.empty()) return invalid(fmt::format("{}[{}] has no {}", facts.key, index, facts.id.front()));
    record.raw = mask(raw, facts.secret_fields);
    record.digest = json::digest(record.raw, facts.volatile_fields);
    record.created = time_at(raw, facts.created);
    record.modified = time_at(raw, facts.modified);
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
    for (const auto& [name, value] : query) http::append_query(url, name, value);
    if (facts.incremental && (facts.incremental->required || request.since))
        append_since(url, *facts.incremental, request);
    return url;
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

result<Page> parse_page(const ReadFacts& facts, const std::string& base_url, const http::Response& response) {
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
    page.date = parse_http_date(response.headers.get("Date"));
    return page;
}

}  // namespace syncd::bentley
