#include "daemon/http/writes_api.hpp"

#include "daemon/daemon.hpp"
#include "daemon/http/lists.hpp"
#include "daemon/http/problem.hpp"

#include <boost/json.hpp>

#include <array>

namespace syncd {
namespace {

namespace bj = boost::json;

bj::object json_of(const storage::WriteRow& row) {
    return {{"id", row.id},
            {"operationId", row.operation_id},
            {"installationId", row.installation_id},
            {"object", row.object},
            {"type", row.type},
            {"recordId", text_or_null(row.record_id)},
            {"status", row.status},
            {"attempts", row.attempts},
            {"error", text_or_null(row.error)},
            {"nextAttemptAt", text_or_null(row.next_attempt_at)},
            {"deadline", row.deadline_at},
            {"createTime", row.created_at},
            {"updateTime", row.updated_at}};
}

awaitable<http::Response> list(Api& api, Call call) {
    const auto page = ListPage::of(call, "writes", {"status", "object", "installation"});
    if (!page) co_return problem(page.error());
    if (auto known = check_filter(call, "status", {"pending", "sending", "done", "failed", "unknown"}); !known)
        co_return problem(known.error());
    auto rows = api.reader().writes({.installation_id = call["installation"],
                                     .object = api.object_name(nullptr, call["object"]),
                                     .status = call["status"],
                                     .limit = page->limit(),
                                     .after = page->after()});
    co_return page->answer(std::move(rows), json_of);
}

awaitable<http::Response> one(Api& api, Call call) {
    const auto row = api.reader().write(call["id"]);
    if (!row) co_return problem(404, "No such write", call["id"]);
    auto out = json_of(*row);
    out["lastSentAt"] = text_or_null(row->sent_at);
    boost::system::error_code not_json;
    auto said = bj::parse(row->problem, not_json);
    out["problem"] = not_json ? text_or_null(row->problem) : std::move(said);
    co_return json_response(200, std::move(out));
}

awaitable<http::Response> resolve(Api& api, std::string id, bool retry) {
    auto done = co_await api.daemon.resolve_write(id, retry);
    if (!done) co_return problem(done.error());
    co_return http::Response{204, {}, ""};
}

awaitable<http::Response> retry(Api& api, Call call) { return resolve(api, call["id"], true); }
awaitable<http::Response> abandon(Api& api, Call call) { return resolve(api, call["id"], false); }

constexpr std::array routes = {
    Route{"GET", "/v1/projects/{project}/writes", list},
    Route{"POST", "/v1/projects/{project}/writes/{id}:retry", retry},
    Route{"POST", "/v1/projects/{project}/writes/{id}:abandon", abandon},
    Route{"GET", "/v1/projects/{project}/writes/{id}", one},
};

}  // namespace

std::span<const Route> write_routes() { return routes; }

}  // namespace syncd
