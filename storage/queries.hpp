// The queries that reads consist of, one per iTwin and slice of creation time. Each function runs inside a transaction
// of the writer.
#pragma once

#include "storage/database.hpp"
#include "storage/store.hpp"

namespace syncd::storage {

/// Brings the object's queries up to date with its iTwins; those of a new backfill are all to be read.
void enter_queries(Database& db, std::int64_t object_key, const QueriedITwins& itwins, bool backfill);
std::optional<ReadQuery> next_query(Database& db, std::int64_t object_key, const std::optional<ReadQuery>& after,
                                    bool or_equal, bool unfinished);
void split_query(Database& db, std::int64_t object_key, const ReadQuery& query, Timestamp at);
void merge_slices(Database& db, std::int64_t object_key, const std::string& itwin_id);

/// Where a backfill goes on: at this page of this query, with the largest time so far.
void keep_position(Database& db, std::int64_t object_key, const ReadQuery& query, const std::string& next_url);
/// The query is read to its end; its cursor never goes back.
void finish_query(Database& db, std::int64_t object_key, const ReadQuery& query, Timestamp now);

}  // namespace syncd::storage
