#include "tests/sandbox/pages.hpp"

#include "config/core/json.hpp"
#include "tests/sandbox/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace syncd::sandbox {
namespace {

constexpr std::int64_t max_return_default = 1000, max_return_max = 10'000;  // X-Max-Return, as documented
constexpr auto number_max = std::numeric_limits<std::int32_t>::max();
constexpr std::string_view token_prefix = "sbxpage-";

/// The query as it came without the named parameters, ready for more.
std::string query_without(const Call& call, std::string_view names) {
    std::string query;
    for (const auto& parameter : call.parameters)
        if (!has_word(names, parameter.name)) query.append(parameter.spelled).append("&");
    return query;
}

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
        if (member.key != unwanted) keep.append(member.key).append(" ");
    return only_members(record, keep);
}

/// `minimal` is what the provider sends unless asked for more.
bool wants_minimal(const ObjectRow& row, const Call& call) {
    return !row.minimal.empty() && !same_text(call.headers.get("Prefer"), "return=representation");
}

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

}  // namespace

http::Response Pages::list(const ObjectRow& row, const Call& call, const std::string& origin, const Twist& twist) {
    forget_when_changed();
    const auto& selection = select(row, call);
    if (selection.refusal) return *selection.refusal;
    const std::string url = origin + call.path;
    Frame frame{.first = 0, .end = selection.rows.size()};
    std::optional<http::Response> refusal;
    if (row.paging == Paging::offset) refusal = frame_by_offset(row, call, url, selection.rows.size(), frame);
    if (row.paging == Paging::token) refusal = frame_by_token(row, call, url, selection.rows, frame);
    if (refusal) return *refusal;
    const std::string self = url + (call.query.empty() ? "" : "?" + call.query);
    if (row.self_link) frame.self = self;
    if (twist.loop) frame.next = self;
    if (twist.no_next) frame.next.clear();
    if (!twist.next.empty()) frame.next = twist.next;
    const bool minimal = wants_minimal(row, call);
    const std::string key = fmt::format("{} {} {}", self, minimal, frame.cap.value_or(0));
    Body made;
    const Body* body = &made;
    if (const auto kept = bodies_.find(key); !twist.any() && kept != bodies_.end()) {
        body = &kept->second;
    } else {
        made = assemble(row, selection.rows, frame, minimal, twist);
        if (!twist.any()) {
            if ((body_bytes_ += made.text.size()) > cached_body_bytes_max) {
                bodies_.clear();
                body_bytes_ = made.text.size();
            }
            body = &(bodies_[key] = std::move(made));
        }
    }
    auto response = json_response(200, body->text);
    ++reads_;
    for (const auto at : body->signatures) sign(response.body, at);
    if (frame.cap) response.headers.add("X-Max-Return", std::to_string(*frame.cap));
    return response;
}

std::string Pages::fresh(const Record& record) {
    std::string text = record.text;
    ++reads_;
    if (record.signature_at != std::string::npos) sign(text, record.signature_at);
    return text;
}

void Pages::sign(std::string& text, std::size_t at) {
    text.replace(at, signature_digits, fmt::format("{:016x}", (reads_ << 32) ^ (at * 0x9E3779B97F4A7C15u >> 33)));
}

void Pages::forget_when_changed() {
    if (version_ == data_.version()) return;
    version_ = data_.version();
    selections_.clear();
    bodies_.clear();
    body_bytes_ = 0;
}

std::string Pages::selecting(const ObjectRow& row, const Call& call) {
    std::string key(row.name);
    for (const auto& each : call.parameters)
        if (!has_word("$top $skip continuationToken", each.name)) key += fmt::format("&{}={}", each.name, each.value);
    return key;
}

const Pages::Selection& Pages::select(const ObjectRow& row, const Call& call) {
    const auto key = selecting(row, call);
    if (const auto kept = selections_.find(key); kept != selections_.end()) return kept->second;
    if (selections_.size() >= cached_selections_max) selections_.clear();
    return selections_[key] = make_selection(row, call);
}

result<Filter> Pages::filter_of(const ObjectRow& row, const Call& call) {
    Filter filter;
    if (const auto text = row.filters.empty() ? std::nullopt : call.get("$filter")) {
        auto parsed = parse_filter(*text, row.filters);
        if (!parsed) return Error{errc::invalid_input, "$filter: " + parsed.error().message};
        filter = std::move(*parsed);
    } else if (row.filter_required) {
        return Error{errc::invalid_input, "$filter: The parameter is required"};
    }
    for (const auto name : split_words(row.equals))
        if (const auto value = call.get(name)) filter.require(make_condition(name, Condition::Op::eq, {*value}));
    for (const auto name : split_words(row.ranges)) {
        const auto range = call.get(name);
        if (!range) continue;
        const auto slash = range->find('/');
        if (slash == std::string::npos) return Error{errc::invalid_input, fmt::format("{}: Not a range", name)};
        filter.require(make_condition(name, Condition::Op::ge, {range->substr(0, slash)}));
        filter.require(make_condition(name, Condition::Op::le, {range->substr(slash + 1)}));
    }
    return filter;
}

Pages::Selection Pages::make_selection(const ObjectRow& row, const Call& call) const {
    const auto refuse = [&](std::string_view target, std::string_view message) {
        return Selection{{}, invalid_value(row.invalid, target, message)};
    };
    const auto filter = filter_of(row, call);
    if (!filter) {
        const std::string text = filter.error().message;
        const auto colon = text.find(": ");
        return refuse(std::string_view(text).substr(0, colon), std::string_view(text).substr(colon + 2));
    }
    const auto include = call.get("includeInactive"), status = call.get("status");
    if (row.inactive_hidden && include && status) return refuse("status", "Not together with includeInactive");
    const bool hide_inactive = row.inactive_hidden && !same_text(include.value_or("false"), "true") &&
                               !same_text(status.value_or(""), "Inactive");
    const bool own_only = !row.owner_member.empty() && !filter->pins("iTwinId");
    const auto own = make_condition(row.owner_member, Condition::Op::eq, {data_.caller()});
    const Filter mine{{{own}}};
    Selection selection;
    for (const Record* record : data_.list(row)) {
        if (hide_inactive && record->inactive) continue;
        if (own_only && !mine.matches(record->text)) continue;
        if (filter->matches(record->text)) selection.rows.push_back(record);
    }
    const auto order = row.orders.empty() ? std::nullopt : call.get("$orderby");
    if (!sort_rows(selection.rows, row, order.value_or(""))) return refuse("$orderby", "Unknown property or direction");
    return selection;
}

std::optional<http::Response> Pages::frame_by_offset(const ObjectRow& row, const Call& call, const std::string& url,
                                                     std::size_t rows, Frame& frame) const {
    const auto top = parse_number(call.get("$top").value_or(std::to_string(row.top_default)), row.top_min, row.top_max);
    if (!top)
        return invalid_value(row.invalid, "$top", fmt::format("Must be from {} to {}.", row.top_min, row.top_max));
    const auto skip = parse_number(call.get("$skip").value_or("0"), 0, number_max);
    if (!skip) return invalid_value(row.invalid, "$skip", "Must not be negative.");
    if (row.max_return) {
        const auto asked = call.headers.get("X-Max-Return");
        const auto cap = asked.empty() ? std::optional(max_return_default) : parse_number(asked, 1, max_return_max);
        if (!cap) return invalid_value(row.invalid, "X-Max-Return", "Must be from 1 to 10000.");
        frame.cap = std::size_t(*cap);
        rows = std::min(rows, *frame.cap);
    }
    const auto link = [&](std::int64_t to) {
        return fmt::format("{}?{}$skip={}&$top={}", url, query_without(call, "$top $skip"), to, *top);
    };
    frame.first = std::min(std::size_t(*skip), rows);
    frame.end = std::min(std::size_t(*skip + *top), rows);
    if (*skip > 0) frame.prev = link(std::max<std::int64_t>(0, *skip - *top));
    if (frame.end < rows) frame.next = link(*skip + *top);
    return std::nullopt;
}

std::optional<http::Response> Pages::frame_by_token(const ObjectRow& row, const Call& call, const std::string& url,
                                                    const Rows& rows, Frame& frame) const {
    const auto top = parse_number(call.get("$top").value_or(std::to_string(row.top_default)), row.top_min, row.top_max);
    if (!top)
        return invalid_value(row.invalid, "$top", fmt::format("Must be from {} to {}.", row.top_min, row.top_max));
    if (const auto token = call.get("continuationToken")) {
        // The token names the last record seen, so it survives changes, a restart and a deleted record.
        const auto text = std::string_view(*token);
        const auto after = text.starts_with(token_prefix)
                               ? parse_number(text.substr(token_prefix.size()), 0, number_max)
                               : std::nullopt;
        if (!after) return invalid_value(row.invalid, "continuationToken", "Not a token of this list.");
        const auto at = std::ranges::upper_bound(rows, std::uint64_t(*after), {}, &Record::ordinal);
        frame.first = std::size_t(at - rows.begin());
    }
    frame.end = std::min(rows.size(), frame.first + std::size_t(*top));
    if (frame.end < rows.size())
        frame.next = fmt::format("{}?{}continuationToken={}{}", url, query_without(call, "continuationToken"),
                                 token_prefix, rows[frame.end - 1]->ordinal);
    return std::nullopt;
}

Pages::Body Pages::assemble(const ObjectRow& row, const Rows& rows, const Frame& frame, bool minimal,
                            const Twist& twist) {
    Body body;
    auto& text = body.text;
    text = fmt::format("{{\"{}\":[", twist.wrong_key ? "value" : row.key);
    const std::size_t start = text.size();
    const auto append = [&](const Record& record, bool keep_id) {
        if (text.size() > start) text += ',';
        if (!keep_id) {
            text += without_member(record.text, row.id_member);
        } else if (minimal) {
            text += only_members(record.text, row.minimal);
        } else {
            if (record.signature_at != std::string::npos) body.signatures.push_back(text.size() + record.signature_at);
            text += record.text;
        }
    };
    for (std::size_t i = frame.first; i < frame.end && !twist.empty; ++i) {
        const bool first = i == frame.first;
        if (first && twist.omit) continue;
        append(*rows[i], !(first && twist.no_id));
        if (first && twist.twice) append(*rows[i], true);
    }
    std::string links;
    const auto link = [&](std::string_view name, const std::string& href) {
        if (href.empty()) return;
        links += fmt::format("{}\"{}\":{{\"href\":{}}}", links.empty() ? "" : ",", name, json::quote(href));
    };
    link("self", frame.self);
    if (row.self_link) link("prev", frame.prev);
    link("next", frame.next);
    if (twist.null_next && frame.next.empty()) links += links.empty() ? "\"next\":null" : ",\"next\":null";
    text += links.empty() ? std::string("]}") : "],\"_links\":{" + links + "}}";
    return body;
}

}  // namespace syncd::sandbox
