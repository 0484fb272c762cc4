#include "config/proxy.hpp"

#include "tests/config/loading.hpp"

#include <gtest/gtest.h>

namespace syncd::config {
namespace {

using namespace testing;

Disk with(const std::map<std::string, std::string>& variables, const std::string& provider = "") {
    auto from = disk(small_config("provider:\n  timeout: 30s\n" + provider));
    for (const auto& [name, text] : variables) from.variables[name] = text;
    return from;
}

/// Which of the provider's two addresses go through a proxy, for these NO_PROXY and baseUrl.
std::string through(const std::string& no_proxy, const std::string& base_url = "https://api.bentley.com") {
    const auto provider =
        good(with({{"HTTPS_PROXY", "http://p:1"}, {"NO_PROXY", no_proxy}}, "  baseUrl: '" + base_url + "'\n")).provider;
    return std::string(provider.base_proxy ? "base " : "") + (provider.token_proxy ? "token" : "");
}

TEST(ProxySetting, CountsForBothAddressesWhateverTheEnvironmentSays) {
    const auto provider = good(with({{"HTTPS_PROXY", "socks5://x"}, {"NO_PROXY", "*"}},
                                    "  baseUrl: http://127.0.0.1:1\n  proxy: http://[2001:DB8::1]\n"))
                              .provider;

    EXPECT_EQ(provider.base_proxy, (Proxy{"2001:db8::1", 80, {}, "provider.proxy"}));
    EXPECT_EQ(provider.token_proxy, provider.base_proxy);
}

TEST(ProxySetting, CredentialsArePercentDecoded) {
    const auto credentials = [](const std::string& userinfo) {
        return good(with({}, "  proxy: \"http://" + userinfo + "p:3128\"\n"))
            .provider.base_proxy.value()
            .credentials.reveal();
    };
    EXPECT_EQ(credentials(""), "");
    EXPECT_EQ(credentials("@"), "");
    EXPECT_EQ(credentials("user@"), "user:");
    EXPECT_EQ(credentials("user:pass@"), "user:pass");
    EXPECT_EQ(credentials("DOMAIN%5Cuser:p%40%3a%25@"), "DOMAIN\\user:p@:%");
    EXPECT_EQ(credentials("user:p@ss@"), "user:p@ss");
}

TEST(ProxySetting, WhatIsNoHttpProxyIsAnErrorThatDoesNotShowIt) {
    const std::string allowed = "; allowed: http://host:port, or http://user:password@host:port";
    const struct {
        std::string text, why;
    } table[] = {
        {"https://p:3128", "only a proxy that is spoken to in plain HTTP will do"},
        {"socks5://p:1080", "only a proxy that is spoken to in plain HTTP will do"},
        {"p:3128", "only a proxy that is spoken to in plain HTTP will do"},
        {"http://user:hunter2@p:3128/pac", "a proxy has no path or query"},
        {"http://p:3128?hunter2", "a proxy has no path or query"},
        {"http://user:hunter2%4@p", "a % in the user name or password is written %25"},
        {"http://user:hunter2%+1@p", "a % in the user name or password is written %25"},
        {"http://user:hunter2@p:0", "the port is no number from 1 to 65535"},
        {"http://user:hunter2@", "the host is neither a name nor an address"},
        {"http://user:hunter2@a b", "a URL holds no spaces, control or non-ASCII characters; percent-encode them"},
    };
    for (const auto& row : table)
        EXPECT_EQ(texts(load_from(with({}, "  proxy: '" + row.text + "'\n")).errors),
                  Texts{"config.yaml:15:10: proxy: " + row.why + allowed});
    EXPECT_EQ(texts(load_from(with({}, "  proxy: [http://p:1]\n")).errors),
              Texts{"config.yaml:15:10: proxy is a list; allowed: text"});
}

TEST(ProxySetting, EmptyIsAsIfAbsent) {
    for (const auto* proxy : {"", "  proxy:\n", "  proxy: ''\n", "  proxy: \"${UNSET:-}\"\n"}) {
        EXPECT_EQ(good(with({}, proxy)).provider.base_proxy, std::nullopt) << proxy;
        EXPECT_EQ(good(with({{"HTTPS_PROXY", "http://p:1"}}, proxy)).provider.base_proxy,
                  (Proxy{"p", 1, {}, "HTTPS_PROXY"}))
            << proxy;
    }
}

TEST(ProxyEnvironment, EitherSpellingWillDoAndTheSchemeMayBeMissing) {
    const auto proxy = [](const std::map<std::string, std::string>& variables) {
        return good(with(variables)).provider.token_proxy;
    };
    EXPECT_EQ(proxy({{"https_proxy", "p:2"}}), (Proxy{"p", 2, {}, "https_proxy"}));
    EXPECT_EQ(proxy({{"HTTPS_PROXY", "u:w@p:1"}, {"https_proxy", "p:2"}}),
              (Proxy{"p", 1, Secret("u:w"), "HTTPS_PROXY"}));
    EXPECT_EQ(proxy({{"HTTPS_PROXY", ""}, {"https_proxy", "p:2"}}), (Proxy{"p", 2, {}, "https_proxy"}));
    EXPECT_EQ(proxy({{"HTTP_PROXY", "p:1"}, {"http_proxy", "p:1"}, {"ALL_PROXY", "p:1"}}), std::nullopt);
    EXPECT_EQ(proxy({{"HTTPS_PROXY", "p:1"}, {"no_proxy", "*"}}), std::nullopt);
}

TEST(ProxyEnvironment, NoProxyNamesHostsTheirSubdomainsAndPorts) {
    const struct {
        std::string no_proxy, goes;
    } table[] = {
        {"", "base token"},
        {"*", ""},
        {"bentley.com", ""},
        {".bentley.com", ""},
        {"*.bentley.com", ""},
        {"api.bentley.com", "token"},
        {".api.bentley.com", "token"},
        {"ims.bentley.com", "base "},
        {"API.Bentley.COM", "token"},
        {"localhost, api.bentley.com ,x", "token"},
        {",, ims.bentley.com\tapi.bentley.com", ""},
        {"api.bentley.com:443", "token"},
        {"bentley.com:443", ""},
        {"api.bentley.com:8443", "base token"},
        {"api.bentley.com:", "base token"},
        {"pi.bentley.com", "base token"},
        {"bentley", "base token"},
        {"bentley.com.evil", "base token"},
        {"x.api.bentley.com", "base token"},
        {".", "base token"},
        {"[", "base token"},
        {"[:", "base token"},
        {"[]:443", "base token"},
        {"*.", "base token"},
    };
    for (const auto& row : table) EXPECT_EQ(through(row.no_proxy), row.goes) << row.no_proxy;
}

TEST(ProxyEnvironment, AnAddressMatchesAsItIsSpelled) {
    const std::string v4 = "https://10.1.2.3:8443", v6 = "https://[2001:db8::1]";
    EXPECT_EQ(through("10.1.2.3", v4), "token");
    EXPECT_EQ(through("10.1.2.3:8443", v4), "token");
    for (const auto* other : {"10.1.2.3:443", "2.3", ".2.3", "10.0.0.0/8", "10.1.2"})
        EXPECT_EQ(through(other, v4), "base token") << other;
    for (const auto* same : {"2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443", "2001:DB8::1"})
        EXPECT_EQ(through(same, v6), "token") << same;
    EXPECT_EQ(through("2001:db8::1", "https://[2001:DB8::1]"), "token");
    for (const auto* other : {"[2001:db8::1]:1", "2001:db8::2", "2001:db8:0::1"})
        EXPECT_EQ(through(other, v6), "base token") << other;
}

TEST(ProxyEnvironment, ThisMachineIsNeverBehindIt) {
    for (const auto* base : {"https://localhost", "https://127.1.2.3:8443", "https://[::1]", "http://127.0.0.1:8711"})
        EXPECT_EQ(through("", base), "token") << base;
}

TEST(ProxyEnvironment, ABadOneIsAnErrorOnlyWhereItWouldBeUsed) {
    EXPECT_EQ(
        texts(load_from(with({{"HTTPS_PROXY", "https://user:hunter2@p:3128"}})).errors),
        Texts{"config.yaml:14:3: HTTPS_PROXY of the environment: only a proxy that is spoken to in plain HTTP will "
              "do; allowed: http://host:port, or http://user:password@host:port; or set provider.proxy or "
              "NO_PROXY"});
    good(with({{"HTTPS_PROXY", "https://p:3128"}, {"NO_PROXY", "bentley.com"}}));
    good(with({{"HTTPS_PROXY", "https://p:3128"}}, "  proxy: http://p:3128\n"));
}

}  // namespace
}  // namespace syncd::config
