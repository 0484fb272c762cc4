// The libraries that our users verify messages with, as they come from npm.
#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

namespace fs = std::filesystem;

/// Installs verify/ in the build tree, once for all later runs; empty when there is no way to.
fs::path installed(std::string& why_not) {
    const fs::path source = SYNCD_SOURCE_DIR "/tests/e2e/verify";
    const auto target = fs::path(SYNCD_PROGRAM).parent_path().parent_path() / "tests" / "verify";
    fs::create_directories(target);
    const auto lock = read_text(source / "package-lock.json");
    for (const auto* name : {"package.json", "package-lock.json", "verify.mjs"})
        fs::copy_file(source / name, target / name, fs::copy_options::overwrite_existing);
    if (read_text(target / "installed") == lock) return target;
    const auto npm = finish(Program({"npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"}, target / "npm"));
    if (npm.exit != 0) {
        why_not = npm.exit == 127 ? "npm is not installed" : "npm can't install: " + npm.err;
        return {};
    }
    write_text(target / "installed", lock);
    return target;
}

TEST(Verifiers, SvixAndStandardWebhooksAcceptEveryMessage) {
    std::string why_not;
    const auto folder = installed(why_not);
    if (folder.empty()) GTEST_SKIP() << why_not;
    const std::string first = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                      second = "whsec_c2Vjb25kLXNlY3JldC1mb3Itcm90YXRpb24=";
    Bench bench({"--itwins", "60"});
    Program verifier({"node", (folder / "verify.mjs").string(), first, second}, bench.folder / "verify");
    ASSERT_TRUE(eventually([&] { return verifier.out().find('\n') != std::string::npos; })) << verifier.err();
    const auto port = std::stoi(verifier.out().substr(5));
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
