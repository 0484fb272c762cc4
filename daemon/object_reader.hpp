// One object of one installation: reads it, one read at a time, page by page into the store.
#pragma once

#include "config/config.hpp"
#include "config/core/log.hpp"
#include "connector/bentley/catalog.hpp"
#include "connector/connector.hpp"
#include "connector/world/mutex.hpp"
#include "daemon/message.hpp"
#include "daemon/plan.hpp"
#include "storage/store.hpp"

#include <functional>
#include <set>

namespace syncd {

struct ReadOutcome {
    std::string operation_id;
    bool success = false;
    std::optional<Error> error;  // why not
    std::string result;          // one sentence
};

/// What a reader needs of its installation; owned by the daemon, outlives the reader.
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
};

class ObjectReader {
public:
    ObjectReader(ReaderContext& context, const config::ReadObject& object, const bentley::Object& facts);

    /// Waits for a read that is running, then reads. Failures of the provider are in the outcome; a broken environment
    /// (full disk) is thrown.
    awaitable<ReadOutcome> read(ReadOrder order);
    const config::ReadObject& object() const { return object_; }
    bool reading() const { return mutex_.locked(); }

private:
    struct Run;

    awaitable<void> begin(Run& run);
    awaitable<result<void>> read_pages(Run& run);
    awaitable<result<Page>> read_page(Run& run);
    awaitable<void> commit(Run& run, const Page& page);
    awaitable<result<void>> find_deletes(Run& run);
    awaitable<result<void>> confirm_missing(Run& run, bool approved_only);
    awaitable<result<std::vector<std::string>>> confirm_batch(Run& run, std::vector<storage::MissingRecord> batch);
    awaitable<ReadOutcome> finish(Run& run, std::optional<Error> failure);
    awaitable<void> note(Run& run, storage::LogLevel level, std::string message);
    BuildMessages builder(const Run& run) const;
    bool shrink_page(Run& run, const Error& failure);
    bool is_stale_position(const Error& failure);
    void adjust_window(Run& run, const Page& page) const;

    ReaderContext& context_;
    const config::ReadObject& object_;
    const bentley::ReadFacts& facts_;
    const config::Destination& destination_;
    Mutex mutex_;
    int position_failures_ = 0;  // in a row, at a backfill's stored position
};

}  // namespace syncd
