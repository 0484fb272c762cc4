// A sandbox on a clock that only tests move, and short ways to call it.
#pragma once

#include "tests/sandbox/sandbox.hpp"

#include "tests/sandbox/signature.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <map>
#include <stdexcept>
#include <string>

namespace syncd::sandbox {

namespace bj = boost::json;

class StillWorld : public World {
public:
    asio::any_io_executor executor() override { return context.get_executor(); }
    Timestamp now() override { return Timestamp{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}} + passed; }
    Tick tick() override { return Tick{passed + std::chrono::hours{1}}; }
    std::uint64_t random() override { return ++draws; }
    std::unique_ptr<TimerImpl> make_timer() override { return std::make_unique<StillTimer>(*this); }
    awaitable<Connected> connect(Endpoint, Duration) override { throw std::logic_error("no network here"); }
    std::unique_ptr<Acceptor> listen(Endpoint) override { throw std::logic_error("no network here"); }

    void pass(Duration time) {
        passed += time;
        while (!waits.empty() && waits.begin()->first <= tick()) {
            auto node = waits.extract(waits.begin());
            std::move(node.mapped().second)(error_code{});
        }
        context.poll();
    }

    asio::io_context context;
    Duration passed{};
    std::uint64_t draws = 0;
    std::multimap<Tick, std::pair<const void*, WaitHandler>> waits;

private:
    class StillTimer : public TimerImpl {
    public:
        explicit StillTimer(StillWorld& world) : world_(world) {}
        void wait_until(Tick due, WaitHandler handler) override {
            world_.waits.emplace(due, std::pair<const void*, WaitHandler>(this, std::move(handler)));
        }
        void cancel() override {}

    private:
        StillWorld& world_;
    };
};

/// The answer, once there is one.
struct Pending {
    std::optional<http::Response> response;
    std::exception_ptr failure;
};

class Bench {
public:
    explicit Bench(Options options = {}) : box(world, std::move(options)) {}

    std::shared_ptr<Pending> start(awaitable<http::Response> call) {
        auto pending = std::make_shared<Pending>();
        co_spawn(world.context, std::move(call), [pending](std::exception_ptr failure, http::Response response) {
            pending->failure = failure;
            pending->response = std::move(response);
        });
        world.context.restart();
        world.context.poll();
        return pending;
    }
    http::Response finish(awaitable<http::Response> call) {
        const auto pending = start(std::move(call));
        if (pending->failure) std::rethrow_exception(pending->failure);
        return pending->response.value();
    }

    http::Response token(std::string body) {
        return finish(box.provider({"POST", "/connect/token",
                                    {{"Content-Type", "application/x-www-form-urlencoded"}}, std::move(body)}));
    }
    std::string new_token() {
        const auto response =
            token("grant_type=client_credentials&client_id=sandbox&client_secret=sandbox-secret&scope=itwin-platform");
        return bj::parse(response.body).at("access_token").as_string().c_str();
    }
    http::Request reading(std::string target, http::Headers more = {}) {
        if (bearer.empty()) bearer = new_token();
        http::Headers headers{{"Host", "api.test"},
                              {"Authorization", "Bearer " + bearer},
                              {"Accept", fmt::format("application/vnd.bentley.itwin-platform.v{}+json", version)}};
        for (const auto& [name, value] : more) headers.add(name, value);
        return {"GET", std::move(target), std::move(headers), ""};
    }
    http::Response get(std::string target, http::Headers more = {}) {
        return finish(box.provider(reading(std::move(target), std::move(more))));
    }
    http::Request writing(std::string method, std::string target, std::string body = "") {
        http::Headers more;
        if (!body.empty()) more.add("Content-Type", "application/json");
        auto request = reading(std::move(target), std::move(more));
        request.method = std::move(method);
        request.body = std::move(body);
        return request;
    }
    http::Response write(std::string method, std::string target, std::string body = "") {
        return finish(box.provider(writing(std::move(method), std::move(target), std::move(body))));
    }
    bj::value json(std::string target, http::Headers more = {}) {
        return bj::parse(get(std::move(target), std::move(more)).body);
    }
    bj::value control(std::string method, std::string target, std::string body = "") {
        return bj::parse(finish(box.provider({std::move(method), "/_sandbox/" + target, {}, std::move(body)})).body);
    }
    /// Reads all pages; the records in order.
    bj::array all(std::string target, std::string key, http::Headers more = {}) {
        bj::array rows;
        for (int pages = 0; !target.empty() && pages < 1000; ++pages) {
            const auto page = json(target, more);
            for (const auto& row : page.at(key).as_array()) rows.push_back(row);
            const auto* links = page.as_object().if_contains("_links");
            const auto* next = links ? links->as_object().if_contains("next") : nullptr;
            const std::string href = next && next->is_object() ? next->at("href").as_string().c_str() : "";
            target = href.substr(std::min(href.size(), std::string("http://api.test").size()));
        }
        return rows;
    }

    StillWorld world;
    Sandbox box;
    std::string bearer;
    int version = 1;                       // in Accept
};

inline const http::Headers everything{{"Prefer", "return=representation"}, {"X-Max-Return", "10000"}};

}  // namespace syncd::sandbox
