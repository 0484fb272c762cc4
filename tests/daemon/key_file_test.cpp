#include "daemon/key_file.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace syncd {
namespace {

using testing::TemporaryFolder;

std::uint64_t one_to(std::uint64_t& draws) { return ++draws; }
Secret load(const TemporaryFolder& folder, std::uint64_t start = 0) {
    return load_or_make_key(folder.file("db"), [draws = start]() mutable { return one_to(draws); });
}
std::string failure(const TemporaryFolder& folder) {
    try {
        load(folder);
    } catch (const std::runtime_error& refused) {
        return refused.what();
    }
    return "nothing thrown";
}

TEST(KeyFile, IsMadeOnceReadableByItsOwnerOnly) {
    TemporaryFolder folder;

    const auto key = load(folder);

    EXPECT_EQ(key.reveal().size(), 32u);
    struct stat status {};
    ASSERT_EQ(::stat(folder.file("db.key").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_EQ(load(folder, 1000), key) << "the second time it is read";
}

TEST(KeyFile, IsMadeFromTheRandomSource) {
    TemporaryFolder one, two;
    EXPECT_NE(load(one, 0), load(two, 7));
}

TEST(KeyFile, ThatIsNoKeyIsRefusedWithItsNameAndLeftAsItIs) {
    for (const auto* text :
         {"", "\n", "short", "AAAA", "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!=",
          "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=AAAA"}) {
        TemporaryFolder folder;
        folder.write("db.key", text);
        EXPECT_NE(failure(folder).find(folder.file("db.key")), std::string::npos) << text;
        EXPECT_EQ(folder.read("db.key"), text);
    }
    TemporaryFolder folder;
    folder.write("db.key", std::string(1u << 20, 'A'));
    EXPECT_NE(failure(folder), "nothing thrown");
}

TEST(KeyFile, AnErrorNeverShowsWhatTheFileHolds) {
    TemporaryFolder folder;
    folder.write("db.key", "c2VjcmV0\n");

    EXPECT_EQ(failure(folder).find("c2VjcmV0"), std::string::npos);
}

TEST(KeyFile, LineEndsDoNotCount) {
    TemporaryFolder folder;
    folder.write("db.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\n");

    EXPECT_EQ(load(folder).reveal(), std::string(32, '\0'));
}

TEST(KeyFile, AFolderThatIsNotThereIsSaid) {
    EXPECT_THROW(load_or_make_key("/nonexistent/folder/db", [] { return std::uint64_t(1); }), std::runtime_error);
}

}  // namespace
}  // namespace syncd
