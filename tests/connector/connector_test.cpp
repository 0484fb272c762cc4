#include "connector/connector.hpp"

#include "tests/connector/loopback.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

/// A connection whose token endpoint works, to a provider that does not listen.
struct Outage {
    http::Loopback loopback;
    config::Provider provider;
    http::Budget budget{*loopback.world, {.per_minute = 1, .per_hour = 1, .concurrent = 1}};
    std::unique_ptr<Connector> connector;

    Outage() {
        const auto tokens = loopback.serve([](http::Request) -> awaitable<http::Response> {
            co_return http::Response{200, {}, R"({"access_token":"tok"})"};
        });
        http::tcp::acceptor closed(loopback.context, http::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        provider.token_url = fmt::format("http://127.0.0.1:{}/token", tokens);
        provider.base_url = fmt::format("http://127.0.0.1:{}", closed.local_endpoint().port());
        connector =
            std::make_unique<Connector>(*loopback.world, loopback.client, provider, config::Connection{}, budget);
    }
};

TEST(Connector, WritesThatFindNobodyListeningSpendNothing) {
    Outage outage;
    for (int i = 0; i < 3; ++i) {
        const auto before_send = []() -> awaitable<bool> { co_return true; };
        auto done = testing::run(
            outage.loopback.context,
            outage.connector->write({.method = "POST"}, outage.provider.base_url + "/itwins", before_send));
        EXPECT_FALSE(done.answer.has_value() || done.sent);
    }
    EXPECT_EQ(outage.budget.used().hour, 0);
}

TEST(Connector, AWriteThatIsCalledOffSpendsNothing) {
    Outage outage;
    const auto before_send = []() -> awaitable<bool> { co_return false; };

    auto done = testing::run(outage.loopback.context,
                             outage.connector->write({.method = "POST"}, outage.provider.base_url + "/", before_send));

    EXPECT_EQ(done.answer.error().code, errc::cancelled);
    EXPECT_EQ(outage.budget.used().hour, 0);
}

TEST(Connector, ReadsThatFindNobodyListeningSpendNothing) {
    Outage outage;
    for (int i = 0; i < 3; ++i) {
        const auto got =
            testing::run(outage.loopback.context, outage.connector->look({}, outage.provider.base_url + "/itwins"));
        EXPECT_FALSE(got.has_value());
    }
    EXPECT_EQ(outage.budget.used().hour, 0);
}

TEST(Connector, ProxiedRequestsThatFindNobodyListeningSpendNothing) {
    Outage outage;
    for (int i = 0; i < 3; ++i) {
        ForwardOrder order{.request = {.target = "/itwins"}};
        const auto got = testing::run(outage.loopback.context, outage.connector->forward(std::move(order)));
        EXPECT_FALSE(got.has_value());
    }
    EXPECT_EQ(outage.budget.used().hour, 0);
}

}  // namespace
}  // namespace syncd
