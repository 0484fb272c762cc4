#include "daemon/write_judge.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

using namespace std::chrono_literals;
using storage::Write;
using storage::WriteStatus;
using storage::WriteStep;

const Timestamp now{std::chrono::hours{500'000}};

Write a_write(WriteType type = WriteType::create) {
    Write write;
    write.id = "w1";
    write.type = type;
    write.attempts = 1;
    write.first_sent_at = write.sent_at = now - 1s;
    write.deadline_at = now + 1h;
    return write;
}

WriteCase create(const Write& write, Traceable traceable = Traceable::by_key) {
    return {.write = write, .repeatable = false, .traceable = traceable, .now = now, .random = 7};
}
WriteCase update(const Write& write) { return {.write = write, .now = now, .random = 7}; }

Error error_of(int status) { return {errc::transient, "HTTP " + std::to_string(status), status}; }
WriteStep answer(const WriteCase& c, int status) { return judge_answer(c, {status, {}, ""}, error_of(status)); }
const Error reset{errc::transient, "the connection broke"};

TEST(WriteJudge, EverySuccessEndsTheWrite) {
    const auto write = a_write();
    for (const int status : {200, 201, 202, 204}) EXPECT_EQ(answer(create(write), status).status, WriteStatus::done);
}

TEST(WriteJudge, WhatTheProviderRefusesFails) {
    for (const auto type : {WriteType::create, WriteType::update, WriteType::remove}) {
        const auto write = a_write(type);
        for (const int status : {301, 400, 403, 404, 409, 413, 422}) {
            const auto step = answer(type == WriteType::create ? create(write) : update(write), status);
            EXPECT_EQ(step.status, WriteStatus::failed) << status;
            EXPECT_EQ(step.error, "HTTP " + std::to_string(status));
        }
    }
}

TEST(WriteJudge, ARateLimitAndABusyProviderAreTriedAgainAlsoForCreates) {
    const auto write = a_write();
    for (const int status : {429, 503}) {
        const auto step = answer(create(write), status);
        EXPECT_EQ(step.status, WriteStatus::pending) << status;
        EXPECT_FALSE(step.looking);
        EXPECT_FALSE(step.ambiguous) << "nothing was carried out";
        EXPECT_GT(step.next_attempt_at, now);
    }
}

TEST(WriteJudge, ARefusedConnectionIsNoWordAgainstTheWriteWhichWaitsUntilItsDeadline) {
    for (const auto type : {WriteType::create, WriteType::update, WriteType::remove}) {
        auto write = a_write(type);
        auto step = answer(type == WriteType::create ? create(write) : update(write), 401);
        EXPECT_EQ(step.status, WriteStatus::pending);
        EXPECT_FALSE(step.looking || step.ambiguous) << "nothing was carried out";
        EXPECT_GT(step.next_attempt_at, now);

        write.deadline_at = now + 1ms;
        step = answer(type == WriteType::create ? create(write) : update(write), 401);
        EXPECT_EQ(step.status, WriteStatus::failed);
        EXPECT_NE(step.error.find("HTTP 401"), std::string::npos) << step.error;
    }
}

TEST(WriteJudge, RetryAfterIsObeyedUpToTheDeadline) {
    const auto write = a_write();
    auto error = error_of(429);
    error.code = errc::rate_limited;
    error.retry_after = 600s;
    EXPECT_GE(judge_answer(create(write), {429, {}, ""}, error).next_attempt_at, now + 600s);
    error.retry_after = 3600s;
    const auto step = judge_answer(create(write), {429, {}, ""}, error);
    EXPECT_EQ(step.status, WriteStatus::failed);
    EXPECT_NE(step.error.find("deadline"), std::string::npos);
}

TEST(WriteJudge, AnUpdateOrDeleteWithoutAnAnswerIsSentAgain) {
    for (const auto type : {WriteType::update, WriteType::remove}) {
        const auto write = a_write(type);
        for (const auto& step : {judge_lost(update(write), reset), answer(update(write), 500)}) {
            EXPECT_EQ(step.status, WriteStatus::pending);
            EXPECT_FALSE(step.looking);
            EXPECT_TRUE(step.ambiguous);
        }
    }
}

TEST(WriteJudge, ADeleteThatMayHaveHappenedIsDoneWhenTheRecordIsNotThere) {
    auto write = a_write(WriteType::remove);
    EXPECT_EQ(answer(update(write), 404).status, WriteStatus::failed);
    write.ambiguous = true;
    EXPECT_EQ(answer(update(write), 404).status, WriteStatus::done);
    auto change = a_write(WriteType::update);
    change.ambiguous = true;
    EXPECT_EQ(answer(update(change), 404).status, WriteStatus::failed);
}

TEST(WriteJudge, AGatewayThatKnowsNoRouteSaysNothingOfADelete) {
    auto write = a_write(WriteType::remove);
    write.ambiguous = true;
    const Error no_route{errc::refused, "HTTP 404, OperationNotFound: no such operation", 404};
    EXPECT_EQ(judge_answer(update(write), {404, {}, ""}, no_route).status, WriteStatus::pending);
    const http::Response page{404, {{"Content-Type", "text/html"}}, "<html>"};
    EXPECT_EQ(judge_answer(update(write), page, error_of(404)).status, WriteStatus::pending);
}

TEST(WriteJudge, ACreateThatFailsAfterALostAnswerSaysSo) {
    auto write = a_write();
    EXPECT_EQ(answer(create(write), 422).error, "HTTP 422");
    write.ambiguous = true;  // two looks did not show it
    const auto step = answer(create(write), 422);
    EXPECT_EQ(step.status, WriteStatus::failed);
    EXPECT_NE(step.error.find("may have been carried out"), std::string::npos);
}

TEST(WriteJudge, ACreateWithoutAnAnswerIsLookedForAfter30Seconds) {
    const auto write = a_write();
    for (const auto traceable : {Traceable::by_key, Traceable::by_content})
        for (const auto& step : {judge_lost(create(write, traceable), reset), answer(create(write, traceable), 500)}) {
            EXPECT_EQ(step.status, WriteStatus::pending);
            EXPECT_TRUE(step.looking);
            EXPECT_TRUE(step.ambiguous);
            EXPECT_EQ(step.next_attempt_at, now + 30s);
        }
}

TEST(WriteJudge, ACreateThatNothingCanFindIsUnknownUnlessItMayBeSentTwice) {
    const auto write = a_write();
    auto c = create(write, Traceable::no);
    EXPECT_EQ(judge_lost(c, reset).status, WriteStatus::unknown);
    c.retry_unknown = true;
    EXPECT_EQ(judge_lost(c, reset).status, WriteStatus::pending);
    EXPECT_FALSE(judge_lost(c, reset).looking);
    c.paid = true;
    EXPECT_EQ(judge_lost(c, reset).status, WriteStatus::unknown) << "paid work is never sent twice";
}

TEST(WriteJudge, WhatALookFindsDecides) {
    auto write = a_write();
    write.looking = write.ambiguous = true;
    const auto c = create(write);
    const auto ours = judge_look(c, Looked{Looked::ours, "r1", ""});
    EXPECT_EQ(ours.status, WriteStatus::done);
    EXPECT_EQ(ours.record_id, "r1");
    EXPECT_EQ(judge_look(c, Looked{Looked::taken, "", "another has it"}).status, WriteStatus::failed);
    EXPECT_EQ(judge_look(c, Looked{Looked::unclear, "", "two of them"}).status, WriteStatus::unknown);
}

TEST(WriteJudge, NotFoundTwiceIsSentAgainWhereAKeyProvesItElseUnknown) {
    auto write = a_write();
    write.looking = write.ambiguous = true;
    const auto first = judge_look(create(write), Looked{});
    EXPECT_TRUE(first.looking);
    EXPECT_EQ(first.looks, 1);
    EXPECT_EQ(first.next_attempt_at, now + 30s);
    write.looks = 1;
    const auto second = judge_look(create(write), Looked{});
    EXPECT_EQ(second.status, WriteStatus::pending);
    EXPECT_FALSE(second.looking);
    EXPECT_TRUE(second.ambiguous) << "a 409 may still be our own";

    auto c = create(write, Traceable::by_content);
    EXPECT_EQ(judge_look(c, Looked{}).status, WriteStatus::unknown);
    c.retry_unknown = true;
    EXPECT_EQ(judge_look(c, Looked{}).status, WriteStatus::pending);
    c.paid = true;
    EXPECT_EQ(judge_look(c, Looked{}).status, WriteStatus::unknown);
}

TEST(WriteJudge, WhatADeleteMayHaveRemovedIsNotMadeAgain) {
    auto write = a_write();
    write.looking = write.ambiguous = true;
    write.looks = 1;
    auto c = create(write);
    c.deleted_since = true;
    EXPECT_EQ(judge_look(c, Looked{}).status, WriteStatus::unknown);
    EXPECT_EQ(judge_look(c, Looked{Looked::ours, "r1", ""}).status, WriteStatus::done);
    c.retry_unknown = true;
    EXPECT_EQ(judge_look(c, Looked{}).status, WriteStatus::pending) << "as the configuration has it";
}

TEST(WriteJudge, ATakenKeyAfterALostAnswerIsLookedFor) {
    auto write = a_write();
    EXPECT_EQ(answer(create(write), 409).status, WriteStatus::failed);
    write.ambiguous = true;
    const auto step = answer(create(write), 409);
    EXPECT_EQ(step.status, WriteStatus::pending);
    EXPECT_TRUE(step.looking);
    EXPECT_EQ(step.next_attempt_at, now);
}

TEST(WriteJudge, ALookThatFailsIsTriedAgainAndInTheEndTheOutcomeIsUnknown) {
    auto write = a_write();
    write.looking = write.ambiguous = true;
    const auto step = judge_look(create(write), reset);
    EXPECT_TRUE(step.looking);
    EXPECT_EQ(step.looks, 0) << "it saw nothing";
    write.deadline_at = now;
    EXPECT_EQ(judge_look(create(write), reset).status, WriteStatus::unknown);
}

TEST(WriteJudge, ACreateThatMayHaveHappenedNeverFailsSilently) {
    auto write = a_write();
    write.ambiguous = true;
    auto c = create(write, Traceable::no);
    c.retry_unknown = true;  // sent again after a lost answer
    EXPECT_EQ(answer(c, 422).status, WriteStatus::unknown);
    EXPECT_EQ(answer(c, 409).status, WriteStatus::unknown);
    EXPECT_EQ(judge_late(c).status, WriteStatus::unknown);
    EXPECT_EQ(judge_late(create(write)).status, WriteStatus::failed) << "two looks have ruled it out";
}

TEST(WriteJudge, WhatIsLostAtItsDeadlineIsUnknownNotFailed) {
    auto write = a_write();
    write.deadline_at = now;
    auto c = create(write, Traceable::no);
    c.retry_unknown = true;
    EXPECT_EQ(judge_lost(c, reset).status, WriteStatus::unknown);
    auto change = a_write(WriteType::update);
    change.deadline_at = now;
    const auto step = judge_lost(update(change), reset);
    EXPECT_EQ(step.status, WriteStatus::failed);
    EXPECT_NE(step.error.find("may have been carried out"), std::string::npos) << step.error;
}

TEST(WriteJudge, PaidWorkThatIsUnderWayAlreadyIsLookedForNotFailed) {
    auto write = a_write(WriteType::update);
    WriteCase c{.write = write, .repeatable = false, .paid = true, .traceable = Traceable::by_key, .now = now};
    EXPECT_EQ(answer(c, 422).status, WriteStatus::failed);
    write.ambiguous = true;
    for (const int status : {409, 422}) {
        const auto step = answer(c, status);
        EXPECT_EQ(step.status, WriteStatus::pending) << status;
        EXPECT_TRUE(step.looking);
    }
}

TEST(WriteJudge, WaitsGrowAndStayBelowAMinute) {
    auto write = a_write(WriteType::update);
    write.deadline_at = now + 1000h;
    Duration longest{};
    for (int failures = 0; failures < 50; ++failures) {
        write.failures = failures;
        auto c = update(write);
        c.random = 1'000'000'000'000;
        for (std::uint64_t random = 1; random < 40; ++random) {
            c.random = random * 0x9e3779b97f4a7c15;
            longest = std::max<Duration>(longest, judge_unsent(c, reset).next_attempt_at - now);
        }
    }
    EXPECT_LE(longest, 60s);
    EXPECT_GT(longest, 10s);
}

}  // namespace
}  // namespace syncd
