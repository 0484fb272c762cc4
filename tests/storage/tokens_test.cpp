#include "storage/tokens.hpp"

#include "config/core/cipher.hpp"
#include "storage/rekey.hpp"
#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>

namespace syncd::storage {
namespace {

using namespace std::chrono_literals;
using namespace syncd::testing;

ConnectionTokens tokens(const std::string& refresh, Timestamp now) {
    return {.installation_id = "inst",
            .client_id = "client",
            .refresh_token = refresh,
            .access_token = std::string("sealed\0access", 13),
            .expires_at = now + 1h,
            .updated_at = now};
}

PendingAuthorization pending(const std::string& digest, Timestamp now) {
    return {.state_digest = digest,
            .installation_id = "inst",
            .browser_digest = "browser",
            .verifier = std::string("v\0", 2),
            .redirect_uri = "http://127.0.0.1/cb",
            .created_at = now};
}

TEST(Tokens, AreKeptByteForByteAndARenewalKeepsTheTimeOfTheConsent) {
    OpenStore store;
    EXPECT_FALSE(store.run(store->load_tokens("inst")));

    store.run(store->save_tokens(tokens("one", at(0)), true));
    store.run(store->save_tokens(tokens(std::string("two\0\xff", 5), at(100)), false));

    const auto kept = store.run(store->load_tokens("inst"));
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->refresh_token, std::string("two\0\xff", 5));
    EXPECT_EQ(kept->access_token, std::string("sealed\0access", 13));
    EXPECT_EQ(kept->client_id, "client");
    EXPECT_EQ(kept->expires_at, at(100) + 1h);
    EXPECT_EQ(kept->consented_at, at(0));
    EXPECT_EQ(kept->updated_at, at(100));
    EXPECT_FALSE(kept->needs_consent);
}

TEST(Tokens, OfAnEndedConsentAreGoneAndTheNeedIsRemembered) {
    OpenStore store;
    store.run(store->save_tokens(tokens("one", at(0)), true));
    store.run(store->end_consent("inst", at(5)));

    const auto kept = store.run(store->load_tokens("inst"));
    ASSERT_TRUE(kept);
    EXPECT_TRUE(kept->needs_consent);
    EXPECT_EQ(kept->refresh_token + kept->access_token, "");

    store.run(store->save_tokens(tokens("two", at(9)), true));
    EXPECT_FALSE(store.run(store->load_tokens("inst"))->needs_consent);
    EXPECT_EQ(store.run(store->load_tokens("inst"))->consented_at, at(9));
}

TEST(Tokens, AreForgottenOnDemandAndWithTheirInstallation) {
    OpenStore store;
    store.run(store->save_tokens(tokens("one", at(0)), true));
    EXPECT_TRUE(store.run(store->forget_tokens("inst")));
    EXPECT_FALSE(store.run(store->forget_tokens("inst")));

    store.run(store->save_tokens(tokens("two", at(0)), true));
    store.run(store->begin_authorization(pending("state", at(0))));
    EXPECT_EQ(store.run(store->known_installations()), std::vector<std::string>{"inst"});
    store.run(store->forget_installation("inst"));

    EXPECT_TRUE(store.run(store->known_installations()).empty());
    EXPECT_FALSE(store.run(store->load_tokens("inst")));
    EXPECT_FALSE(store.run(store->take_authorization("state", at(1))));
}

TEST(Authorizations, AreTakenOnceAndOnlyInTime) {
    OpenStore store;
    for (const auto* state : {"a", "b", "c"}) store.run(store->begin_authorization(pending(state, at(0))));

    const auto taken = store.run(store->take_authorization("a", at(0) + 15min));
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->verifier, std::string("v\0", 2));
    EXPECT_EQ(taken->installation_id + taken->browser_digest + taken->redirect_uri, "instbrowserhttp://127.0.0.1/cb");
    EXPECT_FALSE(store.run(store->take_authorization("a", at(1)))) << "a second time";
    EXPECT_FALSE(store.run(store->take_authorization("b", at(0) + 15min + 1s))) << "too late";
    EXPECT_FALSE(store.run(store->take_authorization("c", at(0) - 1h))) << "the clock was set back";
    EXPECT_FALSE(store.run(store->take_authorization("other", at(1))));
}

TEST(Authorizations, AreBoundedInNumberAndOldOnesGo) {
    OpenStore store;
    store.run(store->begin_authorization(pending("old", at(0))));
    for (int i = 0; i < 1005; ++i)
        store.run(store->begin_authorization(pending(std::to_string(i), at(3600 + i / 100))));

    EXPECT_EQ(store.value("SELECT count(*) FROM pending_authorization"), "1000");
    EXPECT_TRUE(store.run(store->take_authorization("1004", at(3700))));
}

/// A database with something encrypted in every place that has it.
class Rekey : public ::testing::Test {
protected:
    Rekey() {
        auto mine = tokens(old_key.seal("refresh", place_of_tokens("inst"), random), at(0));
        mine.access_token = old_key.seal("access", place_of_tokens("inst"), random);
        store.run(store->save_tokens(mine, true));
        auto ended = tokens("", at(0));
        ended.installation_id = "ended";
        ended.access_token.clear();
        store.run(store->save_tokens(ended, true));
        auto begun = pending("digest", at(0));
        begun.verifier = old_key.seal("verifier", place_of_verifier("digest"), random);
        store.run(store->begin_authorization(begun));
        const auto insert = [&](int key, const std::string& body, const std::string& answer) {
            Database db(store.path, OpenMode::read_write);
            db.run(
                "INSERT INTO write (key, id, operation_id, position, installation_id, object, type, next_attempt_at, "
                "deadline_at, created_at, updated_at) VALUES (?1, 'w' || ?1, 'op-1', ?1, 'inst', 'itwins', 'create', "
                "'t', 't', 't', 't')",
                key);
            db.run("INSERT INTO write_body (write_key, body, answer) VALUES (?, ?, ?)", key, Blob{body}, Blob{answer});
        };
        insert(1, old_key.seal("body", "write w1", random), "");
        insert(2, "", old_key.seal("answer", "write w2", random));
        store.store.reset();
    }
    std::string blob(const std::string& sql) {
        Database db(store.path, OpenMode::read_write);
        auto row = db.query(sql.c_str());
        return row.step() ? row.text(0) : "no row";
    }
    std::uint64_t draws = 0;
    Random random = [this] { return ++draws; };
    Cipher old_key{Secret(std::string(32, 'o'))}, new_key{Secret(std::string(32, 'n'))};
    OpenStore store;
};

TEST_F(Rekey, EverythingOpensWithTheNewKeyAndNothingWithTheOld) {
    EXPECT_FALSE(is_key_of(store.path, old_key)) << "not known before";

    EXPECT_EQ(rekey(store.path, old_key, new_key, random), 5);

    const struct {
        const char *sql, *place, *text;
    } table[] = {{"SELECT refresh_token FROM connection_token WHERE installation_id = 'inst'", "token inst", "refresh"},
                 {"SELECT access_token FROM connection_token WHERE installation_id = 'inst'", "token inst", "access"},
                 {"SELECT verifier FROM pending_authorization", "authorization digest", "verifier"},
                 {"SELECT body FROM write_body WHERE write_key = 1", "write w1", "body"},
                 {"SELECT answer FROM write_body WHERE write_key = 2", "write w2", "answer"}};
    for (const auto& row : table) {
        EXPECT_EQ(new_key.open(blob(row.sql), row.place).value(), row.text);
        EXPECT_FALSE(old_key.open(blob(row.sql), row.place).has_value()) << row.sql;
    }
    EXPECT_EQ(blob("SELECT answer FROM write_body WHERE write_key = 1"), "") << "empty stays empty";
    EXPECT_EQ(blob("SELECT refresh_token FROM connection_token WHERE installation_id = 'ended'"), "");
    EXPECT_EQ(is_key_of(store.path, new_key), true);
    EXPECT_EQ(is_key_of(store.path, old_key), false);
}

TEST_F(Rekey, WhatTheOldKeyOpensIsNotInTheFileAnyMore) {
    const auto sealed = blob("SELECT body FROM write_body WHERE write_key = 1");
    const auto bytes = [&](const std::string& end) {
        std::ifstream in(store.path + end, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    ASSERT_NE((bytes("") + bytes("-wal")).find(sealed), std::string::npos);

    rekey(store.path, old_key, new_key, random);

    EXPECT_EQ((bytes("") + bytes("-wal")).find(sealed), std::string::npos);
}

TEST_F(Rekey, WithAWrongKeyNothingChanges) {
    const Cipher wrong{Secret(std::string(32, 'w'))};

    EXPECT_THROW(rekey(store.path, wrong, new_key, random), std::runtime_error);

    EXPECT_TRUE(old_key.open(blob("SELECT body FROM write_body WHERE write_key = 1"), "write w1").has_value());
    EXPECT_FALSE(is_key_of(store.path, new_key));
}

}  // namespace
}  // namespace syncd::storage
