#include "connector/world/tunnel.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

TEST(Tunnel, AnAnswerIsJudgedOnlyWhenItIsAllThere) {
    const std::string opened =
        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.0 200 Connection established\r\nContent-Length: 3\r\n\r\n";
    for (std::size_t bytes = 0; bytes < opened.size(); ++bytes)
        EXPECT_EQ(judge_tunnel(opened.substr(0, bytes)), std::nullopt) << bytes;
    EXPECT_EQ(judge_tunnel(opened), "");
    EXPECT_EQ(judge_tunnel("HTTP/1.1 200\r\n\r\n"), "") << "a reason is optional";
}

TEST(Tunnel, NoiseIsKnownByItsFirstByte) {
    for (const auto* noise : {"\n", "<", "http/1.1 200 OK\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
                              "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1  200\r\n\r\n", "HTTP/1.1\r\n\r\n"})
        EXPECT_EQ(judge_tunnel(noise), "answered something that is not HTTP") << noise;
}

TEST(Tunnel, InterimAnswersHaveAnEnd) {
    std::string endless;
    while (endless.size() <= 16'384) endless += "HTTP/1.1 100 Continue\r\n\r\n";
    EXPECT_EQ(judge_tunnel(endless), "answered more than 16384 bytes without an end");
}

TEST(Tunnel, AnIpv6AddressStandsInBrackets) {
    const Endpoint endpoint{
        .host = "2001:db8::1", .port = 443, .tls = true, .proxy = Proxy{"fe80::1", 3128, {}, "HTTPS_PROXY"}};

    EXPECT_EQ(tunnel_request(endpoint), "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n");
    EXPECT_EQ(no_tunnel(endpoint, "answered 403"),
              "the proxy [fe80::1]:3128 answered 403 to CONNECT [2001:db8::1]:443; check HTTPS_PROXY");
}

}  // namespace
}  // namespace syncd
