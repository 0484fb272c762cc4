#include "daemon/http/operations_api.hpp"

#include "daemon/daemon.hpp"
#include "daemon/http/lists.hpp"
#include "daemon/http/problem.hpp"

#include <boost/json.hpp>

#include <array>

namespace syncd {
namespace {

namespace bj = boost::json;

bj::object progress(const storage::OperationRow& row) {
    bj::object out{{"installationId", row.installation_id},
                   {"objectName", row.object},
                   {"operationId", row.id},
                   {"recordsProcessed", row.processed}};
    if (row.estimated) out["recordsEstimatedTotal"] = *row.estimated;
    return out;
}

/// As Ampersand's Operation; besides updateTime, and of a read its type and what it changed. An installation has one
/// configuration here, which goes by the installation's id.
bj::object json_of(Api& api, const storage::OperationRow& row) {
    const auto* installation = api.installation("", row.installation_id);
    bj::object metadata{{"objects", bj::array{row.object}}};
    if (row.action_type == "write")
        metadata["successfulRecordIds"] = bj::value_from(api.reader().written_records(row.id));
    else
        metadata["progress"] = progress(row);
    bj::object out{{"projectId", api.daemon.config().project},
                   {"integrationId", installation ? installation->integration : ""},
                   {"configId", row.installation_id},
                   {"actionType", row.action_type},
                   {"id", row.id},
                   {"installationId", row.installation_id},
                   {"status", row.status},
                   {"result", row.result},
                   {"metadata", std::move(metadata)},
                   {"createTime", row.created_at},
                   {"updateTime", row.updated_at}};
    if (row.action_type == "write") return out;
    out["readType"] = row.read_type;
    out["changes"] = {{"creates", row.creates}, {"updates", row.updates}, {"deletes", row.deletes}};
    return out;
}

awaitable<http::Response> list(Api& api, Call call) {
    const auto* installation = api.installation(call["integration"], call["installation"]);
    if (!installation) co_return problem(404, "No such installation", call["installation"]);
    const auto page = ListPage::of(call, "operations", {"status", "object"});
    if (!page) co_return problem(page.error());
    if (auto known = check_filter(call, "status", {"in_progress", "success", "failure"}); !known)
        co_return problem(known.error());
    auto rows = api.reader().operations({.installation_id = installation->id,
                                         .object = api.object_name(installation, call["object"]),
                                         .status = call["status"],
                                         .limit = page->limit(),
                                         .after = page->after()});
    co_return page->answer(std::move(rows), [&](const auto& row) { return json_of(api, row); });
}

awaitable<http::Response> one(Api& api, Call call) {
    const auto row = api.reader().operation(call["id"]);
    if (!row) co_return problem(404, "No such operation", call["id"]);
    co_return json_response(200, json_of(api, *row));
}

awaitable<http::Response> logs(Api& api, Call call) {
    if (!api.reader().operation(call["id"])) co_return problem(404, "No such operation", call["id"]);
    const auto page = ListPage::of(call, "logs");
    if (!page) co_return problem(page.error());
    auto rows = api.reader().operation_log(call["id"], page->after().value_or(0), page->limit());
    co_return page->answer(std::move(rows), [&](const storage::LogRow& row) {
        bj::object message{{"msg", row.message}, {"operation_id", call["id"]}};
        if (row.level == "error") message["error"] = row.message;
        return bj::object{{"timestamp", row.at}, {"severity", row.level}, {"message", std::move(message)}};
    });
}

awaitable<http::Response> backfill_progress(Api& api, Call call) {
    const auto* installation = api.installation(call["integration"], call["installation"]);
    if (!installation) co_return problem(404, "No such installation", call["installation"]);
    const auto object = api.object_name(installation, call["object"]);
    const auto row = api.reader().backfill(installation->id, object);
    if (!row) co_return problem(404, "No backfill", call["object"] + ": none has begun, or it is no longer kept");
    auto out = progress(*row);
    out["status"] = row->status;
    out["createTime"] = row->created_at;
    out["updateTime"] = row->updated_at;
    co_return json_response(200, std::move(out));
}

constexpr std::array routes = {
    Route{"GET", "/v1/projects/{project}/integrations/{integration}/installations/{installation}/operations", list},
    Route{"GET", "/v1/projects/{project}/operations/{id}", one},
    Route{"GET", "/v1/projects/{project}/operations/{id}/logs", logs},
    Route{"GET",
          "/v1/projects/{project}/integrations/{integration}/installations/{installation}/objects/{object...}/"
          "backfill-progress",
          backfill_progress},
};

}  // namespace

std::span<const Route> operation_routes() { return routes; }

}  // namespace syncd
