#include "daemon/plan.hpp"

#include "tests/support/builders.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

using namespace std::chrono_literals;
using Backfill = storage::ObjectState::Backfill;
using std::chrono::days;
using testing::a_record;
using testing::at;

const bentley::ReadFacts& facts(const char* object) { return bentley::Catalog::builtin().find(object)->read.value(); }
config::ReadObject reading(std::optional<config::Backfill> backfill = {}) {
    config::ReadObject object;
    object.backfill = backfill;
    return object;
}
config::Backfill last(std::int64_t count) { return {.full_history = false, .days = count}; }
storage::ObjectState done(std::int64_t records = 5) { return {.backfill = Backfill::done, .records = records}; }
ReadPlan planned(const char* object, const config::ReadObject& settings, const storage::ObjectState& state,
                 const ReadOrder& order = {}) {
    return plan_read(facts(object), settings, state, order, at(0));
}
constexpr const char* jobs[] = {"contextcapture/jobs", "reality-analysis/jobs", "realityconversion/jobs"};

TEST(Backfill, AbsentItIsEverythingOfObjectsReadInFullAndNothingOfJobs) {
    EXPECT_EQ(planned("itwins", reading(), {}).since, std::nullopt);
    EXPECT_EQ(planned("itwins", reading(), {}).deliver_from, std::nullopt);
    for (const auto* object : jobs) {
        EXPECT_EQ(planned(object, reading(), {}).since, at(0) - 5min) << object << ": our clock may be ahead";
        EXPECT_EQ(planned(object, reading(), {}).deliver_from, at(0)) << object;
    }
}

TEST(Backfill, FullHistoryIsEverything) {
    for (const auto* object :
         {"itwins", "contextcapture/jobs", "curated-content/cesium", "reality-management/reality-data"}) {
        const auto plan = planned(object, reading(config::Backfill{.full_history = true, .days = 0}), {});
        EXPECT_TRUE(plan.backfill && plan.full && !plan.resumed) << object;
        EXPECT_FALSE(plan.since || plan.deliver_from) << object;
    }
}

TEST(Backfill, DaysNarrowTheListOfJobsAndTheDeliveryOfOthers) {
    for (const auto* object : jobs) {
        EXPECT_EQ(planned(object, reading(last(30)), {}).since, at(0) - days{30} - 5min) << object;
        EXPECT_EQ(planned(object, reading(last(30)), {}).deliver_from, at(0) - days{30}) << object;
        EXPECT_EQ(planned(object, reading(last(30)), {}).backfill_since, at(0) - days{30} - 5min) << object;
    }
    for (const auto* object : {"itwins", "webhooks", "reality-management/reality-data"}) {
        EXPECT_EQ(planned(object, reading(last(30)), {}).since, std::nullopt) << object;
        EXPECT_EQ(planned(object, reading(last(30)), {}).deliver_from, at(0) - days{30}) << object;
    }
    EXPECT_EQ(planned("curated-content/cesium", reading(last(30)), {}).deliver_from, std::nullopt)
        << "it has no times: everything";
}

TEST(Backfill, WithZeroDaysExistingRecordsAreTakenAsKnown) {
    auto record = a_record("1");
    record.created = at(-1);
    EXPECT_FALSE(is_delivered(planned("itwins", reading(last(0)), {}), {}, record));
    EXPECT_FALSE(is_delivered(planned("curated-content/cesium", reading(last(0)), {}), {}, a_record("1")))
        << "without any time too";
}

TEST(Backfill, WithZeroDaysARecordWithoutItsTimeIsTakenAsKnownToo) {
    EXPECT_FALSE(is_delivered(planned("itwins", reading(last(0)), {}), {}, a_record("1")));
}

TEST(Backfill, DeliversByCreationElseByModification) {
    const ReadPlan plan{.backfill = true, .deliver_from = at(0)};
    auto record = a_record("1");
    EXPECT_TRUE(is_delivered(plan, {}, record)) << "nothing known of its age";
    record.modified = at(-1);
    EXPECT_FALSE(is_delivered(plan, {}, record));
    record.modified = at(0);
    EXPECT_TRUE(is_delivered(plan, {}, record));
    record.created = at(-1);
    EXPECT_FALSE(is_delivered(plan, {}, record));
    EXPECT_TRUE(is_delivered({}, {}, record));
}

TEST(Backfill, ThatWasCutOffGoesOnWithItsOwnWindow) {
    storage::ObjectState state{
        .backfill = Backfill::running, .since = at(-500), .deliver_from = at(-400), .next_url = "x"};

    const auto plan = planned("contextcapture/jobs", reading(last(1)), state);

    EXPECT_TRUE(plan.backfill && plan.resumed);
    EXPECT_EQ(plan.since, at(-500));
    EXPECT_EQ(plan.deliver_from, at(-400));
    EXPECT_EQ(plan.backfill_since, std::nullopt);
    EXPECT_FALSE(plan.may_delete);
}

TEST(Backfill, OnceDoneItsWindowDoesNotNarrowDeliveryAnyMore) {
    auto state = done();
    state.deliver_from = at(0);

    EXPECT_EQ(planned("itwins", reading(last(0)), state).deliver_from, std::nullopt);
    EXPECT_FALSE(planned("itwins", reading(last(0)), state).backfill);
}

TEST(Incremental, AsksFromTheCursorLessTheOverlap) {
    for (const auto* object : {"contextcapture/jobs", "reality-analysis/jobs", "realityconversion/jobs",
                               "reality-management/reality-data"}) {
        auto state = done();
        state.cursor = at(-100);
        state.last_full_at = at(-200);

        const auto plan = planned(object, reading(), state);

        EXPECT_FALSE(plan.full) << object;
        EXPECT_EQ(since_of(plan, reading(), {.cursor = at(-100)}), at(-100) - 5min) << object;
        EXPECT_EQ(since_of(plan, reading(), {.cursor = {}}), std::nullopt) << object << ": an iTwin never read before";
        EXPECT_FALSE(plan.may_delete) << object;
    }
}

TEST(Incremental, TheOverlapNeverReachesBeforeTheBackfillsStart) {
    auto state = done();
    state.cursor = at(-100);
    state.since = at(-150);
    state.last_full_at = at(-200);

    const auto plan = planned("contextcapture/jobs", reading(), state);
    EXPECT_EQ(since_of(plan, reading(), {.cursor = at(-100)}), at(-150));
    EXPECT_EQ(since_of(plan, reading(), {.itwin_id = "new"}), at(-150));
}

TEST(Incremental, AFullReadIsDueNowAndThen) {
    auto state = done();
    state.cursor = at(-100);
    const auto is_full = [&](std::optional<Timestamp> last_full_at, Duration every, ReadOrder order = {}) {
        state.last_full_at = last_full_at;
        auto settings = reading();
        settings.full_every = every;
        return planned("reality-management/reality-data", settings, state, order).full;
    };
    EXPECT_TRUE(is_full(std::nullopt, 24h)) << "there never was one";
    EXPECT_TRUE(is_full(at(0) - 24h, 24h));
    EXPECT_FALSE(is_full(at(0) - 24h + 1s, 24h));
    EXPECT_TRUE(is_full(at(1), 24h)) << "the clock was set back";
    EXPECT_FALSE(is_full(at(0) - 24h * 365, 0s)) << "never again";
    EXPECT_TRUE(is_full(at(-1), 24h, {.full = true})) << "as ordered";
    state.cursor.reset();
    EXPECT_TRUE(is_full(at(-1), 0s)) << "there is nothing to start from";
}

TEST(Incremental, AFullReadOfJobsStartsWhereTheBackfillDid) {
    auto state = done();
    state.cursor = at(-100);
    state.since = at(-5000);

    const auto plan = planned("contextcapture/jobs", reading(), state, {.full = true});
    EXPECT_EQ(since_of(plan, reading(), {.cursor = at(-100)}), at(-5000));
}

TEST(Full, ObjectsWithoutASchedulableTimeFilterAreReadInFullAlways) {
    auto state = done();
    state.cursor = at(-100);
    state.last_full_at = at(-1);
    for (const auto* object : {"itwins", "webhooks", "library/catalogs", "itwins/recents"}) {
        EXPECT_TRUE(planned(object, reading(), state).full) << object;
        EXPECT_EQ(planned(object, reading(), state).since, std::nullopt) << object;
    }
}

TEST(Deletes, MayBeFoundByACompleteFullReadOfObjectsWhoseAbsenceMeansIt) {
    EXPECT_TRUE(planned("itwins", reading(), done()).may_delete);
    EXPECT_TRUE(planned("reality-management/reality-data", reading(), done(), {.full = true}).may_delete);
    EXPECT_FALSE(planned("itwins", reading(), done(0)).may_delete) << "nothing is known";
    for (const auto* object : {"itwins/recents", "itwins/favorites", "itwins/exports", "contextcapture/jobs"})
        EXPECT_FALSE(planned(object, reading(), done(), {.full = true}).may_delete) << object;
    auto off = reading();
    off.detect_deletes = false;
    EXPECT_FALSE(planned("itwins", off, done()).may_delete);
}

TEST(Incremental, AnITwinSeenForTheFirstTimeKeepsToTheBackfillsWindow) {
    auto state = done();
    state.last_full_at = state.cursor = at(-100);
    state.deliver_from = at(-400);
    auto old = a_record("1"), later = a_record("2");
    old.created = at(-500);
    later.created = at(-300);
    const auto plan = planned("contextcapture/jobs", reading(last(1)), state);

    EXPECT_FALSE(is_delivered(plan, {.itwin_id = "new"}, old));
    EXPECT_TRUE(is_delivered(plan, {.itwin_id = "new"}, later));
    EXPECT_TRUE(is_delivered(plan, {.itwin_id = "known", .cursor = at(-100)}, old)) << "the list showed it late";
}

TEST(Triggered, AsksForItsOwnWindowAndMovesNothing) {
    auto state = done();
    state.last_full_at = state.cursor = at(-100);
    const ReadOrder order{.type = ReadType::triggered, .since = at(-50), .until = at(-20)};

    const auto plan = planned("contextcapture/jobs", reading(), state, order);
    EXPECT_EQ(since_of(plan, reading(), {.cursor = at(-100)}), at(-50));
    EXPECT_EQ(plan.until, at(-20));
    EXPECT_TRUE(plan.deliver_unchanged);
    EXPECT_FALSE(plan.moves_cursors || plan.may_delete || plan.backfill);
    EXPECT_EQ(planned("itwins", reading(), state, order).since, std::nullopt) << "no time filter: everything";
}

TEST(OpenJobs, AreReadAgainAtOnceWhileTheyAreYoungThenOnceADay) {
    auto job = a_record("1");
    EXPECT_EQ(recheck_at(job, at(0)), std::nullopt) << "it has ended";
    job.open = true;
    EXPECT_LE(recheck_at(job, at(0)), at(0)) << "nothing is known of its age";
    job.created = at(0) - days{6};
    EXPECT_LE(recheck_at(job, at(0)), at(0));
    job.created = at(0) - days{8};
    EXPECT_EQ(recheck_at(job, at(0)), at(0) + 24h);
}

TEST(Restored, NothingIsTakenAsKnownAnyMore) {
    auto state = done();
    state.deliver_from = at(-10);
    state.redeliver = true;
    const auto plan = planned("contextcapture/jobs", reading(), state);
    auto old = a_record("1");
    old.created = at(-500);
    EXPECT_TRUE(plan.full) << "the restoration has taken cursors and times away";
    EXPECT_TRUE(is_delivered(plan, {}, old));
}

TEST(Backfill, ItsWindowIsCountedByTheProvidersClockWhereOursIsAhead) {
    auto plan = planned("contextcapture/jobs", reading(last(1)), {});
    EXPECT_TRUE(shift_window(plan, 1h));
    EXPECT_EQ(plan.deliver_from, at(0) - days{1} - 1h);
    EXPECT_EQ(plan.since, at(0) - days{1} - 5min - 1h);
    EXPECT_EQ(plan.backfill_since, plan.since);

    auto everything = planned("curated-content/cesium", reading(last(0)), {});
    EXPECT_FALSE(shift_window(everything, 1h));
}

TEST(Order, AllDeliversUnchangedRecords) {
    EXPECT_FALSE(planned("itwins", reading(), done()).deliver_unchanged);
    EXPECT_TRUE(planned("itwins", reading(), done(), {.all = true}).deliver_unchanged);
    auto all = reading();
    all.deliver_all = true;
    EXPECT_TRUE(planned("itwins", all, done()).deliver_unchanged);
}

Record timed(std::optional<Timestamp> created, std::optional<Timestamp> modified) {
    auto record = a_record("1");
    record.created = created;
    record.modified = modified;
    return record;
}

TEST(Cursor, IsTheLargestTimeThatTheProviderGave) {
    const Page page{.records = {timed(at(5), at(50)), timed(at(7), {}), timed({}, {})}, .next = {}};

    EXPECT_EQ(advance_cursor({}, facts("contextcapture/jobs"), page, {}), at(7));
    EXPECT_EQ(advance_cursor({}, facts("reality-management/reality-data"), page, {}), at(50));
    EXPECT_EQ(advance_cursor(at(100), facts("contextcapture/jobs"), page, {}), at(100)) << "never back";
    EXPECT_EQ(advance_cursor(at(1), facts("webhooks"), page, {}), at(1)) << "no time filter";
    EXPECT_EQ(advance_cursor({}, facts("contextcapture/jobs"), {}, {}), std::nullopt);
}

TEST(Cursor, NeverPassesTheDateOfTheReadsFirstPage) {
    const Page page{.records = {timed(at(1'000'000), {})}, .next = {}, .date = at(10)};

    EXPECT_EQ(advance_cursor({}, facts("contextcapture/jobs"), page, at(5)), at(5));
}

TEST(Cursor, NeverPassesTheDateOfTheAnswer) {
    const Page page{.records = {timed(at(1'000'000), {})}, .next = {}, .date = at(10)};

    EXPECT_EQ(advance_cursor({}, facts("contextcapture/jobs"), page, {}), at(10));
}

}  // namespace
}  // namespace syncd
