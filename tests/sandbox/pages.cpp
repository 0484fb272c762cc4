#include "tests/sandbox/pages.hpp"

#include "config/core/json.hpp"
#include "tests/sandbox/problem.hpp"
#include "tests/sandbox/signature.hpp"

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
        if (!has_word(names, parameter.name) && !parameter.spelled.empty()) query.append(parameter.spelled).append("&");
    return query;
}

/// `minimal` is what the provider sends unless asked for more.
bool wants_minimal(const ObjectRow& row, const Call& call) {
    return !row.minimal.empty() && !same_text(call.headers.get("Prefer"), "return=representation");
}

/// The size of a page; empty when it is refused.
std::optional<std::int64_t> page_size(const ObjectRow& row, const Call& call) {
    const auto asked = row.top_fixed ? std::nullopt : call.get("$top");
    return asked ? parse_number(*asked, row.top_min, row.top_max) : std::optional<std::int64_t>(row.top_default);
}

http::Response wrong_size(const ObjectRow& row) {
    return invalid_value(row, row.top_name, fmt::format("Must be from {} to {}.", row.top_min, row.top_max));
}

http::Response wrong_token(const ObjectRow& row) {
    return invalid_value(row, "continuationToken", "Not a token of this list.");
}

std::string next_link(const ObjectRow& row, const Call& call, const std::string& url, const std::string& token) {
    const std::string_view quote = row.token_quoted ? "'" : "";
    return fmt::format("{}?{}{}={}{}{}", url, query_without(call, row.token_name), row.token_name, quote, token,
                       quote);
}

/// The token that came, byte for byte as links spell it; empty text when it did not come that way.
std::string token_of(const ObjectRow& row, const std::string& spelled) {
    if (!row.token_quoted) return spelled;
    const bool quoted = spelled.size() > 2 && spelled.starts_with('\'') && spelled.ends_with('\'');
    return quoted ? spelled.substr(1, spelled.size() - 2) : std::string();
}

}  // namespace

http::Response Pages::list(const ObjectRow& row, const Call& call, const std::string& origin, const Twist& twist) {
    forget_when_changed();
    const auto& selection = select(row, call);
    if (selection.refusal) return *selection.refusal;
    Frame frame{.first = 0, .end = selection.rows.size()};
    const auto url = origin + (row.link_path.empty() ? call.path : std::string(row.link_path));
    if (auto refusal = frame_page(row, call, url, selection.rows, frame)) return *refusal;
    const std::string self = origin + call.path + (call.query.empty() ? "" : "?" + call.query);
    if (row.self_link && frame.self.empty()) frame.self = self;
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
    for (const auto where : body->renewed) renew(response.body, where);
    if (frame.cap) response.headers.add("X-Max-Return", std::to_string(*frame.cap));
    return response;
}

std::string Pages::fresh(const Record& record) {
    std::string text = record.text;
    ++reads_;
    renew(text, record.renewed);
    return text;
}

void Pages::renew(std::string& text, Renewed where) const {
    if (where.size == 0) return;
    const auto digits = fmt::format("{:016x}", (reads_ << 32) ^ (where.at * 0x9E3779B97F4A7C15u >> 33));
    const auto accessed = data_.start() + std::chrono::seconds{reads_};
    text.replace(where.at, where.size, where.size == signature_digits ? digits : format_time_seconds(accessed));
}

void Pages::forget_when_changed() {
    if (version_ == data_.version()) return;
    version_ = data_.version();
    selections_.clear();
    bodies_.clear();
    body_bytes_ = 0;
}

std::string Pages::selecting(const ObjectRow& row, const Call& call) {
    constexpr std::string_view paging = "$top $skip continuationToken $continuationToken";
    std::string key(row.name);
    for (const auto& each : call.parameters)
        if (!has_word(paging, each.name)) key += fmt::format("&{}={}", each.name, each.value);
    return key;
}

const Selection& Pages::select(const ObjectRow& row, const Call& call) {
    const auto key = selecting(row, call);
    if (const auto kept = selections_.find(key); kept != selections_.end()) return kept->second;
    if (selections_.size() >= cached_selections_max) selections_.clear();
    return selections_[key] = make_selection(data_, row, call);
}

Pages::Refusal Pages::frame_page(const ObjectRow& row, const Call& call, const std::string& url, const Rows& rows,
                                 Frame& frame) {
    switch (row.paging) {
        case Paging::none: break;
        case Paging::offset: return frame_by_offset(row, call, url, rows.size(), frame);
        case Paging::token: return frame_by_token(row, call, url, rows, frame);
        case Paging::offset_token: return frame_by_offset_token(row, call, url, rows.size(), frame);
    }
    return std::nullopt;
}

Pages::Refusal Pages::frame_by_offset(const ObjectRow& row, const Call& call, const std::string& url,
                                      std::size_t rows, Frame& frame) {
    const auto top = page_size(row, call);
    if (!top) return wrong_size(row);
    const auto skip = parse_number(call.get("$skip").value_or("0"), 0, number_max);
    if (!skip) return invalid_value(row, "$skip", "Must not be negative.");
    if (row.max_return) {
        const auto asked = call.headers.get("X-Max-Return");
        const auto cap = asked.empty() ? std::optional(max_return_default) : parse_number(asked, 1, max_return_max);
        if (!cap) return invalid_value(row, "X-Max-Return", "Must be from 1 to 10000.");
        frame.cap = std::size_t(*cap);
        rows = std::min(rows, *frame.cap);
    }
    const auto link = [&](std::int64_t to) {
        return fmt::format("{}?{}$skip={}&$top={}", url, query_without(call, "$top $skip"), to, *top);
    };
    frame.first = std::min(std::size_t(*skip), rows);
    frame.end = std::min(std::size_t(*skip + *top), rows);
    if (*skip > 0 || row.prev_always) frame.prev = link(std::max<std::int64_t>(0, *skip - *top));
    if (row.last_next == LastNext::self) frame.self = link(*skip);
    if (frame.end < rows) frame.next = link(*skip + *top);
    else if (row.last_next == LastNext::self) frame.next = frame.self;
    return std::nullopt;
}

Pages::Refusal Pages::frame_by_token(const ObjectRow& row, const Call& call, const std::string& url, const Rows& rows,
                                     Frame& frame) {
    const auto top = page_size(row, call);
    if (!top) return wrong_size(row);
    if (const auto spelled = call.get_spelled(row.token_name)) {
        // The token names the last record seen, so it survives changes, a restart and a deleted record.
        const auto token = token_of(row, *spelled);
        const auto after = token.starts_with(token_prefix)
                               ? parse_number(std::string_view(token).substr(token_prefix.size()), 0, number_max)
                               : std::nullopt;
        if (!after) return wrong_token(row);
        const auto at = std::ranges::upper_bound(rows, std::uint64_t(*after), {}, &Record::ordinal);
        frame.first = std::size_t(at - rows.begin());
    }
    frame.end = std::min(rows.size(), frame.first + std::size_t(*top));
    if (frame.end < rows.size())
        frame.next = next_link(row, call, url, fmt::format("{}{}", token_prefix, rows[frame.end - 1]->ordinal));
    return std::nullopt;
}

Pages::Refusal Pages::frame_by_offset_token(const ObjectRow& row, const Call& call, const std::string& url,
                                            std::size_t rows, Frame& frame) {
    const auto top = page_size(row, call);
    if (!top) return wrong_size(row);
    std::int64_t skip = 0;
    if (const auto spelled = call.get_spelled(row.token_name)) {
        const auto token = from_base64(*spelled);
        const bool valid = token && json::validate(*token).has_value();
        const auto offset = valid ? json::find(*token, "skip") : std::nullopt;
        const auto number = offset ? parse_number(*offset, 0, number_max) : std::nullopt;
        if (!number) return wrong_token(row);
        skip = *number;
    }
    frame.first = std::min(std::size_t(skip), rows);
    frame.end = std::min(frame.first + std::size_t(*top), rows);
    frame.next_null = row.last_next == LastNext::null;
    if (frame.end < rows)
        frame.next =
            next_link(row, call, url, to_base64(fmt::format(R"({{"top":{},"skip":{}}})", *top, frame.end)));
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
        } else if (!row.hidden.empty() && !minimal) {
            text += without_member(record.text, row.hidden);
        } else if (minimal) {
            text += only_members(record.text, row.minimal);
        } else {
            const auto [at, size] = record.renewed;
            if (size != 0) body.renewed.push_back({text.size() + at, size});
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
    if ((twist.null_next || frame.next_null) && frame.next.empty())
        links += links.empty() ? "\"next\":null" : ",\"next\":null";
    text += links.empty() ? std::string("]}") : "],\"_links\":{" + links + "}}";
    return body;
}

}  // namespace syncd::sandbox
