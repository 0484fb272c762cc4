// The daemon: wires world, store and configuration, and owns everything that runs.
#pragma once

#include "config/config.hpp"
#include "config/core/cipher.hpp"
#include "config/core/log.hpp"
#include "connector/http/server.hpp"
#include "connector/world/group.hpp"
#include "daemon/delivery.hpp"
#include "daemon/download.hpp"
#include "daemon/http/session.hpp"
#include "daemon/installation_service.hpp"
#include "daemon/notify.hpp"
#include "daemon/watch.hpp"
#include "daemon/signed_link.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace syncd {

inline constexpr Duration stop_grace = std::chrono::seconds{10};

struct SyncOrder {
    std::string installation_id;       // empty: all
    std::vector<std::string> objects;  // empty: all; provider's or mapped names
    bool full = false, all = false;
    std::optional<Timestamp> since, until;  // one of them: a triggered read
    Duration drain = std::chrono::seconds{60};
};

/// A read that somebody asks for, beside the schedule.
struct TriggerOrder {
    std::string installation_id, object;  // provider's or mapped name
    std::optional<Timestamp> since, until;
};

inline constexpr Duration synchronous_write_max = std::chrono::seconds{60};  // then the caller hears that it goes on

struct WriteReport {
    std::string operation_id;            // empty: refused as a whole
    std::vector<bentley::Fault> faults;  // then: why
    std::vector<storage::Write> writes;
    std::vector<std::string> answers;  // of each write: the record as the provider answered it, JSON; empty: none
};

struct SyncReport {
    struct Read {
        std::string installation_id, object;
        ReadOutcome outcome;
    };
    std::vector<Read> reads;
    std::int64_t pending = 0;  // messages not accepted when the drain time was over
    bool finished = true;      // every read succeeded and nothing is pending
};

class Daemon {
public:
    Daemon(World& world, storage::Store& store, const config::Config& config, const bentley::Catalog& catalog,
           const Log& log, Secret signing_key);
    ~Daemon();

    /// Takes server.listen, for those who run(); throws when it can't be had. The port. To be called before start().
    std::uint16_t listen();
    /// Reads the store's state, starts deliveries and the server. To be called once.
    awaitable<void> start();
    /// Reads on schedule and serves until stop(), then ends within stop_grace.
    awaitable<void> run();
    /// Takes nothing new; run() returns once what is in flight has ended, or has been cut after stop_grace.
    void stop();
    /// Cuts what is in flight; what was committed stays, the rest is done again.
    void cut();
    /// Ends what start() started, for those who don't run().
    awaitable<void> shut_down();

    /// One pass over the objects: reads, then deliveries until all are accepted or the drain time is over.
    /// Errors: invalid_input for an object or installation that the configuration does not have.
    awaitable<result<SyncReport>> sync(SyncOrder order);
    /// Accepts a triggered read and answers its operation's id; it runs once the object's running read has ended.
    /// Errors: invalid_input for an unknown object; conflict when another one waits already; cancelled when stopping.
    awaitable<result<std::string>> trigger(TriggerOrder order);
    /// Stops or resumes scheduled reads of the objects; none: all. What runs goes on to its end. How many objects.
    awaitable<result<std::int64_t>> set_paused(std::string installation_id, std::vector<std::string> objects,
                                               bool paused);
    /// Queues a write and waits for its outcome, at most `limit`. Errors: not_found as WriteService::accept();
    /// cancelled when stopping.
    awaitable<result<WriteReport>> write(std::string installation_id, WriteOrder order, Duration limit);
    /// An operator's word on a write whose outcome is unknown: sent again, or given up.
    /// Errors: not_found; conflict when its outcome is not unknown.
    awaitable<result<void>> resolve_write(std::string id, bool retry);
    /// Sends queued writes until the daemon stops; what run() does by itself, for those who don't.
    void start_writes();
    /// Has the objects read soon, without waiting for it, if this daemon runs and doesn't just execute a command.
    void read_soon(const std::string& installation_id, const std::string& object);
    storage::Store& store() { return store_; }
    World& world() { return world_; }
    const config::Config& config() const { return config_; }
    const Log& log() const { return log_; }
    /// Null before start() and for an unknown id.
    InstallationService* installation(const std::string& id);
    /// Empty when there is no destination of that name.
    Delivery* delivery(const std::string& destination);
    void ring_all();
    /// Waits until no message is being sent; none is as long as the answer lives.
    awaitable<std::shared_ptr<void>> pause_deliveries();
    /// Why the daemon is not ready to do its work; empty: it is.
    std::string not_ready() const;
    const Notifier& notifier() const { return notifier_; }
    /// Has run() look at the disk; to be called before it.
    void watch_disk(DiskSpaceOf space) { watch_.watch_disk(std::move(space)); }
    const Downloads& downloads() const { return downloads_; }
    const bentley::Catalog& catalog() const { return catalog_; }
    const Metrics& metrics() const { return metrics_; }
    Duration uptime() { return world_.tick() - began_; }
    /// By clientId.
    const std::map<std::string, std::unique_ptr<http::Budget>>& budgets() const { return budgets_; }
    const SignedLinks& links() const { return links_; }
    const Cipher& cipher() const { return cipher_; }
    Sessions& sessions() { return sessions_; }
    /// server.publicUrl, with the port that was taken where any may be.
    const std::string& public_url() const { return public_url_; }
    /// Whether this process answers requests, rather than executing one command.
    bool serves() const { return server_ != nullptr; }

private:
    struct Target {
        InstallationService* service;
        ObjectReader* reader;
    };
    result<std::vector<Target>> targets(const std::string& installation_id, const std::vector<std::string>& objects);
    static bool waits_for(const Target& target, const Target& other);
    awaitable<void> read_target(Target target, ReadOrder order, SyncReport::Read& read);
    /// Reads a target, then those that wait for what it finds.
    awaitable<void> read_in_turn(std::vector<Target> targets, ReadOrder order, SyncReport& report, std::size_t index,
                                 Group& reads);
    awaitable<std::int64_t> drain(Duration limit);
    awaitable<std::int64_t> fail_interrupted();
    void ring(const std::string& destination);
    awaitable<void> upkeep();
    http::Budget& budget_of(const std::string& client_id);

    World& world_;
    storage::Store& store_;
    const config::Config& config_;
    const bentley::Catalog& catalog_;
    const Log& log_;
    Cipher cipher_;
    SignedLinks links_;
    Downloads downloads_;
    Sessions sessions_;
    std::string public_url_;
    Metrics metrics_;
    Tick began_;
    http::Client client_;
    Notifier notifier_;
    std::map<std::string, std::unique_ptr<http::Budget>> budgets_;  // by clientId
    std::map<std::string, std::unique_ptr<Delivery>> deliveries_;   // by destination
    Watch watch_;
    std::vector<std::unique_ptr<InstallationService>> installations_;
    std::unique_ptr<http::Server> server_;
    Group services_;          // end by themselves once stopping
    Group passes_;            // reads asked for by an operator
    std::set<Group*> syncs_;  // reads of passes that somebody waits for
    Doorbell stop_bell_, upkeep_bell_;
    std::string not_ready_ = "starting";
    bool stopping_ = false, writes_run_ = false;
};

}  // namespace syncd
