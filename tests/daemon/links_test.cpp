#include "daemon/http/links.hpp"

#include "daemon/http/proxy_headers.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

const Links links{http::parse_url("https://api.bentley.com").value(), "http://here:8710/proxy"};

std::string rewritten(std::string_view text, std::size_t step) {
    LinkRewriter rewriter(links);
    std::string out;
    for (; !text.empty(); text.remove_prefix(std::min(step, text.size()))) out += rewriter.feed(text.substr(0, step));
    return out + rewriter.finish();
}

/// In one piece, and in pieces of every size: the same.
void expect(std::string_view text, std::string_view wanted) {
    for (const std::size_t step : {text.size(), std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}})
        EXPECT_EQ(rewritten(text, std::max<std::size_t>(step, 1)), wanted) << "in pieces of " << step;
}

TEST(LinkRewriter, LinksToTheProviderLeadToTheProxy) {
    expect(R"({"next":{"href":"https://api.bentley.com/itwins?$skip=1"},"n":[1,"https://api.bentley.com/a"]})",
           R"({"next":{"href":"http://here:8710/proxy/itwins?$skip=1"},"n":[1,"http://here:8710/proxy/a"]})");
}

TEST(LinkRewriter, HoweverTheyAreSpelled) {
    expect(R"(["https:\/\/api.bentley.com\/a\/b","HTTPS://API.Bentley.COM/x"])",
           R"(["http://here:8710/proxy\/a\/b","http://here:8710/proxy/x"])");
    expect(R"(["\u0068ttps:\u002f\u002Fapi.bentley.com\u002Fa","https://api.bentley.com:443/x"])",
           R"(["http://here:8710/proxy\u002Fa","http://here:8710/proxy/x"])");
    expect(R"(["https://api.bentley.com","https://api.bentley.com?a","https://api.bentley.com#a"])",
           R"(["http://here:8710/proxy","http://here:8710/proxy?a","http://here:8710/proxy#a"])");
}

TEST(LinkRewriter, WhatOnlyBeginsLikeTheProviderStays) {
    for (const std::string_view text :
         {R"("https://api.bentley.com.evil.com/a")", R"("https://api.bentley.com:8443/a")",
          R"("https://api.bentley.com@evil.com/a")", R"("http://api.bentley.com/a")", R"("https://api.bentley.comx")",
          R"("https://api.bentley.co")", R"("https:\u00e9/api")", R"("https:\n//api.bentley.com/")",
          R"("see https://api.bentley.com/a")", R"("\"https://api.bentley.com/a")", R"("\\","x")",
          R"({"a\"":"b\\\"https://api.bentley.com/"})", R"("https://api.bentley.com\u")", R"("\u00zz")"})
        expect(text, text);
}

TEST(LinkRewriter, WhatIsCutOffIsPassedOnAsItIs) {
    expect(R"({"href":"https://api.bent)", R"({"href":"https://api.bent)");
    expect(R"({"href":"https:\u00)", R"({"href":"https:\u00)");
    expect("", "");
}

TEST(LinkRewriter, HoldsBackNoMoreThanABeginning) {
    LinkRewriter rewriter(links);
    const std::string long_string = "\"" + std::string(1u << 20, 'x');

    EXPECT_EQ(rewriter.feed(long_string), long_string);
    EXPECT_EQ(rewriter.feed("\",\"https://api.bent"), "\",\"");
    EXPECT_EQ(rewriter.feed("h\",\"https://api.bentley.com/"), "https://api.benth\",\"http://here:8710/proxy/");
}

TEST(Links, OfHeaders) {
    EXPECT_EQ(rewrite_link("https://api.bentley.com/a?b", links), "http://here:8710/proxy/a?b");
    EXPECT_EQ(rewrite_link("//API.bentley.com/a", links), "http://here:8710/proxy/a");
    EXPECT_EQ(rewrite_link("/a", links), "http://here:8710/proxy/a");
    for (const auto* others : {"https://evil.com/a", "//evil.com/a", "a", "", "https://api.bentley.com.evil.com/"})
        EXPECT_EQ(rewrite_link(others, links), others);
    EXPECT_EQ(rewrite_link_field("<https://api.bentley.com/a>; rel=\"next\", <https://evil.com>; rel=x, </b>", links),
              "<http://here:8710/proxy/a>; rel=\"next\", <https://evil.com>; rel=x, <http://here:8710/proxy/b>");
    EXPECT_EQ(rewrite_link_field("<https://api.bentley.com", links), "<https://api.bentley.com");
}

std::string names(const http::Headers& headers) {
    std::string all;
    for (const auto& [name, value] : headers) all += name + "=" + value + ";";
    return all;
}

TEST(ProxyHeaders, WhatIsOursOrOfTheConnectionDoesNotReachTheProvider) {
    const http::Headers given{{"Host", "here"},
                              {"X-API-key", "k"},
                              {"Authorization", "Bearer k"},
                              {"Cookie", "c"},
                              {"x-AMP-project-id", "p"},
                              {"Connection", "close, X-Mine ,,\tx-more"},
                              {"X-Mine", "m"},
                              {"X-More", "m"},
                              {"Keep-Alive", "1"},
                              {"Proxy-Authorization", "b"},
                              {"TE", "trailers"},
                              {"Trailer", "X"},
                              {"Transfer-Encoding", "chunked"},
                              {"Upgrade", "h2c"},
                              {"Content-Length", "1"},
                              {"Expect", "100-continue"},
                              {"Forwarded", "for=1"},
                              {"X-Forwarded-For", "1"},
                              {"Origin", "http://here"},
                              {"Referer", "http://here/secret"},
                              {"Accept-Encoding", "br"},
                              {"Range", "bytes=0-1"},
                              {"Accept", "application/json"},
                              {"Prefer", "a"},
                              {"Prefer", "b"}};

    EXPECT_EQ(names(headers_to_provider(given, false)),
              "Accept-Encoding=br;Range=bytes=0-1;Accept=application/json;Prefer=a;Prefer=b;");
    EXPECT_EQ(names(headers_to_provider(given, true)),
              "Accept=application/json;Prefer=a;Prefer=b;Accept-Encoding=identity;");
}

TEST(ProxyHeaders, WhatWouldBindTheClientToUsDoesNotReachIt) {
    const http::Headers given{{"Set-Cookie", "a=b"},
                              {"Transfer-Encoding", "chunked"},
                              {"Connection", "X-Hop"},
                              {"X-Hop", "1"},
                              {"Content-Length", "5"},
                              {"Alt-Svc", "h3"},
                              {"X-Amp-Retryable", "false"},
                              {"Strict-Transport-Security", "1"},
                              {"ETag", "e"},
                              {"Content-MD5", "m"},
                              {"Location", "https://api.bentley.com/a"},
                              {"Link", "<https://api.bentley.com/b>"}};
    const std::string always = "Content-Security-Policy=sandbox;X-Content-Type-Options=nosniff;";

    EXPECT_EQ(names(headers_to_client(given, links, false, 200, false)),
              "ETag=e;Content-MD5=m;Location=https://api.bentley.com/a;Link=<https://api.bentley.com/b>;" + always);
    EXPECT_EQ(names(headers_to_client(given, links, false, 302, false)),
              "ETag=e;Content-MD5=m;Location=http://here:8710/proxy/a;Link=<https://api.bentley.com/b>;" + always);
    EXPECT_EQ(names(headers_to_client(given, links, true, 201, true)),
              "ETag=e;Location=http://here:8710/proxy/a;Link=<http://here:8710/proxy/b>;" + always);
}

TEST(ProxyHeaders, JsonIsToldByItsType) {
    for (const auto* json : {"application/json", "Application/JSON; charset=utf-8", "application/vnd.x.v1+json"})
        EXPECT_TRUE(is_json(json)) << json;
    for (const auto* other : {"", "text/plain", "application/jsonx", "application/json-seq", "text/html; a=+json"})
        EXPECT_FALSE(is_json(other)) << other;
}

}  // namespace
}  // namespace syncd
