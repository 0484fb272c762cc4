// One object of one installation: reads it, one read at a time, query by query and page by page into the store.
#pragma once

#include "connector/world/mutex.hpp"
#include "daemon/read_run.hpp"

namespace syncd {

struct ReadOutcome {
    std::string operation_id;
    bool success = false;
    std::optional<Error> error;  // why not
    std::string result;          // one sentence
};

class ObjectReader {
public:
    ObjectReader(ReaderContext& context, const config::ReadObject& object, const bentley::Object& facts);

    /// Waits for a read that is running, then reads. Failures of the provider are in the outcome; a broken environment
    /// (full disk) is thrown.
    awaitable<ReadOutcome> read(ReadOrder order);
    const config::ReadObject& object() const { return object_; }
    /// Takes the one place that a triggered read may wait in, until it begins; false when it is taken.
    bool reserve_triggered();
    void give_back_triggered() { --triggered_waiting_; }

private:
    struct QueryRun;

    awaitable<void> begin(ReadRun& run);
    awaitable<void> enter(ReadRun& run);
    awaitable<result<void>> read_all(ReadRun& run);
    awaitable<result<void>> read_queries(ReadRun& run);
    /// True when the query has to be read again, in slices.
    awaitable<result<bool>> read_query(ReadRun& run, storage::ReadQuery query);
    awaitable<result<Page>> read_page(ReadRun& run, const QueryRun& query);
    awaitable<result<Page>> first_page(ReadRun& run, QueryRun& query);
    awaitable<void> commit(ReadRun& run, QueryRun& query, const Page& page, bool last,
                           const WrittenRecords::Moment& asked);
    awaitable<void> redeliver_unseen(ReadRun& run);
    awaitable<ReadOutcome> finish(ReadRun& run, std::optional<Error> failure);
    /// Adds to the end of the read whom it is told.
    void tell_end(const ReadRun& run, const ReadOutcome& outcome, storage::FinishRead& finish) const;
    std::string first_url(const ReadRun& run, const storage::ReadQuery& query) const;
    bool shrink_page(ReadRun& run, const Error& failure);
    bool is_stale_position(const Error& failure);
    awaitable<void> check_clock(ReadRun& run, const Page& page);

    ReaderContext& context_;
    const config::ReadObject& object_;
    const bentley::ReadFacts& facts_;
    Mutex mutex_;
    int position_failures_ = 0;  // in a row, at a backfill's stored position
    int triggered_waiting_ = 0;  // accepted, not begun
    bool lists_by_ids_work_ = true;
};

}  // namespace syncd
