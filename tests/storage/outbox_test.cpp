#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>

namespace syncd::storage {
namespace {

using namespace syncd::testing;
using Texts = std::vector<std::string>;
using namespace std::chrono_literals;

/// Messages 1 to `count` of the stream of itwins.
OpenStore& fill(OpenStore& store, int count) {
    store.run(store->enter_destinations({"hook"}, at(0)));
    for (int i = 1; i <= count; ++i) store.commit({seen(a_record(std::to_string(i)))});
    return store;
}

Texts bodies(const std::vector<DueMessage>& messages) {
    Texts texts;
    for (const auto& message : messages) texts.push_back(message.body);
    return texts;
}

std::int64_t key_of(OpenStore& store, int sequence) {
    return std::stoll(store.value("SELECT key FROM message WHERE sequence = " + std::to_string(sequence)));
}

std::optional<Timestamp> next_due(OpenStore& store, std::string destination = "hook", bool ordered = true,
                                  std::vector<std::int64_t> busy = {}) {
    return store.run(store->next_due(
        {.destination = std::move(destination), .ordered = ordered, .busy = std::move(busy), .now = at(10)}));
}
Attempt accepted(std::int64_t message, Timestamp when = at(10)) {
    return {.message_key = message, .verdict = Verdict::delivered, .status = 200, .at = when};
}
Attempt failed(std::int64_t message, std::int64_t step, Timestamp due, Timestamp when = at(10)) {
    return {.message_key = message,
            .verdict = Verdict::retry,
            .status = 503,
            .error = "HTTP 503",
            .duration_ms = 7,
            .at = when,
            .step = step,
            .step_due_at = due,
            .next_attempt_at = due};
}

TEST(Claim, OnlyTheHeadOfAStreamIsDueWhereOrderMatters) {
    OpenStore store;
    fill(store, 3);

    EXPECT_EQ(bodies(store.claim()), Texts{"1:create:1"});
    EXPECT_EQ(bodies(store.claim(at(10), false)), (Texts{"1:create:1", "2:create:2", "3:create:3"}));
}

TEST(Claim, AHeadThatWaitsHoldsBackItsStream) {
    OpenStore store;
    fill(store, 2);
    store.attempt(failed(key_of(store, 1), 1, at(100)));

    EXPECT_TRUE(store.claim(at(99)).empty());
    EXPECT_EQ(bodies(store.claim(at(100))), Texts{"1:create:1"});
    EXPECT_EQ(bodies(store.claim(at(99), false)), Texts{"2:create:2"});
}

TEST(Claim, BusyStreamsAndMessagesAreLeftOut) {
    OpenStore store;
    fill(store, 2);
    const auto stream = store.claim().at(0).stream_key;

    EXPECT_TRUE(store.claim(at(10), true, {stream}).empty());
    EXPECT_EQ(bodies(store.claim(at(10), false, {key_of(store, 1)})), Texts{"2:create:2"});
}

TEST(Claim, ADueTimeTooFarOffToBeRightIsDue) {
    OpenStore store;
    fill(store, 1);
    store.attempt(failed(key_of(store, 1), 1, at(10) + 25h));

    EXPECT_EQ(store.claim(at(10)).size(), 1u);
    EXPECT_TRUE(store.claim(at(10) + 2h).empty());
}

TEST(Claim, TellsAllThatAnAttemptNeedsToKnow) {
    OpenStore store;
    fill(store, 1);
    store.attempt(failed(key_of(store, 1), 2, at(50), at(20)));

    const auto due = store.claim(at(60)).at(0);

    EXPECT_EQ(due.id, store.value("SELECT id FROM deliveries"));
    EXPECT_EQ(due.installation_id, "inst");
    EXPECT_EQ(due.object, "itwins");
    EXPECT_EQ(due.sequence, 1);
    EXPECT_EQ(due.attempts, 1);
    EXPECT_EQ(due.step, 2);
    EXPECT_EQ(due.step_due_at, at(50));
    EXPECT_EQ(due.first_attempt_at, at(20));
    EXPECT_FALSE(due.woken);
    EXPECT_FALSE(due.by_url);
}

TEST(Claim, MessagesByUrlWaitUntilSomebodyServesThem) {
    OpenStore store;
    auto page = store.page({seen(a_record("1"))});
    page.build = [](const std::vector<Change>&, const std::string&, std::int64_t) {
        return std::vector<Message>{{.body = "{}", .results = "[1]", .records = 1, .by_url = true}};
    };
    store.run(store->commit_page(page));
    Claim claim{.destination = "hook", .by_url = false, .now = at(10), .longest_wait = 1h, .limit = 5};

    EXPECT_TRUE(store.run(store->claim_due(claim)).empty());
    claim.by_url = true;
    EXPECT_TRUE(store.run(store->claim_due(claim)).at(0).by_url);
    EXPECT_EQ(store.run(store->count_pending({"hook"})), 1);
    EXPECT_EQ(store.run(store->count_pending({"other"})), 0) << "a destination that left the configuration";
    EXPECT_EQ(store.run(store->results_of(store.value("SELECT id FROM message"))), "[1]");
    EXPECT_EQ(store.run(store->results_of("msg_unknown")), std::nullopt);
}

TEST(Claim, TheResultsOfAnInlineMessageAreNotServed) {
    OpenStore store;
    fill(store, 1);

    EXPECT_EQ(store.run(store->results_of(store.value("SELECT id FROM message"))), std::nullopt);
}

TEST(ClaimStream, GivesTheNextOnesInOrderUpToTheLimits) {
    OpenStore store;
    fill(store, 5);
    const auto stream = store.claim().at(0).stream_key;

    EXPECT_EQ(bodies(store.run(store->claim_stream(stream, 1, 2, 1000))), (Texts{"2:create:2", "3:create:3"}));
    EXPECT_EQ(bodies(store.run(store->claim_stream(stream, 1, 10, 1))), Texts{"2:create:2"}) << "one always";
    EXPECT_EQ(store.run(store->claim_stream(stream, 1, 10, 20)).size(), 2u) << "ten bytes each";
    EXPECT_TRUE(store.run(store->claim_stream(stream, 5, 10, 1000)).empty());
}

TEST(NextDue, IsThatOfTheEarliestHead) {
    OpenStore store;
    fill(store, 2);
    EXPECT_LE(next_due(store).value(), at(1)) << "never tried: due";

    store.attempt(failed(key_of(store, 1), 1, at(100)));

    EXPECT_EQ(next_due(store), at(100));
    EXPECT_EQ(next_due(store, "other"), std::nullopt);
}

TEST(NextDue, WhereOrderDoesNotMatterItIsThatOfTheEarliestMessage) {
    OpenStore store;
    fill(store, 2);
    store.attempt(failed(key_of(store, 1), 5, at(7200)));
    store.attempt(failed(key_of(store, 2), 1, at(15)));

    EXPECT_EQ(next_due(store, "hook", false), at(15));
    EXPECT_EQ(next_due(store, "hook", true), at(7200)) << "the head holds it back";
}

TEST(NextDue, WhatIsBeingSentIsNoReasonToLookAgain) {
    OpenStore store;
    fill(store, 2);
    const auto stream = store.claim().at(0).stream_key;

    EXPECT_EQ(next_due(store, "hook", true, {stream}), std::nullopt);
    EXPECT_LE(next_due(store, "hook", false, {key_of(store, 1)}).value(), at(1));
    EXPECT_EQ(next_due(store, "hook", false, {key_of(store, 1), key_of(store, 2)}), std::nullopt);
}

TEST(Attempts, DeliveredIsFinal) {
    OpenStore store;
    fill(store, 2);

    const auto state = store.attempt(accepted(key_of(store, 1)));

    EXPECT_EQ(store.column("SELECT status FROM deliveries ORDER BY sequence"), (Texts{"delivered", "pending"}));
    EXPECT_EQ(state.last_accepted_at, at(10));
    EXPECT_EQ(state.failing_since, std::nullopt);
    EXPECT_EQ(bodies(store.claim()), Texts{"2:create:2"});
}

TEST(Attempts, ARetryKeepsItsPlaceAndItsFirstTime) {
    OpenStore store;
    fill(store, 1);
    store.attempt(failed(key_of(store, 1), 1, at(15), at(10)));

    const auto state = store.attempt(failed(key_of(store, 1), 2, at(40), at(20)));

    EXPECT_EQ(state.failing_since, at(10));
    EXPECT_EQ(store.value("SELECT status || ' ' || attempts || ' ' || step || ' ' || first_attempt_at FROM message"),
              "pending 2 2 " + format_time(at(10)));
    EXPECT_EQ(store.column("SELECT error || ' ' || status || ' ' || duration_ms FROM attempt"),
              (Texts{"HTTP 503 503 7", "HTTP 503 503 7"}));
}

TEST(Attempts, ADestinationFailsSinceItsFirstFailureUnlessNothingWasTriedForLong) {
    OpenStore store;
    fill(store, 1);
    store.attempt(failed(key_of(store, 1), 1, at(20), at(10)));
    EXPECT_EQ(store.attempt(failed(key_of(store, 1), 2, at(40), at(10) + 1h)).failing_since, at(10));

    const auto later = at(10) + 24h * 30;
    EXPECT_EQ(store.attempt(failed(key_of(store, 1), 3, later + 1h, later)).failing_since, later)
        << "the daemon was off";
}

TEST(Attempts, ADeadLetterIsNoFailureOfTheDestination) {
    OpenStore store;
    fill(store, 1);

    const auto state =
        store.attempt({.message_key = key_of(store, 1), .verdict = Verdict::dead, .status = 422, .at = at(10)});

    EXPECT_EQ(state.failing_since, std::nullopt);
}

TEST(Attempts, ADeadLetterLetsTheStreamGoOn) {
    OpenStore store;
    fill(store, 2);

    store.attempt(
        {.message_key = key_of(store, 1), .verdict = Verdict::dead, .status = 400, .error = "HTTP 400", .at = at(10)});

    EXPECT_EQ(store.value("SELECT status FROM deliveries WHERE sequence = 1"), "dead");
    EXPECT_EQ(bodies(store.claim()), Texts{"2:create:2"});
}

TEST(Attempts, HoldDisablesTheDestinationAndHoldsAllItsMessages) {
    OpenStore store;
    fill(store, 3);

    const auto state = store.attempt({.message_key = key_of(store, 1),
                                      .verdict = Verdict::hold,
                                      .status = 410,
                                      .error = "410 Gone",
                                      .at = at(10),
                                      .disable = true});

    EXPECT_FALSE(state.enabled);
    EXPECT_EQ(state.reason, "410 Gone");
    EXPECT_EQ(store.value("SELECT count(*) FROM deliveries WHERE status = 'held'"), "3");
    EXPECT_EQ(next_due(store), std::nullopt);
    EXPECT_EQ(store.run(store->count_pending({"hook"})), 0);
}

TEST(Attempts, AnAnswerThatComesAfterTheDestinationWasDisabledCountsStill) {
    OpenStore store;
    fill(store, 2);
    const auto first = key_of(store, 1), second = key_of(store, 2);
    store.run(store->set_destination("hook", false, "operator", at(5)));

    store.attempt(accepted(first));
    store.attempt(failed(second, 1, at(20)));

    EXPECT_EQ(store.column("SELECT status FROM deliveries ORDER BY sequence"), (Texts{"delivered", "held"}));
}

/// A second stream of the destination, whose head waits until at(1000) after one failure.
std::int64_t waiting_elsewhere(OpenStore& store) {
    const auto first_object = store.key;
    store.key = store.object("webhooks");
    store.commit({seen(a_record("w"))});
    const auto message = std::stoll(store.value("SELECT max(key) FROM message"));
    store.attempt(failed(message, 1, at(1000)));
    store.key = first_object;
    return message;
}

TEST(Waking, WhatWaitsIsTriedAtOnceWhenAFailingDestinationAccepts) {
    OpenStore store;
    fill(store, 1);
    const auto waiting = waiting_elsewhere(store);

    store.attempt(accepted(key_of(store, 1), at(20)));

    const auto due = store.claim(at(20));
    ASSERT_EQ(due.size(), 1u);
    EXPECT_EQ(due[0].key, waiting);
    EXPECT_TRUE(due[0].woken);
    EXPECT_EQ(due[0].step_due_at, at(1000)) << "its own wait goes on";
}

TEST(Waking, OncePerStepOfTheSchedule) {
    OpenStore store;
    fill(store, 3);
    const auto waiting = waiting_elsewhere(store);
    store.attempt(accepted(std::stoll(store.value("SELECT min(key) FROM message")), at(20)));

    store.attempt(failed(waiting, 1, at(1000), at(21)));  // tried early, failed, same step
    store.attempt(accepted(std::stoll(store.value("SELECT min(key) + 1 FROM message")), at(22)));
    EXPECT_EQ(store.value("SELECT next_attempt_at FROM message WHERE key = " + std::to_string(waiting)),
              format_time(at(1000)));

    store.attempt(failed(waiting, 2, at(2000), at(1000)));
    store.attempt(accepted(std::stoll(store.value("SELECT min(key) + 2 FROM message")), at(1001)));
    EXPECT_EQ(store.value("SELECT next_attempt_at FROM message WHERE key = " + std::to_string(waiting)),
              format_time(at(1001)));
}

TEST(Waking, ADestinationThatWasFineWakesNobody) {
    OpenStore store;
    fill(store, 2);
    store.attempt(accepted(key_of(store, 1), at(20)));
    store.attempt(accepted(key_of(store, 2), at(21)));

    EXPECT_EQ(store.value("SELECT sum(woken) FROM message"), "0");
}

TEST(Destination, EnabledAgainItsHeldMessagesAreDueInOrderWithAFreshSchedule) {
    OpenStore store;
    fill(store, 2);
    store.attempt(failed(key_of(store, 1), 4, at(5000)));
    store.run(store->set_destination("hook", false, "operator", at(20)));
    EXPECT_TRUE(store.claim(at(30)).empty());

    const auto state = store.run(store->set_destination("hook", true, "", at(40)));

    EXPECT_TRUE(state.enabled);
    EXPECT_EQ(state.failing_since, std::nullopt);
    const auto due = store.claim(at(40));
    ASSERT_EQ(due.size(), 1u);
    EXPECT_EQ(due[0].sequence, 1);
    EXPECT_EQ(due[0].step, 0);
    EXPECT_EQ(due[0].first_attempt_at, std::nullopt);
    EXPECT_EQ(due[0].attempts, 1) << "what was tried stays known";
}

TEST(Destination, EnteringItAgainAfterARestartDoesNotEnableIt) {
    OpenStore store;
    fill(store, 1);
    store.run(store->set_destination("hook", false, "operator", at(20)));
    store.open();

    const auto states = store.run(store->enter_destinations({"hook", "new"}, at(50)));

    EXPECT_FALSE(states.at("hook").enabled);
    EXPECT_EQ(states.at("hook").reason, "operator");
    EXPECT_TRUE(states.at("new").enabled);
}

TEST(Destination, AnotherDestinationsMessagesAreNotTouched) {
    OpenStore store;
    fill(store, 1);

    store.run(store->set_destination("other", false, "operator", at(20)));

    EXPECT_EQ(store.claim().size(), 1u);
}

TEST(Replay, ADeadOrDeliveredMessageIsPendingAgainUnderItsIdAndSequence) {
    OpenStore store;
    fill(store, 2);
    const auto id = store.value("SELECT id FROM message WHERE sequence = 1");
    store.attempt(accepted(key_of(store, 1)));

    EXPECT_EQ(store.run(store->replay({.ids = {id}}, at(50))), 1);

    const auto due = store.claim(at(50)).at(0);
    EXPECT_EQ(due.id, id);
    EXPECT_EQ(due.sequence, 1);
    EXPECT_EQ(due.step, 0);
}

TEST(Replay, WhatIsPendingOrUnknownIsNotReplayed) {
    OpenStore store;
    fill(store, 1);

    EXPECT_EQ(store.run(store->replay({.ids = {store.value("SELECT id FROM message"), "msg_unknown"}}, at(50))), 0);
}

TEST(Replay, IsNarrowedByStateDestinationInstallationAndTime) {
    OpenStore store;
    fill(store, 2);
    store.attempt(accepted(key_of(store, 1)));
    store.attempt({.message_key = key_of(store, 2), .verdict = Verdict::dead, .status = 400, .at = at(10)});

    EXPECT_EQ(store.run(store->replay({.dead_only = true, .destination = "other"}, at(50))), 0);
    EXPECT_EQ(store.run(store->replay({.dead_only = true, .installation_id = "other"}, at(50))), 0);
    EXPECT_EQ(store.run(store->replay({.dead_only = true, .since = at(2)}, at(50))), 0);
    EXPECT_EQ(store.run(store->replay(
                  {.dead_only = true, .destination = "hook", .installation_id = "inst", .since = at(1)}, at(50))),
              1);
    EXPECT_EQ(store.value("SELECT status FROM message WHERE sequence = 1"), "delivered");
    EXPECT_EQ(store.run(store->replay({.destination = "hook"}, at(50))), 1);
}

TEST(Replay, ToADisabledDestinationTheMessageIsHeld) {
    OpenStore store;
    fill(store, 1);
    store.attempt(accepted(key_of(store, 1)));
    store.run(store->set_destination("hook", false, "operator", at(20)));

    EXPECT_EQ(store.run(store->replay({.ids = {store.value("SELECT id FROM message")}}, at(50))), 1);

    EXPECT_EQ(store.value("SELECT status FROM message"), "held");
}

}  // namespace
}  // namespace syncd::storage
