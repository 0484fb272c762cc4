// Looks once a minute at what nobody else would notice: schedules that are not kept, budgets nearly used up, the disk.
#pragma once

#include "config/core/log.hpp"
#include "connector/http/budget.hpp"
#include "daemon/notify.hpp"

#include <functional>
#include <map>
#include <optional>

namespace syncd {

/// Of the volume that the database is on, in bytes.
struct DiskSpace {
    std::uint64_t available = 0, total = 0;
};
/// Empty: not known.
using DiskSpaceOf = std::function<std::optional<DiskSpace>()>;

/// Less than 5 % or 500 MB: disk.low.
bool is_low(const DiskSpace& space);
/// Less than 50 MB: reads wait, and the daemon is not ready.
bool is_full(const DiskSpace& space);

/// How long after its time a read is overdue: two intervals of its schedule, an hour at least.
Duration overdue_after(const config::Schedule& schedule, Timestamp due);

class Watch {
public:
    using Budgets = std::map<std::string, std::unique_ptr<http::Budget>>;  // by clientId

    Watch(World& world, storage::Store& store, const Log& log, const config::Config& config, const Notifier& notifier,
          Budgets& budgets, std::function<void(const std::string& destination)> ring);

    /// To be called before run(); without it nobody looks at the disk.
    void watch_disk(DiskSpaceOf space) { space_ = std::move(space); }
    /// Whether there is anything to look at, or anybody to tell.
    bool is_needed() const;
    /// Until stop().
    awaitable<void> run();
    void stop();
    bool disk_full() const { return full_; }

private:
    awaitable<void> look();
    awaitable<void> look_at_disk();
    awaitable<void> look_at_budgets();
    awaitable<void> look_at_schedules(const config::Installation& installation);
    awaitable<void> look_at_schedule(const config::Installation& installation, storage::KeptSchedule kept);
    void ring(const std::vector<std::string>& destinations) const;

    /// An object whose next read should have begun.
    struct Late {
        std::optional<Timestamp> kept_at;
        Tick since;
    };

    World& world_;
    storage::Store& store_;
    const Log& log_;
    const config::Config& config_;
    const Notifier& notifier_;
    Budgets& budgets_;
    std::function<void(const std::string& destination)> ring_;
    DiskSpaceOf space_;
    Doorbell bell_;
    std::map<std::int64_t, Late> late_;  // by object
    std::optional<bool> low_;            // as it was noted last
    bool full_ = false, stopping_ = false;
};

}  // namespace syncd
