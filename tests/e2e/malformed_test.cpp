// What a provider, or something on the way to it, may answer that is no page: the read fails, or is tried again, and
// says why; nothing that stood there is believed, and the next read is whole.
#include "tests/e2e/support/bench.hpp"

#include "connector/http/url.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <mutex>
#include <thread>

namespace syncd::e2e {
namespace {

enum class End { fails, heals, passes };  // heals: tried again at once, and whole then

/// One answer. In its texts, HERE and THERE are the provider's and a stranger's host and port, ROW a record that nobody
/// has, ON a `_links` to what is really the next page.
struct Malformation {
    std::string name;
    std::string body;  // empty: only what `fault` says
    std::string why;   // in the operation's log
    std::string fault = R"("kind":"body")";
    End end = End::fails;
};

using Table = std::vector<Malformation>;

constexpr const char* row = R"({"id":"nobody-has-this","displayName":"x"})";
constexpr const char* on =
    R"("_links":{"next":{"href":"http://HERE/library/manufacturers?continuationToken='sbxpage-0'"}})";

std::string filled(std::string text, const std::vector<std::pair<std::string, std::string>>& words) {
    for (const auto& [word, value] : words)
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + value.size()))
            text.replace(at, word.size(), value);
    return text;
}

std::string host_of(const std::string& url) { return url.substr(7, url.find('/', 7) - 7); }

Malformation next_is(const std::string& name, const std::string& next, const std::string& why) {
    return {name, fmt::format(R"({{"manufacturers":[ROW],"_links":{{"next":{}}}}})", next), why};
}
Malformation leads_to(const std::string& name, const std::string& link, const std::string& why) {
    return next_is(name, fmt::format(R"({{"href":{}}})", bj::serialize(bj::string(link))), why);
}
Malformation with_records(const std::string& name, const std::string& records, const std::string& why) {
    return {name, fmt::format(R"({{"manufacturers":{},ON}})", records), why};
}
Malformation with_status(int status, const std::string& why, const std::string& body = R"({"manufacturers":[ROW]})",
                         const std::string& more = {}, End end = End::fails) {
    return {fmt::format("HTTP {}{}", status, more), body, why,
            fmt::format(R"("kind":"body","status":{}{})", status, more), end};
}

/// Manufacturers come 50 a page: three pages are cheap.
class Malformed : public ::testing::Test {
protected:
    Malformed() : bench({"--count", object + "=120"}, {.objects = {{object}}}) {}

    void SetUp() override {
        ASSERT_EQ(bench.sync().exit, 0);
        ASSERT_EQ(bench.sandbox.difference(), "");
    }
    void TearDown() override {
        const auto receiver = bench.sandbox.receiver();
        EXPECT_EQ(number(receiver, "/violationCount"), 0) << receiver;
        EXPECT_EQ(counted(receiver, "answers", "404"), 0) << "somebody followed a link to a stranger";
        EXPECT_EQ(number(bench.sandbox.stats(), "/tokensAstray"), 0);
        EXPECT_EQ(
            Database(bench.database()).value("SELECT count(*) FROM message_body WHERE instr(body, 'nobody-has-this')"),
            "0");
    }

    void edit() {
        for (const auto* what : {"change?count=7", "delete?count=1", "create?count=1"})
            bench.sandbox.post(object + "/" + what);
    }
    bj::object held() const { return bench.sandbox.get("receiver/state?object=" + object).as_object(); }
    std::string word(const std::string& text) const {
        return filled(text, {{"ROW", row}, {"ON", on}, {"THERE", host_of(bench.sandbox.hook)}, {"HERE", here}});
    }

    /// The receiver has lost nothing, and what is new to it is what the provider has.
    void expect_nothing_wrong(const bj::object& before) {
        const auto after = held();
        for (const auto& each : before) EXPECT_TRUE(after.contains(each.key())) << each.key() << " was deleted";
        for (const auto& each : after) {
            const auto* old = before.if_contains(each.key());
            if (old && *old == each.value()) continue;
            const auto now =
                fetch("GET", bench.sandbox.provider + "/_sandbox/" + object + "/records/" + std::string(each.key()));
            ASSERT_EQ(now.status, 200) << "the provider has no " << each.value();
            EXPECT_EQ(bj::parse(now.body), each.value());
        }
    }
    /// Status and log of the newest read.
    void expect_log(const Malformation& answer, int page) {
        const auto id = Database(bench.database()).value("SELECT id FROM operations ORDER BY created_at DESC LIMIT 1");
        const auto operation = bench.json({"operations", id});
        EXPECT_EQ(text(operation, "/status"), answer.end == End::fails ? "failure" : "success");
        if (answer.end == End::passes) return;
        const auto logs = bj::serialize(operation.at("logs"));
        EXPECT_NE(logs.find(fmt::format("page {}", page)), std::string::npos) << logs;
        EXPECT_NE(logs.find(answer.why), std::string::npos) << logs;
    }
    /// Has the next request of that page met with the answer.
    virtual void order(const Malformation& answer, int page) {
        auto fault = fmt::format(R"({{"path":"/{}","contains":"{}",{})", object, page == 1 ? "" : "continuationToken",
                                 word(answer.fault));
        if (!answer.body.empty()) fault += ",\"body\":" + bj::serialize(bj::string(word(answer.body)));
        bench.sandbox.fault(fault + "}");
    }
    /// Edits, a read that meets the answer on that page, a read that does not.
    void meet(const Malformation& answer, int page) {
        SCOPED_TRACE(fmt::format("{}, page {}", answer.name, page));
        edit();
        const auto before = held();
        order(answer, page);
        const auto read = bench.sync();
        EXPECT_EQ(read.exit, answer.end == End::fails ? 3 : 0) << read.out << read.err;
        expect_log(answer, page);
        if (answer.end == End::fails)
            expect_nothing_wrong(before);
        else
            EXPECT_EQ(bench.sandbox.difference(), "");
        bench.sandbox.remove("faults");
        if (answer.end != End::fails) return;
        const auto next = bench.sync();
        EXPECT_EQ(next.exit, 0) << next.out << next.err;
        EXPECT_EQ(bench.sandbox.difference(), "");
    }
    void meet_all_first(const Table& table) {
        for (const auto& answer : table) meet(answer, 1);
    }
    /// On the second and the first page in turn.
    void meet_all(const Table& table) {
        int page = 1;
        for (const auto& answer : table) meet(answer, page = 3 - page);
    }

    const std::string object = "library/manufacturers";
    Bench bench;
    std::string here = host_of(bench.sandbox.provider);
};

TEST_F(Malformed, WhatIsNotJson) {
    const std::string nul(1, '\0');
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    const std::string nested = filled(R"({"manufacturers":[{"id":"x","a":DEEP}]})", {{"DEEP", deep}});
    meet_all({{"empty", "", "not JSON", R"("kind":"body","body":"")"},
              {"blank", " \n ", "not JSON"},
              {"text", "Service is being upgraded", "not JSON"},
              {"cut", R"({"manufacturers":[{"id":"x","displ)", "not JSON"},
              {"half of the right page", "", "not JSON", R"("kind":"truncate")"},
              {"invalid UTF-8 and NUL", "", "not JSON", R"("kind":"garbage")"},
              {"NUL in a string", R"({"manufacturers":[{"id":"a)" + nul + R"(b"}]})", "not JSON"},
              {"NUL behind", R"({"manufacturers":[ROW]})" + nul, "not JSON"},
              {"trailing garbage", R"({"manufacturers":[ROW]}x)", "not JSON"},
              {"two documents", R"({"manufacturers":[ROW]}{"manufacturers":[]})", "not JSON"},
              {"byte order mark", "\xEF\xBB\xBF{\"manufacturers\":[ROW]}", "not JSON"},
              {"trailing comma", R"({"manufacturers":[ROW,]})", "not JSON"},
              {"single quotes", R"({'manufacturers':[]})", "not JSON"},
              {"comment", R"({"manufacturers":[ROW]/* more */})", "not JSON"},
              {"NaN", R"({"manufacturers":[{"id":"x","n":NaN}]})", "not JSON"},
              {"leading zero", R"({"manufacturers":[{"id":"x","n":007}]})", "not JSON"},
              {"half a surrogate", R"({"manufacturers":[{"id":"x\ud800"}]})", "not JSON"},
              {"100,000 deep", deep, "not JSON"},
              {"100,000 deep in a record", nested, "not JSON"}});
}

TEST_F(Malformed, WhatIsNotAPage) {
    meet_all({{"null", "null", "manufacturers"},
              {"number", "42", "manufacturers"},
              {"array", "[ROW]", "manufacturers"},
              {"empty object", "{}", "manufacturers"},
              {"wrong key", "", "manufacturers", R"("kind":"wrongKey")"},
              {"another letter case", R"({"Manufacturers":[ROW],ON})", "manufacturers"},
              {"error with 200", R"({"error":{"code":"Oops","message":"Try later"}})", "manufacturers"},
              with_records("null for the array", "null", "manufacturers"),
              with_records("object for the array", R"({"0":ROW})", "manufacturers"),
              with_records("text for the array", "\"[]\"", "manufacturers"),
              with_records("numbers", "[1,2]", "not an object"),
              with_records("nulls", "[null]", "not an object"),
              with_records("arrays", "[[ROW]]", "not an object"),
              with_records("one of them no object", "[ROW,\"x\"]", "not an object"),
              with_records("no id", R"([ROW,{"displayName":"x"}])", "has no id"),
              {"no id in the right page", "", "has no id", R"("kind":"noId")"},
              with_records("id null", R"([{"id":null}])", "has no id"),
              with_records("id empty", R"([ROW,{"id":""}])", "has no id"),
              with_records("id an object", R"([{"id":{"id":"x"}}])", "has no id"),
              with_records("id an array", R"([{"id":["x"]}])", "has no id"),
              with_records("Id", R"([{"Id":"x"}])", "has no id")});
}

TEST_F(Malformed, LinksThatLeadNowhereOrRound) {
    meet_all({next_is("number", "2", "_links.next is not a link"),
              next_is("true", "true", "_links.next is not a link"),
              next_is("array", R"(["http://HERE/library/manufacturers"])", "_links.next is not a link"),
              next_is("href a number", R"({"href":2})", "_links.next.href is not a text"),
              next_is("href an object", R"({"href":{}})", "_links.next.href is not a text"),
              {"_links an array", R"({"manufacturers":[ROW],"_links":[]})", "_links is not an object"},
              {"_links a text", R"({"manufacturers":[ROW],"_links":"http://HERE/x"})", "_links is not an object"},
              leads_to("words", "the next page", "next link is not usable"),
              leads_to("javascript", "javascript:alert(1)", "next link is not usable"),
              leads_to("file", "file:///etc/passwd", "next link is not usable"),
              leads_to("no host", "http://", "next link is not usable"),
              leads_to("only a query", "?continuationToken='sbxpage-0'", "next link is not usable"),
              leads_to("a header in a path", "/library/manufacturers?x HTTP/1.1\r\nX-Evil: 1", "control character"),
              leads_to("a header in a URL", "http://HERE/?x\r\nX-Evil: 1", "control character"),
              leads_to("fragment", "http://HERE/library/manufacturers#2", "fragment"),
              {"itself", "", "page already read", R"("kind":"loop")"},
              leads_to("the first page", "http://HERE/library/manufacturers", "page already read")});
}

TEST_F(Malformed, LinksThatLeadToStrangers) {
    meet_all({{"foreign", "", "another origin", R"("kind":"foreignNext")"},
              leads_to("another port", "http://THERE/library/manufacturers", "another origin"),
              leads_to("another scheme", "https://HERE/library/manufacturers", "another origin"),
              leads_to("protocol-relative", "//THERE/library/manufacturers", "next link is not usable"),
              leads_to("user name", "http://HERE@THERE/library/manufacturers", "user name"),
              leads_to("user name of the right host", "http://me@HERE/library/manufacturers", "user name"),
              leads_to("backslash", "http://HERE\\@THERE/library/manufacturers", "backslash"),
              leads_to("backslash in a path", "/\\THERE/library/manufacturers", "backslash"),
              leads_to("longer host", "http://HERE.evil.invalid/", "next link is not usable"),
              leads_to("another spelling of the host", "http://127.1:1/", "another origin"),
              leads_to("space before", " http://THERE/", "next link is not usable"),
              leads_to("encoded host", "http://127.0.0.1%2eevil.invalid/", "next link is not usable")});
}

TEST_F(Malformed, WrongHeaders) {
    const std::string page = R"({"manufacturers":[ROW]})";
    meet_all({{"JSON as HTML", page, "text/html", R"("kind":"body","contentType":"text/html")"},
              {"JSON as text", page, "text/plain", R"("kind":"body","contentType":"text/plain; charset=utf-8")"},
              {"sign-in page", "", "text/html", R"("kind":"html")"},
              {"plain body as gzip", page, "gzip", R"("kind":"body","headers":{"Content-Encoding":"gzip"})"},
              {"brotli", page, "Content-Encoding br", R"("kind":"body","headers":{"Content-Encoding":"br"})"},
              {"packed twice", page, "Content-Encoding gzip, gzip",
               R"("kind":"body","headers":{"Content-Encoding":"gzip, gzip"})"}});
}

TEST_F(Malformed, WrongStatuses) {
    const std::string gone = R"({"error":{"code":"OperationNotFound","message":"Not here"}})";
    const std::string filter = R"({"error":{"code":"Invalid","message":"no","target":"$filter"}})";
    const std::string html = "<html>Bad gateway</html>", as_html = R"(,"contentType":"text/html")";
    meet_all(
        {with_status(204, "HTTP 204", ""), with_status(203, "HTTP 203"), with_status(206, "HTTP 206"),
         with_status(300, "HTTP 300"), with_status(304, "HTTP 304", ""), with_status(400, "HTTP 400"),
         with_status(401, "HTTP 401", gone, R"(,"count":2)"), with_status(403, "HTTP 403"),
         with_status(404, "OperationNotFound", gone), with_status(404, "HTTP 404", html, as_html),
         with_status(409, "HTTP 409"), with_status(410, "HTTP 410"), with_status(422, "$filter", filter),
         with_status(451, "HTTP 451"),
         with_status(301, "another origin", "x", R"(,"headers":{"Location":"http://THERE/library/manufacturers"})"),
         with_status(302, "another origin", "x", R"(,"headers":{"Location":"//THERE/library/manufacturers"})"),
         with_status(307, "another origin", "x", R"(,"headers":{"Location":"https://HERE/library/manufacturers"})"),
         with_status(308, "another origin", "x"),
         with_status(302, "too many redirects", "x",
                     R"(,"count":-1,"headers":{"Location":"/library/manufacturers?continuationToken='sbxpage-0'"})")});
}

TEST_F(Malformed, WhatPassesByItselfIsTriedAgain) {
    const std::string html = "<html>Bad gateway</html>", as_html = R"(,"contentType":"text/html")";
    meet_all({with_status(502, "HTTP 502", html, as_html, End::heals),
              with_status(408, "HTTP 408", R"({"manufacturers":[ROW]})", R"(,"retryAfter":0)", End::heals),
              with_status(429, "HTTP 429", "{}", R"(,"headers":{"Retry-After":"0"})", End::heals)});
}

TEST_F(Malformed, WhatIsOddButRightIsBelieved) {
    bench.sandbox.post(object + "/records", R"({"id":"twin","displayName":"last"})");
    const auto passes = [](const std::string& name, const std::string& body, const std::string& fault = {}) {
        return Malformation{name, body, "", R"("kind":"body")" + fault, End::passes};
    };
    meet_all_first(
        {passes(
             "twins: the last one counts",
             R"({"manufacturers":[{"id":"twin","displayName":"nobody-has-this"},{"id":"twin","displayName":"last"}],ON})"),
         passes("two arrays: the last one counts", R"({"manufacturers":[ROW],"manufacturers":[],ON})"),
         passes("an empty page with a next one", R"({"manufacturers":[],ON})"),
         passes("more than the page", R"({"total":[1],"manufacturers":[],"items":[ROW],ON})"),
         passes("escapes and white space", "\r\n\t{ \"m\\u0061nufacturers\" : [ ] , ON }\n\n"),
         passes("another JSON type", R"({"manufacturers":[],ON})", R"(,"contentType":"application/hal+json")"),
         passes("no type", R"({"manufacturers":[],ON})", R"(,"contentType":"")"),
         passes(
             "link without a host",
             R"({"manufacturers":[],"_links":{"next":{"href":"/library/manufacturers?continuationToken='sbxpage-0'"}}})"),
         passes(
             "link as a text",
             R"({"manufacturers":[],"_links":{"next":"HTTP://HERE/library/manufacturers?continuationToken='sbxpage-0'"}})"),
         passes("redirect to where it really is", "x",
                R"(,"status":307,"headers":{"Location":"/library/manufacturers?continuationToken='sbxpage-0'"})")});
}

TEST_F(Malformed, RecordsOfAnyContentArriveAsTheyAre) {
    const std::string deep = std::string(50, '[') + std::string(50, ']');
    const std::vector<std::string> records = {
        R"({"id":123456789012345678901234567890,"displayName":"id is a large number"})",
        R"({"id":-0.50e1,"displayName":"id is an odd number"})",
        R"({"id":"a/b?c=d&e#f%20 g+h","displayName":"id needs encoding"})",
        R"({"id":"\u0141ód\u017a \ud83d\ude00 \"q\" \\ '","displayName":"escapes"})",
        R"({"id":"tab\t line\n nul\u0000 end","displayName":"control characters"})",
        R"({"id":".."})",
        R"({"id":"1e400","n":1E400,"m":-0,"o":0.1000,"big":12345678901234567890123})",
        R"({"id":"empty","":"","a":{},"b":[],"c":null,"d":{"":[{}]}})",
        R"({"id":"first","id":"same name twice","a":1,"a":2})",
        R"({"id":"deep","a":)" + deep + "}",
        R"({"id":")" + std::string(4000, 'i') + R"(","displayName":"long id"})",
        R"({"id":"long","displayName":")" + std::string(100'000, 'x') + R"("})"};
    std::vector<std::string> ids;
    for (const auto& record : records) ids.push_back(text(bench.sandbox.post(object + "/records", record), "/id"));
    const auto read = bench.sync();
    ASSERT_EQ(read.exit, 0) << read.out << read.err;
    EXPECT_EQ(bench.sandbox.difference(), "");
    std::string bodies;
    for (const auto& each : Database(bench.database()).rows("SELECT body FROM message_body")) bodies += each.front();
    for (const auto& record : records)
        EXPECT_NE(bodies.find("\"raw\":" + record), std::string::npos) << record.substr(0, 200);
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/updates"), 0) << "read again they are no change";

    for (const auto& id : ids) bench.sandbox.remove(object + "/records/" + http::percent_encode(id));
    ASSERT_EQ(bench.sync().exit, 0);
    EXPECT_EQ(number(bench.sandbox.receiver(), "/deletes"), std::int64_t(ids.size())) << bench.json({"operations"});
    EXPECT_EQ(bench.sandbox.difference(), "");
}

/// Between the product and the sandbox: hands everything on, but for one answer that is ordered byte by byte.
class MiddleMan {
public:
    explicit MiddleMan(const std::string& provider) : provider_(std::stoi(provider.substr(provider.rfind(':') + 1))) {
        auto any = address(0);
        socklen_t size = sizeof any;
        const auto* bare = reinterpret_cast<const sockaddr*>(&any);
        if (::bind(door_, bare, size) != 0 || ::listen(door_, 64) != 0 ||
            ::getsockname(door_, reinterpret_cast<sockaddr*>(&any), &size) != 0)
            throw std::runtime_error("no port");
        port = ntohs(any.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~MiddleMan() {
        ::shutdown(door_, SHUT_RDWR);
        thread_.join();
        ::close(door_);
    }
    MiddleMan(const MiddleMan&) = delete;
    MiddleMan& operator=(const MiddleMan&) = delete;

    int port = 0;
    void order(const std::string& page, std::string bytes) {
        const std::lock_guard guard(mutex_);
        page_ = page;
        bytes_ = std::move(bytes);
    }

private:
    static sockaddr_in address(int port) {
        sockaddr_in found{};
        found.sin_family = AF_INET;
        found.sin_port = htons(std::uint16_t(port));
        found.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return found;
    }
    static bool read_some(int from, std::string& text) {
        char buffer[65536];
        const auto count = ::recv(from, buffer, sizeof buffer, 0);
        if (count > 0) text.append(buffer, std::size_t(count));
        return count > 0;
    }
    static void write_all(int to, const std::string& text) {
        for (std::size_t sent = 0; sent < text.size();) {
            const auto count = ::send(to, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
            if (count <= 0) return;  // it has had enough
            sent += std::size_t(count);
        }
    }
    std::string handed_on(std::string request) const {
        const int there = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto to = address(provider_);
        std::string answer;
        if (::connect(there, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
            write_all(there, request.insert(request.find("\r\n") + 2, "Connection: close\r\n"));
            while (read_some(there, answer)) {
            }
        }
        ::close(there);
        return answer;
    }
    std::string answer_to(const std::string& request) {
        const std::lock_guard guard(mutex_);
        const auto target = request.substr(0, request.find("\r\n"));
        if (bytes_.empty() || target.find(page_) == std::string::npos) return handed_on(request);
        return std::exchange(bytes_, {});
    }
    void serve() {
        for (int caller = 0; (caller = ::accept4(door_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ::close(caller)) {
            std::string request;  // a GET: all that comes here has no body
            while (request.find("\r\n\r\n") == std::string::npos && read_some(caller, request)) {
            }
            if (!request.empty()) write_all(caller, answer_to(request));
        }
    }

    int provider_ = 0, door_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::mutex mutex_;
    std::string page_, bytes_;
    std::thread thread_;
};

class MalformedBytes : public Malformed {
protected:
    MalformedBytes() : middle_(bench.sandbox.provider) {
        here = fmt::format("127.0.0.1:{}", middle_.port);
        const auto config = read_text(bench.folder / "config.yaml"), base = "baseUrl: http://" + here;
        write_text(bench.folder / "config.yaml", filled(config, {{"baseUrl: " + bench.sandbox.provider, base}}));
    }
    void order(const Malformation& answer, int page) override {
        middle_.order(page == 1 ? "/" + object : "continuationToken", answer.body);
    }
    /// A whole answer.
    std::string http(const std::string& headers, const std::string& body = R"({"manufacturers":[],ON})") const {
        const auto said = word(body);
        return filled("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + headers + "\r\n\r\n",
                      {{"SIZE", std::to_string(said.size())}}) +
               said;
    }
    std::string chunk(const std::string& body) const {
        return fmt::format("{:x}\r\n{}\r\n", word(body).size(), word(body));
    }

private:
    MiddleMan middle_;
};

std::string gzip(const std::string& plain) {
    z_stream stream{};
    std::string packed(plain.size() / 100 + 1000, '\0');
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = uInt(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = uInt(packed.size());
    const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return done ? packed : "";
}

TEST_F(MalformedBytes, ThatAreNoAnswerFailTheRead) {
    const std::string length = "Content-Length: SIZE", packed = length + "\r\nContent-Encoding: gzip";
    const std::string chunked = "Transfer-Encoding: chunked", page = R"({"manufacturers":[ROW]})";
    const std::string much(70u << 20, ' ');
    auto damaged = gzip(word(page));
    damaged[damaged.size() - 6] ^= 1;  // in the checksum
    const auto small = gzip(word(page)), bomb = gzip(much);
    ASSERT_FALSE(bomb.empty());
    meet_all({{"another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP"},
              {"two lengths", http("Content-Length: 3\r\nContent-Length: 5", page), "not HTTP"},
              {"a length that is none", http("Content-Length: -1", page), "not HTTP"},
              {"a chunk of no size", http(chunked, "") + "zz\r\n{}\r\n", "not HTTP"},
              {"a large header", http("X: " + std::string(80'000, 'x') + "\r\n" + length, page), "larger than allowed"},
              {"70 MB announced", http("Content-Length: 73400320", page), "larger than allowed"},
              {"70 MB in one chunk", http(chunked, "") + chunk(much), "larger than allowed"},
              {"70 MB unpacked", http(packed, bomb), "too large"},
              {"gzip with a wrong checksum", http(packed, damaged), "not valid gzip"},
              {"half of a gzip", http(packed, small.substr(0, small.size() / 2)), "not valid gzip"},
              {"a body without a length, cut", http("Connection: close", R"({"manufacturers":[ROW)"), "not JSON"},
              {"shorter than it is", http("Content-Length: 20", page), "not JSON"}});
}

TEST_F(MalformedBytes, ThatAreCutAreAskedForAgain) {
    const std::string page = R"({"manufacturers":[ROW]})", why = "the connection broke", any;
    meet_all({{"half a header", "HTTP/1.1 200 OK\r\nContent-Ty", why, any, End::heals},
              {"half a body", http("Content-Length: 500", page), why, any, End::heals},
              {"without the last chunk", http("Transfer-Encoding: chunked", "") + chunk(page), why, any, End::heals}});
}

TEST_F(MalformedBytes, ThatAreOddButRightAreBelieved) {
    const std::string page = R"({"manufacturers":[],ON})", any;
    const std::string length = "Content-Length: SIZE";
    meet_all_first(
        {{"gzip", http(length + "\r\nContent-Encoding: gzip", gzip(word(page))), any, any, End::passes},
         {"interim answers",
          "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + http(length), any, any,
          End::passes},
         {"until it is closed", http("Connection: close"), any, any, End::passes},
         {"chunks, extended, and a trailer",
          http("Transfer-Encoding: chunked", "") + "1;x=\"y\"\r\n \r\n" + chunk(page) + "0\r\nX-End: 1\r\n\r\n", any,
          any, End::passes}});
}

}  // namespace
}  // namespace syncd::e2e
