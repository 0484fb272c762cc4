#include "daemon/lock.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <system_error>

namespace syncd {
namespace {

using testing::TemporaryFolder;

TEST(Lock, OneAtATimeAndTheOtherLearnsWho) {
    TemporaryFolder folder;
    Holder holder;
    auto first = DatabaseLock::take(folder.file("db"), holder);
    ASSERT_TRUE(first);
    first->publish("127.0.0.1:8710");

    EXPECT_FALSE(DatabaseLock::take(folder.file("db"), holder));

    EXPECT_EQ(holder.pid, ::getpid());
    EXPECT_EQ(holder.address, "127.0.0.1:8710");
}

TEST(Lock, GivenBackItCanBeTakenAgain) {
    TemporaryFolder folder;
    Holder holder;
    DatabaseLock::take(folder.file("db"), holder).reset();

    EXPECT_TRUE(DatabaseLock::take(folder.file("db"), holder));
}

TEST(Lock, TheHolderIsKnownWhileThereIsOne) {
    TemporaryFolder folder;
    Holder ignored;
    EXPECT_FALSE(DatabaseLock::holder(folder.file("db"))) << "there never was one";
    {
        const auto lock = DatabaseLock::take(folder.file("db"), ignored);
        const auto holder = DatabaseLock::holder(folder.file("db"));
        ASSERT_TRUE(holder);
        EXPECT_EQ(holder->pid, ::getpid());
        EXPECT_EQ(holder->address, "") << "it serves nothing yet";
    }
    EXPECT_FALSE(DatabaseLock::holder(folder.file("db"))) << "it has ended";
}

TEST(Lock, ANewHolderDoesNotShowTheAddressOfTheLastOne) {
    TemporaryFolder folder;
    Holder ignored;
    {
        auto lock = DatabaseLock::take(folder.file("db"), ignored);
        lock->publish("127.0.0.1:8710");
    }
    const auto lock = DatabaseLock::take(folder.file("db"), ignored);

    EXPECT_EQ(DatabaseLock::holder(folder.file("db"))->address, "");
}

TEST(Lock, EndsWithItsProcessHoweverThatEnds) {
    TemporaryFolder folder;
    Holder holder;
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const auto child = ::fork();
    if (child == 0) {
        const auto lock = DatabaseLock::take(folder.file("db"), holder);
        (void)!::write(ready[1], lock ? "y" : "n", 1);
        ::pause();
        ::_exit(0);
    }
    char answer = 0;
    ASSERT_EQ(::read(ready[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    EXPECT_FALSE(DatabaseLock::take(folder.file("db"), holder));
    EXPECT_EQ(holder.pid, child);

    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);

    EXPECT_TRUE(DatabaseLock::take(folder.file("db"), holder));
}

TEST(Lock, AFolderThatIsNotThereIsSaid) {
    Holder holder;
    EXPECT_THROW(DatabaseLock::take("/nonexistent/folder/db", holder), std::system_error);
    EXPECT_FALSE(DatabaseLock::holder("/nonexistent/folder/db"));
}

TEST(Lock, OddContentOfTheFileIsNoTrouble) {
    TemporaryFolder folder;
    folder.write("db.lock", std::string(10'000, 'x'));
    Holder holder;
    EXPECT_TRUE(DatabaseLock::take(folder.file("db"), holder));
}

}  // namespace
}  // namespace syncd
