// What a page changes: records, messages, sequences.
#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>

namespace syncd::storage {
namespace {

using namespace syncd::testing;
using Texts = std::vector<std::string>;

TEST(Page, ANewRecordIsACreate) {
    OpenStore store;

    const auto result = store.commit({seen(a_record("1"))});

    EXPECT_EQ(result.creates, 1);
    EXPECT_EQ(store.bodies(), Texts{"1:create:1"});
    EXPECT_EQ(store.state().records, 1);
}

TEST(Page, AChangedRecordIsAnUpdate) {
    OpenStore store;
    store.commit({seen(a_record("1"))});

    const auto result = store.commit({seen(a_record("1", R"({"id":"1","name":"two"})"))});

    EXPECT_EQ(result.updates, 1);
    EXPECT_EQ(store.bodies(), (Texts{"1:create:1", "2:update:1"}));
    EXPECT_EQ(store.value("SELECT raw FROM records"), R"({"id":"1","name":"two"})");
    EXPECT_EQ(store.state().records, 1);
}

TEST(Page, ReorderedKeysAreNotAChange) {
    OpenStore store;
    store.commit({seen(a_record("1", R"({"id":"1","name":"one"})"))});

    const auto result = store.commit({seen(a_record("1", R"({ "name": "one", "id": "1" })"))});

    EXPECT_EQ(result.unchanged, 1);
    EXPECT_EQ(store.bodies().size(), 1u);
}

TEST(Page, NothingIsWrittenForAnUnchangedRecord) {
    OpenStore store;
    store.commit({seen(a_record("1"))});
    auto later = store.page({seen(a_record("1"))});
    later.now = at(100);

    store.run(store->commit_page(later));

    EXPECT_EQ(store.value("SELECT updated_at FROM records"), format_time(at(1)));
    EXPECT_EQ(store.value("SELECT count(*) FROM message"), "1");
}

TEST(Page, WithDeliverAllAnUnchangedRecordIsDeliveredAsNone) {
    OpenStore store;
    store.commit({seen(a_record("1"))});
    store.begin("op-2");
    auto all = store.page({seen(a_record("1"))});
    all.deliver_unchanged = true;

    store.run(store->commit_page(all));

    EXPECT_EQ(store.bodies(), (Texts{"1:create:1", "2:none:1"}));
}

TEST(Page, ARecordTakenAsKnownTellsNobodyAndItsNextChangeDoes) {
    OpenStore store;
    store.commit({seen(a_record("1"), true, false)});
    EXPECT_EQ(store.bodies(), Texts{});

    store.commit({seen(a_record("1", R"({"id":"1","name":"two"})"))});

    EXPECT_EQ(store.bodies(), Texts{"1:update:1"});
}

TEST(Page, ADeletedRecordThatComesBackIsACreate) {
    OpenStore store;
    store.commit({seen(a_record("1"))});
    store.remove({"1"});
    EXPECT_EQ(store.state().records, 0);

    store.commit({seen(a_record("1"))});

    EXPECT_EQ(store.bodies(), (Texts{"1:create:1", "2:delete:1", "3:create:1"}));
    EXPECT_EQ(store.value("SELECT deleted_at FROM records"), "null");
    EXPECT_EQ(store.state().records, 1);
}

struct FilterEdge {
    bool was, is, changed;
    const char* expected;
};

TEST(Page, FiltersDecideWhatDestinationsSee) {
    constexpr FilterEdge edges[] = {{true, true, false, ""},
                                    {true, true, true, "2:update:1"},
                                    {true, false, false, "2:delete:1"},
                                    {true, false, true, "2:delete:1"},
                                    {false, true, false, "1:create:1"},
                                    {false, true, true, "1:create:1"},
                                    {false, false, false, ""},
                                    {false, false, true, ""}};
    for (const auto& edge : edges) {
        OpenStore store;
        store.commit({seen(a_record("1"), edge.was)});
        const auto before = store.bodies().size();

        store.commit({seen(edge.changed ? a_record("1", R"({"id":"1","n":2})") : a_record("1"), edge.is)});

        const auto bodies = store.bodies();
        EXPECT_EQ(bodies.size() > before ? bodies.back() : "", edge.expected) << edge.was << edge.is << edge.changed;
        EXPECT_EQ(store.state().records, 1);
    }
}

TEST(Page, ARecordThatStopsToMatchIsDeletedWithItsPresentContent) {
    OpenStore store;
    store.commit({seen(a_record("1"))});
    auto page = store.page({seen(a_record("1", R"({"id":"1","name":"now"})"), false)});
    std::string told;
    page.build = [&](const std::vector<Change>& changes, const std::string&, std::int64_t) {
        told = changes.at(0).raw;
        return std::vector<Message>{};
    };

    store.run(store->commit_page(page));

    EXPECT_EQ(told, R"({"id":"1","name":"now"})");
}

TEST(Page, AHiddenRecordThatIsDeletedTellsNobody) {
    OpenStore store;
    store.commit({seen(a_record("1"), false)});

    const auto result = store.remove({"1"});

    EXPECT_EQ(result.deletes, 1);
    EXPECT_EQ(result.messages, 0);
}

TEST(Page, SequencesOfAStreamGrowByOneOverPagesAndReadsAndRestarts) {
    OpenStore store;
    store.commit({seen(a_record("1")), seen(a_record("2"))});
    store.open();
    store.begin("op-2");

    store.commit({seen(a_record("3")), seen(a_record("4"))});

    EXPECT_EQ(store.column("SELECT sequence FROM message ORDER BY key"), (Texts{"1", "2", "3", "4"}));
    EXPECT_EQ(store.column("SELECT id FROM stream"), Texts{"stream-" + std::to_string(store.key)});
}

TEST(Page, ObjectsAndDestinationsHaveStreamsOfTheirOwn) {
    OpenStore store;
    store.commit({seen(a_record("1"))});
    auto elsewhere = store.page({seen(a_record("2"))});
    elsewhere.destination = "other";
    elsewhere.new_stream_id = "stream-other";
    store.run(store->commit_page(elsewhere));
    store.key = store.object("webhooks");

    store.commit({seen(a_record("1"))});

    EXPECT_EQ(store.column("SELECT sequence FROM message"), (Texts{"1", "1", "1"}));
    EXPECT_EQ(store.value("SELECT count(DISTINCT id) FROM message"), "3");
}

TEST(Page, ABuilderThatThrowsLeavesNothingOfItsPage) {
    OpenStore store;
    auto page = store.page({seen(a_record("1"))});
    page.build = [](const std::vector<Change>&, const std::string&, std::int64_t) -> std::vector<Message> {
        throw std::runtime_error("no");
    };

    EXPECT_THROW(store.run(store->commit_page(page)), std::runtime_error);

    EXPECT_EQ(store.value("SELECT count(*) FROM record"), "0");
    EXPECT_EQ(store.state().records, 0);
    EXPECT_EQ(store.commit({seen(a_record("1"))}).creates, 1);
    EXPECT_EQ(store.bodies(), Texts{"1:create:1"});
}

TEST(Page, MessagesForADisabledDestinationAreHeld) {
    OpenStore store;
    store.run(store->set_destination("hook", false, "operator", at(0)));

    store.commit({seen(a_record("1"))});

    EXPECT_EQ(store.value("SELECT status FROM deliveries"), "held");
    EXPECT_TRUE(store.claim().empty());
}

TEST(Page, TheOperationCountsPagesAndChanges) {
    OpenStore store;
    store.commit({seen(a_record("1")), seen(a_record("2"))});
    auto single = store.page({seen(a_record("1", R"({"id":"1","n":1})"))});
    single.count_page = false;
    store.run(store->commit_page(single));
    store.remove({"2"});

    EXPECT_EQ(
        store.value(
            "SELECT pages || ' ' || processed || ' ' || creates || ' ' || updates || ' ' || deletes FROM operations"),
        "1 3 2 1 1");
}

TEST(Page, TheRawIsKeptByteForByte) {
    OpenStore store;
    const std::string raw = "{\"id\":\"1\", \"n\":1.0E+2,\"t\":\"\\u00e9\xC3\xA9\", \"z\":-0}";

    store.commit({seen(a_record("1", raw))});

    EXPECT_EQ(store.value("SELECT raw FROM records"), raw);
}

TEST(Page, AHugePageIsOneTransaction) {
    OpenStore store;
    std::vector<SeenRecord> records;
    for (int i = 0; i < 5000; ++i) records.push_back(seen(a_record(std::to_string(i))));

    const auto result = store.commit(std::move(records));

    EXPECT_EQ(result.creates, 5000);
    EXPECT_EQ(store.value("SELECT max(sequence) - min(sequence) + 1 - count(*) FROM message"), "0");
}

}  // namespace
}  // namespace syncd::storage
