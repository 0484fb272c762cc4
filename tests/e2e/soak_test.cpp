// Edits, faults and restarts in a random order: whatever happens, the receiver ends with what the provider has.
#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

#include <random>

namespace syncd::e2e {
namespace {

using Random = std::mt19937;

template <class T>
const T& any_of(Random& random, const std::vector<T>& choices) {
    return choices[std::uniform_int_distribution<std::size_t>(0, choices.size() - 1)(random)];
}

void something_changes(const Sandbox& sandbox, Random& random) {
    const std::vector<std::string> edits = {
        "itwins/create?count=3",  "itwins/change?count=7",  "itwins/delete?count=2",
        "itwins/reorder?count=5", "recents/create?count=2", "favorites/delete?count=1",
        "cesium/create?count=1",  "cesium/delete?count=1",  "jobs/create?count=2"};
    for (int i = 0; i < 4; ++i) sandbox.post(any_of(random, edits));
}

void something_goes_wrong(const Sandbox& sandbox, Random& random) {
    const std::vector<std::string> paths = {"/itwins/", "/itwins/*", "/curated-content/cesium/",
                                            "/contextcapture/jobs"};
    const std::vector<std::string> kinds = {"reset", "close",    "truncate", "garbage", "html",  "foreignNext", "loop",
                                            "noId",  "nullNext", "wrongKey", "omit",    "twice", "slow"};
    const std::vector<std::string> receiver = {R"("kind":"reset")", R"("kind":"close")", R"("status":500)",
                                               R"("status":503,"processed":true)", R"("status":302)"};
    const std::string path = any_of(random, paths), kind = any_of(random, kinds);
    // A row that a list by time leaves out is only found by the next full read, which does not come here.
    if (path != paths.back() || kind != "omit")
        sandbox.fault(
            fmt::format(R"({{"path":"{}","kind":"{}","afterPages":{}}})", path, kind, any_of<int>(random, {0, 0, 1})));
    sandbox.receiver_fault(fmt::format(R"({{"hook":"bentley",{},"afterPages":{}}})", any_of(random, receiver),
                                       any_of<int>(random, {0, 1, 2})));
    if (any_of<int>(random, {0, 1, 2}) == 0) sandbox.post("tokens/revoke");
}

TEST(Soak, WhateverHappensTheReceiverEndsWithWhatTheProviderHas) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    const std::string full = "backfill: { defaultPeriod: { fullHistory: true } }", never = "0 0 1 1 *";
    Bench bench({"--itwins", "1300", "--jobs", "10", "--favorites", "20"},
                {.objects = {{"itwins"},
                             {"itwins/recents"},
                             {"itwins/favorites"},
                             {"curated-content/cesium"},
                             {"contextcapture/jobs", never, full}},
                 .destination = "maxPayloadBytes: 30000, ",
                 // More attempts than there are faults of the receiver: nothing may become a dead letter.
                 .retry_schedule = "100ms, 100ms, 100ms, 100ms, 100ms, 100ms, 100ms, 100ms, 100ms"});

    for (int turn = 0; turn < 8; ++turn) {
        something_goes_wrong(bench.sandbox, random);
        auto pass = bench.start({"sync", "--drain", "1s"});
        if (turn % 3 == 2) {
            const auto enough = bench.sandbox.messages() + 2;
            eventually([&] { return !pass.running() || bench.sandbox.messages() >= enough; });
            pass.kill(SIGKILL);
        } else {
            EXPECT_NE(pass.wait(), 1) << pass.err();
        }
        something_changes(bench.sandbox, random);
    }
    bench.sandbox.remove("faults");
    bench.sandbox.remove("receiver/faults");
    for (int turn = 0; turn < 2; ++turn) {  // a list without own reads needs two to see that something is gone
        const auto done = bench.sync();
        EXPECT_EQ(done.exit, 0) << done.out << done.err;
    }
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(bench.sandbox.violations(), 0) << bench.sandbox.receiver();
    EXPECT_EQ(number(bench.sandbox.stats(), "/tokensAstray"), 0);
}

}  // namespace
}  // namespace syncd::e2e
