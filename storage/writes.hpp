// The queue of writes and its journal: what was accepted, what is being sent, what became of it.
#pragma once

#include "storage/database.hpp"
#include "storage/store.hpp"

namespace syncd::storage {

AcceptedWrites accept_writes(Database& db, const AcceptWrites& accept);
void refuse_writes(Database& db, const RefusedWrites& refused);
AcceptedWrites find_request(Database& db, const IdempotencyKey& key, Timestamp now);
std::vector<Write> claim_writes(Database& db, const WriteClaim& claim);
std::optional<Timestamp> next_write_due(Database& db, const WriteClaim& claim);
bool begin_sending(Database& db, std::int64_t key, Timestamp now);
bool deleted_since(Database& db, std::int64_t create_key);
FinishedWrite finish_write(Database& db, const WriteStep& step);
std::vector<Write> interrupted_writes(Database& db, const std::string& installation_id);
std::vector<Write> writes_of(Database& db, const std::string& operation_id);
std::optional<Write> find_write(Database& db, const std::string& id);
bool leave_operation(Database& db, const std::string& operation_id);
ResolvedWrite resolve_write(Database& db, const WriteResolution& resolution);
/// Drops keys that are no longer kept; true when there are more.
bool prune_idempotency(Database& db, Timestamp now);

}  // namespace syncd::storage
