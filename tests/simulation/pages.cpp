// The provider's lists: which rows a page has, where the next one is, what a fault makes of it.
#include "tests/simulation/provider.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace syncd::simulation {
namespace {

constexpr std::size_t recents_max = 25;
constexpr std::string_view skip_name = "&$skip=", position_name = "&continuationToken=";

std::string key_of(const std::string& object) {
    if (object == "contextcapture/jobs") return "jobs";
    return object == "curated-content/cesium" ? "items" : "iTwins";
}

/// Where a job stands in its list, as text that sorts.
std::string place_of(const Row& row, int order) {
    if (order == 2) return std::string(row.id.rbegin(), row.id.rend());
    return format_time(row.created) + row.id;
}

}  // namespace

/// A list request taken apart.
struct Provider::Query {
    explicit Query(const std::string& t) : target(t) {
        top = number("$top=", 100'000);
        skip = number(skip_name, 0);
        const auto filter = target.find("ge%20");
        if (filter != std::string::npos)
            since = parse_time(target.substr(filter + 5, target.find('&', filter) - filter - 5)).value_or(Timestamp{});
        const auto at = target.find(position_name);
        if (at != std::string::npos) position = target.substr(at + position_name.size());
        base = target.substr(0, std::min(target.find(skip_name), at));
        first = base == target;
    }
    std::int64_t number(std::string_view name, std::int64_t fallback) const {
        const auto at = target.find(name);
        std::int64_t value = fallback;
        if (at != std::string::npos)
            std::from_chars(target.data() + at + name.size(), target.data() + target.size(), value);
        return value;
    }
    std::string target, base;  // base: without the position
    std::string position;      // of a continuation: EPOCH~PLACE
    std::int64_t top = 0, skip = 0;
    Timestamp since{};
    bool first = true;
};

/// A page on its way out.
struct Provider::ListPage {
    std::string key;
    std::vector<std::string> rows;
    std::string self, next;  // targets; next is empty on the last page
    std::string body;
    Reply::Way way = Reply::Way::whole;
    std::int64_t listed = 0;  // rows on the whole list
};

std::vector<const Row*> Provider::select(const std::string& object, const Query& query, const http::Request& request) {
    const auto now = machine_.true_now();
    std::vector<const Row*> rows;
    for (const auto& row : truths_.at(object).rows())
        if (row.listed_from <= now && row.created >= query.since) rows.push_back(&row);
    if (object == "itwins/recents") {
        std::ranges::reverse(rows);
        rows.resize(std::min(rows.size(), recents_max));
    }
    if (object == "contextcapture/jobs") {
        const int order = rules_.jobs_order;
        std::ranges::sort(rows,
                          [order](const Row* a, const Row* b) { return place_of(*a, order) < place_of(*b, order); });
        if (order == 1) std::ranges::reverse(rows);
    }
    const auto cap = request.headers.get("X-Max-Return");
    std::size_t rows_max = rows.size();
    std::from_chars(cap.data(), cap.data() + cap.size(), rows_max);
    rows.resize(std::min(rows.size(), rows_max));
    return rows;
}

Reply Provider::list(const Arrival& arrival, const Token& token, const std::string& object) {
    const Query query(arrival.request.target);
    const Key key{token.installation, object};
    const auto rows = select(object, query, arrival.request);
    const auto epoch = std::to_string(epoch_) + "~";
    if (!query.position.empty()) {
        if (faults_.strike(Fault::stale_position)) ++epoch_;
        if (!query.position.starts_with(std::to_string(epoch_) + "~"))
            return answered(422, "{\"error\":{\"code\":\"InvalidContinuationToken\",\"message\":\"it has expired\"}}");
    }
    auto at = rows.begin() + std::min<std::int64_t>(query.skip, std::int64_t(rows.size()));
    if (!query.position.empty()) {
        const auto place = query.position.substr(epoch.size());
        at = std::ranges::find_if(rows, [&](const Row* row) {
            const auto own = place_of(*row, rules_.jobs_order);
            return rules_.jobs_order == 1 ? own < place : own > place;
        });
    }
    const bool paged = object != "curated-content/cesium";
    const auto end = paged ? at + std::min<std::int64_t>(query.top, rows.end() - at) : rows.end();
    ListPage page{.key = key_of(object), .self = query.target, .listed = std::int64_t(rows.size())};
    for (auto row = at; row != end; ++row) page.rows.push_back(truths_.at(object).render(**row));
    if (end != rows.end() && object == "contextcapture/jobs")
        page.next = query.base + std::string(position_name) + epoch + place_of(**(end - 1), rules_.jobs_order);
    else if (end != rows.end())
        page.next = fmt::format("{}{}{}", query.base, skip_name, query.skip + query.top);
    const bool omitted_before = chains_[key].omitted || !chains_[key].done;
    follow(token, object, query, page);
    // A list that forgets a row now and then, never in two reads in a row that end well: why a delete without an own
    // read takes two full reads.
    if (!paged && !omitted_before && !page.rows.empty() && faults_.strike(Fault::omitted_row)) {
        page.rows.pop_back();
        chains_[key].omitted = true;
        chains_[key].gapless = false;  // not to be compared with the truth
    }
    spoil(page);
    auto reply = answered(200, std::move(page.body));
    reply.way = page.way;
    if (rules_.drift && faults_.strike(Fault::drift)) stir(object, 1);
    if (rules_.drift && faults_.strike(Fault::reordered)) truths_.at(object).reorder();
    return reply;
}

void Provider::follow(const Token& token, const std::string& object, const Query& query, const ListPage& page) {
    auto& chain = chains_[{token.installation, object}];
    if (query.first)
        chain = {.mutations = truths_.at(object).mutations(machine_.true_now()),
                 .gapless = true,
                 .restarted = !chain.done,
                 .done = false,
                 .rows = page.listed,
                 .since = query.since};
    else if (query.target != chain.next && query.target != chain.current)
        chain.gapless = false;
    chain.current = query.target;
    chain.next = page.next;
    chain.finished = page.next.empty();
}

/// Writes the page's body, as it should be or as a fault has it.
void Provider::spoil(ListPage& page) {
    auto& chance = faults_.chance();
    if (faults_.strike(Fault::record_without_id) && !page.rows.empty()) page.rows.back() = "{\"rev\":0}";
    std::string href = page.next.empty() ? "" : fmt::format("https://{}{}", api_host, page.next);
    if (faults_.strike(Fault::foreign_next)) href = fmt::format("https://{}{}", foreign_host, page.next);
    if (faults_.strike(Fault::looping_next)) href = fmt::format("https://{}{}", api_host, page.self);
    std::string links = fmt::format(",\"_links\":{{\"self\":{{\"href\":\"x\"}},\"next\":{{\"href\":\"{}\"}}}}", href);
    if (href.empty()) {
        constexpr std::array<std::string_view, 4> ends{"", ",\"_links\":{}", ",\"_links\":{\"next\":null}",
                                                       ",\"_links\":{\"next\":{}}"};
        links = ends[std::size_t(chance.between(0, 3))];
    }
    page.body = fmt::format("{{\"{}\":[{}]{}}}", page.key, fmt::join(page.rows, ","), links);
    if (faults_.strike(Fault::truncated)) {
        if (chance.one_in(2))
            page.way = Reply::Way::cut;
        else
            page.body.resize(std::size_t(chance.between(0, std::int64_t(page.body.size()) - 1)));
    }
    if (faults_.strike(Fault::malformed)) {
        const std::array<std::string, 4> bodies{"<html>busy</html>", "{}", fmt::format("{{\"{}\":null}}", page.key),
                                                "[]"};
        page.body = bodies[std::size_t(chance.between(0, 3))];
    }
}

}  // namespace syncd::simulation
