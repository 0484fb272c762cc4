#include "config/settings.hpp"

#include "tests/config/loading.hpp"

#include <gtest/gtest.h>

namespace syncd::config {
namespace {

using namespace testing;

TEST(Settings, PublicUrlFollowsListen) {
    EXPECT_EQ(good(small_config("server: { listen: '[::1]:0' }\n")).server.public_url, "http://[::1]:0");
    EXPECT_EQ(good(small_config("server: { listen: '127.0.0.1:99' }\n")).server.public_url, "http://127.0.0.1:99");
}

TEST(Settings, AnOpenAddressNeedsApiKeys) {
    EXPECT_EQ(
        errors(small_config("server: { listen: '0.0.0.0:8710' }\n")),
        (Texts{"config.yaml:13:19: listen '0.0.0.0:8710': another address than loopback needs apiKeys, or everyone "
               "could use the API; add server.apiKeys, or listen on 127.0.0.1 or [::1]"}));
    EXPECT_EQ(
        errors(small_config("server: { listen: '0.0.0.0:8710', apiKeys: ['a b'] }\n")),
        (Texts{"config.yaml:13:45: an API key travels in a header: allowed are visible ASCII characters, no spaces"}));
    const auto loaded = load_from(disk(small_config("server: { listen: '0.0.0.0:8710', apiKeys: [key] }\n")));
    EXPECT_EQ(texts(loaded.errors), Texts());
    EXPECT_EQ(
        texts(loaded.warnings),
        (Texts{"config.yaml:13:19: without publicUrl, messages would point to http://0.0.0.0:8710, which nobody can "
               "reach; set publicUrl"}));
    for (const auto* text :
         {"localhost:8710", "127.0.0.1", "127.0.0.1:70000", "127.0.0.1:", "::1:8710", "[::1]", "8710"})
        EXPECT_EQ(errors(small_config(std::string("server: { listen: '") + text + "' }\n")).size(), 1U) << text;
}

/// What load says of a server with TLS whose files are there.
Loaded with_tls(const std::string& server) {
    return load_from(disk(small_config("server: { tls: { certificate: c.pem, key: k.pem }" + server + " }\n"))
                         .file("/etc/syncd/c.pem", "x")
                         .file("/etc/syncd/k.pem", "x"));
}

TEST(Settings, TlsNeedsACertificateAndItsKeyBothReadable) {
    const auto tls = [](const std::string& text) { return errors(small_config("server: { tls: " + text + " }\n")); };
    EXPECT_EQ(tls("{ key: none.pem }"),
              (Texts{"config.yaml:13:16: tls has no certificate, which is required",
                     "config.yaml:13:23: key: can't read /etc/syncd/none.pem: No such file or directory"}));
    EXPECT_EQ(tls("{}").size(), 2U);
    EXPECT_EQ(tls("true"), (Texts{"config.yaml:13:16: tls is a single value; allowed: a map of keys and values"}));
    EXPECT_EQ(tls("~"), Texts());
}

TEST(Settings, WithTlsThePublicUrlIsHttps) {
    EXPECT_EQ(with_tls("").config.value().server.public_url, "https://127.0.0.1:8710");
    EXPECT_EQ(with_tls(", listen: '[::1]:8443'").config.value().server.public_url, "https://[::1]:8443");
    EXPECT_EQ(texts(with_tls(", publicUrl: 'http://127.0.0.1:8710'").warnings),
              (Texts{"config.yaml:13:63: publicUrl 'http://127.0.0.1:8710' is where this server speaks TLS only; let "
                     "it begin with https"}));
    EXPECT_EQ(texts(with_tls(", publicUrl: 'http://sync.example.com'").warnings), Texts());
}

TEST(Settings, ProviderAddressesAreChecked) {
    EXPECT_EQ(
        errors(small_config("provider:\n  baseUrl: https://api.bentley.com/v1\n  tokenUrl: http://ims.bentley.com/\n"
                            "  caFile: none.pem\n")),
        (Texts{"config.yaml:14:12: baseUrl 'https://api.bentley.com/v1': allowed is an address without path and query: "
               "https://api.bentley.com",
               "config.yaml:15:13: tokenUrl 'http://ims.bentley.com/': http is allowed to this machine only "
               "(localhost, 127.0.0.1, ::1); use https",
               "config.yaml:16:11: caFile: can't read /etc/syncd/none.pem: No such file or directory"}));
    EXPECT_EQ(good(small_config("provider: { baseUrl: 'http://[::1]:8080/' }\n")).provider.base_url,
              "http://[::1]:8080");
}

TEST(Settings, AnEncryptionKeyIs32BytesInBase64) {
    EXPECT_EQ(
        errors(small_config("storage: { encryptionKey: c2hvcnQ= }\n")),
        (Texts{"config.yaml:13:27: encryptionKey is not 32 bytes in base64; make one with: openssl rand -base64 32"}));
}

}  // namespace
}  // namespace syncd::config
