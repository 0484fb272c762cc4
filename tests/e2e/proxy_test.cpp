// The pass-through proxy and TLS of the shipped programs.
#include "tests/connector/identity.hpp"
#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

const std::string manifest =
    "specVersion: 1.0.0\nintegrations:\n  - name: readAndWriteBentley\n    displayName: Bentley\n    provider: "
    "bentley\n"
    "    proxy: { enabled: true }\n    read:\n      objects:\n"
    "        - { objectName: itwins, destination: bentleyWebhook, schedule: \"0 0 1 1 *\", "
    "requiredFields: [{ fieldName: id }], optionalFieldsAuto: all }\n";
const std::vector<std::string> keyed = {"X-Api-Key: our-key", "x-amp-project-id: acme", "x-amp-proxy-version: 1"};
constexpr std::size_t large = 50'000'000;
constexpr std::int64_t growth_kib_max = 8 << 10;

Settings proxied() { return {.manifest = manifest, .server = "apiKeys: [our-key], "}; }

/// The most memory that the process ever had, in KiB.
std::int64_t peak_kib(const Program& program) {
    const auto status = read_text("/proc/" + std::to_string(program.pid()) + "/status");
    const std::string name = "VmHWM:";
    return std::atoll(status.c_str() + status.find(name) + name.size());
}

/// A body that came in chunks.
std::string joined(const std::string& chunks) {
    std::string body;
    for (std::size_t at = 0; at < chunks.size();) {
        const auto bytes = std::strtoul(chunks.c_str() + at, nullptr, 16);
        at = chunks.find("\r\n", at) + 2;
        if (bytes == 0) break;
        body += chunks.substr(at, bytes);
        at += bytes + 2;
    }
    return body;
}

TEST(Proxy, AClientPagesThroughTheProviderWithOurKeyOnly) {
    Bench bench({"--itwins", "25"}, proxied());
    auto daemon = bench.daemon();
    auto next = daemon.url("/proxy/itwins?includeInactive=true&$top=10");
    std::size_t records = 0;
    int pages = 0;
    for (; !next.empty() && pages < 10; ++pages) {
        const auto got = fetch("GET", next, {},
                               {"Authorization: Bearer our-key", "x-amp-integration-name: readAndWriteBentley",
                                "x-amp-group-ref: acme", "Accept: application/vnd.bentley.itwin-platform.v1+json"});
        ASSERT_EQ(got.status, 200) << got.body;
        const auto page = bj::parse(joined(got.body));
        records += page.at("iTwins").as_array().size();
        const auto* link = page.at("_links").as_object().if_contains("next");
        next = link ? text(*link, "/href") : "";
        if (link) EXPECT_TRUE(next.starts_with(daemon.url("/proxy/itwins"))) << next;
    }
    EXPECT_EQ(records, 25u);
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(bench.printed().find("our-key"), std::string::npos);
}

/// AddressSanitizer keeps what was freed, to see it used; that would be measured instead.
const Variables no_quarantine = {{"ASAN_OPTIONS", "quarantine_size_mb=0:thread_local_quarantine_size_kb=0"}};

TEST(Proxy, ALargeUploadTakesNoMemory) {
    Bench bench({"--itwins", "1"}, proxied());
    auto daemon = bench.daemon(no_quarantine);
    ASSERT_EQ(fetch("PUT", daemon.url("/proxy/sandbox/blob"), "small", keyed).status, 200);
    const auto before = peak_kib(daemon.program);

    const auto got = fetch("PUT", daemon.url("/proxy/sandbox/blob"), std::string(large, 'u'), keyed);

    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "{\"bytes\":50000000}");
    EXPECT_LT(peak_kib(daemon.program) - before, growth_kib_max) << "from " << before;
    RecordProperty("growth_kib", std::to_string(peak_kib(daemon.program) - before));
}

TEST(Proxy, ALargeDownloadTakesNoMemory) {
    Bench bench({"--itwins", "1"}, proxied());
    auto daemon = bench.daemon(no_quarantine);
    ASSERT_EQ(fetch("GET", daemon.url("/proxy/sandbox/blob?bytes=5"), {}, keyed).body, "bbbbb");
    const auto before = peak_kib(daemon.program);

    const auto got = fetch("GET", daemon.url("/proxy/sandbox/blob?bytes=50000000"), {}, keyed);

    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body.size(), large);
    EXPECT_LT(peak_kib(daemon.program) - before, growth_kib_max) << "from " << before;
    RecordProperty("growth_kib", std::to_string(peak_kib(daemon.program) - before));
}

TEST(Proxy, AnIntegrationWithoutItIsRefused) {
    auto settings = proxied();
    settings.manifest.replace(settings.manifest.find("true"), 4, "false");
    Bench bench({"--itwins", "1"}, settings);
    auto daemon = bench.daemon(no_quarantine);

    const auto got = fetch("GET", daemon.url("/proxy/itwins"), {}, keyed);

    EXPECT_EQ(got.status, 403);
    EXPECT_NE(got.body.find("proxy.enabled"), std::string::npos) << got.body;
}

TEST(ServerTls, CommandsAreHandedOverToADaemonWithTls) {
    const testing::TemporaryFolder folder;
    const http::Identity identity(folder, "server", "DNS:sync.example.com");
    Bench bench({"--itwins", "3"}, {.server = "tls: { certificate: " + identity.certificate + ", key: " + identity.key +
                                              " }, apiKeys: [our-key], "});
    auto daemon = bench.daemon(no_quarantine);

    EXPECT_EQ(fetch("GET", daemon.url("/healthz")).status, 0) << "it speaks TLS only";
    const auto synced = bench.sync();
    EXPECT_EQ(synced.exit, 0) << synced.err;
    EXPECT_EQ(bench.run({"pause"}).exit, 0);
    EXPECT_EQ(bench.run({"status"}).exit, 0);
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(ServerTls, AnUnusableCertificateEndsTheStartWithItsName) {
    const testing::TemporaryFolder folder;
    const http::Identity identity(folder, "server", "IP:127.0.0.1");
    const auto noise = folder.write("noise.pem", "nothing");
    Bench bench({"--itwins", "1"}, {.server = "tls: { certificate: " + noise + ", key: " + identity.key + " }, "});

    const auto refused = bench.run({"run"});

    EXPECT_NE(refused.exit, 0);
    EXPECT_NE(refused.err.find(noise), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace syncd::e2e
