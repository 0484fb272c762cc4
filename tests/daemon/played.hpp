// A daemon on a clock that only the test moves, and a provider that it plays: answers by the request's text, or nobody
// listens.
#pragma once

#include "daemon/daemon.hpp"
#include "storage/reader.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_world.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>

namespace syncd {

class PlayedWorld final : public World {
public:
    /// The answer to a request, header and body as they come: status and body.
    using Play = std::function<std::pair<int, std::string>(const std::string& request)>;

    asio::any_io_executor executor() override { return clock.executor(); }
    Timestamp now() override { return clock.now(); }
    Tick tick() override { return clock.tick(); }
    std::uint64_t random() override { return clock.random(); }
    std::unique_ptr<TimerImpl> make_timer() override { return clock.make_timer(); }
    std::unique_ptr<Acceptor> listen(Endpoint endpoint) override { return clock.listen(std::move(endpoint)); }
    awaitable<Connected> connect(Endpoint, Duration) override {
        ++connects;
        if (!listens) co_return Connected{{}, {asio::error::connection_refused, "connecting: refused"}};
        co_return Connected{Stream(executor(), std::make_unique<Peer>(*this)), {}};
    }

    testing::TestWorld clock;
    Play play;
    bool listens = true;
    int connects = 0;

private:
    /// Answers at once what was written; the connection closes after each answer.
    struct Peer final : StreamImpl {
        explicit Peer(PlayedWorld& world) : world(world) {}
        void read_some(asio::mutable_buffer buffer, IoHandler handler) override {
            const auto bytes = std::min(answer.size(), buffer.size());
            std::memcpy(buffer.data(), answer.data(), bytes);
            answer.erase(0, bytes);
            complete(std::move(handler), bytes == 0 ? error_code(asio::error::eof) : error_code(), bytes);
        }
        void write_some(const WriteBuffers& buffers, std::size_t count, IoHandler handler) override {
            const auto before = request.size();
            for (std::size_t i = 0; i < count; ++i)
                request.append(static_cast<const char*>(buffers[i].data()), buffers[i].size());
            const auto head = request.find("\r\n\r\n"), length = request.find("Content-Length: ");
            const auto body = length < head ? std::stoul(request.substr(length + 16)) : 0;
            if (head != std::string::npos && request.size() == head + 4 + body) {
                const auto [status, text] = world.play(request);
                answer = fmt::format("HTTP/1.1 {} X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", status,
                                     text.size(), text);
            }
            complete(std::move(handler), {}, request.size() - before);
        }
        void close() override {}
        bool stale() override { return true; }
        void complete(IoHandler handler, error_code failure, std::size_t bytes) {
            asio::post(world.executor(), [handler = std::move(handler), failure, bytes]() mutable {
                std::move(handler)(failure, bytes);
            });
        }
        PlayedWorld& world;
        std::string request, answer;
    };
};

struct Played {
    explicit Played(const std::function<void(config::Config&)>& change = {}) {
        world.play = [this](const std::string& request) { return provide(request); };
        config.project = "acme";
        config.provider.base_url = "http://provider.test";
        config.provider.token_url = "http://tokens.test/token";
        config::Installation installation{.id = "inst-1", .integration = "bentley", .group_ref = "acme"};
        installation.connection.client_id = "client";
        installation.connection.client_secret = Secret("client-secret");
        installation.writes.push_back({.object = "itwins", .mapped_name = "itwins", .deletes = true});
        config.installations.push_back(installation);
        if (change) change(config);
        daemon = std::make_unique<Daemon>(world, store, config, bentley::Catalog::builtin(), log, Secret("sign"));
        run(daemon->start());
        running = testing::start(world.clock.context, daemon->run());
        world.clock.settle();
    }
    ~Played() {
        daemon->cut();
        world.clock.advance(std::chrono::seconds{20});
    }
    template <class T>
    T run(awaitable<T> work) {
        return testing::run(world.clock.context, std::move(work));
    }
    /// Queues creates that nobody waits for.
    void write(int count, std::int64_t deadline_hours = 24) {
        for (int queued = 0; queued < count;) {
            WriteOrder order{.object = "itwins", .type = WriteType::create, .batch = true, .asynchronous = true};
            order.deadline_hours = deadline_hours;
            for (; queued < count && order.records.size() < 100; ++queued)
                order.records.push_back(fmt::format(
                    R"({{"class":"Endeavor","subClass":"Project","displayName":"Bridge","number":"{}"}})", ++numbers));
            EXPECT_FALSE(run(daemon->write("inst-1", std::move(order), Duration::zero())).value().operation_id.empty());
        }
    }
    void advance(Duration time) { world.clock.advance(time); }
    /// How many writes are in that state.
    std::string writes(const std::string& status) {
        SQLite::Database db(path, SQLite::OPEN_READONLY);
        return db.execAndGet("SELECT count(*) FROM write WHERE status = '" + status + "'").getString();
    }
    storage::HealthRow health() { return storage::Reader(path).health("inst-1"); }
    std::int64_t spent() { return daemon->budgets().at("client")->used().hour; }

    PlayedWorld world;
    int token_status = 200, provider_status = 201;
    int token_requests = 0, requests = 0;  // to the provider
    testing::TemporaryFolder folder;
    std::string path = folder.file("p.db");
    config::Config config;
    Log log{[](Level, std::string_view, std::span<const LogField>) {}};
    storage::Store store{{.path = path}, world.clock.context.get_executor()};
    std::unique_ptr<Daemon> daemon;
    testing::Running<void> running;

private:
    std::pair<int, std::string> provide(const std::string& request) {
        if (request.starts_with("POST /token")) {
            ++token_requests;
            return {token_status, token_status == 200
                                      ? fmt::format(R"({{"access_token":"tok-{}","expires_in":3600}})", token_requests)
                                      : std::string(R"({"error":"invalid_client"})")};
        }
        ++requests;
        if (provider_status / 100 == 2)
            return {provider_status, fmt::format(R"({{"iTwin":{{"id":"i-{}"}}}})", requests)};
        return {provider_status, R"({"error":{"code":"InvalidToken","message":"no"}})"};
    }
    int numbers = 0;
};

}  // namespace syncd
