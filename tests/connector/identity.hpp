// A server's key and certificate, made for one test.
#pragma once

#include "tests/support/temporary_folder.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <string>

namespace syncd::http {

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

}  // namespace syncd::http
