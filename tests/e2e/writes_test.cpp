// Records written through the API and the command line, against the sandbox.
#include "connector/bentley/catalog.hpp"
#include "tests/e2e/support/bench.hpp"
#include "tests/sandbox/samples.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace syncd::e2e {
namespace {

constexpr auto as_json = "Content-Type: application/json";

std::string escaped(std::string object) {
    for (std::size_t at = 0; (at = object.find('/', at)) != std::string::npos;) object.replace(at, 1, "%2F");
    return object;
}

Settings writing(std::vector<std::string> objects, const std::string& more = {}) {
    Settings settings{.writes = std::move(objects)};
    for (const auto& object : settings.writes)
        settings.write += fmt::format("\"{}\": {{ deletionSettings: {{ enabled: true }}{}{} }}, ", object,
                                      more.empty() ? "" : ", ", more);
    return settings;
}

struct Writing {
    explicit Writing(const Settings& settings, std::vector<std::string> flags = {"--itwins", "3"})
        : bench(std::move(flags), settings), daemon(new Daemon(bench.daemon())) {}

    Answer post(const std::string& object, const std::string& request, std::vector<std::string> headers = {}) {
        headers.push_back(as_json);
        return fetch("POST", daemon->url("/write/v1/projects/acme/integrations/bentley/objects/" + object),
                     R"({"groupRef":"acme",)" + request + "}", headers);
    }
    Answer write(const std::string& object, const std::string& type, const std::string& record,
                 std::vector<std::string> headers = {}) {
        return post(escaped(object), fmt::format(R"("type":"{}","record":{})", type, record), std::move(headers));
    }
    std::string column(const std::string& sql) { return Database(bench.database()).value(sql); }
    std::int64_t requests(const std::string& path) { return bench.sandbox.requests(path); }

    Bench bench;
    std::unique_ptr<Daemon> daemon;
};

std::string with_id(const std::string& record, const std::string& id) {
    return "{\"id\":" + bj::serialize(bj::value(id)) + (record.size() > 2 ? "," + record.substr(1) : "}");
}

std::string an_itwin(const std::string& number, const std::string& name = "Bridge") {
    return fmt::format(R"({{"class":"Endeavor","subClass":"Project","displayName":"{}","number":"{}"}})", name, number);
}

class EveryWrite : public ::testing::Test {
protected:
    static void SetUpTestSuite() { writing_ = new Writing(writing(sandbox::written_objects())); }
    static void TearDownTestSuite() { delete writing_; }
    static Writing* writing_;
};
Writing* EveryWrite::writing_ = nullptr;

TEST_F(EveryWrite, OfAll34ObjectsEachIsCreatedUpdatedAndDeletedAsFarAsTheProviderCan) {
    auto& w = *writing_;
    const auto& catalog = bentley::Catalog::builtin();
    const auto objects = sandbox::written_objects();
    ASSERT_EQ(objects.size(), 34u);
    int updates = 0, deletes = 0;
    for (const auto& object : objects) {
        const auto& facts = *catalog.find(object)->write;
        const auto created = w.write(object, "create", sandbox::sample_record(object, 1));
        ASSERT_EQ(created.status, 200) << object << ": " << created.body;
        const auto answer = bj::parse(created.body);
        EXPECT_TRUE(answer.at_pointer("/result/success").as_bool()) << object;
        const auto id = text(answer, "/result/recordId");
        EXPECT_FALSE(id.empty()) << object << ": " << created.body;
        EXPECT_FALSE(answer.at_pointer("/result/data").as_object().empty()) << object;

        auto change = sandbox::sample_update(object, 1);
        const auto updated = w.write(object, "update", with_id(change.empty() ? "{}" : change, id));
        if (facts.update) {
            ++updates;
            EXPECT_EQ(updated.status, 200) << object << ": " << updated.body;
            EXPECT_FALSE(change.empty()) << object;
        } else {
            EXPECT_EQ(updated.status, 422) << object << ": " << updated.body;
            EXPECT_EQ(text(bj::parse(updated.body), "/errors/0/field"), "type") << updated.body;
        }
        // Another one: an update may have started it, and then it can't be deleted.
        const auto second = w.write(object, "create", sandbox::sample_record(object, 2));
        ASSERT_EQ(second.status, 200) << object << ": " << second.body;
        const auto gone = text(bj::parse(second.body), "/result/recordId");
        if (const auto state = sandbox::deletable_state(object); !state.empty())
            w.bench.sandbox.post(fmt::format("{}/advance?state={}", object, state));
        const auto removed = w.write(object, "delete", with_id(sandbox::sample_record(object, 2), gone));
        if (facts.remove) {
            ++deletes;
            EXPECT_EQ(removed.status, 200) << object << ": " << removed.body;
        } else {
            EXPECT_EQ(removed.status, 422) << object << ": " << removed.body;
        }
    }
    EXPECT_EQ(updates, 22);
    EXPECT_EQ(deletes, 31);
    EXPECT_EQ(w.column("SELECT count(*) FROM writes WHERE status <> 'done'"), "0");
}

TEST(Writes, EveryFaultOfABrokenStorageConnectionIsNamedBeforeItIsSent) {
    Writing w(writing({"synchronization/imodels/storageconnections"}));
    const std::string broken =
        R"({"sourceFiles":[{"storageFileId":"f"},{"connectorType":"MSWORD"}],"authenticationType":"Nobody"})";

    const auto answer = w.write("synchronization/imodels/storageconnections", "create", broken);

    EXPECT_EQ(answer.status, 422);
    std::map<std::string, std::string> faults;
    const auto refused = bj::parse(answer.body);
    for (const auto& error : refused.at("errors").as_array()) faults[text(error, "/field")] = text(error, "/message");
    EXPECT_EQ(faults.size(), 5u) << answer.body;
    for (const auto* field : {"iModelId", "sourceFiles[0].connectorType", "sourceFiles[1].storageFileId",
                              "sourceFiles[1].connectorType", "authenticationType"})
        EXPECT_TRUE(faults.contains(field)) << field << answer.body;
    EXPECT_NE(faults["sourceFiles[1].connectorType"].find("SPXREVIEW"), std::string::npos) << "says what is allowed";
    EXPECT_EQ(w.requests("/synchronization/imodels/storageconnections"), 0);
    EXPECT_EQ(w.column("SELECT count(*) FROM writes"), "0");
    const auto operation = w.bench.json({"operations", text(refused, "/operationId")});
    EXPECT_EQ(text(operation, "/status"), "failure");
    EXPECT_EQ(operation.at("logs").as_array().size(), 5u) << "each reason can be looked up";
}

TEST(Writes, APageOfSomethingInBetweenIsNoSuccess) {
    Writing w(writing({"itwins"}));
    const auto id = text(bj::parse(w.write("itwins", "create", an_itwin("1")).body), "/result/recordId");
    const auto page = [&](const std::string& operation) {
        w.bench.sandbox.fault(fmt::format(R"({{"object":"itwins","operation":"{}","kind":"body","status":200,)"
                                          R"("contentType":"text/html","body":"<html>Guest network</html>"}})",
                                          operation));
    };

    page("delete");
    EXPECT_EQ(w.write("itwins", "delete", with_id("{}", id)).status, 200);
    EXPECT_EQ(w.column("SELECT attempts FROM writes WHERE type = 'delete'"), "2") << "the first did nothing";
    page("create");
    w.post("itwins", R"("type":"create","mode":"asynchronous","record":)" + an_itwin("2"));

    EXPECT_TRUE(eventually([&] { return w.column("SELECT attempts FROM writes WHERE status <> 'done'") == "1"; }));
    const auto why = [&] { return w.column("SELECT error FROM writes WHERE status = 'pending'"); };
    EXPECT_TRUE(eventually([&] { return why().find("not the provider's") != std::string::npos; })) << why();
}

TEST(Writes, PastValidationTheProvidersOwnDetailsStandInTheAnswerAndTheOperationsLog) {
    Writing w(writing({"synchronization/imodels/storageconnections"}, "validate: \"off\""));
    const std::string broken =
        R"({"sourceFiles":[{"storageFileId":"f"},{"connectorType":"MSWORD"}],"authenticationType":"Nobody"})";

    const auto answer = w.write("synchronization/imodels/storageconnections", "create", broken);

    EXPECT_EQ(answer.status, 422) << answer.body;
    const auto reply = bj::parse(answer.body);
    EXPECT_EQ(text(reply, "/errors/0/code"), "InvalidStorageConnectionRequest");
    EXPECT_GE(reply.at_pointer("/errors/0/details").as_array().size(), 3u);
    const auto operation = w.bench.json({"operations", text(reply, "/operationId")});
    EXPECT_EQ(text(operation, "/status"), "failure");
    const auto log = bj::serialize(operation.at("logs"));
    for (const auto* said : {"InvalidStorageConnectionRequest", "imodelId", "connectorType", "MissingRequiredProperty"})
        EXPECT_NE(log.find(said), std::string::npos) << said << log;
}

TEST(Writes, ASourceFileThatIsMappedAlreadyIsTheProviders409) {
    Writing w(writing({"synchronization/imodels/storageconnections"}));
    const auto record = sandbox::sample_record("synchronization/imodels/storageconnections", 1);
    EXPECT_EQ(w.write("synchronization/imodels/storageconnections", "create", record).status, 200);
    const auto again = w.write("synchronization/imodels/storageconnections", "create", record);
    EXPECT_EQ(again.status, 422);
    EXPECT_EQ(text(bj::parse(again.body), "/errors/0/code"), "FileMappingToTheIModelAlreadyExists");
}

TEST(Writes, AKeyMakesARepeatedRequestTheFirstOneAgain) {
    Writing w(writing({"itwins"}));
    const std::string key = "Idempotency-Key: order-1";
    const auto first = w.write("itwins", "create", an_itwin("1"), {key});
    const auto again =
        w.write("itwins", "create",
                R"({ "number": "1", "displayName":"Bridge","subClass":"Project","class":"Endeavor" })", {key});
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(again.body, first.body) << "compared as JSON";
    EXPECT_EQ(w.write("itwins", "create", an_itwin("2"), {key}).status, 422);
    EXPECT_EQ(w.column("SELECT count(*) FROM writes"), "1");

    w.daemon->stop();
    w.daemon.reset(new Daemon(w.bench.daemon()));
    EXPECT_EQ(w.write("itwins", "create", an_itwin("1"), {key}).body, first.body) << "kept over a restart";
}

TEST(Writes, ABatchReportsEachRecord) {
    Writing w(writing({"itwins"}));
    const auto answer = w.post(
        "itwins",
        fmt::format(R"("type":"create","batch":[{{"record":{}}},{{"record":{{"class":"Nothing"}}}},{{"record":{}}}])",
                    an_itwin("1"), an_itwin("1", "Twin")));
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto reply = bj::parse(answer.body);
    EXPECT_EQ(number(reply, "/successCount"), 1);
    EXPECT_EQ(number(reply, "/failureCount"), 2);
    EXPECT_TRUE(reply.at_pointer("/results/0/success").as_bool());
    EXPECT_EQ(reply.at_pointer("/results/1/errors").as_array().size(), 3u) << answer.body;
    EXPECT_EQ(text(reply, "/results/2/errors/0/code"), "iTwinExists");
}

TEST(Writes, AllOrNoneIsValidatedAsAWholeAndStopsAtTheFirstFailure) {
    Writing w(writing({"itwins"}));
    const std::string policy = R"("type":"create","batchPolicy":{"allOrNone":true},"batch":[)";
    const auto refused = w.post("itwins", policy + fmt::format(R"({{"record":{}}},{{"record":{{}}}}])", an_itwin("1")));
    EXPECT_EQ(refused.status, 422);
    EXPECT_NE(refused.body.find("batch[1].record.displayName"), std::string::npos) << refused.body;
    EXPECT_EQ(w.requests("/itwins/"), 0);

    const auto stopped = w.post("itwins", policy + fmt::format(R"({{"record":{}}},{{"record":{}}},{{"record":{}}}])",
                                                               an_itwin("1"), an_itwin("1"), an_itwin("3")));
    const auto reply = bj::parse(stopped.body);
    EXPECT_EQ(number(reply, "/successCount"), 1);
    EXPECT_EQ(number(reply, "/failureCount"), 2);
    EXPECT_NE(text(reply, "/results/2/errors/0/message").find("not sent"), std::string::npos);
    EXPECT_EQ(w.column("SELECT sum(attempts) FROM writes"), "2");
}

TEST(Writes, AMalformedRequestIsAProblemThatSaysWhatIsAllowed) {
    Writing w(writing({"itwins"}));
    const std::pair<const char*, const char*> wrong[] = {
        {R"("type":"create")", "record"},
        {R"("type":"upsert","record":{})", "create, update or delete"},
        {R"("type":"create","mode":"later","record":{})", "asynchronous"},
        {R"("type":"create","record":[])", "object"},
        {R"("type":"create","batch":[])", "1 to 100"},
        {R"("type":"create","batch":[{"record":1}])", "batch[0].record"},
        {R"("type":"create","record":{},"batch":[{"record":{}}])", "either"},
        {R"("type":"create","record":{},"retryPolicy":{"deadlineHours":49})", "1 to 48"},
        {R"("type":"create","batch":[{"record":{}}],"batchPolicy":{"allOrNone":1})", "true or false"},
    };
    for (const auto& [request, says] : wrong) {
        const auto answer = w.post("itwins", request);
        EXPECT_EQ(answer.status, 400) << request;
        EXPECT_NE(answer.head.find("application/problem+json"), std::string::npos) << request;
        EXPECT_NE(answer.body.find(says), std::string::npos) << answer.body;
    }
    EXPECT_EQ(w.post("imodels", R"("type":"create","record":{})").status, 404);
    EXPECT_EQ(fetch("POST", w.daemon->url("/write/v1/projects/other/integrations/bentley/objects/itwins"),
                    R"({"groupRef":"acme","type":"create","record":{}})", {as_json})
                  .status,
              404);
}

TEST(Writes, DeletesHaveToBeEnabled) {
    Writing w({.writes = {"itwins"}});
    const auto answer = w.write("itwins", "delete", R"({"id":"x"})");
    EXPECT_EQ(answer.status, 422);
    EXPECT_NE(answer.body.find("deletionSettings"), std::string::npos) << answer.body;
}

TEST(Writes, WhatTheProviderReplacesIsReadAndLaidOver) {
    Writing w(writing({"library/manufacturers"}));
    const auto created = bj::parse(
        w.write("library/manufacturers", "create", R"({"displayName":"Acme","phone":"1","website":"acme.example"})")
            .body);
    const auto id = text(created, "/result/recordId");
    const auto updated = w.write("library/manufacturers", "update", with_id(R"({"phone":"2"})", id));
    EXPECT_EQ(updated.status, 200) << updated.body;
    const auto data = bj::parse(updated.body).at_pointer("/result/data");
    EXPECT_EQ(text(data, "/phone"), "2");
    EXPECT_EQ(text(data, "/website"), "acme.example") << "PUT replaces: what is left out would be lost";
    EXPECT_EQ(text(data, "/displayName"), "Acme");
}

TEST(Writes, AnAsynchronousWriteIsAnsweredAtOnceAndOutlivesAKill) {
    Writing w(writing({"itwins"}));
    w.bench.sandbox.fault(R"({"operation":"create","status":503,"retryAfter":1,"count":1})");
    const auto answer = w.post("itwins", R"("type":"create","mode":"asynchronous","record":)" + an_itwin("1"));
    EXPECT_EQ(answer.status, 200);
    const auto id = text(bj::parse(answer.body), "/operationId");
    eventually([&] { return w.column("SELECT attempts || status FROM writes") == "1pending"; });
    w.daemon->crash();
    w.daemon.reset(new Daemon(w.bench.daemon()));
    EXPECT_TRUE(
        eventually([&] { return w.column("SELECT status FROM operations WHERE id = '" + id + "'") == "success"; }));
    EXPECT_EQ(w.column("SELECT attempts FROM writes"), "2");
}

TEST(Writes, AWrittenRecordReachesDestinationsByTheNextRead) {
    auto settings = writing({"itwins"});
    settings.objects = {{"itwins"}};
    Bench bench({"--itwins", "3"}, settings);
    bench.sync();
    const auto done = bench.run({"write", "itwins", "--type", "create", "--record", an_itwin("1")});
    EXPECT_EQ(done.exit, 0) << done.err;
    EXPECT_EQ(number(bench.sandbox.receiver(), "/creates"), 3);
    bench.sync();
    EXPECT_EQ(number(bench.sandbox.receiver(), "/creates"), 4);
    EXPECT_EQ(bench.sandbox.difference(), "");
}

TEST(WriteCommand, WritesWithTheDaemonAndWithoutAndSaysWhatFails) {
    Bench bench({"--itwins", "1"}, writing({"itwins"}));
    const auto alone = bench.json({"write", "itwins", "--type", "create", "--record", an_itwin("1")});
    EXPECT_TRUE(alone.at_pointer("/result/success").as_bool());
    const auto id = text(alone, "/result/recordId");
    auto daemon = bench.daemon();
    write_text(bench.folder / "record.json", with_id(R"({"displayName":"Tunnel"})", id) + "\n");
    const auto handed =
        bench.run({"write", "itwins", "--type", "update", "--record", "@" + (bench.folder / "record.json").string()});
    EXPECT_EQ(handed.exit, 0) << handed.err;
    EXPECT_NE(handed.out.find(id), std::string::npos);

    const auto refused = bench.run({"write", "itwins", "--type", "create", "--record", R"({"class":"Nothing"})"});
    EXPECT_EQ(refused.exit, 1);
    EXPECT_NE(refused.err.find("displayName"), std::string::npos) << refused.err;
    EXPECT_NE(refused.err.find("Endeavor"), std::string::npos) << "says what is allowed";
    EXPECT_EQ(bench.run({"write", "itwins", "--type", "create", "--record", "{"}).exit, 2);
    EXPECT_EQ(bench.run({"write", "imodels", "--type", "create", "--record", "{}"}).exit, 2);
    EXPECT_EQ(bench.run({"write", "itwins", "--type", "delete", "--record", with_id("{}", id)}).exit, 0);
    EXPECT_EQ(bench.run({"write", "--resolve", "nobody", "retry"}).exit, 1);
}

TEST(Writes, SecretsOfARecordAreNowhereInTheDatabaseNorInWhatWePrint) {
    Writing w(writing({"webhooks", "insights/carbon-calculation/ec3/jobs"}));
    const std::string secret = "a-secret-of-more-than-32-characters-in-length";
    auto record = bj::parse(sandbox::sample_record("webhooks", 1));
    record.as_object()["secret"] = secret;
    EXPECT_EQ(w.write("webhooks", "create", bj::serialize(record)).status, 200);
    auto job = bj::parse(sandbox::sample_record("insights/carbon-calculation/ec3/jobs", 1));
    job.as_object()["ec3BearerToken"] = secret;
    EXPECT_EQ(w.write("insights/carbon-calculation/ec3/jobs", "create", bj::serialize(job)).status, 200);
    w.daemon->stop();
    EXPECT_EQ(w.bench.printed().find(secret), std::string::npos);
    for (const auto* part : {"", "-wal"})
        EXPECT_EQ(read_text(w.bench.database().string() + part).find(secret), std::string::npos) << part;
}

}  // namespace
}  // namespace syncd::e2e
