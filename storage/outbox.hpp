// Streams and messages: what waits to be sent, what came of it. Each function runs inside a transaction of the writer.
#pragma once

#include "storage/database.hpp"
#include "storage/store.hpp"

namespace syncd::storage {

/// What messages belong to.
struct Source {
    std::int64_t object_key = 0;
    const std::string& operation_id;
    const std::string& destination;
    const std::string& new_stream_id;
    Timestamp now;
};

/// Lets `build` make messages of the changes and appends them to the stream; held at once where the destination is
/// disabled. How many.
std::int64_t append_messages(Database& db, const Source& source, const std::vector<Change>& changes,
                             const BuildMessages& build);
std::int64_t append_messages(Database& db, const Source& source, const std::vector<FieldChange>& changes,
                             const BuildFieldMessages& build);

/// Appends a notification to its stream. Callers outside of storage/outbox and storage/notices want notify().
void append_notice(Database& db, const Notice& notice, Timestamp now);

std::map<std::string, DestinationState> enter_destinations(Database& db, const std::vector<std::string>& names,
                                                           Timestamp now);
std::vector<DueMessage> claim_due(Database& db, const Claim& claim);
std::vector<DueMessage> claim_stream(Database& db, std::int64_t stream_key, std::int64_t after_sequence,
                                     std::size_t limit, std::size_t bytes_max);
DestinationState finish_attempts(Database& db, const std::string& destination, const std::vector<Attempt>& attempts);
std::optional<Timestamp> next_due(Database& db, const Claim& claim);
DestinationState set_destination(Database& db, const std::string& name, bool enabled, const std::string& reason,
                                 Timestamp now);
std::int64_t replay(Database& db, const ReplaySelection& selection, Timestamp now);
std::int64_t count_pending(Database& db, const std::vector<std::string>& destinations);
std::optional<std::string> results_of(Database& db, const std::string& delivery_id);

}  // namespace syncd::storage
