// The daemon as a whole: how it ends when its surroundings are broken.
#include "daemon/daemon.hpp"

#include "tests/support/run.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_world.hpp"

#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace syncd {
namespace {

struct Bench {
    testing::TestWorld world;
    testing::TemporaryFolder folder;
    storage::Store store{{.path = folder.file("d.db")}, world.executor()};
    config::Config config;
    std::vector<std::string> logged;
    Log log{[this](Level, std::string_view event, std::span<const LogField>) { logged.emplace_back(event); }};
    Daemon daemon{world, store, config, bentley::Catalog::builtin(), log, Secret("key")};

    /// From now on operations can't be ended, as on a full disk.
    void break_operations() {
        SQLite::Database db(folder.file("d.db"), SQLite::OPEN_READWRITE);
        db.exec(
            "INSERT INTO operations (id, installation_id, action_type, object, status, created_at, updated_at) "
            "VALUES ('op', 'inst', 'read', 'itwins', 'in_progress', '', '')");
        db.exec(
            "CREATE TRIGGER full BEFORE UPDATE ON operations "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END");
    }
};

TEST(Daemon, EndsOnAFullDiskThoughItCantStoreWhatItCut) {
    Bench bench;
    testing::run(bench.world.context, bench.daemon.start());
    auto running = testing::start(bench.world.context, bench.daemon.run());
    bench.world.settle();
    bench.break_operations();

    bench.daemon.stop();
    bench.world.settle();

    ASSERT_TRUE(running.done());
    EXPECT_NO_THROW(running.get());
    EXPECT_EQ(std::ranges::count(bench.logged, "operations.not_ended"), 1);
}

}  // namespace
}  // namespace syncd
