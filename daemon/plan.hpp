// What one read of an object will ask for, decided before the first request. Pure.
#pragma once

#include "config/config.hpp"
#include "connector/bentley/catalog.hpp"
#include "storage/store.hpp"

#include <optional>

namespace syncd {

struct ReadOrder {
    ReadType type = ReadType::scheduled;
    bool full = false;                      // `sync --full`: incremental objects too
    bool all = false;                       // `sync --all`: deliver unchanged records as well
    bool by_schedule = false;               // not while the object is paused
    std::optional<Timestamp> due_at;        // the schedule's time that it serves
    std::optional<Timestamp> since, until;  // triggered: ignored where the provider has no time filter
    std::string operation_id;               // of a read that was accepted and has reserved its place; empty: a new one
};

struct ReadPlan {
    bool backfill = false;                     // this read is the first, or goes on with it
    bool resumed = false;                      // it goes on after a cut
    bool full = true;                          // every record is asked for
    bool may_delete = false;                   // complete, it proves what is gone
    bool moves_cursors = true;                 // false: triggered
    std::optional<Timestamp> since;            // where the backfill starts; empty: everything
    std::optional<Timestamp> until;            // of a triggered read
    std::optional<Timestamp> deliver_from;     // older records are taken as known
    std::optional<Timestamp> first_seen_from;  // the same in queries that were never read before
    bool timeless_is_known = false;            // also those that lack the time
    std::optional<Timestamp> backfill_since;   // a new backfill's `since`, to be kept
    bool deliver_unchanged = false;
};

ReadPlan plan_read(const bentley::ReadFacts& facts, const config::ReadObject& object, const storage::ObjectState& state,
                   const ReadOrder& order, Timestamp now);

/// Counts a new backfill's window by the provider's clock where ours is ahead of it. Whether the window moved.
bool shift_window(ReadPlan& plan, Duration ahead);

/// What the provider is asked for in one of the read's queries; empty: everything. A query without a cursor, such as
/// that of an iTwin seen for the first time, starts where the backfill did.
std::optional<Timestamp> since_of(const ReadPlan& plan, const config::ReadObject& object,
                                  const storage::ReadQuery& query);

/// Whether a record found by this query is new to the world or was there before the backfill's window.
bool is_delivered(const ReadPlan& plan, const storage::ReadQuery& query, const Record& record);

/// When a job is to be read again by its id: at once while it is young, then once a day; empty: it has ended.
std::optional<Timestamp> recheck_at(const Record& record, Timestamp now);

/// The largest time that the provider gave, never past its Date header nor `cap`, the Date of the read's first page:
/// where the next incremental read starts.
std::optional<Timestamp> advance_cursor(std::optional<Timestamp> cursor, const bentley::ReadFacts& facts,
                                        const Page& page, std::optional<Timestamp> cap);

}  // namespace syncd
