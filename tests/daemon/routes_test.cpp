#include "daemon/http/routes.hpp"

#include "daemon/daemon.hpp"
#include "tests/support/open_store.hpp"
#include "tests/support/test_world.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

/// A daemon that is configured and not started, and its routes.
struct Bench {
    testing::TestWorld world;
    testing::TemporaryFolder folder;
    storage::Store store{{.path = folder.file("r.db")}, world.executor()};
    config::Config config;
    std::string logged;
    Log log{[this](Level, std::string_view event, std::span<const LogField> fields) {
        logged += format_text(event, fields) + "\n";
    }};
    std::unique_ptr<Daemon> daemon;

    http::Response ask(http::Request request) {
        if (!daemon)
            daemon = std::make_unique<Daemon>(world, store, config, bentley::Catalog::builtin(), log, Secret("key"));
        if (auto refused = make_gate(config.server)(request)) return *refused;
        return testing::run(world.context, make_routes(*daemon)(std::move(request)));
    }
    int command(http::Headers headers, const std::string& type = "application/json") {
        headers.add("Content-Type", type);
        headers.add("Content-Length", "2");
        return ask({"POST", "/control/nothing", std::move(headers), "{}"}).status;
    }
};

TEST(Routes, HealthNeedsNoKeyAndReadinessSaysWhyNot) {
    Bench bench;
    bench.config.server.api_keys = {Secret("k")};

    EXPECT_EQ(bench.ask({"GET", "/healthz"}).status, 200);
    EXPECT_EQ(bench.ask({"GET", "/readyz"}).status, 503) << "it has not started";
    EXPECT_EQ(bench.ask({"GET", "/downloads/msg_1?expires=1&signature=x"}).status, 403);
}

TEST(Routes, AKeyOpensCommandsInEitherHeader) {
    Bench bench;
    bench.config.server.api_keys = {Secret("old"), Secret("new")};

    EXPECT_EQ(bench.command({{"X-Api-Key", "new"}}), 404) << "allowed, but no such command";
    EXPECT_EQ(bench.command({{"Authorization", "Bearer old"}}), 404);
    for (const auto& headers : {http::Headers{}, http::Headers{{"X-Api-Key", ""}}, http::Headers{{"X-Api-Key", "ne"}},
                                http::Headers{{"Authorization", "Basic old"}},
                                http::Headers{{"Authorization", "Bearer "}}, http::Headers{{"Host", "127.0.0.1"}}})
        EXPECT_EQ(bench.command(headers), 401);
}

TEST(Routes, WithoutKeysOnlyOurOwnNamesAreAnswered) {
    Bench bench;
    bench.config.server.public_url = "https://sync.example.com";
    for (const auto* ours : {"127.0.0.1:8710", "127.0.0.1", "localhost:8710", "[::1]:8710", "sync.example.com"})
        EXPECT_EQ(bench.command({{"Host", ours}}), 404) << ours;
    for (const auto* others :
         {"evil.test", "evil.test:8710", "localhost.evil.test", "", "sync.example.com.evil.test", "128.0.0.1"})
        EXPECT_EQ(bench.command({{"Host", others}}), 403) << others;
    EXPECT_EQ(bench.command({}), 403);
}

TEST(Routes, ANameThatOnlyLooksLikeLoopbackIsNotOurs) {
    Bench bench;
    for (const auto* others : {"127.evil.test", "127.0.0.1.evil.test:8710"})
        EXPECT_EQ(bench.command({{"Host", others}}), 403) << others;
}

TEST(Routes, APageOfAnotherSiteCantCommand) {
    Bench bench;
    const http::Headers ours{{"Host", "127.0.0.1"}};

    for (const auto* origin : {"https://evil.test", "null", "http://127.evil.test", ""})
        EXPECT_EQ(bench.command({{"Host", "127.0.0.1"}, {"Origin", origin}}), 403) << origin;
    for (const auto* type : {"text/plain", "application/x-www-form-urlencoded", ""})
        EXPECT_EQ(bench.command(ours, type), 415) << type;
    EXPECT_EQ(bench.command({{"Host", "127.0.0.1"}, {"Origin", "http://127.0.0.1:8710"}}), 404);
}

TEST(Routes, AWrongHostIsToldWhichNamesAreAnsweredAndNoKeyIsAskedFor) {
    Bench bench;
    bench.config.server.public_url = "https://sync.example.com";

    const auto refused = bench.ask({"GET", "/v1/projects", {{"Host", "evil.test:1"}}, ""});

    EXPECT_EQ(refused.status, 403);
    for (const auto* part : {"evil.test:1", "server.publicUrl", "https://sync.example.com"})
        EXPECT_NE(refused.body.find(part), std::string::npos) << refused.body;
    EXPECT_EQ(refused.body.find("API key"), std::string::npos) << refused.body;
}

TEST(Routes, SchemesAndMediaTypesAreWhateverCaseTheyAreWrittenIn) {
    Bench bench;
    bench.config.server.api_keys = {Secret("Key")};
    EXPECT_EQ(bench.command({{"Authorization", "bearer Key"}}), 404) << "allowed, but no such command";
    EXPECT_EQ(bench.command({{"Authorization", "BEARER key"}}), 401);
    const http::Headers key{{"X-Api-Key", "Key"}};
    for (const auto* type : {"Application/JSON", "application/json;charset=utf-8", "application/json ; charset=utf-8"})
        EXPECT_EQ(bench.command(key, type), 404) << type;
    for (const auto* type : {"application/jsonp", "application/json-seq; a=b", "text/json"})
        EXPECT_EQ(bench.command(key, type), 415) << type;
}

TEST(Routes, WhatHasNoBodyNeedsNoType) {
    Bench bench;
    for (const auto* type : {"", "text/plain"}) {
        const http::Headers headers{{"Host", "127.0.0.1"}, {"Content-Type", type}, {"Content-Length", "0"}};
        EXPECT_EQ(bench.ask({"POST", "/v1/nothing", headers, ""}).status, 404) << type;
    }
}

TEST(Routes, A401SaysHowToComeIn) {
    Bench bench;
    bench.config.server.api_keys = {Secret("k")};
    EXPECT_EQ(bench.ask({"GET", "/v1/projects"}).headers.get("WWW-Authenticate"), "Bearer");
}

TEST(Routes, HealthChecksAreForReading) {
    Bench bench;
    bench.config.server.api_keys = {Secret("k")};
    for (const auto* path : {"/healthz", "/readyz"})
        for (const auto* method : {"POST", "DELETE", "OPTIONS"}) {
            const auto refused = bench.ask({method, path, {{"X-Api-Key", "k"}}, ""});
            EXPECT_EQ(refused.status, 405) << method;
            EXPECT_EQ(refused.headers.get("Allow"), "GET, HEAD");
        }
}

TEST(Routes, WhatBreaksIsInTheLogAndNotInTheAnswer) {
    Bench bench;
    bench.config.project = "acme";
    bench.config.storage.path = bench.folder.file("gone.db");

    const auto broken = bench.ask({"GET", "/v1/projects/acme/deliveries?secret=s", {{"Host", "127.0.0.1"}}, ""});

    EXPECT_EQ(broken.status, 500);
    EXPECT_EQ(broken.body, R"({"title":"Internal error","status":500})");
    EXPECT_TRUE(bench.logged.starts_with("api.broken method=GET path=/v1/projects/acme/deliveries error="))
        << bench.logged;
}

}  // namespace
}  // namespace syncd
