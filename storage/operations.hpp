// Operations and their logs. Each function runs inside a transaction of the writer.
#pragma once

#include "storage/database.hpp"
#include "storage/store.hpp"

namespace syncd::storage {

void accept_read(Database& db, const std::string& operation_id, const std::string& installation_id,
                 const std::string& object, Timestamp now);
void begin_read(Database& db, const BeginRead& read);
void finish_read(Database& db, const FinishRead& read);
void log_operation(Database& db, const std::string& operation_id, LogLevel level, const std::string& message,
                   Timestamp now);
std::int64_t fail_interrupted(Database& db, Timestamp now, const BuildInterrupted& build = {});

}  // namespace syncd::storage
