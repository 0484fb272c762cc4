#include "daemon/forget.hpp"

#include "daemon/daemon.hpp"
#include "tests/support/open_store.hpp"
#include "tests/support/test_world.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

using Texts = std::vector<std::string>;

/// A database with four installations' objects, and a daemon of a configuration that has only some of them.
struct Bench {
    testing::OpenStore store;
    testing::TestWorld world;
    config::Config config;
    Log log{[](Level, std::string_view, std::span<const LogField>) {}};
    std::unique_ptr<Daemon> daemon;

    Bench() {
        for (const auto& [installation, object] : std::vector<std::pair<std::string, std::string>>{
                 {"kept", "itwins"}, {"kept", "webhooks"}, {"left", "itwins"}, {"left too", "itwins"}})
            fill(installation, object);
        config.destinations["hook"].name = "hook";
        config.installations.push_back({.id = "kept"});
        config.installations.back().objects.push_back({.object = "itwins", .disabled = true});
        daemon = std::make_unique<Daemon>(world, *store.store, config, bentley::Catalog::builtin(), log, Secret("key"));
    }
    void fill(const std::string& installation, const std::string& object) {
        store.run(store->enter_installation(installation, "digest", testing::at(0)));
        store.run(store->enter_destinations({"hook", "left"}, testing::at(0)));
        store.key = store.run(store->object_state(installation, object)).key;
        store.commit({testing::seen(testing::a_record("1")), testing::seen(testing::a_record("2"))});
    }
    /// What was forgotten, `INSTALLATION/OBJECT RECORDS MESSAGES` and the names of the rest.
    Texts forget(const std::string& installation = {}) {
        const auto report = store.run(syncd::forget(*daemon, installation));
        Texts lines;
        for (const auto& each : report.objects)
            lines.push_back(fmt::format("{}/{} {} {}", each.installation_id, each.object, each.records, each.messages));
        for (const auto& id : report.installations) lines.push_back("installation " + id);
        for (const auto& name : report.destinations) lines.push_back("destination " + name);
        return lines;
    }
    Texts objects() { return store.column("SELECT installation_id || '/' || object FROM object_state ORDER BY 1"); }
};

TEST(Forget, RemovesAllThatLeftTheConfigurationAndNothingElse) {
    Bench bench;
    bench.store.run(bench.store->set_health("inst", true, "", testing::at(0)));

    EXPECT_EQ(bench.forget(),
              (Texts{"inst/itwins 0 0", "kept/webhooks 2 2", "left/itwins 2 2", "left too/itwins 2 2",
                     "installation inst", "installation left", "installation left too", "destination left"}));

    EXPECT_EQ(bench.objects(), Texts{"kept/itwins"}) << "one that is disabled is configured";
    EXPECT_EQ(bench.store.value("SELECT count(*) FROM record"), "2");
    EXPECT_EQ(bench.store.column("SELECT id FROM installation"), Texts{"kept"});
    EXPECT_EQ(bench.forget(), Texts{});
}

TEST(Forget, OfOneInstallationLeavesTheOthersAndTheDestinations) {
    Bench bench;

    EXPECT_EQ(bench.forget("left"), (Texts{"left/itwins 2 2", "installation left"}));

    EXPECT_EQ(bench.objects(), (Texts{"inst/itwins", "kept/itwins", "kept/webhooks", "left too/itwins"}));
    EXPECT_EQ(bench.store.column("SELECT name FROM destinations"), (Texts{"hook", "left"}));
}

TEST(Forget, OfAConfiguredInstallationIsOnlyWhatLeftIt) {
    Bench bench;

    EXPECT_EQ(bench.forget("kept"), Texts{"kept/webhooks 2 2"});
    EXPECT_EQ(bench.forget("kept"), Texts{});
    EXPECT_EQ(bench.forget("unknown"), Texts{});

    EXPECT_EQ(bench.objects(), (Texts{"inst/itwins", "kept/itwins", "left too/itwins", "left/itwins"}));
}

}  // namespace
}  // namespace syncd
