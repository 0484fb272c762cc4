#include "connector/oauth/token.hpp"

#include "tests/connector/loopback.hpp"

#include <gtest/gtest.h>

namespace syncd::oauth {
namespace {

using http::Loopback;
using http::Request;
using http::Response;

/// The real network under a clock that the test moves on.
class ShiftedWorld final : public World {
public:
    explicit ShiftedWorld(World& world) : world_(world) {}
    asio::any_io_executor executor() override { return world_.executor(); }
    Timestamp now() override { return world_.now() + shift; }
    Tick tick() override { return world_.tick() + shift; }
    std::uint64_t random() override { return world_.random(); }
    std::unique_ptr<TimerImpl> make_timer() override { return world_.make_timer(); }
    awaitable<Connected> connect(Endpoint endpoint, Duration limit) override {
        return world_.connect(std::move(endpoint), limit);
    }
    std::unique_ptr<Acceptor> listen(Endpoint endpoint) override { return world_.listen(std::move(endpoint)); }
    Duration shift{};

private:
    World& world_;
};

/// A token endpoint that answers as the test says, and a source of tokens from it.
struct Bench {
    Loopback loopback;
    ShiftedWorld world{*loopback.world};
    std::vector<Request> requests;
    int status = 200;
    std::string body;  // empty: a fresh token
    std::string lifetime = "3600";
    config::Provider provider;
    std::unique_ptr<TokenSource> source;

    Bench() {
        const auto port = loopback.serve([this](Request request) -> awaitable<Response> {
            requests.push_back(request);
            const auto token =
                fmt::format(R"({{"access_token":"token-{}","expires_in":{}}})", requests.size(), lifetime);
            co_return Response{status, {{"Content-Type", "application/json"}}, body.empty() ? token : body};
        });
        provider.token_url = fmt::format("http://127.0.0.1:{}/connect/token?q=hidden", port);
        config::Connection connection;
        connection.client_id = "an id";
        connection.client_secret = Secret("s3cr&t/");
        connection.scopes = {"itwin-platform", "more"};
        source = std::make_unique<TokenSource>(world, loopback.client, provider, connection);
    }
    result<Secret> token() { return testing::run(loopback.context, source->token()); }
    std::string text() {
        const auto got = token();
        return got ? got->reveal() : "error: " + got.error().message;
    }
};

TEST(Token, IsAskedForWithTheCredentialsInTheForm) {
    Bench bench;

    EXPECT_EQ(bench.text(), "token-1");

    const auto& request = bench.requests.at(0);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.headers.get("Content-Type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(request.body,
              "grant_type=client_credentials&client_id=an%20id&client_secret=s3cr%26t%2F&scope=itwin-platform%20more");
}

TEST(Token, IsKeptUntilShortlyBeforeItsEnd) {
    Bench bench;
    EXPECT_EQ(bench.text(), "token-1");
    bench.world.shift = std::chrono::seconds{3600 - 90};
    EXPECT_EQ(bench.text(), "token-1");
    bench.world.shift = std::chrono::seconds{3600 - 59};
    EXPECT_EQ(bench.text(), "token-2");
}

TEST(Token, AShortLivedOneIsNotAskedForAnewEveryTime) {
    Bench bench;
    bench.lifetime = "40";
    EXPECT_EQ(bench.text(), "token-1");
    bench.world.shift = std::chrono::seconds{20};
    EXPECT_EQ(bench.text(), "token-1");
    bench.world.shift = std::chrono::seconds{31};
    EXPECT_EQ(bench.text(), "token-2");
}

TEST(Token, AnOddLifetimeNeitherBreaksNorLastsForever) {
    for (const auto* lifetime : {"null", "\"3600\"", "-5", "0", "1e99", "99999999999999999999999", "{}", "true"}) {
        Bench bench;
        bench.lifetime = lifetime;
        EXPECT_EQ(bench.text(), "token-1") << lifetime;
        bench.world.shift = std::chrono::hours{24 * 8};
        EXPECT_EQ(bench.text(), "token-2") << lifetime;
    }
}

TEST(Token, AllWhoWaitShareOneRequest) {
    Bench bench;
    std::vector<testing::Running<result<Secret>>> waiters;

    for (int i = 0; i < 20; ++i) waiters.push_back(testing::start(bench.loopback.context, bench.source->token()));
    for (auto& waiter : waiters) testing::run_until(bench.loopback.context, [&] { return waiter.done(); });

    EXPECT_EQ(bench.requests.size(), 1u);
    for (auto& waiter : waiters) EXPECT_EQ(waiter.get()->reveal(), "token-1");
}

TEST(Token, ARejectedOneIsReplacedOnce) {
    Bench bench;
    const auto first = bench.token().value();

    bench.source->reject(first);
    EXPECT_EQ(bench.text(), "token-2");
    bench.source->reject(first);  // another request that was under way with the old one

    EXPECT_EQ(bench.text(), "token-2");
}

TEST(Token, ARefusalSaysWhatToDoAndNeverShowsTheSecret) {
    for (const int status : {400, 401, 403}) {
        Bench bench;
        bench.status = status;
        bench.body = R"({"error":"invalid_client","error_description":"Client authentication failed"})";

        const auto refused = bench.token();

        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().code, errc::unauthorized);
        const auto& message = refused.error().message;
        for (const auto* part : {"invalid_client", "Client authentication failed",
                                 "check clientId, clientSecret and scopes", "/connect/token"})
            EXPECT_NE(message.find(part), std::string::npos) << message;
        for (const auto* secret : {"s3cr", "hidden"}) EXPECT_EQ(message.find(secret), std::string::npos) << message;
    }
}

TEST(Token, WrongCredentialsAreTriedAtGrowingIntervalsHoweverManyAsk) {
    Bench bench;
    bench.status = 401;
    bench.body = R"({"error":"invalid_client"})";
    std::size_t asked = 0;
    for (const int pause : {15, 30, 60, 120, 240, 480, 900, 900}) {
        EXPECT_EQ(bench.token().error().code, errc::unauthorized);
        EXPECT_EQ(bench.requests.size(), ++asked);

        bench.world.shift += std::chrono::seconds{pause - 10};  // the test itself takes time too
        const auto refused = bench.token().error();
        EXPECT_EQ(refused.code, errc::unauthorized);
        EXPECT_LE(refused.retry_after.value(), std::chrono::seconds{10});
        EXPECT_EQ(bench.requests.size(), asked) << "nobody asks again before " << pause << " s";
        bench.world.shift += std::chrono::seconds{11};
    }

    bench.status = 200;
    bench.body.clear();
    EXPECT_NE(bench.text().find("token-"), std::string::npos);
}

TEST(Token, SomebodyWhoMayHavePutThemRightHasThemTriedAtOnce) {
    Bench bench;
    bench.status = 401;
    bench.body = R"({"error":"invalid_client"})";
    EXPECT_FALSE(bench.token().has_value());
    bench.status = 200;
    bench.body.clear();
    EXPECT_FALSE(bench.token().has_value());

    bench.source->ask_again();

    EXPECT_EQ(bench.text(), "token-2");
}

TEST(Token, AnEndpointInTroubleIsNoWordAgainstTheCredentials) {
    const struct {
        int status;
        errc code;
    } table[] = {{500, errc::transient},
                 {503, errc::transient},
                 {429, errc::rate_limited},
                 {302, errc::transient},
                 {404, errc::transient}};
    for (const auto& row : table) {
        Bench bench;
        bench.status = row.status;
        bench.body = "<html>";
        EXPECT_EQ(bench.token().error().code, row.code) << row.status;
    }
}

TEST(Token, AnAnswerWithoutATokenIsAFailureAndTheNextCallAsksAgain) {
    for (const auto* body : {"{}", "<html>", "[]", "null", R"({"access_token":null})", R"({"access_token":""})",
                             R"({"access_token":7})", R"({"ACCESS_TOKEN":"x"})"}) {
        Bench bench;
        bench.body = body;
        EXPECT_EQ(bench.token().error().code, errc::transient) << body;
        bench.body.clear();
        EXPECT_EQ(bench.text(), "token-2") << body;
    }
}

}  // namespace
}  // namespace syncd::oauth
