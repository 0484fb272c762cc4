#include "daemon/key_file.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace syncd {
namespace {

using testing::TemporaryFolder;

const Secret old_key(std::string(32, 'o')), new_key(std::string(32, 'n'));

/// A folder with the old key in place.
struct Bench {
    TemporaryFolder folder;
    std::string database = folder.file("db");
    Bench() {
        write_new_key(database, old_key);
        take_new_key(database);
    }
    Secret key() {
        return load_or_make_key(database, [] { return std::uint64_t(7); });
    }
    bool has_new() const { return std::filesystem::exists(database + ".key.new"); }
};

TEST(NewKey, StandsBesideTheOldOneUntilItIsTaken) {
    Bench bench;
    write_new_key(bench.database, new_key);
    struct stat status{};
    ASSERT_EQ(::stat((bench.database + ".key.new").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_EQ(bench.key(), old_key);

    take_new_key(bench.database);

    EXPECT_EQ(bench.key(), new_key);
    EXPECT_FALSE(bench.has_new());
}

TEST(NewKey, OfACrashAfterTheDatabaseWasEncryptedIsTaken) {
    Bench bench;
    write_new_key(bench.database, new_key);

    settle_new_key(bench.database, [](const Secret& key) { return key == new_key; });

    EXPECT_EQ(bench.key(), new_key);
    EXPECT_FALSE(bench.has_new());
}

TEST(NewKey, OfACrashBeforeThatIsRemoved) {
    for (const bool torn : {false, true}) {
        Bench bench;
        torn ? void(bench.folder.write("db.key.new", "AAAA")) : write_new_key(bench.database, new_key);

        settle_new_key(bench.database, [](const Secret&) { return false; });

        EXPECT_EQ(bench.key(), old_key);
        EXPECT_FALSE(bench.has_new());
    }
}

TEST(NewKey, WithoutOneThereIsNothingToSettle) {
    Bench bench;
    settle_new_key(bench.database, [](const Secret&) { return true; });
    EXPECT_EQ(bench.key(), old_key);
}

}  // namespace
}  // namespace syncd
