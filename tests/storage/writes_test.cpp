#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>

namespace syncd::storage {
namespace {

using namespace syncd::testing;
using Texts = std::vector<std::string>;

class Writes : public ::testing::Test {
protected:
    AcceptWrites request(std::vector<std::string> ids, WriteType type = WriteType::create,
                         const std::string& record_id = "") {
        AcceptWrites accept{.operation_id = "op-" + ids.front(),
                            .installation_id = "inst",
                            .object = "itwins",
                            .type = type,
                            .batch = ids.size() > 1,
                            .now = at(0),
                            .deadline_at = at(3600)};
        for (const auto& id : ids) accept.writes.push_back({.id = id, .record_id = record_id, .body = "body of " + id});
        return accept;
    }
    AcceptedWrites accept(const AcceptWrites& wanted) { return store.run(store->accept_writes(wanted)); }
    std::vector<Write> claim(Timestamp now = at(1), std::vector<std::int64_t> busy = {}) {
        return store.run(store->claim_writes({.installation_id = "inst",
                                              .objects = "[\"itwins\"]",
                                              .busy = std::move(busy),
                                              .now = now,
                                              .longest_wait = std::chrono::hours{24},
                                              .limit = 10}));
    }
    Texts claimed(Timestamp now = at(1)) {
        Texts ids;
        for (const auto& write : claim(now)) ids.push_back(write.id);
        return ids;
    }
    Write find(const std::string& id) { return store.run(store->find_write(id)).value(); }
    FinishedWrite finish(const std::string& id, WriteStatus status, const std::string& error = "") {
        return store.run(store->finish_write({.key = find(id).key,
                                              .status = status,
                                              .record_id = status == WriteStatus::done ? "record of " + id : "",
                                              .error = error,
                                              .answer = status == WriteStatus::done ? "answer" : "",
                                              .next_attempt_at = at(60),
                                              .now = at(2)}));
    }
    bool send(const std::string& id) { return store.run(store->begin_sending(find(id).key, at(1))); }
    std::string operation(const std::string& id) {
        return store.value("SELECT status FROM operations WHERE id = '" + id + "'");
    }

    OpenStore store;
};

TEST_F(Writes, AnAcceptedWriteIsOnDiskAndDueAtOnce) {
    EXPECT_EQ(accept(request({"w1"})).what, AcceptedWrites::fresh);

    const auto due = claim();
    ASSERT_EQ(due.size(), 1u);
    EXPECT_EQ(due[0].id, "w1");
    EXPECT_EQ(due[0].body, "body of w1");
    EXPECT_EQ(due[0].deadline_at, at(3600));
    EXPECT_EQ(operation("op-w1"), "in_progress");
    EXPECT_EQ(store.value("SELECT status || ' ' || type || ' ' || attempts || ' ' || coalesce(error, '-') FROM writes"),
              "pending create 0 -");
}

TEST_F(Writes, ASentWriteIsNotClaimedAndIsFoundAfterACrash) {
    accept(request({"w1"}));
    EXPECT_TRUE(send("w1"));
    EXPECT_TRUE(claimed().empty());

    store.open();

    const auto interrupted = store.run(store->interrupted_writes("inst"));
    ASSERT_EQ(interrupted.size(), 1u);
    EXPECT_EQ(interrupted[0].attempts, 1);
    EXPECT_EQ(interrupted[0].sent_at, at(1));
}

TEST_F(Writes, TheLastWriteEndsItsOperation) {
    accept(request({"w1", "w2"}));
    EXPECT_FALSE(finish("w1", WriteStatus::done).operation_ended);
    EXPECT_EQ(operation("op-w1"), "in_progress");
    EXPECT_TRUE(finish("w2", WriteStatus::done).operation_ended);
    EXPECT_EQ(operation("op-w1"), "success");
    EXPECT_EQ(find("w1").record_id, "record of w1");
    EXPECT_EQ(find("w1").body, "");
    EXPECT_EQ(find("w1").answer, "answer");
}

TEST_F(Writes, OneFailureFailsTheOperationAndOneUnknownKeepsItOpen) {
    accept(request({"w1", "w2", "w3"}));
    finish("w1", WriteStatus::failed, "no");
    finish("w2", WriteStatus::unknown, "who knows");
    finish("w3", WriteStatus::done);
    EXPECT_EQ(operation("op-w1"), "in_progress");

    EXPECT_TRUE(store.run(store->resolve_write({.id = "w2", .retry = false, .now = at(9)})).done);

    EXPECT_EQ(operation("op-w1"), "failure");
    EXPECT_EQ(store.value("SELECT result FROM operations WHERE id = 'op-w1'"), "2 of 3 failed; the first: no");
    EXPECT_EQ(find("w2").status, WriteStatus::failed);
}

TEST_F(Writes, ADeleteThatMayHaveRemovedWhatALostCreateMadeIsKnown) {
    auto page = store.page({seen(a_record("known before"))});
    store.run(store->commit_page(page));
    accept(request({"lost"}));
    const auto create = find("lost").key;
    store.run(store->begin_sending(create, at(10)));
    const auto since = [&] { return store.run(store->deleted_since(create)); };
    const auto remove = [&](const std::string& id, const std::string& record_id, Timestamp sent_at) {
        accept(request({id}, WriteType::remove, record_id));
        store.run(store->begin_sending(find(id).key, sent_at));
    };
    EXPECT_FALSE(since());

    remove("d1", "made earlier", at(9));
    remove("d2", "known before", at(11));
    accept(request({"made"}));
    finish("made", WriteStatus::done);
    remove("d3", "record of made", at(11));
    remove("d4", "any", at(11));
    finish("d4", WriteStatus::failed, "refused");
    EXPECT_FALSE(since()) << "none of them can be it";

    remove("d5", "any", at(11));
    EXPECT_TRUE(since()) << "on its way";
    finish("d5", WriteStatus::done);
    EXPECT_TRUE(since());
}

TEST_F(Writes, OnlyAnUnknownOneCanBeResolvedAndARetryIsSentWithANewDeadline) {
    accept(request({"w1"}));
    EXPECT_FALSE(store.run(store->resolve_write({.id = "w1", .retry = true, .now = at(9)})).done);
    finish("w1", WriteStatus::unknown, "who knows");
    EXPECT_TRUE(claimed(at(99)).empty());

    EXPECT_TRUE(
        store.run(store->resolve_write({.id = "w1", .retry = true, .now = at(4000), .deadline_at = at(8000)})).done);

    const auto due = claim(at(4001));
    ASSERT_EQ(due.size(), 1u);
    EXPECT_EQ(due[0].body, "body of w1");
    EXPECT_EQ(due[0].deadline_at, at(8000));
}

TEST_F(Writes, WritesToOneRecordGoInOrderOthersBesideThem) {
    accept(request({"w1"}, WriteType::update, "a"));
    accept(request({"w2"}, WriteType::update, "a"));
    accept(request({"w3"}, WriteType::remove, "b"));
    accept(request({"w4"}));
    EXPECT_EQ(claimed(), (Texts{"w1", "w3", "w4"}));
    send("w1");
    EXPECT_EQ(claimed(), (Texts{"w3", "w4"}));
    finish("w1", WriteStatus::pending);  // tried again at 60: w2 waits behind it
    EXPECT_EQ(claimed(), (Texts{"w3", "w4"}));
    finish("w1", WriteStatus::failed, "no");
    EXPECT_EQ(claimed(), (Texts{"w2", "w3", "w4"}));
}

TEST_F(Writes, ABatchThatIsAllOrNoneGoesOneByOneAndStopsAtAFailure) {
    auto batch = request({"w1", "w2", "w3"});
    batch.all_or_none = true;
    accept(batch);
    EXPECT_EQ(claimed(), Texts{"w1"});
    finish("w1", WriteStatus::done);
    EXPECT_EQ(claimed(), Texts{"w2"});

    const auto finished = finish("w2", WriteStatus::failed, "refused");

    EXPECT_EQ(finished.not_sent, 1);
    EXPECT_TRUE(finished.operation_ended);
    EXPECT_TRUE(claimed().empty());
    EXPECT_EQ(find("w3").error, "not sent: an earlier record of the batch failed");
    EXPECT_EQ(operation("op-w1"), "failure");
}

TEST_F(Writes, ARequestWithTheSameKeyIsTheFirstOneAgainForSevenDays) {
    auto first = request({"w1"});
    first.idempotency = IdempotencyKey{"acme/i/g", "key", "digest"};
    accept(first);

    auto again = request({"w2"});
    again.idempotency = first.idempotency;
    again.now = at(7 * 86400);
    EXPECT_EQ(accept(again).what, AcceptedWrites::repeated);
    EXPECT_EQ(accept(again).operation_id, "op-w1");
    again.idempotency->digest = "another";
    EXPECT_EQ(accept(again).what, AcceptedWrites::other_request);
    again.idempotency->scope = "acme/i/h";
    EXPECT_EQ(accept(again).what, AcceptedWrites::fresh);
    EXPECT_EQ(store.column("SELECT id FROM write ORDER BY key"), (Texts{"w1", "w2"}));

    auto late = request({"w3"});
    late.idempotency = IdempotencyKey{"acme/i/g", "key", "another"};
    late.now = at(7 * 86400 + 1);
    EXPECT_EQ(accept(late).what, AcceptedWrites::fresh);
}

TEST_F(Writes, ARecordFoundForOneCreateIsNotTakenForAnother) {
    accept(request({"w1"}));
    accept(request({"w2"}));
    finish("w1", WriteStatus::done);  // made "record of w1"
    auto step =
        WriteStep{.key = find("w2").key, .status = WriteStatus::done, .record_id = "record of w1", .now = at(3)};
    step.found = true;

    const auto finished = store.run(store->finish_write(step));

    EXPECT_EQ(finished.status, WriteStatus::unknown);
    EXPECT_EQ(find("w2").status, WriteStatus::unknown);
    EXPECT_EQ(find("w2").record_id, "");
    EXPECT_EQ(find("w2").body, "body of w2") << "an operator may want it sent again";
}

TEST_F(Writes, ALookKeepsItsTimeWhateverTheDeadline) {
    accept(request({"w1"}));
    auto step = WriteStep{.key = find("w1").key, .status = WriteStatus::pending, .looking = true, .now = at(2)};
    step.next_attempt_at = at(3700);
    store.run(store->finish_write(step));
    EXPECT_TRUE(claimed(at(3650)).empty());
    EXPECT_EQ(claimed(at(3700)), Texts{"w1"});
}

TEST_F(Writes, OfAnObjectThatLeftTheConfigurationNothingIsSent) {
    auto left = request({"w1"});
    left.object = "imodels";
    accept(left);
    EXPECT_TRUE(claimed().empty());
    EXPECT_TRUE(claimed(at(4000)).empty()) << "nor given up: it is kept until it is forgotten";
}

TEST_F(Writes, WhatIsPastItsDeadlineIsClaimedWhateverItWaitsFor) {
    accept(request({"w1"}, WriteType::update, "a"));
    accept(request({"w2"}, WriteType::update, "a"));
    EXPECT_EQ(claimed(at(3600)), (Texts{"w1", "w2"}));
}

TEST_F(Writes, AWaitBeyondTheLongestIsDueNow) {
    accept(request({"w1"}));
    auto step = WriteStep{.key = find("w1").key, .status = WriteStatus::pending, .now = at(2)};
    step.next_attempt_at = at(2) + std::chrono::hours{48};  // written by a clock that was two days ahead
    store.run(store->finish_write(step));
    EXPECT_EQ(claimed(at(3)), Texts{"w1"});
}

TEST_F(Writes, RestoredFromABackupWhatWasInFlightIsUnknown) {
    accept(request({"w1"}));
    accept(request({"w2"}));
    send("w2");
    accept(request({"w3"}));
    finish("w3", WriteStatus::done);
    store.store.reset();
    {
        SQLite::Database db(store.path, SQLite::OPEN_READWRITE);
        db.exec("INSERT INTO meta (key, value) VALUES ('backup', '2026-01-01T00:00:00.000Z')");
    }
    store.open();
    EXPECT_EQ(store.column("SELECT status FROM write ORDER BY key"), (Texts{"unknown", "unknown", "done"}));
    EXPECT_EQ(operation("op-w1"), "in_progress");
}

TEST_F(Writes, WhereNothingMayBeSentOnlyWhatIsPastItsDeadlineIsGivenOut) {
    accept(request({"w1"}));
    auto late = request({"w2"});
    late.deadline_at = at(60);
    accept(late);
    const auto claim = [](Timestamp now) {
        return WriteClaim{.installation_id = "inst",
                          .objects = "[\"itwins\"]",
                          .now = now,
                          .longest_wait = std::chrono::hours{24},
                          .limit = 10,
                          .late_only = true};
    };

    EXPECT_TRUE(store.run(store->claim_writes(claim(at(1)))).empty());
    EXPECT_EQ(store.run(store->next_write_due(claim(at(1)))), at(60)) << "though both are due to be sent";

    const auto ended = store.run(store->claim_writes(claim(at(61))));
    ASSERT_EQ(ended.size(), 1u);
    EXPECT_EQ(ended.front().id, "w2");
    EXPECT_EQ(store.run(store->next_write_due(claim(at(61)))), at(3600));

    send("w2");  // and its answer is lost
    store.run(store->finish_write({.key = find("w2").key,
                                   .status = WriteStatus::pending,
                                   .looking = true,
                                   .next_attempt_at = at(90),
                                   .now = at(60)}));
    EXPECT_TRUE(store.run(store->claim_writes(claim(at(61)))).empty());
    EXPECT_EQ(store.run(store->next_write_due(claim(at(61)))), at(90));
    EXPECT_EQ(store.run(store->claim_writes(claim(at(90)))).size(), 1u) << "it must come to an end, too";
}

TEST_F(Writes, NeitherAReadNorAStartEndsTheOperationOfAWrite) {
    accept(request({"w1"}));
    store.run(store->fail_interrupted(at(5)));
    store.begin("op-2");
    EXPECT_EQ(operation("op-w1"), "in_progress");
}

TEST_F(Writes, RetentionDropsWhatIsFinalButNothingThatIsOpenOrHasAKeyStill) {
    auto keyed = request({"w1"});
    keyed.idempotency = IdempotencyKey{"s", "k", "d"};
    accept(keyed);
    accept(request({"w2"}));
    accept(request({"w3"}));
    accept(request({"w4"}));
    finish("w1", WriteStatus::done);
    finish("w2", WriteStatus::done);
    finish("w3", WriteStatus::unknown, "who knows");
    const Retention retention{.operations = std::chrono::hours{24},
                              .deliveries = std::chrono::hours{24},
                              .dead_letters = std::chrono::hours{24},
                              .deleted_records = std::chrono::hours{24}};
    const auto prune = [&](Timestamp now) {
        while (store.run(store->prune(retention, now))) {
        }
    };
    prune(at(2 * 86400));
    EXPECT_EQ(store.column("SELECT id FROM write ORDER BY key"), (Texts{"w1", "w3", "w4"}));
    prune(at(8 * 86400));
    EXPECT_EQ(store.column("SELECT id FROM write ORDER BY key"), (Texts{"w3", "w4"}));
    EXPECT_EQ(store.value("SELECT count(*) FROM write_body"), "2");
}

TEST_F(Writes, APageAskedForBeforeAWriteDoesNotOverwriteItsRecord) {
    store.commit({seen(a_record("1", "{\"v\":1}"))});
    auto old = seen(a_record("1", "{\"v\":0}"));
    old.meanwhile = Meanwhile::written;
    auto gone = seen(a_record("2"));
    gone.meanwhile = Meanwhile::removed;
    auto fresh = seen(a_record("3"));
    fresh.meanwhile = Meanwhile::written;
    store.begin("op-2");
    store.commit({old, gone, fresh});

    EXPECT_EQ(store.column("SELECT record_id || raw FROM records ORDER BY 1"),
              (Texts{"1{\"v\":1}", "3" + fresh.record.raw}));
    EXPECT_TRUE(store.missing().empty()) << "an old page still shows that the record is there";
}

}  // namespace
}  // namespace syncd::storage
