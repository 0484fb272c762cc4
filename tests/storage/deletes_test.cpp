// What a complete read does not show: found, held, approved, confirmed.
#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>

namespace syncd::storage {
namespace {

using namespace syncd::testing;
using Texts = std::vector<std::string>;

std::vector<SeenRecord> records(std::initializer_list<const char*> ids) {
    std::vector<SeenRecord> page;
    for (const auto* id : ids) page.push_back(seen(a_record(id)));
    return page;
}

/// Three records are known; a new read has shown these.
void read_again(OpenStore& store, std::initializer_list<const char*> shown) {
    store.begin("op-2");
    store.commit(records(shown));
}

TEST(Deletes, WhatACompleteReadDoesNotShowIsMissing) {
    OpenStore store;
    store.commit(records({"a", "b", "c"}));

    read_again(store, {"a", "c"});

    EXPECT_EQ(store.missing(), Texts{"b"});
    const auto count = store.run(store->count_missing(store.key));
    EXPECT_EQ(count.known, 3);
    EXPECT_EQ(count.missing, 1);
    EXPECT_EQ(count.approved, 0);
}

TEST(Deletes, ARecordThatIsNewInTheReadIsNeitherMissingNorCountedAgainstIt) {
    OpenStore store;
    store.commit(records({"a", "b"}));

    read_again(store, {"a", "n"});

    EXPECT_EQ(store.missing(), Texts{"b"});
    EXPECT_EQ(store.run(store->count_missing(store.key)).missing, 1);
}

TEST(Deletes, ARowThatStandsOnTwoPagesCountsOnce) {
    OpenStore store;
    store.commit(records({"a", "b"}));
    read_again(store, {"a"});
    store.commit(records({"a"}));

    EXPECT_EQ(store.run(store->count_missing(store.key)).missing, 1);
}

TEST(Deletes, WhatAReadSawIsForgottenWhenTheNextBeginsAndWhenItEnds) {
    OpenStore store;
    store.commit(records({"a", "b"}));
    store.begin("op-2");
    EXPECT_EQ(store.missing(), (Texts{"a", "b"}));

    store.commit(records({"a", "b"}));
    EXPECT_TRUE(store.missing().empty());
    store.run(store->finish_read({.object_key = store.key, .operation_id = "op-2", .success = true, .now = at(3)}));

    EXPECT_EQ(store.missing(), (Texts{"a", "b"}));
}

TEST(Deletes, TheRightToInferDeletesDiesWithTheProcess) {
    OpenStore store;
    store.commit(records({"a"}));

    store.open();

    EXPECT_EQ(store.missing(), Texts{"a"}) << "nothing counts as seen by this process";
}

TEST(Deletes, AnotherObjectsReadProvesNothing) {
    OpenStore store;
    store.commit(records({"a"}));
    const auto itwins = store.key;
    store.key = store.object("webhooks");
    store.commit(records({"x"}));
    store.begin("op-2");

    store.key = itwins;

    EXPECT_TRUE(store.missing().empty());
}

TEST(Deletes, AConfirmedDeleteIsDeliveredOnceWithTheLastKnownContent) {
    OpenStore store;
    store.commit(records({"a", "b"}));

    const auto first = store.remove({"b", "unknown"});
    const auto again = store.remove({"b"});

    EXPECT_EQ(first.deletes, 1);
    EXPECT_EQ(again.deletes, 0);
    EXPECT_EQ(again.messages, 0);
    EXPECT_EQ(store.bodies().back(), "3:delete:b");
    EXPECT_EQ(store.value("SELECT deleted_at FROM records WHERE record_id = 'b'"), format_time(at(2)));
    EXPECT_EQ(store.value("SELECT raw FROM records WHERE record_id = 'b'"), R"({"id":"b","name":"one"})");
    EXPECT_EQ(store.state().records, 1);
}

TEST(Deletes, HeldOnesWaitForTheOperatorWhateverLaterReadsFind) {
    OpenStore store;
    store.commit(records({"a", "b", "c"}));
    read_again(store, {"a"});

    EXPECT_EQ(store.run(store->hold_missing(store.key)), 2);

    EXPECT_EQ(store.value("SELECT count(*) FROM record WHERE missing = 2"), "2");
    EXPECT_TRUE(store.missing().empty());
    EXPECT_TRUE(store.missing(true).empty());
}

TEST(Deletes, ConfirmedByTheOperatorTheyPassTheFuse) {
    OpenStore store;
    store.commit(records({"a", "b", "c"}));
    read_again(store, {"a"});
    store.run(store->hold_missing(store.key));

    EXPECT_EQ(store.run(store->decide_held_deletes("inst", "itwins", true)), 2);

    EXPECT_EQ(store.missing(true), (Texts{"b", "c"}));
    const auto count = store.run(store->count_missing(store.key));
    EXPECT_EQ(count.approved, 2);
    EXPECT_EQ(count.missing, 0);
}

TEST(Deletes, DiscardedTheyAreAsIfTheyHadNeverBeenMissing) {
    OpenStore store;
    store.commit(records({"a", "b"}));
    read_again(store, {"a"});
    store.run(store->hold_missing(store.key));

    EXPECT_EQ(store.run(store->decide_held_deletes("inst", "itwins", false)), 1);

    EXPECT_EQ(store.value("SELECT missing FROM record WHERE record_id = 'b'"), "0");
    EXPECT_EQ(store.run(store->decide_held_deletes("inst", "itwins", true)), 0);
}

TEST(Deletes, ADecisionConcernsItsInstallationAndObjectOnly) {
    OpenStore store;
    store.commit(records({"a"}));
    store.begin("op-2");
    store.run(store->hold_missing(store.key));

    EXPECT_EQ(store.run(store->decide_held_deletes("other", "itwins", true)), 0);
    EXPECT_EQ(store.run(store->decide_held_deletes("inst", "webhooks", true)), 0);
    EXPECT_EQ(store.run(store->decide_held_deletes("", "itwins", true)), 1);
}

TEST(Deletes, AHeldRecordThatIsSeenAgainIsNoLongerHeld) {
    OpenStore store;
    store.commit(records({"a", "b"}));
    read_again(store, {"a"});
    store.run(store->hold_missing(store.key));

    read_again(store, {"a", "b"});

    EXPECT_EQ(store.value("SELECT missing FROM record WHERE record_id = 'b'"), "0");
}

TEST(Deletes, AHeldRecordThatIsSeenAgainWithOtherContentIsNoLongerHeldEither) {
    OpenStore store;
    store.commit(records({"a", "b"}));
    read_again(store, {"a"});
    store.run(store->hold_missing(store.key));

    store.commit({seen(a_record("b", R"({"id":"b","name":"two"})"))});

    EXPECT_EQ(store.value("SELECT missing FROM record WHERE record_id = 'b'"), "0");
}

/// From every state: what missing once, hold, confirm and discard make of it.
TEST(Deletes, EveryEdgeOfAMissingRecord) {
    struct Edge {
        int from;
        const char* event;
        int to;
    };
    constexpr Edge edges[] = {
        {0, "once", 1},    {1, "once", 1},    {2, "once", 1},    {3, "once", 3},    {0, "hold", 2},
        {1, "hold", 2},    {2, "hold", 2},    {3, "hold", 3},    {0, "confirm", 0}, {1, "confirm", 1},
        {2, "confirm", 3}, {3, "confirm", 3}, {0, "discard", 0}, {1, "discard", 1}, {2, "discard", 0},
        {3, "discard", 3}, {0, "show", 0},    {1, "show", 0},    {2, "show", 0},    {3, "show", 0},
        {0, "remove", 0},  {1, "remove", 0},  {2, "remove", 0},  {3, "remove", 0},
    };
    for (const auto& edge : edges) {
        OpenStore store;
        store.commit(records({"a"}));
        store.begin("op-2");
        Database(store.path, OpenMode::read_write).execute("UPDATE record SET missing = " + std::to_string(edge.from));
        const std::string event = edge.event;

        if (event == "once") store.run(store->mark_missing_once(store.key, {"a"}));
        if (event == "hold") store.run(store->hold_missing(store.key));
        if (event == "confirm" || event == "discard")
            store.run(store->decide_held_deletes("inst", "itwins", event == "confirm"));
        if (event == "show") store.commit(records({"a"}));
        if (event == "remove") store.remove({"a"});

        EXPECT_EQ(store.value("SELECT missing FROM record"), std::to_string(edge.to)) << edge.from << ' ' << event;
    }
}

TEST(Deletes, MissingRecordsComeInPagesById) {
    OpenStore store;
    store.commit(records({"a", "b", "c"}));
    store.begin("op-2");

    const auto first = store.run(store->missing(store.key, false, "", 2));
    const auto rest = store.run(store->missing(store.key, false, first.back().id, 2));

    EXPECT_EQ(first.size(), 2u);
    ASSERT_EQ(rest.size(), 1u);
    EXPECT_EQ(rest[0].id, "c");
}

TEST(Deletes, DeletedRecordsAreNotMissingAgain) {
    OpenStore store;
    store.commit(records({"a", "b"}));
    store.remove({"b"});

    read_again(store, {"a"});

    EXPECT_TRUE(store.missing().empty());
    EXPECT_EQ(store.run(store->count_missing(store.key)).missing, 0);
}

}  // namespace
}  // namespace syncd::storage
