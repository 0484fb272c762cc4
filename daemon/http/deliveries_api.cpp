#include "daemon/http/deliveries_api.hpp"

#include "daemon/daemon.hpp"
#include "daemon/http/lists.hpp"
#include "daemon/http/problem.hpp"

#include <boost/json.hpp>

#include <array>

namespace syncd {
namespace {

namespace bj = boost::json;

bj::object json_of(const storage::DeliveryRow& row) {
    return {{"id", row.id},
            {"destination", row.destination},
            {"installationId", row.installation_id},
            {"object", row.object},
            {"operationId", row.operation_id},
            {"streamId", text_or_null(row.stream_id)},
            {"sequence", row.sequence},
            {"numRecords", row.num_records},
            {"status", row.status},
            {"attempts", row.attempts},
            {"nextAttemptAt", text_or_null(row.next_attempt_at)},
            {"createTime", row.created_at},
            {"updateTime", row.updated_at}};
}

awaitable<http::Response> list(Api& api, Call call) {
    const auto page = ListPage::of(call, "deliveries", {"status", "destination", "object", "installation"});
    if (!page) co_return problem(page.error());
    if (auto known = check_filter(call, "status", {"pending", "delivered", "dead", "held"}); !known)
        co_return problem(known.error());
    auto rows = api.reader().deliveries({.installation_id = call["installation"],
                                         .object = api.object_name(nullptr, call["object"]),
                                         .status = call["status"],
                                         .destination = call["destination"],
                                         .limit = page->limit(),
                                         .after = page->after()});
    co_return page->answer(std::move(rows), json_of);
}

/// With `includeBody=true` the message too, as it is sent.
awaitable<http::Response> one(Api& api, Call call) {
    const auto row = api.reader().delivery(call["id"]);
    if (!row) co_return problem(404, "No such delivery", call["id"]);
    auto out = json_of(*row);
    bj::array attempts;
    for (const auto& attempt : api.reader().attempts(row->id))
        attempts.push_back({{"at", attempt.at},
                            {"status", attempt.status},
                            {"error", text_or_null(attempt.error)},
                            {"durationMs", attempt.duration_ms}});
    out["attemptLog"] = std::move(attempts);
    if (call["includeBody"] != "true") co_return json_response(200, std::move(out));
    const auto body = api.reader().body(row->id);
    auto text = bj::serialize(out);
    text.pop_back();
    // The text as it is: parsed and written again, numbers would be spelled differently.
    co_return json_response(200, text + ",\"body\":" + (body.empty() ? "null" : body) + "}");
}

awaitable<http::Response> replay(Api& api, Call call) {
    if (!api.reader().delivery(call["id"])) co_return problem(404, "No such delivery", call["id"]);
    storage::ReplaySelection selection{.ids = {call["id"]}};
    const auto count = co_await api.daemon.store().replay(std::move(selection), api.daemon.world().now());
    if (count == 0) co_return problem(409, "The delivery waits to be sent already", call["id"]);
    api.daemon.ring_all();
    const auto row = api.reader().delivery(call["id"]);
    if (!row) co_return problem(404, "No such delivery", call["id"]);
    co_return json_response(200, json_of(*row));
}

constexpr std::array routes = {
    Route{"GET", "/v1/projects/{project}/deliveries", list},
    Route{"POST", "/v1/projects/{project}/deliveries/{id}:replay", replay},
    Route{"GET", "/v1/projects/{project}/deliveries/{id}", one},
};

}  // namespace

std::span<const Route> delivery_routes() { return routes; }

}  // namespace syncd
