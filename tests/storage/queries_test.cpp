#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>

namespace syncd::storage {
namespace {

using syncd::testing::OpenStore;
using syncd::testing::a_record;
using syncd::testing::at;
using syncd::testing::seen;

constexpr auto jobs = "contextcapture/jobs";

/// A store whose object is one that is read for iTwins.
struct JobsStore : OpenStore {
    JobsStore() : itwins_key(key) { key = object(jobs); }
    std::int64_t itwins_key;

    void know_itwins(std::vector<std::string> ids) {
        std::vector<SeenRecord> records;
        for (const auto& id : ids) records.push_back(seen(a_record(id)));
        auto commit = page(std::move(records));
        commit.object_key = itwins_key;
        commit.new_stream_id = "stream-of-itwins";
        run(store->commit_page(commit));
    }
    void begin(QueriedITwins itwins, bool backfill = false) {
        run(store->begin_read({.object_key = key,
                               .operation_id = "op-r",
                               .type = ReadType::scheduled,
                               .backfill = backfill,
                               .itwins = std::move(itwins),
                               .now = at(0)}));
    }
    /// "iTwin from..before" of every query, in order.
    std::vector<std::string> queries(bool unfinished = false) {
        std::vector<std::string> all;
        std::optional<ReadQuery> query;
        while ((query = run(store->next_query(key, query, !query, unfinished)))) {
            auto text = query->itwin_id;
            if (query->from || query->before)
                text += (query->from ? format_time_seconds(*query->from) : "") + ".." +
                        (query->before ? format_time_seconds(*query->before) : "");
            all.push_back(text);
        }
        return all;
    }
};

using Texts = std::vector<std::string>;

TEST(Queries, WithoutITwinsThereIsOneForTheWholeConnection) {
    JobsStore store;
    store.know_itwins({"a", "b"});
    store.begin({});
    EXPECT_EQ(store.queries(), Texts{""});
}

TEST(Queries, FollowTheITwinsThatAreKnown) {
    JobsStore store;
    store.know_itwins({"a", "b"});
    store.begin({.all = true});
    EXPECT_EQ(store.queries(), (Texts{"", "a", "b"}));

    store.know_itwins({"c"});
    store.run(store->commit_deletes({.object_key = store.itwins_key,
                                     .operation_id = "op-1",
                                     .ids = {"a"},
                                     .destination = "hook",
                                     .new_stream_id = "s",
                                     .build = testing::one_message_each,
                                     .now = at(2)}));
    store.begin({.all = true});
    EXPECT_EQ(store.queries(), (Texts{"", "b", "c"}));
    store.begin({.ids = {"z", "b"}});
    EXPECT_EQ(store.queries(), (Texts{"", "b", "z"}));
}

TEST(Queries, EachHasItsOwnCursor) {
    JobsStore store;
    store.begin({.ids = {"a", "b"}});
    store.finish_query({.itwin_id = "a", .cursor = at(7)});
    store.finish_query({.cursor = at(9)});

    const auto cursor = [&](const std::string& itwin_id) {
        return store.run(store->next_query(store.key, ReadQuery{.itwin_id = itwin_id}, true, false))->cursor;
    };
    EXPECT_EQ(cursor("a"), at(7));
    EXPECT_EQ(cursor(""), at(9));
    EXPECT_EQ(cursor("b"), std::nullopt);
    EXPECT_EQ(store.state(jobs).cursor, at(9));
}

TEST(Queries, AnITwinThatComesBackBeginsAnew) {
    JobsStore store;
    store.begin({.ids = {"a"}});
    store.finish_query({.itwin_id = "a", .cursor = at(7)});
    store.begin({});
    store.begin({.ids = {"a"}});
    EXPECT_EQ(store.run(store->next_query(store.key, ReadQuery{.itwin_id = "a"}, true, false))->cursor, std::nullopt);
}

TEST(Queries, ABackfillThatGoesOnLeavesOutWhatItHasRead) {
    JobsStore store;
    store.begin({.ids = {"a", "b"}}, true);
    store.finish_query({});
    store.finish_query({.itwin_id = "b"});
    EXPECT_EQ(store.queries(true), Texts{"a"});
    EXPECT_EQ(store.queries(), (Texts{"", "a", "b"}));

    store.begin({.ids = {"a", "b"}}, true);
    EXPECT_EQ(store.queries(true), (Texts{"", "a", "b"})) << "a new one reads all";
}

TEST(Queries, ThePositionOfABackfillNamesItsQuery) {
    JobsStore store;
    store.begin({.ids = {"a"}}, true);
    store.run(store->commit_page(
        store.at_page("https://api.test/2", {.itwin_id = "a", .from = at(60), .cursor = at(3), .rows = 70})));
    const auto state = store.state(jobs);
    EXPECT_EQ(state.next_itwin_id, "a");
    EXPECT_EQ(state.next_from, at(60));
    EXPECT_EQ(state.next_cursor, at(3));
    EXPECT_EQ(state.next_rows, 70);
}

TEST(Slices, PartAQueryAndStayUntilTheyAreMerged) {
    JobsStore store;
    store.begin({});
    store.run(store->split_query(store.key, {}, at(3600)));
    store.run(store->split_query(store.key, {}, at(60)));
    const auto one = format_time_seconds(at(60)), two = format_time_seconds(at(3600));
    EXPECT_EQ(store.queries(), (Texts{".." + one, one + ".." + two, two + ".."}));
    store.begin({});
    EXPECT_EQ(store.queries().size(), 3u);

    store.run(store->merge_slices(store.key, ""));
    EXPECT_EQ(store.queries(), Texts{""});
}

TEST(Slices, PartingForgetsThePositionInTheList) {
    JobsStore store;
    store.begin({}, true);
    store.run(store->commit_page(store.at_page("https://api.test/2", {.rows = 10})));
    store.run(store->split_query(store.key, {}, at(60)));
    EXPECT_EQ(store.state(jobs).next_url, "");
    EXPECT_EQ(store.state(jobs).next_rows, 0);
}

SeenRecord open_job(const std::string& id, std::optional<Timestamp> recheck) {
    auto job = seen(a_record(id));
    job.recheck_at = recheck;
    return job;
}

Texts ids(const std::vector<OpenRecord>& records) {
    Texts found;
    for (const auto& record : records) found.push_back(record.id);
    return found;
}

TEST(OpenRecords, AreThoseThatAreDueAndThatTheReadHasNotSeen) {
    JobsStore store;
    store.begin({});
    store.commit({open_job("ended", {}), open_job("due", Timestamp{}), open_job("later", at(500))});
    EXPECT_EQ(ids(store.run(store->open_records(store.key, at(10), "", 10))), Texts{}) << "all were just seen";

    store.begin({});
    EXPECT_EQ(ids(store.run(store->open_records(store.key, at(10), "", 10))), Texts{"due"});
    EXPECT_EQ(ids(store.run(store->open_records(store.key, at(500), "", 10))), (Texts{"due", "later"}));
    EXPECT_EQ(ids(store.run(store->open_records(store.key, at(500), "due", 10))), Texts{"later"});

    store.commit({open_job("due", {})});
    store.begin({});
    EXPECT_EQ(ids(store.run(store->open_records(store.key, at(10), "", 10))), Texts{}) << "it has ended";
}

TEST(Unchanged, ARecordThatOneReadSeesTwiceIsToldOnce) {
    OpenStore store;
    store.commit({seen(a_record("1"))});
    store.begin("op-2");
    auto page = store.page({seen(a_record("1"))});
    page.deliver_unchanged = true;
    EXPECT_EQ(store.run(store->commit_page(page)).messages, 1);
    EXPECT_EQ(store.run(store->commit_page(page)).messages, 0);
}

TEST(Known, ARecordTakenAsKnownIsToldOfOnceItChanges) {
    OpenStore store;
    auto old = seen(a_record("1"));
    old.deliver = false;
    EXPECT_EQ(store.commit({old}).messages, 0);
    auto changed = seen(a_record("1", "{\"id\":\"1\",\"name\":\"new\"}"));
    changed.deliver = false;
    EXPECT_EQ(store.commit({changed}).messages, 1);
}

}  // namespace
}  // namespace syncd::storage
