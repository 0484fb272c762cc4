// Notifications: which destinations are told of an event, and the payload that they get, as Ampersand's. Pure: the
// answers are handed to the store together with what they tell of.
#pragma once

#include "config/config.hpp"
#include "storage/store.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncd {

/// The object and operation of a read; names of the object as the provider's and as it is mapped.
struct ReadSubject {
    const config::Installation& installation;
    const config::ReadObject& object;
    std::string operation_id{};
};

/// How a triggered read ended, and the window that was asked for.
struct TriggeredEnd {
    std::string error;  // empty: it succeeded
    std::optional<Timestamp> since, until;
};

/// An asynchronous write that has ended, or one whose outcome is unknown.
struct WriteSubject {
    const config::Installation& installation;
    std::string object;       // the provider's name
    std::string mapped_name;  // as messages have it
    std::string operation_id;
};

/// `connection.created` and its siblings that say no more than whose connection it is.
enum class ConnectionEvent { created, updated, deleted, refreshed };

class Notifier {
public:
    explicit Notifier(const config::Config& config) : config_(config) {}

    /// Those who are told of the event, in the order of their names.
    std::vector<std::string> destinations_of(std::string_view event) const;

    // Each answers one notice for every destination that is told; none: nobody is. They may be called from any thread.
    storage::Notices backfill_done(const ReadSubject& read) const;
    storage::Notices triggered_ended(const ReadSubject& read, const TriggeredEnd& end) const;
    /// Of a triggered read that ended without its process.
    storage::Notices interrupted(const storage::InterruptedRead& read) const;
    storage::Notices deletes_held(const ReadSubject& read, std::int64_t held, std::int64_t known) const;
    /// `due_at`: when the next read should have begun; `kept_at`: the last that kept the schedule, if any did.
    storage::Notices read_overdue(const ReadSubject& read, Timestamp due_at, std::optional<Timestamp> kept_at) const;

    /// The connection stopped working: read.schedule.paused and connection.error.
    storage::Notices unhealthy(const config::Installation& installation, const std::string& error) const;
    storage::Notices connection(ConnectionEvent event, const config::Installation& installation) const;

    /// For Store::enter_installation(): installation.created and .updated.
    storage::InstallationFacts facts_of(const config::Installation& installation) const;
    storage::Notices installation_deleted(const std::string& id, const std::string& fields,
                                          const std::string& config) const;

    /// Told to the others; only where there is none, it waits for the destination itself.
    storage::Notices destination_disabled(const config::Destination& destination) const;

    storage::Notices write_done(const WriteSubject& write, bool success, const std::vector<std::string>& record_ids,
                                const std::vector<std::string>& errors) const;
    /// `write_id` is what `:retry` and `:abandon` take.
    storage::Notices write_unknown(const WriteSubject& write, const std::string& write_id,
                                   const std::string& error) const;

    storage::Notices budget_high(const std::string& client_id, std::int64_t requests, std::int64_t limit) const;
    /// In bytes.
    storage::Notices disk_low(std::uint64_t available, std::uint64_t total) const;

private:
    struct Subject;
    storage::Notices make(std::string_view event, const Subject& subject) const;
    storage::Notices make_for(const std::vector<std::string>& destinations, std::string_view event,
                              const Subject& subject) const;
    Subject about(const config::Installation& installation) const;
    Subject about(const ReadSubject& read) const;

    const config::Config& config_;
};

}  // namespace syncd
