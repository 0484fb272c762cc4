#include "daemon/http/session.hpp"

#include "daemon/http/form.hpp"
#include "daemon/http/routes.hpp"
#include "tests/support/test_world.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

using namespace std::chrono_literals;

http::Request with(const std::string& set_cookie) {
    return {.headers = {{"Cookie", "a=b; " + set_cookie.substr(0, set_cookie.find(';')) + "; c=d"}}};
}

TEST(Sessions, LastTwelveHoursForTheCookieThatWasGiven) {
    testing::TestWorld world;
    Sessions sessions(world);
    const auto one = with(sessions.open(false)), other = with(sessions.open(true));

    EXPECT_TRUE(sessions.holds(one, false));
    EXPECT_TRUE(sessions.holds(other, true));
    EXPECT_FALSE(sessions.holds({}, false));
    EXPECT_FALSE(sessions.holds(with("syncd-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; x"), false));
    sessions.close(one, false);
    EXPECT_FALSE(sessions.holds(one, false));
    world.advance(12h - 1s);
    EXPECT_TRUE(sessions.holds(other, true));
    world.advance(1s);
    EXPECT_FALSE(sessions.holds(other, true));
}

TEST(Sessions, OverHttpsACookieThatANeighbouringHostCanSetIsNone) {
    testing::TestWorld world;
    Sessions sessions(world);
    const auto cookie = sessions.open(true);
    const auto unprefixed = cookie.substr(std::string("__Host-").size());

    EXPECT_TRUE(sessions.holds(with(cookie), true));
    EXPECT_FALSE(sessions.holds(with(unprefixed), true));
    EXPECT_TRUE(own_cookie(with("syncd-consent=theirs; Path=/"), "syncd-consent", true).empty());
}

TEST(Sessions, TheCookieIsOutOfReachOfScriptsAndOtherSites) {
    testing::TestWorld world;
    Sessions sessions(world);

    const auto plain = sessions.open(false), secure = sessions.open(true);

    for (const auto* part : {"; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=43200"})
        for (const auto& cookie : {plain, secure}) EXPECT_NE(cookie.find(part), std::string::npos) << cookie;
    EXPECT_TRUE(plain.starts_with("syncd-session="));
    EXPECT_EQ(plain.find("Secure"), std::string::npos);
    EXPECT_TRUE(secure.starts_with("__Host-syncd-session=")) << secure;
    EXPECT_TRUE(secure.ends_with("; Secure"));
    EXPECT_NE(plain.substr(14, 43), secure.substr(21, 43));
}

TEST(Sessions, AreBoundedInNumberAndTheOldestGoes) {
    testing::TestWorld world;
    Sessions sessions(world);
    const auto first = with(sessions.open(false));
    world.advance(1s);
    const auto second = with(sessions.open(false));
    world.advance(1s);
    for (std::size_t i = 2; i < sessions_max; ++i) sessions.open(false);
    EXPECT_TRUE(sessions.holds(first, false));

    sessions.open(false);

    EXPECT_FALSE(sessions.holds(first, false));
    EXPECT_TRUE(sessions.holds(second, false));
}

TEST(SessionGate, TakesAShortFormOfOurOwnPageWithoutAKey) {
    config::Server server;
    server.api_keys = {Secret("k")};
    const auto gate = make_gate(server);
    const auto status = [&](const std::string& path, http::Headers headers) {
        const auto refused = gate({.method = "POST", .target = path, .headers = std::move(headers)});
        return refused ? refused->status : 0;
    };
    const std::pair<std::string, std::string> form{"Content-Type", "application/x-www-form-urlencoded"};

    EXPECT_EQ(status("/session", {form, {"Content-Length", "20"}, {"Origin", "http://127.0.0.1:8710"}}), 0);
    EXPECT_EQ(status("/session", {form, {"Content-Length", "20"}, {"Origin", "https://evil.test"}}), 403);
    EXPECT_EQ(status("/session", {form, {"Content-Length", "20"}, {"Origin", "null"}}), 403);
    EXPECT_EQ(status("/session", {form, {"Content-Length", "1000000"}}), 415);
    EXPECT_EQ(status("/session", {form, {"Transfer-Encoding", "chunked"}}), 415);
    EXPECT_EQ(status("/session", {{"Content-Type", "application/json"}, {"Content-Length", "20"}}), 415);
    EXPECT_EQ(status("/control/sync", {form, {"Content-Length", "20"}}), 401);
    EXPECT_EQ(status("/sessions", {form, {"Content-Length", "20"}}), 401);
}

TEST(Form, FieldsAreDecodedAndOneThatIsGivenTwiceIsNone) {
    const Form form("a=1+2&b=%26%3D&c&d=x&d=y&=z");
    EXPECT_EQ(form.get("a"), "1 2");
    EXPECT_EQ(form.get("b"), "&=");
    for (const auto* none : {"c", "d", "e"}) EXPECT_EQ(form.get(none), "") << none;
}

}  // namespace
}  // namespace syncd
