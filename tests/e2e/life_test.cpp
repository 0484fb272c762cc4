// How the daemon begins, reloads and ends when its surroundings are against it.
#include "tests/connector/identity.hpp"
#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace syncd::e2e {
namespace {

constexpr rlim_t full_at = 64u << 10;  // bytes of a file: SQLite opens the database, and can't append to its log

/// A program of ours that is told when it writes too much, not ended.
Program start_on_small_disk(Bench& bench, const std::string& command, bool full) {
    const std::string limit = full ? "ulimit -f 128; " : "";  // of 512 bytes each
    return Program({"sh", "-c", "trap '' XFSZ; " + limit + "exec \"$0\" \"$@\"", SYNCD_PROGRAM, "--config",
                    (bench.folder / "config.yaml").string(), command},
                   bench.folder / (command + (full ? "-full" : "")));
}
void fill_disk_of(const Program& program) {
    const rlimit limit{full_at, full_at};
    ASSERT_EQ(::prlimit(program.pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
}
/// A daemon in the midst of a scheduled read that does not end; what it read before is in the log.
Daemon reading_daemon(Bench& bench) {
    Daemon daemon(start_on_small_disk(bench, "run", false), bench.database().string() + ".lock");
    EXPECT_TRUE(eventually([&] { return number(bench.sandbox.receiver(), "/creates") == 500; }));
    bench.sandbox.fault(R"({"path":"/itwins/","kind":"hang","count":-1})");
    const auto before = bench.sandbox.requests("/itwins/");
    EXPECT_TRUE(eventually([&] { return bench.sandbox.requests("/itwins/") > before; }));
    EXPECT_GT(std::filesystem::file_size(bench.database().string() + "-wal"), full_at);
    return daemon;
}

const Settings every_second{.objects = {{"itwins", "@every 1s"}}, .log_level = "error"};

TEST(FullDisk, TheDaemonEndsOnSigterm) {
    Bench bench({"--itwins", "500"}, every_second);
    auto daemon = reading_daemon(bench);
    fill_disk_of(daemon.program);
    daemon.program.kill(SIGTERM);
    EXPECT_TRUE(eventually([&] { return fetch("GET", daemon.url("/readyz")).status != 200; }));
    daemon.program.kill(SIGTERM);  // not to wait for the read
    EXPECT_EQ(daemon.program.wait(), 0) << daemon.program.err();
}

TEST(FullDisk, WhatCantBeginSaysSoAndEnds) {
    Bench bench({"--itwins", "500"}, every_second);
    reading_daemon(bench).crash();
    for (const auto* command : {"run", "sync"}) {
        auto program = start_on_small_disk(bench, command, true);
        EXPECT_EQ(program.wait(), 1) << command << " " << program.err();
        EXPECT_NE(program.err().find("error: "), std::string::npos) << program.err();
    }
}

/// Has the daemon look at its configuration, which it must refuse for that reason, and go on.
void expect_refused(Daemon& daemon, const std::string& why) {
    daemon.program.kill(SIGHUP);
    EXPECT_TRUE(eventually([&] { return daemon.program.err().find("config.refused") != std::string::npos; }));
    EXPECT_NE(daemon.program.err().find(why), std::string::npos) << daemon.program.err();
    EXPECT_EQ(daemon.program.err().find("daemon.reloading"), std::string::npos) << daemon.program.err();
    EXPECT_EQ(daemon.stop(), 0) << daemon.program.err();
}

TEST(Reload, AnotherEncryptionKeyThanTheDatabasesIsRefusedAndTheOldGoesOn) {
    const std::string settings = "storage: { path: syncd.db }";
    Bench bench({"--itwins", "1"}, {.writes = {"itwins"}});
    const std::string record = R"({"class":"Endeavor","subClass":"Project","displayName":"kept encrypted"})";
    const auto written = bench.run({"write", "itwins", "--type", "create", "--record", record});
    ASSERT_EQ(written.exit, 0) << written.err;
    auto daemon = bench.daemon();
    auto config = read_text(bench.folder / "config.yaml");
    config.replace(config.find(settings), settings.size(),
                   "storage: { path: syncd.db, encryptionKey: " + std::string(43, 'A') + "= }");
    write_text(bench.folder / "config.yaml", config);
    expect_refused(daemon, "written with another key");
}

TEST(Reload, ACertificateThatCantBeUsedIsRefusedAndTheOldGoesOn) {
    const testing::TemporaryFolder folder;
    const http::Identity identity(folder, "server", "IP:127.0.0.1");
    Bench bench({"--itwins", "1"},
                {.server = "tls: { certificate: " + identity.certificate + ", key: " + identity.key + " }, "});
    auto daemon = bench.daemon();
    write_text(identity.key, "not a key");
    expect_refused(daemon, "TLS key");
}

int count(const std::string& text, const std::string& word) {
    int found = 0;
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
    return found;
}

TEST(Reload, SignalsThatComeBetweenTwoLivesAreTheNextOnes) {
    Bench bench({"--itwins", "1"});
    auto daemon = bench.daemon();
    EXPECT_TRUE(eventually([&] {
        for (int i = 0; i < 200 && daemon.program.running(); ++i) {  // close together: at any moment of a reload
            daemon.program.kill(SIGHUP);
            if (count(daemon.program.err(), "daemon.started") > 5) return true;
        }
        return !daemon.program.running();
    }));
    ASSERT_TRUE(daemon.program.running()) << daemon.program.err();
    const auto stopped = count(daemon.program.err(), "daemon.stopped");
    daemon.program.kill(SIGHUP);
    EXPECT_TRUE(eventually([&] { return count(daemon.program.err(), "daemon.stopped") > stopped; }));
    EXPECT_EQ(daemon.stop(), 0) << daemon.program.err();
}

}  // namespace
}  // namespace syncd::e2e
