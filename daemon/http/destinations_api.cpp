#include "daemon/http/destinations_api.hpp"

#include "connector/http/url.hpp"
#include "daemon/daemon.hpp"
#include "daemon/http/lists.hpp"
#include "daemon/http/problem.hpp"

#include <boost/json.hpp>

#include <array>

namespace syncd {
namespace {

namespace bj = boost::json;

/// As Ampersand's Destination, with its state. What a URL's query and headers hold may be secret.
bj::object json_of(const config::Config& config, const storage::DestinationRow& row) {
    bj::object metadata;
    if (const auto found = config.destinations.find(row.name); found != config.destinations.end()) {
        const auto url = http::parse_url(found->second.url);
        metadata["url"] = url ? url->without_query() : "";
        bj::object headers;
        for (const auto& [name, value] : found->second.headers) headers[name] = "***";
        if (!headers.empty()) metadata["headers"] = std::move(headers);
    }
    return {{"id", row.name},
            {"name", row.name},
            {"type", "webhook"},
            {"metadata", std::move(metadata)},
            {"state", row.state},
            {"reason", text_or_null(row.reason)},
            {"failingSince", text_or_null(row.failing_since)},
            {"lastAcceptedAt", text_or_null(row.last_accepted_at)},
            {"pending", row.pending},
            {"held", row.held},
            {"dead", row.dead},
            {"createTime", row.created_at},
            {"updateTime", row.updated_at}};
}

/// The store knows them by name, in this order; a row's key is its place.
struct Placed {
    storage::DestinationRow row;
    std::int64_t key = 0;
};

awaitable<http::Response> list(Api& api, Call call) {
    const auto page = ListPage::of(call, "destinations");
    if (!page) co_return problem(page.error());
    std::vector<Placed> rows;
    std::int64_t place = 0;
    for (auto& row : api.reader().destinations())
        if (++place > page->after().value_or(0) && std::int64_t(rows.size()) < page->limit())
            rows.push_back({std::move(row), place});
    co_return page->answer(std::move(rows), [&](const Placed& each) { return json_of(api.daemon.config(), each.row); });
}

awaitable<http::Response> one(Api& api, Call call) {
    for (const auto& row : api.reader().destinations())
        if (row.name == call["destination"]) co_return json_response(200, json_of(api.daemon.config(), row));
    co_return problem(404, "No such destination", call["destination"]);
}

awaitable<http::Response> set_enabled(Api& api, Call call, bool enabled) {
    auto* delivery = api.daemon.delivery(call["destination"]);
    if (!delivery) co_return problem(404, "No such destination", call["destination"]);
    co_await delivery->set_enabled(enabled);
    co_return co_await one(api, std::move(call));
}

awaitable<http::Response> enable(Api& api, Call call) { return set_enabled(api, std::move(call), true); }
awaitable<http::Response> disable(Api& api, Call call) { return set_enabled(api, std::move(call), false); }

constexpr std::array routes = {
    Route{"GET", "/v1/projects/{project}/destinations", list},
    Route{"POST", "/v1/projects/{project}/destinations/{destination}:enable", enable},
    Route{"POST", "/v1/projects/{project}/destinations/{destination}:disable", disable},
    Route{"GET", "/v1/projects/{project}/destinations/{destination}", one},
};

}  // namespace

std::span<const Route> destination_routes() { return routes; }

}  // namespace syncd
