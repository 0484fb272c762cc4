#include "connector/oauth/pkce.hpp"

#include "connector/oauth/endpoint.hpp"

#include <gtest/gtest.h>

namespace syncd::oauth {
namespace {

Random counting(std::uint64_t start) {
    return [draws = start]() mutable { return draws++; };
}

TEST(Pkce, TheChallengeIsThatOfTheRfc) {
    EXPECT_EQ(challenge_of(Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
              "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        << "RFC 7636, appendix B";
}

TEST(Pkce, AVerifierIsOfAllowedLengthAndCharactersAndNeverTheSame) {
    const auto one = random_text(counting(0)).reveal(), other = random_text(counting(1)).reveal();

    EXPECT_NE(one, other);
    for (const auto& text : {one, other}) {
        EXPECT_EQ(text.size(), 43u);
        EXPECT_TRUE(is_random_text(text)) << text;
    }
    for (const auto* odd : {"", "short", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX!"})
        EXPECT_FALSE(is_random_text(odd));
}

TEST(Pkce, TheConsentUrlAsksForACodeWithS256AndForOfflineAccessOnce) {
    config::Provider provider;
    config::Connection connection;
    connection.client_id = "an id&";

    const auto url = consent_url(provider, connection, "http://127.0.0.1:8710/oauth/callback", Secret("s t"), "chal");
    connection.scopes = {"itwin-platform", "offline_access"};
    const auto again = consent_url(provider, connection, "http://127.0.0.1/cb", Secret("s"), "chal");

    EXPECT_EQ(
        url,
        "https://ims.bentley.com/connect/authorize?response_type=code&client_id=an%20id%26&redirect_uri=http%3A%2F%2F"
        "127.0.0.1%3A8710%2Foauth%2Fcallback&scope=itwin-platform%20offline_access&state=s%20t&code_challenge=chal&"
        "code_challenge_method=S256&prompt=consent");
    EXPECT_NE(again.find("scope=itwin-platform%20offline_access&"), std::string::npos) << again;

    provider.authorize_url += "?prompt=login%20consent";
    const auto own = consent_url(provider, connection, "http://127.0.0.1/cb", Secret("s"), "chal");
    EXPECT_EQ(own.find("prompt="), own.rfind("prompt=")) << own;
}

}  // namespace
}  // namespace syncd::oauth
