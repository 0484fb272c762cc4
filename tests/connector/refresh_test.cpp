#include "connector/oauth/token.hpp"

#include "tests/connector/loopback.hpp"

#include <gtest/gtest.h>

namespace syncd::oauth {
namespace {

using http::Loopback;
using http::Request;
using http::Response;
using Texts = std::vector<std::string>;

/// A token endpoint whose refresh tokens work once, and a disk that outlives the source of tokens.
struct Bench {
    Loopback loopback;
    Texts story;  // what happened, in order
    std::string valid = "refresh-0";
    int issued = 0, status = 200, lifetime_s = 3600;
    std::string error = "invalid_grant";
    bool rotates = true, loses_answers = false;
    std::optional<Tokens> disk;
    bool consented = false, disk_full = false;
    config::Provider provider;
    config::Connection connection{.grant = config::Grant::authorization_code, .client_id = "id"};
    std::unique_ptr<TokenSource> source;

    Bench() {
        const auto port = loopback.serve([this](Request request) { return answer(std::move(request)); });
        provider.token_url = fmt::format("http://127.0.0.1:{}/token", port);
        disk = Tokens{Secret("refresh-0"), Secret(), {}};
        restart();
    }
    awaitable<Response> answer(Request request) {
        story.push_back(request.body);
        const bool refreshes = request.body.starts_with("grant_type=refresh_token");
        const bool known = !refreshes || request.body.ends_with("refresh_token=" + valid);
        if (status != 200 || !known)
            co_return Response{status == 200 ? 400 : status, {}, R"({"error":")" + error + R"("})"};
        ++issued;
        if (rotates || !refreshes) valid = fmt::format("refresh-{}", issued);
        if (loses_answers) co_return Response{};
        const auto refresh = rotates || !refreshes ? fmt::format(R"(,"refresh_token":"{}")", valid) : std::string();
        co_return Response{
            200, {}, fmt::format(R"({{"access_token":"access-{}","expires_in":{}{}}})", issued, lifetime_s, refresh)};
    }
    /// What the daemon makes of the disk when it starts.
    void restart() {
        source = std::make_unique<TokenSource>(
            *loopback.world, loopback.client, provider, connection,
            TokenStore{.load = [this] { return load(); },
                       .save = [this](Tokens tokens, bool by_user) { return save(std::move(tokens), by_user); },
                       .end = [this] { return end(); }});
    }
    awaitable<result<std::optional<Tokens>>> load() { co_return disk; }
    awaitable<void> save(Tokens tokens, bool by_user) {
        if (disk_full) throw std::runtime_error("database or disk is full");
        story.push_back("saved " + tokens.refresh_token.reveal());
        disk = std::move(tokens);
        consented = by_user;
        co_return;
    }
    awaitable<void> end() {
        disk.reset();
        co_return;
    }
    template <class T>
    T run(awaitable<T> work) {
        return testing::run(loopback.context, std::move(work));
    }
    result<Secret> token() { return run(source->token()); }
    std::string text() {
        const auto got = token();
        return got ? got->reveal() : "error: " + got.error().message;
    }
    std::string refresh_form(int number) const {
        return fmt::format("grant_type=refresh_token&client_id=id&refresh_token=refresh-{}", number);
    }
};

TEST(Refresh, TheNewRefreshTokenIsOnDiskBeforeTheNewAccessTokenIsHandedOut) {
    Bench bench;

    EXPECT_EQ(bench.text(), "access-1");
    EXPECT_EQ(bench.story, (Texts{bench.refresh_form(0), "saved refresh-1"}));
    EXPECT_FALSE(bench.consented);

    bench.source->reject(Secret("access-1"));
    EXPECT_EQ(bench.text(), "access-2");
    EXPECT_EQ(bench.story[2], bench.refresh_form(1)) << "the last one received";
}

TEST(Refresh, TheClientSecretGoesAlongWhereThereIsOne) {
    Bench bench;
    bench.connection.client_secret = Secret("s&");
    bench.restart();

    EXPECT_EQ(bench.text(), "access-1");
    EXPECT_EQ(bench.story[0], "grant_type=refresh_token&client_id=id&client_secret=s%26&refresh_token=refresh-0");
}

TEST(Refresh, ARestartGoesOnWithTheTokensOnDisk) {
    Bench bench;
    EXPECT_EQ(bench.text(), "access-1");

    bench.restart();

    EXPECT_EQ(bench.text(), "access-1") << "it is still good";
    bench.source->reject(Secret("access-1"));
    EXPECT_EQ(bench.text(), "access-2");
    EXPECT_EQ(bench.disk->refresh_token.reveal(), "refresh-2");
}

TEST(Refresh, AnExpiredAccessTokenOnDiskIsNotUsed) {
    Bench bench;
    bench.disk = Tokens{Secret("refresh-0"), Secret("old"), bench.loopback.world->now() - std::chrono::seconds{1}};
    EXPECT_EQ(bench.text(), "access-1");
}

TEST(Refresh, WithoutRotationTheOldRefreshTokenStays) {
    Bench bench;
    bench.rotates = false;
    EXPECT_EQ(bench.text(), "access-1");
    bench.source->reject(Secret("access-1"));

    EXPECT_EQ(bench.text(), "access-2");
    EXPECT_EQ(bench.disk->refresh_token.reveal(), "refresh-0");
}

TEST(Refresh, TwentyWhoWaitShareOneRefresh) {
    Bench bench;
    std::vector<testing::Running<result<Secret>>> waiters;

    for (int i = 0; i < 20; ++i) waiters.push_back(testing::start(bench.loopback.context, bench.source->token()));
    for (auto& waiter : waiters) testing::run_until(bench.loopback.context, [&] { return waiter.done(); });

    EXPECT_EQ(bench.issued, 1);
    for (auto& waiter : waiters) EXPECT_EQ(waiter.get()->reveal(), "access-1");
}

TEST(Refresh, ATokenThatCouldNotBeSavedIsNotLostFromMemory) {
    Bench bench;
    bench.disk_full = true;
    EXPECT_EQ(bench.text(), "access-1");
    bench.source->reject(Secret("access-1"));
    EXPECT_EQ(bench.text(), "access-2") << "by refresh-1, which is nowhere but in memory";
    EXPECT_EQ(bench.disk->refresh_token.reveal(), "refresh-0");

    bench.disk_full = false;
    bench.run(bench.source->save_again());

    EXPECT_EQ(bench.disk->refresh_token.reveal(), "refresh-2");
}

TEST(Refresh, InvalidGrantWaitsForConsentAndAsksNobodyMeanwhile) {
    Bench bench;
    bench.valid = "revoked";

    const auto refused = bench.token();

    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, errc::unauthorized);
    EXPECT_TRUE(refused.error().needs_consent);
    EXPECT_NE(refused.error().message.find("auth login"), std::string::npos) << refused.error().message;
    EXPECT_TRUE(bench.source->needs_consent());
    EXPECT_FALSE(bench.disk);
    EXPECT_TRUE(bench.token().error().needs_consent);
    EXPECT_EQ(bench.story.size(), 1u);

    EXPECT_TRUE(bench.run(bench.source->redeem(Secret("c&"), Secret("v"), "http://127.0.0.1/cb")).has_value());
    EXPECT_EQ(bench.story[1],
              "grant_type=authorization_code&client_id=id&code=c%26&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcb&"
              "code_verifier=v");
    EXPECT_TRUE(bench.consented);
    EXPECT_FALSE(bench.source->needs_consent());
    EXPECT_EQ(bench.text(), "access-1");
}

TEST(Refresh, OtherRefusalsAndTroubleDoNotEndTheConsent) {
    for (const auto& [status, error] :
         {std::pair{500, "server_error"}, {503, "x"}, {429, "x"}, {401, "invalid_client"}}) {
        Bench bench;
        bench.status = status;
        bench.error = error;
        const auto failed = bench.token();
        ASSERT_FALSE(failed.has_value());
        EXPECT_FALSE(failed.error().needs_consent) << status;
        EXPECT_TRUE(bench.disk) << status;
        bench.status = 200;
        bench.source->ask_again();  // else wrong credentials stay so for a while
        EXPECT_EQ(bench.text(), "access-1") << status;
    }
}

TEST(Refresh, ALostAnswerIsAskedForAgainWithTheOldToken) {
    Bench bench;
    bench.loses_answers = true;
    bench.rotates = false;  // a provider that takes the old one once more
    EXPECT_FALSE(bench.token().has_value());
    EXPECT_TRUE(bench.disk) << "kept";

    bench.loses_answers = false;

    EXPECT_EQ(bench.text(), "access-2");
    for (const auto& form : bench.story)
        EXPECT_TRUE(form == bench.refresh_form(0) || form == "saved refresh-0") << form;
}

TEST(Refresh, NobodySignedInNeedsConsentWithoutARequest) {
    Bench bench;
    bench.disk.reset();

    bench.run(bench.source->load());

    ASSERT_TRUE(bench.source->needs_consent());
    EXPECT_TRUE(bench.token().error().needs_consent);
    EXPECT_TRUE(bench.story.empty());
}

TEST(Refresh, SigningOutForgetsTheTokens) {
    Bench bench;
    EXPECT_EQ(bench.text(), "access-1");

    bench.run(bench.source->sign_out([&] { return bench.end(); }));

    EXPECT_TRUE(bench.token().error().needs_consent);
    EXPECT_EQ(bench.issued, 1);
}

TEST(Refresh, ErrorsShowNeitherTokensNorCodes) {
    Bench bench;
    bench.connection.client_secret = Secret("s3cret");
    bench.valid = "revoked";
    bench.restart();

    const auto message = bench.token().error().message;
    bench.status = 400;
    const auto redeemed =
        bench.run(bench.source->redeem(Secret("the-code"), Secret("v3rifier"), "http://127.0.0.1/cb"));

    for (const auto* secret : {"refresh-0", "s3cret", "the-code", "v3rifier"})
        EXPECT_EQ((message + redeemed.error().message).find(secret), std::string::npos) << secret;
}

}  // namespace
}  // namespace syncd::oauth
