// A daemon on real sockets between a client and a provider that a test plays.
#pragma once

#include "daemon/daemon.hpp"
#include "tests/connector/identity.hpp"
#include "tests/connector/streams.hpp"
#include "tests/support/temporary_folder.hpp"

namespace syncd {

struct LogLine {
    std::string event, text;
};

struct Proxied : http::Streams {
    using Play = std::function<awaitable<void>(http::Exchange&)>;

    explicit Proxied(Play play, const std::function<void(config::Config&)>& change = {}) : play_(std::move(play)) {
        provider_port = serve_provider();
        config.project = "acme";
        config.provider.base_url = fmt::format("http://127.0.0.1:{}", provider_port);
        config.provider.token_url = config.provider.base_url + "/connect/token";
        config.provider.requests_per_minute = config.provider.requests_per_hour = 0;
        config.server.port = 0;
        config.server.public_url = "http://127.0.0.1:0";
        config.server.api_keys = {Secret("our-key")};
        config.installations.push_back(installation("inst-1", "bentley", "acme"));
        if (change) change(config);
        daemon = std::make_unique<Daemon>(*world, store, config, bentley::Catalog::builtin(), log, Secret("sign"));
        port = daemon->listen();
        testing::run(context, daemon->start());
        daemon_run = testing::start(context, daemon->run());
    }
    ~Proxied() {
        daemon->cut();
        testing::run_until(context, [&] { return daemon_run.done(); });
    }
    static config::Installation installation(std::string id, std::string integration, std::string group) {
        config::Installation out{
            .id = std::move(id), .integration = std::move(integration), .group_ref = std::move(group)};
        out.connection.client_id = "client";
        out.connection.client_secret = Secret("client-secret");
        out.proxy = true;
        return out;
    }
    /// With our key as X-Api-Key.
    Got ask(std::string method, std::string target, http::Headers headers = {}, std::string body = {}) {
        headers.add("X-Api-Key", "our-key");
        return open(port, {std::move(method), std::move(target), std::move(headers), std::move(body)});
    }
    std::string text_of_log() const {
        std::string all;
        for (const auto& line : lines) all += line.text + "\n";
        return all;
    }

    std::vector<LogLine> lines;
    Log log{[this](Level, std::string_view event, std::span<const LogField> fields) {
        lines.push_back({std::string(event), format_text(event, fields)});
    }};
    testing::TemporaryFolder folder;
    config::Config config;
    storage::Store store{{.path = folder.file("p.db")}, context.get_executor()};
    std::uint16_t provider_port = 0, port = 0;
    std::vector<http::Request> seen;  // heads of the requests that the provider got
    int tokens = 0;                   // given out: tok-1, tok-2, …
    int token_status = 200;
    std::unique_ptr<Daemon> daemon;
    testing::Running<void> daemon_run;

private:
    std::uint16_t serve_provider() {
        auto token = [this](http::Request) -> awaitable<http::Response> {
            const auto body = fmt::format(R"({{"access_token":"tok-{}","expires_in":3600}})", ++tokens);
            co_return http::Response{token_status, {}, token_status == 200 ? body : R"({"error":"invalid_client"})"};
        };
        auto takes = [](const http::Request& head) { return head.target != "/connect/token"; };
        auto streamed = [this](http::Exchange& exchange) {
            seen.push_back(exchange.head());
            return play_(exchange);
        };
        servers.emplace_back(*world, world->listen({.host = "127.0.0.1"}), token, http::ServerLimits{}, http::Gate{},
                             http::Streaming{takes, streamed});
        running.push_back(testing::start(context, servers.back().run()));
        return servers.back().port();
    }
    Play play_;
};

}  // namespace syncd
