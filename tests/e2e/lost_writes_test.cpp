// Creates whose answers are lost, and a daemon that is killed among them.
#include "connector/bentley/catalog.hpp"
#include "tests/e2e/support/bench.hpp"
#include "tests/sandbox/samples.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace syncd::e2e {
namespace {

constexpr int itwins = 1800, catalogs = 100, workspaces = 100, batch = 100, kills = 6;

Settings writing() {
    Settings settings{.writes = {"itwins", "library/catalogs", "contextcapture/workspaces"}};
    settings.write = "\"library/catalogs\": { marker: true }";
    return settings;
}

/// A batch of creates, each of another record.
std::string request(const std::string& object, int first) {
    std::string records;
    for (int i = first; i < first + batch; ++i) {
        auto record =
            object == "itwins"
                ? fmt::format(
                      R"({{"class":"Endeavor","subClass":"Project","displayName":"Bridge {0}","number":"N{0}"}})", i)
                : sandbox::sample_record(object, std::uint64_t(i));
        records += (records.empty() ? "{\"record\":" : ",{\"record\":") + record + "}";
    }
    return R"({"groupRef":"acme","type":"create","mode":"asynchronous","batch":[)" + records + "]}";
}

class LostWrites : public ::testing::Test {
protected:
    LostWrites() : bench({"--itwins", "1"}, writing()), daemon(new Daemon(bench.daemon())) {}

    void queue(const std::string& object, int count) {
        std::string path = object;
        for (std::size_t at = 0; (at = path.find('/', at)) != std::string::npos;) path.replace(at, 1, "%2F");
        for (int first = 0; first < count; first += batch) {
            const auto answer =
                fetch("POST", daemon->url("/write/v1/projects/acme/integrations/bentley/objects/" + path),
                      request(object, first),
                      {"Content-Type: application/json", fmt::format("Idempotency-Key: {}-{}", object, first)});
            ASSERT_EQ(answer.status, 200) << answer.body;
        }
    }
    std::int64_t count(const std::string& where) {
        return std::stoll(Database(bench.database()).value("SELECT count(*) FROM writes WHERE " + where));
    }
    std::int64_t attempts() {
        return std::stoll(Database(bench.database()).value("SELECT coalesce(sum(attempts), 0) FROM writes"));
    }
    bool ended() { return count("status IN ('pending', 'sending')") == 0; }
    void kill() {
        daemon->crash();
        daemon.reset(new Daemon(bench.daemon()));
    }

    Bench bench;
    std::unique_ptr<Daemon> daemon;
};

TEST_F(LostWrites, Of2000CreatesNoneIsLostNoneIsDoubledAndOnlyWhatNothingCanFindIsUnknown) {
    bench.sandbox.fault(R"({"operation":"create","kind":"close","probability":0.06,"seed":7,"count":-1})");
    bench.sandbox.fault(
        R"({"operation":"create","status":502,"processed":true,"probability":0.02,"seed":8,"count":-1})");
    queue("itwins", itwins);
    queue("library/catalogs", catalogs);
    queue("contextcapture/workspaces", workspaces);
    for (int i = 1; i <= kills; ++i) {
        const auto more = attempts() + 37 * i;
        eventually([&] { return attempts() >= more || ended(); });
        kill();
    }
    eventually([&] { return count("attempts = 0") == 0; }, std::chrono::minutes{2});
    bench.sandbox.remove("faults");
    // What was killed before it was sent is looked for twice, 30 s apart.
    eventually([&] { return ended(); }, std::chrono::minutes{4});

    EXPECT_EQ(count("1"), itwins + catalogs + workspaces);
    EXPECT_EQ(count("object = 'itwins' AND status = 'done'"), itwins);
    EXPECT_EQ(count("object = 'library/catalogs' AND status = 'done'"), catalogs);
    const auto done = count("object = 'contextcapture/workspaces' AND status = 'done'");
    const auto unknown = count("object = 'contextcapture/workspaces' AND status = 'unknown'");
    EXPECT_EQ(done + unknown, workspaces);
    EXPECT_GT(unknown, 0);
    const auto counts = bench.sandbox.get("writes/counts");
    const auto created = [&](const char* object) { return counts.at(object).at("created").to_number<std::int64_t>(); };
    EXPECT_EQ(created("itwins"), itwins);
    EXPECT_EQ(created("library/catalogs"), catalogs);
    EXPECT_GE(created("contextcapture/workspaces"), done);
    EXPECT_LE(created("contextcapture/workspaces"), workspaces);
    for (const auto& [object, by] :
         {std::pair{"itwins", "number"}, {"library/catalogs", "displayName"}, {"contextcapture/workspaces", "name"}})
        EXPECT_TRUE(bench.sandbox.get(fmt::format("writes/duplicates?object={}&by={}", object, by)).as_array().empty())
            << object;
    const auto distinct =
        Database(bench.database()).value("SELECT count(DISTINCT record_id) FROM writes WHERE object = 'itwins'");
    EXPECT_EQ(distinct, std::to_string(itwins)) << "each write knows its own record";
    RecordProperty("unknown", std::to_string(unknown));
    RecordProperty("lost", std::to_string(count("attempts > 0") - done));
}

}  // namespace
}  // namespace syncd::e2e
