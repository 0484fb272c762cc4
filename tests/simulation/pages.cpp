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

/// Where a job stands in its list, as text that sorts.
std::string place_of(const Row& row, int order) {
    if (order == 2) return std::string(row.id.rbegin(), row.id.rend());
    return format_time(row.created) + row.id;
}

std::string problem(std::string_view code) {
    return fmt::format("{{\"error\":{{\"code\":\"{}\",\"message\":\"it is refused\"}}}}", code);
}

}  // namespace

std::string key_of(const std::string& object) {
    if (object.ends_with("/jobs")) return "jobs";
    if (object == "reality-management/reality-data") return "realityData";
    if (object == "library/catalogs") return "catalogs";
    return object == "curated-content/cesium" ? "items" : "iTwins";
}

/// A page on its way out.
struct Provider::ListPage {
    std::string key;
    std::vector<std::string> rows;
    std::string self, next;  // targets; next is empty on the last page
    std::string body;
    Reply::Way way = Reply::Way::whole;
};

std::vector<const Row*> Provider::select(const std::string& object, const ListQuery& query) const {
    const auto now = machine_.true_now();
    std::vector<const Row*> rows;
    for (const auto& row : truths_.at(object).rows())
        if (row.listed_from <= now && query.matches(row)) rows.push_back(&row);
    if (object == "itwins/recents") {
        std::ranges::reverse(rows);
        rows.resize(std::min(rows.size(), recents_max));
    }
    if (object.ends_with("/jobs")) {
        const int order = rules_.jobs_order;
        std::ranges::sort(rows,
                          [order](const Row* a, const Row* b) { return place_of(*a, order) < place_of(*b, order); });
        if (order == 1) std::ranges::reverse(rows);
    }
    return rows;
}

/// Where the list is cut, silently.
std::int64_t Provider::rows_max(const http::Request& request) const {
    const auto wish = request.headers.get("X-Max-Return");
    std::int64_t rows = INT64_MAX;
    std::from_chars(wish.data(), wish.data() + wish.size(), rows);
    return rules_.rows_max > 0 && !wish.empty() ? rules_.rows_max : rows;
}

/// An iTwin that may not be seen for a while.
bool Provider::refuses(const Token& token, const ListQuery& query) {
    if (query.itwin_id.empty()) return false;
    auto& until = refused_until_[{token.installation, query.itwin_id}];
    const auto now = machine_.loop.tick();
    if (now < until) return !faults_.ended();
    bool strikes = faults_.strike(Fault::itwin_refused);
    for (int i = 0; i < 3 && !query.first; ++i)  // more often where a backfill may have been cut off
        strikes = faults_.strike(Fault::itwin_refused) || strikes;
    if (!strikes) return false;
    until = now + faults_.chance().between(Duration{0}, Duration{std::chrono::hours{1}});
    return true;
}

Reply Provider::list(const Arrival& arrival, const Token& token, const std::string& object) {
    const ListQuery query(object, arrival.request.target);
    const bool lacks_filter = object.ends_with("/jobs") && !query.since && query.ids.empty();
    if (!query.understood || lacks_filter) {
        journal_.violate("query", "the provider would refuse " + query.target);
        return answered(422, problem("InvalidParameter"));
    }
    if (!query.ids.empty()) return list_by_ids(object, query);
    if (refuses(token, query)) {
        constexpr std::array<int, 3> statuses{403, 404, 422};
        return answered(statuses[std::size_t(faults_.chance().between(0, 2))], problem("iTwinNotFound"));
    }
    const Key key{token.installation, object};
    auto rows = select(object, query);
    const auto cap = rows_max(arrival.request);
    rows.resize(std::min<std::size_t>(rows.size(), std::size_t(cap)));
    const auto epoch = std::to_string(epoch_) + "~";
    if (!query.position.empty()) {
        if (faults_.strike(Fault::stale_position)) ++epoch_;
        if (!query.position.starts_with(std::to_string(epoch_) + "~"))
            return answered(422, "{\"error\":{\"code\":\"InvalidContinuationToken\",\"message\":\"it has expired\"}}");
    }
    const bool by_place = object.ends_with("/jobs");
    const auto place = query.position.empty() ? std::string() : query.position.substr(epoch.size());
    auto skip = query.skip;
    if (!place.empty() && !by_place) std::from_chars(place.data(), place.data() + place.size(), skip);
    auto at = rows.begin() + std::min<std::int64_t>(skip, std::int64_t(rows.size()));
    if (!place.empty() && by_place)
        at = std::ranges::find_if(rows, [&](const Row* row) {
            const auto own = place_of(*row, rules_.jobs_order);
            return rules_.jobs_order == 1 ? own < place : own > place;
        });
    const bool paged = object != "curated-content/cesium";
    const auto end = paged ? at + std::min<std::int64_t>(query.top, rows.end() - at) : rows.end();
    const bool amid = amid_ && arrival.life == life_ && at != end && faults_.strike(Fault::write_amid);
    const auto amid_id = amid ? (*at)->id : std::string();
    if (amid) truths_.at(object).rewrite(amid_id, machine_.true_now());
    ListPage page{.key = key_of(object), .self = query.target};
    for (auto row = at; row != end; ++row) page.rows.push_back(truths_.at(object).render(**row));
    if (end != rows.end() && by_place)
        page.next = query.base + std::string(position_name) + epoch + place_of(**(end - 1), rules_.jobs_order);
    else if (end != rows.end() && object == "reality-management/reality-data")
        page.next = fmt::format("{}{}{}{}", query.base, position_name, epoch, skip + query.top);
    else if (end != rows.end())
        page.next = fmt::format("{}{}{}", query.base, skip_name, skip + query.top);
    const bool may_omit = !paged && readings_.may_omit(key);
    if (arrival.life == life_)
        readings_.follow(key, query, truths_.at(object).mutations(machine_.true_now()), std::int64_t(rows.size()),
                         page.next);
    // A list that forgets a row now and then, never in two reads in a row that end well: why a delete without an own
    // read takes two full reads.
    if (may_omit && !page.rows.empty() && faults_.strike(Fault::omitted_row)) {
        page.rows.pop_back();
        readings_.omit(key, query.name());
    }
    spoil(page);
    auto reply = answered(200, std::move(page.body));
    reply.way = page.way;
    if (amid) {
        reply.delay = faults_.chance().between(Duration{std::chrono::seconds{2}}, Duration{std::chrono::seconds{12}});
        amid_(token.installation, object, amid_id);
    }
    if (cap != INT64_MAX && rules_.tells_rows_max) reply.response.headers.add("X-Max-Return", std::to_string(cap));
    if (rules_.drift && faults_.strike(Fault::drift)) stir(object, 1);
    if (rules_.drift && faults_.strike(Fault::reordered)) truths_.at(object).reorder();
    return reply;
}

/// Some records by their ids: a list that knows no such filter, or overlooks one of them.
Reply Provider::list_by_ids(const std::string& object, const ListQuery& query) {
    if (faults_.strike(Fault::ids_refused)) {
        constexpr std::array<int, 4> statuses{400, 422, 403, 404};
        return answered(statuses[std::size_t(faults_.chance().between(0, 3))], problem("InvalidParameter"));
    }
    auto rows = select(object, query);
    if (!rows.empty() && faults_.strike(Fault::ids_left_out)) rows.erase(rows.begin());
    ListPage page{.key = key_of(object), .self = query.target};
    for (const auto* row : rows)
        if (std::int64_t(page.rows.size()) < query.top) page.rows.push_back(truths_.at(object).render(*row));
    spoil(page);
    auto reply = answered(200, std::move(page.body));
    reply.way = page.way;
    return reply;
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
