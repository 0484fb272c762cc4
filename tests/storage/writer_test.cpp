#include "storage/writer.hpp"

#include "tests/support/run.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <thread>

namespace syncd::storage {
namespace {

using namespace syncd::testing;

struct Bench {
    TemporaryFolder folder;
    Database database{folder.file("w.db"), OpenMode::read_write};
    asio::io_context context{1};
    Writer writer{context.get_executor(), database};

    Bench() { database.execute("CREATE TABLE t (n INTEGER UNIQUE) STRICT"); }
    Running<int> insert(int number, int answer = 0) {
        return start(context, writer.run([number, answer](Database& db) {
            db.run("INSERT INTO t VALUES (?)", number);
            return answer;
        }));
    }
    Running<int> fail_after_insert(int number) {
        return start(context, writer.run([number](Database& db) -> int {
            db.run("INSERT INTO t VALUES (?)", number);
            throw std::runtime_error("told you");
        }));
    }
    void finish() {
        context.restart();
        context.run();
    }
    std::string numbers() {
        auto row = database.query("SELECT group_concat(n, ' ') FROM (SELECT n FROM t ORDER BY n)");
        row.step();
        return row.text(0);
    }
};

int commits = 0;
int count_commit(void*) { return ++commits, 0; }

TEST(Writer, JobsThatWaitTogetherShareOneCommit) {
    Bench bench;
    commits = 0;
    sqlite3_commit_hook(bench.database.raw().getHandle(), count_commit, nullptr);

    for (int i = 0; i < 50; ++i) bench.insert(i);
    bench.finish();

    EXPECT_EQ(commits, 1);
    EXPECT_EQ(bench.database.raw().execAndGet("SELECT count(*) FROM t").getInt(), 50);
}

TEST(Writer, MoreJobsThanOneBatchHoldsAreAllDone) {
    Bench bench;

    for (int i = 0; i < 1000; ++i) bench.insert(i);
    bench.finish();

    EXPECT_EQ(bench.database.raw().execAndGet("SELECT count(*) FROM t").getInt(), 1000);
}

TEST(Writer, AJobThatFailsKeepsNothingAndTheOthersOfItsBatchStay) {
    Bench bench;
    auto first = bench.insert(1), broken = bench.fail_after_insert(2), last = bench.insert(3);

    bench.finish();

    EXPECT_EQ(bench.numbers(), "1 3");
    EXPECT_FALSE(first.failed());
    EXPECT_TRUE(broken.failed());
    EXPECT_FALSE(last.failed());
}

TEST(Writer, WhatAJobThrowsComesHome) {
    Bench bench;
    auto ours = bench.fail_after_insert(1);
    auto first = bench.insert(2), twice = bench.insert(2);

    bench.finish();

    EXPECT_THROW(ours.get(), std::runtime_error);
    EXPECT_THROW(twice.get(), SQLite::Exception);
    EXPECT_EQ(first.get(), 0);
}

TEST(Writer, WhatAJobAnswersComesHome) {
    Bench bench;
    EXPECT_EQ(run(bench.context, bench.writer.run([](Database&) { return std::string("so"); })), "so");
    run(bench.context, bench.writer.run([](Database&) {}));
}

TEST(Writer, AnAnswerMeansThatOthersCanSeeItOnDisk) {
    Bench bench;
    auto job = bench.insert(7, 1);

    run_until(bench.context, [&] { return job.done(); });

    Database other(bench.folder.file("w.db"), OpenMode::read_only);
    EXPECT_EQ(other.raw().execAndGet("SELECT n FROM t").getInt(), 7);
}

TEST(Writer, ACommitThatFailsIsTheFailureOfEveryJobInIt) {
    Bench bench;
    sqlite3_commit_hook(
        bench.database.raw().getHandle(), [](void*) { return 1; }, nullptr);
    auto first = bench.insert(1), second = bench.insert(2);
    bench.finish();
    EXPECT_TRUE(first.failed());
    EXPECT_TRUE(second.failed());

    sqlite3_commit_hook(bench.database.raw().getHandle(), nullptr, nullptr);
    auto third = bench.insert(3);
    bench.finish();

    EXPECT_FALSE(third.failed());
    EXPECT_EQ(bench.numbers(), "3");
}

TEST(Writer, AJobThatBreaksTheWholeTransactionFailsItsBatchAndTheNextOneWorks) {
    Bench bench;
    auto before = bench.insert(1);
    auto breaks = start(bench.context, bench.writer.run([](Database& db) -> int {
        db.execute("ROLLBACK");  // as SQLite does by itself on a full disk
        throw std::runtime_error("disk full");
    }));
    auto after = bench.insert(2);
    bench.finish();
    EXPECT_TRUE(before.failed());
    EXPECT_TRUE(breaks.failed());
    EXPECT_TRUE(after.failed());

    auto next = bench.insert(3);
    bench.finish();

    EXPECT_FALSE(next.failed());
    EXPECT_EQ(bench.numbers(), "3");
}

TEST(Writer, AnswersComeHomeToTheCallersThread) {
    TemporaryFolder folder;
    Database database{folder.file("w.db"), OpenMode::read_write};
    asio::io_context context{1};
    asio::thread_pool pool{1};
    Writer writer{pool.get_executor(), database};
    std::thread::id worked;
    auto work = [&]() -> awaitable<std::thread::id> {
        co_await writer.run([&](Database&) { worked = std::this_thread::get_id(); });
        co_return std::this_thread::get_id();
    };
    std::optional<std::thread::id> home;
    auto keep = [&]() -> awaitable<void> { home = co_await work(); };
    asio::co_spawn(context, keep(), [](std::exception_ptr) {});

    context.run();
    pool.join();

    EXPECT_EQ(home, std::this_thread::get_id());
    EXPECT_NE(worked, std::this_thread::get_id());
}

}  // namespace
}  // namespace syncd::storage
