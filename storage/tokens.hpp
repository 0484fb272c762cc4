// Tokens of users, and users on their way to the provider. What is secret comes and goes sealed. Each function runs
// inside a transaction of the writer.
#pragma once

#include "storage/database.hpp"
#include "storage/store.hpp"

namespace syncd::storage {

std::optional<ConnectionTokens> load_tokens(Database& db, const std::string& installation_id);
void save_tokens(Database& db, const ConnectionTokens& tokens, bool consented);
void end_consent(Database& db, const std::string& installation_id, Timestamp now);
bool forget_tokens(Database& db, const std::string& installation_id);

void begin_authorization(Database& db, const PendingAuthorization& pending);
std::optional<PendingAuthorization> take_authorization(Database& db, const std::string& state_digest, Timestamp now);

}  // namespace syncd::storage
