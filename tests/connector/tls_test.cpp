// TLS with certificates made here: who is trusted and who is not.
#include "tests/connector/loopback.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace syncd::http {
namespace {

/// A key and a certificate that it signed itself, as PEM files.
struct Identity {
    std::string certificate, key;

    Identity(const testing::TemporaryFolder& folder, const std::string& name, const std::string& alternative_names) {
        EVP_PKEY* pkey = EVP_EC_gen("P-256");
        X509* x509 = X509_new();
        X509_set_version(x509, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
        X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
        X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
        X509_set_pubkey(x509, pkey);
        auto* subject = X509_get_subject_name(x509);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()),
                                   -1, -1, 0);
        X509_set_issuer_name(x509, subject);
        add(x509, NID_subject_alt_name, alternative_names);
        add(x509, NID_basic_constraints, "critical,CA:TRUE");
        X509_sign(x509, pkey, EVP_sha256());
        BIO* bio = BIO_new(BIO_s_mem());
        PEM_write_bio_X509(bio, x509);
        certificate = folder.write(name + ".pem", drain(bio));
        PEM_write_bio_PrivateKey(bio, pkey, nullptr, nullptr, 0, nullptr, nullptr);
        key = folder.write(name + ".key", drain(bio));
        BIO_free(bio);
        X509_free(x509);
        EVP_PKEY_free(pkey);
    }

private:
    static void add(X509* x509, int kind, const std::string& value) {
        auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
        X509_add_ext(x509, extension, -1);
        X509_EXTENSION_free(extension);
    }
    static std::string drain(BIO* bio) {
        char* data = nullptr;
        const auto bytes = BIO_get_mem_data(bio, &data);
        std::string text(data, std::size_t(bytes));
        BIO_reset(bio);
        return text;
    }
};

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
