// All that runs for one installation: its connection, its readers and their schedule.
#pragma once

#include "config/core/cipher.hpp"
#include "daemon/object_reader.hpp"
#include "daemon/scheduler.hpp"
#include "daemon/write_service.hpp"

#include <memory>
#include <vector>

namespace syncd {

/// What an installation shares with the others; owned by the daemon.
struct Shared {
    World& world;
    storage::Store& store;
    http::Client& client;
    const Log& log;
    const config::Config& config;
    const bentley::Catalog& catalog;
    const Cipher& cipher;
    std::function<void(const std::string& destination)> ring;
    std::function<bool()> stopping;
    const Notifier& notifier;
    std::function<bool()> reads_wait;
    Metrics& metrics;
};

class InstallationService {
public:
    InstallationService(const Shared& shared, const config::Installation& installation, Timestamp updated_at,
                        http::Budget& budget);

    const config::Installation& installation() const { return context_.installation; }
    std::vector<std::unique_ptr<ObjectReader>>& readers() { return readers_; }
    Scheduler& scheduler() { return scheduler_; }
    WriteService& writes() { return writes_; }
    Connector& connector() { return connector_; }
    /// Finds out what a user has allowed so far; the scheduler takes note where that is nothing.
    awaitable<void> prepare();
    /// Redeems an authorization code; reads go on at once. Errors: the provider's.
    awaitable<result<void>> sign_in(Secret code, Secret verifier, std::string redirect_uri);
    /// Has a connection that failed tried at once, however lately that was.
    void try_again();
    /// Forgets the user's tokens; whether there were any.
    awaitable<bool> sign_out();
    /// Stores what is not stored yet: the connection's health, tokens that could not be kept when they came.
    awaitable<void> settle();
    /// Reads one object now, outside its schedule.
    awaitable<ReadOutcome> read(ObjectReader& reader, ReadOrder order);

private:
    Connector connector_;
    WrittenRecords written_;
    ReaderContext context_;
    std::vector<std::unique_ptr<ObjectReader>> readers_;
    Health health_;
    Scheduler scheduler_;
    WriteService writes_;
};

}  // namespace syncd
