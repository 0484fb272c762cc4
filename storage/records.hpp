// Records: what a page changes, what a complete read misses. Each function runs inside a transaction of the writer.
#pragma once

#include "storage/database.hpp"
#include "storage/store.hpp"

namespace syncd::storage {

/// Makes the connection's temporary table of records seen by the reads in hand. It dies with the process, and with it
/// the right to infer deletes.
void create_seen(Database& db);
void forget_seen(Database& db, std::int64_t object_key);

PageResult commit_page(Database& db, const PageCommit& page);
MissingCount count_missing(Database& db, std::int64_t object_key);
std::vector<MissingRecord> missing(Database& db, std::int64_t object_key, bool approved_only, const std::string& after,
                                   std::size_t limit);
std::int64_t hold_missing(Database& db, std::int64_t object_key);
void mark_missing_once(Database& db, std::int64_t object_key, const std::vector<std::string>& ids);
std::vector<OpenRecord> open_records(Database& db, std::int64_t object_key, Timestamp now, const std::string& after,
                                     std::size_t limit);
/// How many of them were not held before.
std::int64_t hold_records(Database& db, std::int64_t object_key, const std::vector<std::string>& ids);
PageResult commit_deletes(Database& db, const DeleteCommit& deletes);
std::vector<std::string> redeliver_unseen(Database& db, const DeleteCommit& deletes, Timestamp began,
                                          std::size_t limit);
std::int64_t decide_held_deletes(Database& db, const std::string& installation_id, const std::string& object,
                                 bool confirm);

}  // namespace syncd::storage
