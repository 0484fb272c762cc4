// Notifications: messages of streams of their own, so that neither they nor records wait for each other. Each function
// runs inside a transaction of the writer: what is told and the telling are committed together.
#pragma once

#include "storage/database.hpp"
#include "storage/store.hpp"

namespace syncd::storage {

/// Held at once where the destination is disabled.
void notify(Database& db, const Notices& notices, Timestamp now);

/// Tells it when every message that the object's stream has now was accepted or given up; at once if that is so.
void notify_once_accepted(Database& db, std::int64_t object_key, const std::string& destination, const Notices& notices,
                          Timestamp now);
/// The message was accepted or given up: tells what waited for it. Whether there was any.
bool release_notices(Database& db, std::int64_t message_key, Timestamp now);
/// A restored database has told everything of the object anew: what waited for that waits for those messages.
void wait_for_redelivery(Database& db, std::int64_t object_key, Timestamp now);

std::vector<KeptSchedule> kept_schedules(Database& db, const std::string& installation_id);
bool note_overdue(Database& db, std::int64_t object_key, const Notices& notices, Timestamp now);
bool tell_once(Database& db, const TellOnce& told);
void forget_told(Database& db, const std::string& event, const std::string& subject);

/// Forgets notifications of no installation for destinations beside these: few, no object's messages.
void forget_general_notices(Database& db, const std::vector<std::string>& kept);

}  // namespace syncd::storage
