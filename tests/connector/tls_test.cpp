// TLS with certificates made here: who is trusted and who is not.
#include "tests/connector/identity.hpp"
#include "tests/connector/loopback.hpp"

#include <gtest/gtest.h>

namespace syncd::http {
namespace {

struct Bench {
    testing::TemporaryFolder folder;
    Identity identity;
    Loopback loopback;
    std::uint16_t port;

    explicit Bench(const std::string& alternative_names)
        : identity(folder, "server", alternative_names),
          port(loopback.serve(
              echo, {},
              {.host = "127.0.0.1", .tls = true, .certificate_file = identity.certificate, .key_file = identity.key})) {
    }
    result<Response> get(const std::string& ca_file, const std::string& host = "127.0.0.1") {
        return loopback.send(port, {}, {.ca_file = ca_file}, "https://" + host);
    }
};

TEST(Tls, ACertificateOfTheCaFileIsAccepted) {
    Bench bench("IP:127.0.0.1");

    EXPECT_EQ(bench.get(bench.identity.certificate)->body, "GET / ");
    EXPECT_EQ(bench.loopback
                  .send(bench.port, {.method = "POST", .body = std::string(100'000, 'x')},
                        {.ca_file = bench.identity.certificate}, "https://127.0.0.1")
                  ->body.size(),
              100'007u);
}

TEST(Tls, AnUntrustedCertificateIsRefusedAndTheErrorSaysWhatToDo) {
    Bench bench("IP:127.0.0.1");

    const auto answer = bench.get("");

    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, errc::transient);
    EXPECT_FALSE(answer.error().sent);
    EXPECT_NE(answer.error().message.find("caFile"), std::string::npos) << answer.error().message;
}

TEST(Tls, AnotherAuthorityIsNotTheRightOne) {
    Bench bench("IP:127.0.0.1");
    const Identity other(bench.folder, "other", "IP:127.0.0.1");

    EXPECT_FALSE(bench.get(other.certificate).has_value());
}

TEST(Tls, ACaFileThatIsReplacedIsReadAgain) {
    Bench bench("IP:127.0.0.1");
    const Identity other(bench.folder, "other", "IP:127.0.0.1");
    const auto ours = bench.folder.read("server.pem");
    const auto ca_file = bench.folder.write("ca.pem", ours);
    ASSERT_TRUE(bench.get(ca_file).has_value());
    bench.loopback.client.close_idle();

    bench.folder.write("ca.pem", "\n" + bench.folder.read("other.pem"));
    EXPECT_FALSE(bench.get(ca_file).has_value());
    bench.folder.write("ca.pem", "\n\n\n" + ours);
    EXPECT_TRUE(bench.get(ca_file).has_value());
}

TEST(Tls, ACertificateForAnotherNameIsRefused) {
    Bench bench("DNS:elsewhere.test,IP:127.0.0.2");

    EXPECT_FALSE(bench.get(bench.identity.certificate).has_value());
    EXPECT_FALSE(bench.get(bench.identity.certificate, "localhost").has_value());
}

TEST(Tls, ANameIsVerifiedAsWellAsAnAddress) {
    Bench bench("DNS:localhost");

    EXPECT_TRUE(bench.get(bench.identity.certificate, "localhost").has_value());
    EXPECT_FALSE(bench.get(bench.identity.certificate).has_value());
}

TEST(Tls, AConnectionOfOneCaFileIsNotUsedForAnother) {
    Bench bench("IP:127.0.0.1");
    EXPECT_TRUE(bench.get(bench.identity.certificate).has_value());

    EXPECT_FALSE(bench.get("").has_value()) << "the kept connection is not for those who don't trust it";
}

TEST(Tls, APlainClientOrNoiseDoesNotDisturbOthers) {
    Bench bench("IP:127.0.0.1");

    EXPECT_FALSE(bench.loopback.get(bench.port).has_value());

    EXPECT_TRUE(bench.get(bench.identity.certificate).has_value());
}

TEST(Tls, AServerThatSpeaksNoTlsIsAnError) {
    Loopback loopback;
    const auto port = loopback.serve(echo);

    EXPECT_FALSE(loopback.send(port, {}, {}, "https://127.0.0.1").has_value());
}

TEST(Tls, ACaFileWithoutACertificateIsAnErrorNotAnException) {
    Bench bench("IP:127.0.0.1");
    const auto file = bench.folder.write("empty.pem", "not a certificate\n");

    EXPECT_NO_THROW(EXPECT_FALSE(bench.get(file).has_value()));
}

}  // namespace
}  // namespace syncd::http
