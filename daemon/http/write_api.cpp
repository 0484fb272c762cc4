#include "daemon/http/write_api.hpp"

#include "connector/http/url.hpp"
#include "daemon/daemon.hpp"
#include "daemon/http/problem.hpp"
#include "daemon/write_request.hpp"

#include <fmt/format.h>

namespace syncd {
namespace {

constexpr std::string_view prefix = "/write/v1/projects/";
constexpr std::string_view between = "/integrations/", before_object = "/objects/";
constexpr std::size_t key_bytes_max = 255;

struct Route {
    std::string project, integration, object;
};

/// The object may hold slashes, as %2F or as they are.
std::optional<Route> parse_route(std::string_view path) {
    if (!path.starts_with(prefix)) return std::nullopt;
    path.remove_prefix(prefix.size());
    const auto integration = path.find(between);
    if (integration == std::string_view::npos) return std::nullopt;
    const auto object = path.find(before_object, integration + between.size());
    if (object == std::string_view::npos) return std::nullopt;
    const auto name = integration + between.size();
    return Route{http::percent_decode(path.substr(0, integration)),
                 http::percent_decode(path.substr(name, object - name)),
                 http::percent_decode(path.substr(object + before_object.size()))};
}

http::Response reply(WriteReply answer) { return json_response(answer.status, std::move(answer.body)); }

}  // namespace

awaitable<std::optional<http::Response>> serve_write_api(Daemon& daemon, http::Request request, std::string path) {
    const auto route = parse_route(path);
    if (!route) co_return std::nullopt;
    if (request.method != "POST") {
        auto refused = problem(405, "This route takes POST");
        refused.headers.add("Allow", "POST");
        co_return refused;
    }
    if (route->project != daemon.config().project) co_return problem(404, "No such project", route->project);
    auto parsed = parse_write_request(request.body);
    if (!parsed) co_return problem(400, "The request is not valid", parsed.error().message);
    const config::Installation* installation = nullptr;
    for (const auto& each : daemon.config().installations)
        if (each.integration == route->integration && each.group_ref == parsed->group_ref) installation = &each;
    if (!installation)
        co_return problem(404, "No such installation", route->integration + " of group " + parsed->group_ref);

    auto& order = parsed->order;
    order.object = route->object;
    order.idempotency_key = request.headers.get("Idempotency-Key");
    if (order.idempotency_key.size() > key_bytes_max)
        co_return problem(400, "The Idempotency-Key is too long", fmt::format("at most {} bytes", key_bytes_max));
    if (!order.idempotency_key.empty())
        order.digest = json::digest("[" + json::quote(route->object) + "," + request.body + "]").hex();
    const bool batch = order.batch, asynchronous = order.asynchronous;
    const auto records = batch ? std::optional(order.records.size()) : std::nullopt;
    auto answer = co_await daemon.write(installation->id, std::move(order),
                                        asynchronous ? Duration::zero() : synchronous_write_max);
    if (!answer) co_return problem(answer.error());
    if (!answer->faults.empty()) co_return reply(write_refusal(answer->operation_id, answer->faults, records));
    if (asynchronous) co_return json_response(200, "{\"operationId\":" + json::quote(answer->operation_id) + "}");
    co_return reply(write_reply(answer->operation_id, batch, answer->writes, answer->answers));
}

}  // namespace syncd
