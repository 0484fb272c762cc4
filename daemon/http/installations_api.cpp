#include "daemon/http/installations_api.hpp"

#include "daemon/daemon.hpp"
#include "daemon/config_content.hpp"
#include "daemon/http/lists.hpp"
#include "daemon/http/problem.hpp"

#include <boost/json.hpp>

#include <array>

namespace syncd {
namespace {

namespace bj = boost::json;

/// What Ampersand calls the three.
const char* connection_status(const storage::HealthRow& health) {
    if (health.updated_at.empty()) return "created";
    return health.healthy ? "working" : "bad_credentials";
}

const char* auth_scheme(config::Grant grant) {
    switch (grant) {
        case config::Grant::client_credentials: return "oauth2/clientCredentials";
        case config::Grant::authorization_code: return "oauth2/authorizationCodePKCE";
    }
    return "";
}

/// The connection's id is its installation's: each has one. No secrets, no tokens.
bj::object connection(const std::string& project, const config::Installation& installation,
                      const storage::InstallationRow& row, const storage::HealthRow& health) {
    const bj::value scopes = bj::value_from(installation.connection.scopes);
    const auto since = text_or_null(row.created_at);
    return {{"id", installation.id},
            {"projectId", project},
            {"provider", "bentley"},
            {"providerApp",
             {{"id", installation.connection.client_id},
              {"projectId", project},
              {"provider", "bentley"},
              {"clientId", installation.connection.client_id},
              {"scopes", scopes},
              {"createTime", since}}},
            {"group",
             {{"groupRef", installation.group_ref},
              {"groupName", installation.group_name},
              {"projectId", project},
              {"createTime", since}}},
            {"consumer",
             {{"consumerRef", installation.consumer_ref},
              {"consumerName", installation.consumer_name},
              {"projectId", project},
              {"createTime", since}}},
            {"authScheme", auth_scheme(installation.connection.grant)},
            {"status", connection_status(health)},
            {"scopes", scopes},
            {"createTime", since},
            {"updateTime", text_or_null(health.updated_at.empty() ? row.updated_at : health.updated_at)}};
}

/// As Ampersand's Installation, with the reason of its health. The configuration is the file's: its revision is the
/// digest of what shapes messages.
bj::object json_of(Api& api, const config::Installation& installation) {
    const auto& project = api.daemon.config().project;
    auto& reader = api.reader();
    const auto row = reader.installation(installation.id);
    const auto health = reader.health(installation.id);
    auto connected = connection(project, installation, row, health);
    const auto by = "consumer:" + installation.consumer_ref;
    bj::object out{{"id", installation.id},
                   {"projectId", project},
                   {"integrationId", installation.integration},
                   {"group", connected.at("group")},
                   {"healthStatus", health.healthy ? "healthy" : "unhealthy"},
                   {"healthReason", text_or_null(health.reason)},
                   {"connection", std::move(connected)},
                   {"createTime", text_or_null(row.created_at)},
                   {"createdBy", by},
                   {"updateTime", text_or_null(row.updated_at)},
                   {"config",
                    {{"id", installation.id},
                     {"revisionId", installation.digest},
                     {"createTime", text_or_null(row.updated_at)},
                     {"createdBy", by},
                     {"content", config_content(installation)}}}};
    const auto last = reader.operations({.installation_id = installation.id, .limit = 1});
    if (!last.empty()) out["lastOperationStatus"] = last.front().status;
    return out;
}

/// All of them: as many as the configuration has.
awaitable<http::Response> list(Api& api, Call call) {
    bj::array found;
    for (const auto& each : api.daemon.config().installations) {
        const bool wanted = call["groupRef"].empty() || each.group_ref == call["groupRef"];
        if (each.integration == call["integration"] && wanted) found.push_back(json_of(api, each));
    }
    co_return json_response(200, std::move(found));
}

awaitable<http::Response> one(Api& api, Call call) {
    const auto* installation = api.installation(call["integration"], call["installation"]);
    if (!installation) co_return problem(404, "No such installation", call["installation"]);
    co_return json_response(200, json_of(api, *installation));
}

constexpr std::array routes = {
    Route{"GET", "/v1/projects/{project}/integrations/{integration}/installations", list},
    Route{"GET", "/v1/projects/{project}/integrations/{integration}/installations/{installation}", one},
};

}  // namespace

std::span<const Route> installation_routes() { return routes; }

}  // namespace syncd
