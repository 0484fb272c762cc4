// The libraries that our users verify messages with, as they come from npm.
#include "tests/e2e/support/bench.hpp"
#include "tests/e2e/support/npm.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

TEST(Verifiers, SvixAndStandardWebhooksAcceptEveryMessage) {
    std::string why_not;
    const auto folder = installed("verify", why_not);
    if (folder.empty()) GTEST_SKIP() << why_not;
    const std::string first = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                      second = "whsec_c2Vjb25kLXNlY3JldC1mb3Itcm90YXRpb24=";
    Bench bench({"--itwins", "60"});
    Program verifier({"node", (folder / "verify.mjs").string(), first, second}, bench.folder / "verify");
    const auto port = port_of(verifier);
    ASSERT_NE(port, 0) << verifier.err();
    bench.configure({.url = fmt::format("http://127.0.0.1:{}/hook", port),
                     .secret = fmt::format("[\"{}\", \"{}\"]", first, second),
                     .destination = "maxPayloadBytes: 20000, "});

    const auto done = bench.sync();
    EXPECT_EQ(done.exit, 0) << done.err;
    const auto out = verifier.out();
    const auto messages = bench.json({"deliveries", "--status", "delivered"}).as_array();
    EXPECT_GT(messages.size(), 3u);
    for (const auto& message : messages) EXPECT_NE(out.find("ok " + text(message, "/id")), std::string::npos) << out;
    EXPECT_EQ(out.find("wrong"), std::string::npos) << out;
}

}  // namespace
}  // namespace syncd::e2e
