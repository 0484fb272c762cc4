#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

/// An installation whose user signs in, with the sandbox as the provider.
class Auth : public ::testing::Test {
protected:
    explicit Auth(const std::string& events = {}) : bench({"--itwins", "3"}, {.events = events, .user = true}) {}
    void edit(const std::string& from, const std::string& to) {
        auto text = read_text(bench.folder / "config.yaml");
        const auto at = text.find(from);
        if (at == std::string::npos) throw std::runtime_error("not in the configuration: " + from);
        write_text(bench.folder / "config.yaml", text.replace(at, from.size(), to));
    }
    static std::string between(const std::string& text, const std::string& begin, const std::string& end) {
        const auto at = text.find(begin);
        if (at == std::string::npos) throw std::runtime_error("no " + begin + " in " + text);
        auto found = text.substr(at + begin.size(), text.find(end, at + begin.size()) - at - begin.size());
        for (std::size_t amp; (amp = found.find("&amp;")) != std::string::npos;) found.erase(amp + 1, 4);
        return found;
    }
    /// As a browser would: the page, the provider's page, the form, and back. What is shown in the end.
    Answer sign_in(const std::string& link) {
        const auto page = fetch("GET", link);
        const auto cookie = "Cookie: " + between(page.head, "Set-Cookie: ", ";");
        const auto origin = link.substr(0, link.find('/', 7));
        const auto start = fetch("GET", origin + between(page.body, "class=\"button\" href=\"", "\""), "", {cookie});
        const auto there = between(start.head + "\r\n", "Location: ", "\r\n");
        auto allowed = fetch("POST", bench.sandbox.provider + "/connect/authorize",
                             there.substr(there.find('?') + 1) + "&decision=allow",
                             {"Content-Type: application/x-www-form-urlencoded"});
        return fetch("GET", between(allowed.head + "\r\n", "Location: ", "\r\n"), "", {cookie});
    }
    std::string login() { return text(bench.json({"auth", "login"}), "/url"); }
    std::string state() { return text(bench.json({"auth", "status"}), "/0/state"); }
    Bench bench;
};

TEST_F(Auth, ALinkOfAuthLoginLetsAUserSignInAndReadsBegin) {
    auto daemon = bench.daemon();
    EXPECT_EQ(state(), "needs consent");
    EXPECT_TRUE(eventually([&] { return text(bench.json({"status"}), "/0/health") == "unhealthy"; }));

    const auto shown = sign_in(login());

    EXPECT_EQ(shown.status, 200) << shown.body;
    EXPECT_EQ(state(), "signed in");
    EXPECT_TRUE(eventually([&] { return bench.sandbox.messages() == 1; }));
    EXPECT_EQ(text(bench.json({"status"}), "/0/health"), "healthy");
    EXPECT_EQ(bench.sandbox.difference(), "");
    EXPECT_EQ(daemon.stop(), 0);
}

TEST_F(Auth, SyncGoesOnWithWhatTheUserAllowedAndLogoutEndsIt) {
    {
        auto daemon = bench.daemon();
        EXPECT_EQ(sign_in(login()).status, 200);
    }
    bench.sandbox.post("tokens/revoke");
    EXPECT_EQ(bench.sync({"--full"}).exit, 0) << "by a refresh";

    EXPECT_EQ(bench.run({"auth", "logout"}).exit, 0);

    EXPECT_EQ(state(), "needs consent");
    const auto refused = bench.sync({"--full"});
    EXPECT_EQ(refused.exit, 3);
    EXPECT_NE((refused.out + refused.err).find("auth login"), std::string::npos) << refused.out << refused.err;
}

class ToldAuth : public Auth {
protected:
    ToldAuth() : Auth("connection.created, connection.updated, connection.deleted, connection.error") {}
    std::string told() {
        std::string events;
        const auto receiver = bench.sandbox.receiver();
        for (const auto& each : receiver.at("notifications").as_array())
            events += text(each, "/notificationType") + " ";
        return events;
    }
};

TEST_F(ToldAuth, OfAConsentOfANewOneAndOfItsEndOthersAreTold) {
    auto daemon = bench.daemon();
    EXPECT_EQ(sign_in(login()).status, 200);
    EXPECT_EQ(sign_in(login()).status, 200);
    EXPECT_EQ(bench.run({"auth", "logout"}).exit, 0);
    const std::string all = "connection.error connection.created connection.updated connection.deleted ";
    EXPECT_TRUE(eventually([&] { return told().starts_with(all); })) << told();
}

TEST_F(Auth, WithoutTheDaemonTheLinkIsPrintedWithAWarning) {
    const auto unknown = bench.run({"auth", "login"});
    EXPECT_EQ(unknown.exit, 1) << "its port is any free one";
    EXPECT_NE(unknown.err.find("start `run`"), std::string::npos) << unknown.err;

    edit("server: {", "server: { publicUrl: \"http://127.0.0.1:8710\",");
    const auto printed = bench.run({"auth", "login"});

    EXPECT_EQ(printed.exit, 0) << printed.err;
    EXPECT_TRUE(printed.out.starts_with("http://127.0.0.1:8710/connect/")) << printed.out;
    EXPECT_NE(printed.err.find("the daemon does not run"), std::string::npos) << printed.err;
}

TEST_F(Auth, RekeyKeepsTheUserSignedIn) {
    {
        auto daemon = bench.daemon();
        EXPECT_EQ(sign_in(login()).status, 200);
        const auto refused = bench.run({"rekey"});
        EXPECT_EQ(refused.exit, 1);
        EXPECT_NE(refused.err.find("stop it first"), std::string::npos) << refused.err;
        EXPECT_EQ(daemon.stop(), 0);
    }
    const auto key = bench.database().string() + ".key";
    const auto old_key = read_text(key);
    bench.sandbox.post("tokens/revoke");

    EXPECT_EQ(bench.run({"rekey"}).exit, 0);

    EXPECT_NE(read_text(key), old_key);
    EXPECT_EQ(bench.sync({"--full"}).exit, 0) << "the refresh token opens with the new key";
    write_text(key, old_key);
    const auto wrong = bench.sync();
    EXPECT_EQ(wrong.exit, 1);
    EXPECT_NE(wrong.err.find("written with another key"), std::string::npos) << wrong.err;
}

TEST_F(Auth, RekeyOfAConfiguredKeyTakesTheNewOneFromAFile) {
    const std::string one = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                      two = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    edit("storage: { path: syncd.db }", "storage: { path: syncd.db, encryptionKey: \"" + one + "\" }");
    {
        auto daemon = bench.daemon();
        EXPECT_EQ(sign_in(login()).status, 200);
    }
    bench.sandbox.post("tokens/revoke");
    write_text(bench.folder / "new", two + "\n");

    EXPECT_EQ(bench.run({"rekey"}).exit, 2) << "it has to be given";
    EXPECT_EQ(bench.run({"rekey", "--new-key", (bench.folder / "config.yaml").string()}).exit, 2);
    EXPECT_EQ(bench.run({"rekey", "--new-key", (bench.folder / "new").string()}).exit, 0);

    EXPECT_EQ(bench.sync({"--full"}).exit, 1) << "the configuration still has the old one";
    edit(one, two);
    EXPECT_EQ(bench.sync({"--full"}).exit, 0);
}

}  // namespace
}  // namespace syncd::e2e
