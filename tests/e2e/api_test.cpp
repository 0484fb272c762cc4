// The HTTP API as a user's script sees it: what there is to read, in pages, and the few things that can be changed.
#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <regex>
#include <set>

namespace syncd::e2e {
namespace {

constexpr auto key = "X-Api-Key: k-0123456789";
constexpr auto as_json = "Content-Type: application/json";
const std::string project = "/v1/projects/acme";
const std::string integration = project + "/integrations/bentley";

/// A daemon with a key and secrets everywhere that there may be one, 40 iTwins and 30 jobs read and delivered.
class Running {
public:
    Running()
        : bench(
              {"--itwins", "40", "--jobs", "30"},
              {.objects = {{"itwins", "@every 1h", "mapToName: spaces"},
                           {"contextcapture/jobs", "@every 1h", "backfill: { defaultPeriod: { fullHistory: true } }"}},
               .destination = "maxPayloadBytes: 8000, headers: { X-Team: hush-header }, ",
               .server = "apiKeys: [k-0123456789], ",
               .read = "itwins: { selectedFieldMappings: { title: displayName }, schedule: \"@every 2h\" }"}),
          daemon(bench.daemon()) {
        if (!eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 70; }) ||
            !eventually([&] { return all("/operations?status=in_progress", id()).empty(); }))
            throw std::runtime_error("nothing is delivered");
    }
    Answer ask(const std::string& path, const std::string& method = "GET", const std::string& body = {}) {
        auto answer = fetch(method, daemon.url(path), body, {key, as_json});
        for (const auto* secret :
             {"sandbox-secret", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "hush-header", "k-0123456789", "Bearer "})
            EXPECT_EQ((answer.head + answer.body).find(secret), std::string::npos) << path << " shows " << secret;
        return answer;
    }
    bj::value get(const std::string& path) {
        const auto answer = ask(path);
        EXPECT_EQ(answer.status, 200) << path << ": " << answer.body;
        return answer.status == 200 ? bj::parse(answer.body) : bj::value(nullptr);
    }
    int status(const std::string& path, const std::string& method = "GET") { return ask(path, method).status; }
    /// What is under the installation, or with `of` empty under the project, over all pages; `between` runs after each.
    std::vector<std::string> all(std::string path, const std::string& of, const std::function<void()>& between = {}) {
        path = (of.empty() ? project : integration + "/installations/" + of) + path;
        path += path.find('?') == std::string::npos ? "?" : "&";
        std::vector<std::string> ids;
        for (std::string token; pages < 1000; ++pages) {
            const auto page = get(path + token);
            for (const auto& each : page.at("results").as_array()) ids.push_back(text(each, "/id"));
            if (page.at("pagination").at("done").as_bool()) break;
            token = "pageToken=" + text(page, "/pagination/nextPageToken");
            if (between) between();
        }
        return ids;
    }
    std::string id() const { return "59356733-3a31-530c-8a82-b551ca8ed912"; }
    std::string trigger() {
        const auto answer = ask("/read/v1/projects/acme/integrations/bentley/objects/itwins", "POST",
                                R"({"groupRef":"acme","mode":"async"})");
        if (answer.status != 201) throw std::runtime_error(answer.body);
        const auto operation = text(bj::parse(answer.body), "/operationId");
        if (!eventually([&] { return get(project + "/operations/" + operation).at("status") == "success"; }))
            throw std::runtime_error("a triggered read does not end");
        return operation;
    }
    std::string metric(const std::string& line) {
        const auto text = ask("/metrics").body;
        const auto sample = "\nbentley_syncd_" + line + " ";
        const auto at = text.find(sample);
        if (at == std::string::npos) return "no " + line;
        const auto from = at + sample.size();
        return text.substr(from, text.find('\n', from) - from);
    }
    Bench bench;
    Daemon daemon;
    int pages = 0;  // that all() has read
};

TEST(Api, ShowsInstallationsAsAmpersandDoes) {
    Running running;

    const auto found = running.get(integration + "/installations?groupRef=acme");
    ASSERT_EQ(found.as_array().size(), 1u);
    EXPECT_EQ(found.at(0), running.get(integration + "/installations/" + running.id()));
    EXPECT_EQ(text(found, "/0/id"), running.id());
    EXPECT_EQ(text(found, "/0/projectId"), "acme");
    EXPECT_EQ(text(found, "/0/integrationId"), "bentley");
    EXPECT_EQ(text(found, "/0/group/groupRef"), "acme");
    EXPECT_EQ(text(found, "/0/healthStatus"), "healthy");
    EXPECT_EQ(text(found, "/0/lastOperationStatus"), "success");
    EXPECT_EQ(text(found, "/0/connection/status"), "working");
    EXPECT_EQ(text(found, "/0/connection/provider"), "bentley");
    EXPECT_EQ(text(found, "/0/connection/authScheme"), "oauth2/clientCredentials");
    EXPECT_EQ(text(found, "/0/connection/scopes/0"), "itwin-platform");
    EXPECT_EQ(text(found, "/0/config/content/read/objects/itwins/selectedFieldMappings/title"), "displayName");
    EXPECT_EQ(text(found, "/0/config/content/read/objects/itwins/schedule"), "@every 2h") << "what is in effect";
    EXPECT_EQ(text(found, "/0/config/content/read/objects/contextcapture~1jobs/destination"), "bentleyWebhook");
    EXPECT_FALSE(text(found, "/0/createTime").empty());

    EXPECT_TRUE(running.get(integration + "/installations?groupRef=another").as_array().empty());
    EXPECT_EQ(running.status(integration + "/installations/another"), 404);
    EXPECT_EQ(running.status(project + "/integrations/another/installations"), 404);
    EXPECT_EQ(running.status("/v1/projects/another/integrations/bentley/installations"), 404);
}

TEST(Api, AnInstallationWhoseCredentialsAreRefusedSaysSo) {
    Running running;
    running.bench.sandbox.fault(R"({"path":"/itwins/","status":401,"count":-1})");
    ASSERT_EQ(running
                  .ask("/read/v1/projects/acme/integrations/bentley/objects/spaces", "POST",
                       R"({"groupRef":"acme","mode":"async"})")
                  .status,
              201);

    const auto path = integration + "/installations/" + running.id();
    ASSERT_TRUE(eventually([&] { return text(running.get(path), "/healthStatus") == "unhealthy"; }));
    EXPECT_EQ(text(running.get(path), "/connection/status"), "bad_credentials");
    EXPECT_TRUE(eventually([&] { return text(running.get(path), "/lastOperationStatus") == "failure"; }));
}

TEST(Api, OperationsCanBePagedWhileNewOnesAreAdded) {
    Running running;
    for (int i = 0; i < 3; ++i) running.trigger();
    const auto before = running.all("/operations", running.id());
    ASSERT_EQ(before.size(), 5u);

    running.pages = 0;
    const auto paged = running.all("/operations?pageSize=2", running.id(), [&] { running.trigger(); });

    EXPECT_EQ(running.pages, 2) << "of three: the third one is the last";
    EXPECT_EQ(paged, before) << "nothing twice, nothing left out";
    EXPECT_EQ(running.all("/operations", running.id()).size(), 7u);
    EXPECT_EQ(running.all("/operations?object=spaces&status=success", running.id()).size(), 6u);
    EXPECT_EQ(running.all("/operations?object=contextcapture%2Fjobs", running.id()).size(), 1u);
}

TEST(Api, AnOperationHasItsProgressAndItsLog) {
    Running running;
    const auto id = running.trigger();
    const auto operation = running.get(project + "/operations/" + id);
    EXPECT_EQ(text(operation, "/actionType"), "read");
    EXPECT_EQ(text(operation, "/readType"), "triggered");
    EXPECT_EQ(text(operation, "/integrationId"), "bentley");
    EXPECT_EQ(text(operation, "/metadata/objects/0"), "itwins");
    EXPECT_EQ(number(operation, "/metadata/progress/recordsProcessed"), 40);

    running.bench.sandbox.fault(R"({"path":"/itwins/","status":400,"count":-1})");
    const auto answer = running.ask("/read/v1/projects/acme/integrations/bentley/objects/itwins", "POST",
                                    R"({"groupRef":"acme","mode":"async"})");
    const auto failed = project + "/operations/" + text(bj::parse(answer.body), "/operationId");
    ASSERT_TRUE(eventually([&] { return running.get(failed).at("status") == "failure"; }));
    const auto logs = running.get(failed + "/logs");
    ASSERT_FALSE(logs.at("results").as_array().empty());
    EXPECT_EQ(text(logs, "/results/0/severity"), "error");
    EXPECT_NE(text(logs, "/results/0/message/msg").find("400"), std::string::npos) << logs;

    EXPECT_EQ(running.status(project + "/operations/none"), 404);
    EXPECT_EQ(running.status(project + "/operations/none/logs"), 404);
    EXPECT_EQ(running.status(integration + "/installations/none/operations"), 404);
}

TEST(Api, BackfillProgressTakesObjectsWithSlashesEitherWay) {
    Running running;
    const auto objects = integration + "/installations/" + running.id() + "/objects/";
    for (const auto* jobs : {"contextcapture/jobs", "contextcapture%2Fjobs"}) {
        const auto progress = running.get(objects + jobs + "/backfill-progress");
        EXPECT_EQ(text(progress, "/objectName"), "contextcapture/jobs");
        EXPECT_EQ(number(progress, "/recordsProcessed"), 30);
        EXPECT_EQ(text(progress, "/status"), "success");
    }
    EXPECT_EQ(number(running.get(objects + "spaces/backfill-progress"), "/recordsProcessed"), 40) << "a mapped name";
    EXPECT_EQ(running.status(objects + "webhooks/backfill-progress"), 404);
}

TEST(Api, MetadataSaysWhatFieldsAnObjectHasAndWhatTheyAreCalledHere) {
    Running running;
    const auto itwins = running.get(integration + "/objects/spaces/metadata?groupRef=acme");
    EXPECT_EQ(itwins, running.get(integration + "/objects/itwins/metadata?groupRef=acme"));
    EXPECT_EQ(text(itwins, "/name"), "itwins");
    EXPECT_EQ(text(itwins, "/mappedObjectName"), "spaces");
    EXPECT_EQ(text(itwins, "/fields/displayName/fieldName"), "displayName");
    EXPECT_EQ(text(itwins, "/fields/displayName/displayName"), "Display Name");
    EXPECT_EQ(text(itwins, "/fields/displayName/mappedFieldName"), "title");
    EXPECT_EQ(text(itwins, "/fields/displayName/valueType"), "string");
    EXPECT_EQ(text(itwins, "/fields/createdDateTime/valueType"), "datetime");
    EXPECT_TRUE(itwins.at_pointer("/fields/createdDateTime/readOnly").as_bool());
    EXPECT_TRUE(itwins.at_pointer("/fields/displayName/isRequired").as_bool());
    EXPECT_EQ(text(itwins, "/fields/status/valueType"), "singleSelect");
    EXPECT_EQ(text(itwins, "/fields/status/values/0/value"), "Active");
    const auto writable = running.get(integration + "/objects/itwins/metadata?groupRef=acme&excludeReadOnly=true");
    EXPECT_FALSE(writable.at("fields").as_object().contains("createdDateTime"));
    EXPECT_TRUE(writable.at("fields").as_object().contains("displayName"));
    EXPECT_EQ(
        text(running.get(integration + "/objects/reality-management/reality-data/metadata?groupRef=acme"), "/name"),
        "reality-management/reality-data");

    EXPECT_EQ(running.status(integration + "/objects/itwins/metadata"), 400);
    EXPECT_EQ(running.status(integration + "/objects/itwins/metadata?groupRef=another"), 404);
    EXPECT_EQ(running.status(integration + "/objects/no/such/metadata?groupRef=acme"), 404);
}

TEST(Api, DeliveriesCanBeFoundReadAndSentAgain) {
    Running running;
    const auto all = running.all("/deliveries?pageSize=3", "");
    EXPECT_EQ(std::set(all.begin(), all.end()).size(), all.size()) << "none twice";
    EXPECT_EQ(all, running.all("/deliveries", ""));
    const auto jobs = running.all("/deliveries?object=contextcapture/jobs&status=delivered", "");
    EXPECT_LT(jobs.size(), all.size());
    EXPECT_FALSE(jobs.empty());
    EXPECT_EQ(running.all("/deliveries?destination=bentleyWebhook&installation=" + running.id(), ""), all);
    EXPECT_TRUE(running.all("/deliveries?destination=another", "").empty());
    EXPECT_TRUE(running.all("/deliveries?status=dead", "").empty());

    const auto path = project + "/deliveries/" + all.front();
    const auto one = running.get(path);
    EXPECT_EQ(text(one, "/status"), "delivered");
    EXPECT_EQ(number(one, "/attemptLog/0/status"), 200);
    EXPECT_FALSE(one.as_object().contains("body")) << "only for those who ask";
    EXPECT_EQ(text(running.get(path + "?includeBody=true"), "/body/projectId"), "acme");

    const auto before = number(running.bench.sandbox.receiver(), "/duplicates");
    EXPECT_EQ(running.status(path + ":replay", "POST"), 200);
    EXPECT_TRUE(eventually([&] { return number(running.bench.sandbox.receiver(), "/duplicates") == before + 1; }));
    EXPECT_EQ(running.status(project + "/deliveries/none:replay", "POST"), 404);
    EXPECT_EQ(running.status(project + "/deliveries/none"), 404);
}

TEST(Api, ADestinationCanBeDisabledAndEnabled) {
    Running running;
    const auto path = project + "/destinations/bentleyWebhook";
    const auto listed = running.get(project + "/destinations");
    EXPECT_EQ(listed.at("results").at(0), running.get(path));
    EXPECT_TRUE(listed.at("pagination").at("done").as_bool());
    EXPECT_EQ(text(listed, "/results/0/type"), "webhook");
    EXPECT_EQ(text(listed, "/results/0/metadata/url"), running.bench.sandbox.hook);
    EXPECT_EQ(text(listed, "/results/0/metadata/headers/X-Team"), "***");

    EXPECT_EQ(text(bj::parse(running.ask(path + ":disable", "POST").body), "/state"), "disabled");
    running.trigger();
    EXPECT_GT(number(running.get(path), "/held"), 0);
    EXPECT_EQ(running.metric("destination_enabled{destination=\"bentleyWebhook\"}"), "0");
    EXPECT_EQ(text(bj::parse(running.ask(path + ":enable", "POST").body), "/state"), "enabled");
    EXPECT_TRUE(
        eventually([&] { return number(running.get(path), "/held") + number(running.get(path), "/pending") == 0; }));
    EXPECT_EQ(running.status(project + "/destinations/another"), 404);
    EXPECT_EQ(running.status(project + "/destinations/another:enable", "POST"), 404);
}

TEST(Api, PausesAllObjectsOrThoseThatAreNamed) {
    Running running;
    const auto installation = "/read/v1/projects/acme/integrations/bentley/installations/" + running.id();
    const auto paused = [&] {
        std::string names;
        const auto status = running.bench.json({"status"});
        for (const auto& row : status.as_array())
            if (row.at("paused").as_bool()) names += text(row, "/object") + " ";
        return names;
    };
    const auto ask = [&](const std::string& verb, const std::string& body) {
        return running.ask(installation + ":" + verb, "POST", body).status;
    };

    EXPECT_EQ(ask("pause", R"({"objects":["spaces"],"note":"maintenance"})"), 204);
    EXPECT_EQ(paused(), "itwins ");
    for (const auto* wrong : {"{", "[]", R"({"objects":"itwins"})", R"({"objects":[1]})", R"({"objects":["another"]})"})
        EXPECT_EQ(ask("pause", wrong), 400) << wrong;
    EXPECT_EQ(ask("pause", R"({"objects":[]})"), 204);
    EXPECT_EQ(paused(), "itwins ");
    EXPECT_EQ(ask("pause", ""), 204);
    EXPECT_EQ(paused(), "itwins contextcapture/jobs ");
    EXPECT_EQ(ask("unpause", R"({"objects":["itwins"]})"), 204);
    EXPECT_EQ(paused(), "contextcapture/jobs ");
    EXPECT_EQ(ask("unpause", "{}"), 204);
    EXPECT_EQ(paused(), "");
}

TEST(Api, RefusesWhatIsNotAsked) {
    Running running;
    const auto operations = integration + "/installations/" + running.id() + "/operations";
    for (const auto* size : {"0", "1001", "-1", "x", "1x", "99999999999999999999"})
        EXPECT_EQ(running.status(operations + "?pageSize=" + size), 400) << size;
    EXPECT_EQ(running.status(operations + "?pageSize=1000"), 200);
    EXPECT_EQ(running.status(operations + "?status=done"), 400);

    auto token = text(running.get(operations + "?pageSize=1"), "/pagination/nextPageToken");
    EXPECT_EQ(running.status(operations + "?pageSize=1&pageToken=" + token), 200);
    EXPECT_EQ(running.status(operations + "?pageSize=1&status=success&pageToken=" + token), 400) << "another list";
    EXPECT_EQ(running.status(project + "/deliveries?pageToken=" + token), 400);
    token.front() = token.front() == '0' ? '1' : '0';
    for (const auto& damaged : {token, token.substr(1), token + "0", std::string("x"), std::string("%00%ff")})
        EXPECT_EQ(running.status(operations + "?pageToken=" + damaged), 400) << damaged;

    for (const auto& path : {operations, project + "/deliveries", project + "/writes", project + "/destinations",
                             integration + "/installations", std::string("/metrics")})
        for (const auto* method : {"POST", "PUT", "DELETE"}) {
            const auto refused = running.ask(path, method);
            EXPECT_EQ(refused.status, 405) << method << " " << path;
            EXPECT_NE(refused.head.find("Allow: GET, HEAD"), std::string::npos) << refused.head;
        }
    const auto refused = running.ask(project + "/destinations/bentleyWebhook:enable");
    EXPECT_EQ(refused.status, 405);
    EXPECT_NE(refused.head.find("Allow: POST"), std::string::npos);
    const auto missing = running.ask(project + "/nothing");
    EXPECT_EQ(missing.status, 404);
    EXPECT_NE(missing.head.find("application/problem+json"), std::string::npos);
    for (const auto& path : {operations, project + "/deliveries", std::string("/metrics")})
        EXPECT_EQ(fetch("GET", running.daemon.url(path)).status, 401) << path;
    EXPECT_EQ(running.ask(project + "/deliveries", "HEAD").body, "");
}

TEST(Api, MetricsAreWhatPrometheusReads) {
    Running running;
    running.bench.sandbox.fault(R"({"path":"/itwins/","status":429,"count":1})");
    running.trigger();
    const auto metrics = running.ask("/metrics");
    ASSERT_EQ(metrics.status, 200);
    EXPECT_NE(metrics.head.find("text/plain; version=0.0.4"), std::string::npos);

    const std::regex comment("# (HELP bentley_syncd_[a-z_]+ .+|TYPE bentley_syncd_[a-z_]+ (counter|gauge|histogram))");
    const std::regex sample(R"re((bentley_syncd_[a-z_]+)(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? [-+.e0-9]+)re");
    std::set<std::string> seen;
    std::size_t from = 0;
    for (auto end = metrics.body.find('\n'); end != std::string::npos; end = metrics.body.find('\n', from)) {
        const auto line = metrics.body.substr(from, end - from);
        from = end + 1;
        const bool known = std::regex_match(line, line.starts_with('#') ? comment : sample);
        EXPECT_TRUE(known) << line;
        if (!line.starts_with('#')) EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second) << line;
    }
    EXPECT_EQ(from, metrics.body.size()) << "the last line ends too";

    const auto object = "installation=\"" + running.id() + "\",object=\"itwins\"";
    EXPECT_EQ(running.metric("records{" + object + "}"), "40");
    EXPECT_EQ(running.metric("reads_total{" + object + ",status=\"success\"}"), "2");
    EXPECT_EQ(running.metric("reads_total{" + object + ",status=\"failure\"}"), "0");
    EXPECT_EQ(running.metric("record_changes_total{" + object + ",change=\"create\"}"), "40");
    EXPECT_EQ(running.metric("provider_rate_limited_total{client=\"sandbox\"}"), "1");
    EXPECT_EQ(running.metric("provider_requests_total{client=\"sandbox\",status=\"4xx\"}"), "1");
    EXPECT_NE(running.metric("provider_requests_total{client=\"sandbox\",status=\"2xx\"}"), "0");
    EXPECT_EQ(running.metric("writes{status=\"unknown\"}"), "0");
    EXPECT_EQ(running.metric("deliveries{destination=\"bentleyWebhook\",status=\"dead\"}"), "0");
    EXPECT_TRUE(eventually([&] {
        return running.metric("delivery_attempts_total{destination=\"bentleyWebhook\",result=\"delivered\"}") ==
               running.metric("delivery_duration_seconds_count{destination=\"bentleyWebhook\"}");
    }));
    EXPECT_EQ(running.metric("ready"), "1");
}

}  // namespace
}  // namespace syncd::e2e
