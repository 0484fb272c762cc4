// Delivery against a receiver on a real loopback socket. What it does over time is tested in the simulated world.
#include "daemon/delivery.hpp"

#include "tests/connector/loopback.hpp"
#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

using testing::a_record;
using testing::OpenStore;
using testing::seen;

struct Bench {
    OpenStore store;
    http::Loopback loopback;
    std::unique_ptr<World> world = make_real_world(store.context);
    http::Client client{*world};
    std::vector<std::string> bodies;
    int broken = 0;
    Log log{[this](Level, std::string_view event, std::span<const LogField>) { broken += event == "delivery.broken"; }};
    config::Destination destination;
    std::unique_ptr<http::Server> receiver;
    std::unique_ptr<Delivery> delivery;
    std::vector<testing::Running<void>> running;

    Bench() {
        receiver = std::make_unique<http::Server>(*world, world->listen({.host = "127.0.0.1"}),
                                                  [this](http::Request request) -> awaitable<http::Response> {
                                                      bodies.push_back(request.body);
                                                      co_return http::Response{.status = 204};
                                                  });
        destination.name = "hook";
        destination.url = fmt::format("http://127.0.0.1:{}/", receiver->port());
        destination.secrets = {Secret("key")};
        auto state = store.run(store->enter_destinations({"hook"}, world->now())).at("hook");
        delivery = std::make_unique<Delivery>(*world, *store.store, client, log, destination, state,
                                              [](const std::string&) { return std::string(); });
    }
    ~Bench() {
        delivery->stop();
        receiver->stop(true);
        client.close_idle();
        for (auto& each : running) testing::run_until(store.context, [&] { return each.done(); });
    }
    void start() {
        running.push_back(testing::start(store.context, receiver->run()));
        running.push_back(testing::start(store.context, delivery->run()));
    }
};

TEST(Delivery, SendsWhatIsPendingInOrder) {
    Bench bench;
    bench.store.commit({seen(a_record("1")), seen(a_record("2")), seen(a_record("3"))});

    bench.start();
    testing::run_until(bench.store.context, [&] {
        return bench.store.value("SELECT count(*) FROM message WHERE status = 'delivered'") == "3";
    });

    EXPECT_EQ(bench.bodies, (std::vector<std::string>{"1:create:1", "2:create:2", "3:create:3"}));
}

TEST(Delivery, AnAttemptThatCannotBeStoredIsNotRepeatedWithoutAPause) {
    Bench bench;
    bench.store.commit({seen(a_record("1"))});
    storage::Database(bench.store.path, storage::OpenMode::read_write)
        .execute("CREATE TRIGGER full BEFORE INSERT ON attempt BEGIN SELECT RAISE(ABORT, 'disk full'); END");

    bench.start();
    testing::run_until(bench.store.context, [&] { return bench.broken > 0; });
    for (int i = 0; i < 5000 && bench.bodies.size() < 5; ++i) bench.store.context.poll();

    EXPECT_EQ(bench.bodies.size(), 1u);
}

TEST(Delivery, PausedItFinishesTheAttemptInHandAndStartsNoOther) {
    Bench bench;
    bench.store.commit({seen(a_record("1")), seen(a_record("2")), seen(a_record("3"))});
    bench.start();
    testing::run_until(bench.store.context, [&] { return !bench.bodies.empty(); });

    bench.delivery->pause();
    testing::run_until(bench.store.context, [&] { return bench.delivery->idle(); });
    const auto sent = bench.bodies.size();
    EXPECT_EQ(bench.store.value("SELECT count(*) FROM message WHERE status = 'delivered'"), std::to_string(sent))
        << "what was sent is stored";
    ASSERT_LT(sent, 3u);
    bench.delivery->ring();
    for (int i = 0; i < 1000; ++i) bench.store.context.poll();
    EXPECT_EQ(bench.bodies.size(), sent);

    bench.delivery->resume();
    testing::run_until(bench.store.context, [&] { return bench.bodies.size() == 3; });
}

}  // namespace
}  // namespace syncd
