#include "config/destinations.hpp"

#include "tests/config/loading.hpp"

#include <gtest/gtest.h>

namespace syncd::config {
namespace {

using namespace testing;

TEST(Destinations, ADestinationNeedsHttpsUnlessItIsThisMachine) {
    const auto url = [](const std::string& text) {
        auto config = small_config();
        config.replace(config.find("http://localhost:9000/"), 22, text);
        return errors(config);
    };
    EXPECT_EQ(url("http://example.com/"),
              (Texts{"config.yaml:5:10: url 'http://example.com/': http is allowed to this machine only (localhost, "
                     "127.0.0.1, ::1); use https, or set insecure: true"}));
    for (const auto* text :
         {"http://127.8.9.1:1/x", "http://[::1]/", "http://LOCALHOST", "https://example.com:8443?a=b"})
        EXPECT_EQ(url(text), Texts()) << text;
    for (const auto* text :
         {"ftp://example.com", "example.com", "https://", "https://a b/", "https://user:pw@example.com/",
          "https://example.com:0/", "https://example.com:99999/", "https://example.com:/", "https://[::1/",
          "https://[nope]/", "'https://example.com/#a'", "http://127.0.0.1.evil.com/", "http://127.1/",
          "http://localhost.evil.com", "https://exämple.com"})
        EXPECT_EQ(url(text).size(), 1U) << text;
}

TEST(Destinations, ASecretOfAnotherFormIsAnErrorThatSaysHowToMakeOne) {
    const auto secret = [](const std::string& text) {
        auto config = small_config();
        config.replace(config.find("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), 38, text);
        return errors(config);
    };
    EXPECT_EQ(secret("hunter2"),
              (Texts{"config.yaml:6:13: secret has not the form whsec_<base64 of 24 to 64 bytes>; make "
                     "one with: echo whsec_$(openssl rand -base64 24)"}));
    EXPECT_EQ(secret("[whsec_AAAA]").size(), 1U);
    EXPECT_EQ(secret("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA!").size(), 1U);
    EXPECT_EQ(secret("whsec_" + std::string(88, 'A')).size(), 1U);
    EXPECT_EQ(secret("[]"), (Texts{"config.yaml:6:13: secret is an empty list; allowed: whsec_<base64>, or a list of "
                                   "them"}));
}

TEST(Destinations, HeadersThatWeSetOurselvesAreRefused) {
    const auto headers = [](const std::string& text) {
        auto config = small_config();
        return errors(config.insert(config.find("installations"), "    headers: { " + text + " }\n"));
    };
    EXPECT_EQ(headers("Webhook-Id: x"),
              (Texts{"config.yaml:7:16: header 'Webhook-Id' is set by bentley-syncd itself, as webhook-*, svix-*, "
                     "content-type, content-length, host, transfer-encoding, connection are"}));
    for (const auto* text : {"svix-anything: x", "Content-Type: x", "HOST: x", "connection: close", "'a b': x", "'': x",
                             "'a:b': x", "X: \"a\\nB: c\"", "X-A: 1, x-a: 2"})
        EXPECT_EQ(headers(text).size(), 1U) << text;
    EXPECT_EQ(headers("Authorization: Bearer x, X-Empty: ''"), Texts());
}

}  // namespace
}  // namespace syncd::config
