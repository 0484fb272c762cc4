// One read of one object while it runs: what its parts share.
#pragma once

#include "config/config.hpp"
#include "config/core/log.hpp"
#include "connector/bentley/catalog.hpp"
#include "connector/connector.hpp"
#include "daemon/message.hpp"
#include "daemon/metrics.hpp"
#include "daemon/notify.hpp"
#include "daemon/plan.hpp"
#include "daemon/schema_fields.hpp"
#include "daemon/written_records.hpp"
#include "storage/store.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace syncd {

/// What reads need of their installation; owned by the daemon, outlives them.
struct ReaderContext {
    World& world;
    storage::Store& store;
    Connector& connector;
    http::Budget& budget;
    const Log& log;
    const config::Config& config;
    const config::Installation& installation;
    Timestamp installation_updated_at;
    std::function<void(const std::string& destination)> ring;  // new messages for it
    std::function<bool()> stopping;
    const Notifier& notifier;
    std::function<bool()> reads_wait;  // for space on the disk
    WrittenRecords& written;
    Metrics& metrics;

    /// They are stored: their destinations have something new.
    void ring_for(const storage::Notices& notices) const {
        for (const auto& notice : notices) ring(notice.destination);
    }
};

struct ReadRun {
    ReaderContext& context;
    const config::ReadObject& object;
    const bentley::ReadFacts& facts;
    ReadOrder order;
    ReadPlan plan{};
    storage::ObjectState state{};
    Envelope envelope{};
    std::int64_t pages = 0, records = 0, page_size = 0;
    storage::PageResult changes{};
    std::string deletes_note{};
    bool in_slices = false;
    bool covered = false;  // every query was read to its end, or failed for its iTwin alone
    bool itwins_failed = false, clock_checked = false;
    std::optional<SchemaFields> schema{};  // of a read that looks for changes of fields
    Timestamp started{};
    Tick started_tick{};

    ReadSubject subject() const { return {context.installation, object, envelope.operation_id}; }
    /// An error when the daemon is stopping.
    result<void> go_on() const;
    awaitable<void> note(storage::LogLevel level, std::string message);
    /// Logs a retry of what is being asked for.
    OnRetry on_retry(std::string what) const;
    /// A commit of this read, yet without records.
    storage::PageCommit page_commit() const;
    /// Commits a page and counts what it changed.
    awaitable<void> commit(storage::PageCommit page);
    storage::DeleteCommit delete_commit(std::vector<std::string> ids) const;
    awaitable<void> commit_deletes(std::vector<std::string> ids);
    /// Tells what changed in the fields since the last look; at the end of a read that saw all there is.
    awaitable<void> check_schema();
};

/// How many deletes a read may infer before the fuse holds them, of so many known records; empty: no fuse.
std::optional<std::int64_t> deletes_allowed(const config::MaxDeletes& fuse, std::int64_t known);

}  // namespace syncd
