#include "daemon/daemon.hpp"

#include "config/core/ids.hpp"
#include "daemon/http/routes.hpp"
#include "daemon/views.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace syncd {
namespace {

constexpr Duration upkeep_every = std::chrono::minutes{10};
constexpr Duration drain_poll = std::chrono::milliseconds{50};
constexpr Duration resolved_deadline = std::chrono::hours{1};
constexpr Duration forever = std::chrono::hours{24 * 365};

}  // namespace

Daemon::Daemon(World& world, storage::Store& store, const config::Config& config, const bentley::Catalog& catalog,
               const Log& log, Secret signing_key)
    : world_(world),
      store_(store),
      config_(config),
      catalog_(catalog),
      log_(log),
      cipher_(signing_key),
      links_(signing_key),
      downloads_(config.server.public_url, std::move(signing_key)),
      sessions_(world),
      public_url_(config.server.public_url),
      began_(world.tick()),
      client_(world),
      notifier_(config),
      watch_(world, store, log, config, notifier_, budgets_, [this](const std::string& name) { ring(name); }),
      services_(world,
                [this](std::exception_ptr failure) { log_.error("service.broken", {{"error", describe(failure)}}); }),
      passes_(world, [this](std::exception_ptr failure) { log_.error("read.broken", {{"error", describe(failure)}}); }),
      stop_bell_(world),
      upkeep_bell_(world) {}

Daemon::~Daemon() = default;

http::Budget& Daemon::budget_of(const std::string& client_id) {
    auto& budget = budgets_[client_id];
    if (!budget) {
        const auto& limits = config_.provider;
        const auto store_it = [this, client_id] { return store_.add_spent(client_id, world_.now()); };
        budget = std::make_unique<http::Budget>(
            world_,
            http::BudgetLimits{limits.requests_per_minute, limits.requests_per_hour, limits.max_concurrent_requests},
            store_it);
    }
    return *budget;
}

awaitable<void> Daemon::start() {
    const auto now = world_.now();
    if (const auto backup = store_.take_restored())
        log_.warn("database.restored", {{"backup", *backup}, {"next", "everything is read and delivered again"}});
    for (const auto& name : co_await store_.define_views(views_of(catalog_)))
        log_.warn("view.refused", {{"view", name}, {"error", "the database has something else of that name: drop it"}});
    const auto interrupted = co_await fail_interrupted();
    if (interrupted > 0) log_.warn("operations.interrupted", {{"operations", interrupted}});

    const auto minute = std::chrono::floor<std::chrono::minutes>(now).time_since_epoch().count();
    for (auto& [client_id, spent] : co_await store_.budget_spent(minute - 61))
        budget_of(client_id).restore(spent, config_.provider.timeout);

    std::vector<std::string> names;
    for (const auto& [name, destination] : config_.destinations) names.push_back(name);
    for (auto& [name, state] : co_await store_.enter_destinations(names, now)) {
        const DownloadUrl url = [this](const std::string& id) {
            return server_ ? downloads_.link(id, world_.now()) : std::string();
        };
        const auto disabled = [this, destination = name] {
            return notifier_.destination_disabled(config_.destinations.at(destination));
        };
        deliveries_[name] = std::make_unique<Delivery>(world_, store_, client_, log_, config_.destinations.at(name),
                                                       state, url, DeliveryNotices{disabled, [this] { ring_all(); }});
    }
    const Shared shared{world_,
                        store_,
                        client_,
                        log_,
                        config_,
                        catalog_,
                        cipher_,
                        [this](const std::string& destination) { ring(destination); },
                        [this] { return stopping_; },
                        notifier_,
                        [this] { return watch_.disk_full(); },
                        metrics_};
    for (const auto& installation : config_.installations) {
        const auto updated_at = co_await store_.enter_installation(installation.id, installation.digest, now,
                                                                   notifier_.facts_of(installation));
        installations_.push_back(std::make_unique<InstallationService>(shared, installation, updated_at,
                                                                       budget_of(installation.connection.client_id)));
    }
    for (auto& [name, delivery] : deliveries_) services_.spawn(delivery->run());
    if (server_) services_.spawn(server_->run());
}

std::uint16_t Daemon::listen() {
    const auto& wanted = config_.server;
    server_ = std::make_unique<http::Server>(world_, listen_on(world_, wanted), make_routes(*this),
                                             http::ServerLimits{}, make_gate(wanted), make_streaming(*this));
    if (wanted.public_url.ends_with(":0")) {  // the default for any free port: only now it is known
        public_url_ = (wanted.tls ? "https://" : "http://") + with_port(wanted.host, server_->port());
        downloads_.set_public_url(public_url_);
    }
    return server_->port();
}

awaitable<void> Daemon::run() {
    std::exception_ptr broken;
    try {
        for (auto& installation : installations_) co_await installation->prepare();
    } catch (const std::exception&) {
        broken = std::current_exception();
    }
    if (broken) {  // what start() began must not outlive us
        co_await shut_down();
        std::rethrow_exception(broken);
    }
    if (watch_.is_needed()) services_.spawn(watch_.run());  // first: reads wait where the disk is full
    for (auto& installation : installations_) services_.spawn(installation->scheduler().run());
    services_.spawn(upkeep());
    start_writes();
    not_ready_.clear();
    while (!stopping_) co_await stop_bell_.wait(forever);
    co_await shut_down();
}

void Daemon::stop() {
    stopping_ = true;
    not_ready_ = "stopping";
    stop_bell_.ring();
    upkeep_bell_.ring();
    watch_.stop();
    for (auto& [client_id, budget] : budgets_) budget->close();
    for (auto& installation : installations_) {
        installation->scheduler().wake();
        installation->writes().wake();
    }
    for (auto& [name, delivery] : deliveries_) delivery->stop();
    if (server_) server_->stop();
}

void Daemon::cut() {
    stop();
    for (auto& installation : installations_) {
        installation->scheduler().cancel();
        installation->writes().cancel();
    }
    for (auto& [name, delivery] : deliveries_) delivery->cancel();
    passes_.cancel();
    for (auto* reads : syncs_) reads->cancel();
    if (server_) server_->stop(true);
}

awaitable<void> Daemon::shut_down() {
    stop();
    const Tick end = world_.tick() + stop_grace - std::chrono::seconds{1};
    if (!co_await services_.join(end - world_.tick()) || !co_await passes_.join(end - world_.tick())) cut();
    co_await passes_.join(forever);
    co_await services_.join(forever);
    for (auto& installation : installations_) co_await installation->settle();
    try {
        co_await fail_interrupted();          // what had to be cut
    } catch (const std::exception& broken) {  // a full disk must not keep us from ending: start() does it again
        log_.error("operations.not_ended", {{"error", broken.what()}});
    }
    client_.close_idle();
}

awaitable<void> Daemon::upkeep() {
    const auto& keep = config_.storage.retention;
    while (!stopping_) {
        bool more = false;
        try {
            more = co_await store_.prune({keep.operations, keep.deliveries, keep.dead_letters, keep.deleted_records},
                                         world_.now());
        } catch (const std::exception& broken) {
            log_.error("upkeep.broken", {{"error", broken.what()}});
        }
        if (!more && !stopping_) co_await upkeep_bell_.wait(upkeep_every);
    }
}

Delivery* Daemon::delivery(const std::string& destination) {
    const auto found = deliveries_.find(destination);
    return found == deliveries_.end() ? nullptr : found->second.get();
}

std::string Daemon::not_ready() const {
    if (not_ready_.empty() && watch_.disk_full()) return "disk.low: reads wait until there is space again";
    return not_ready_;
}

awaitable<std::int64_t> Daemon::fail_interrupted() {
    return store_.fail_interrupted(
        world_.now(), [this](const storage::InterruptedRead& read) { return notifier_.interrupted(read); });
}

void Daemon::ring(const std::string& destination) {
    if (auto* told = delivery(destination)) told->ring();
}

InstallationService* Daemon::installation(const std::string& id) {
    for (auto& service : installations_)
        if (service->installation().id == id) return service.get();
    return nullptr;
}

void Daemon::ring_all() {
    for (auto& [name, delivery] : deliveries_) delivery->ring();
}

awaitable<std::shared_ptr<void>> Daemon::pause_deliveries() {
    for (auto& [name, delivery] : deliveries_) delivery->pause();
    const std::shared_ptr<void> paused(nullptr, [this](void*) {
        for (auto& [name, delivery] : deliveries_) delivery->resume();
    });
    while (!std::ranges::all_of(deliveries_, [](const auto& each) { return each.second->idle(); })) {
        Timer pause(world_);
        co_await pause.async_wait(drain_poll);
    }
    co_return paused;
}

result<std::vector<Daemon::Target>> Daemon::targets(const std::string& installation_id,
                                                    const std::vector<std::string>& objects) {
    std::vector<Target> found;
    std::vector<std::string> unknown = objects;
    bool known_installation = installation_id.empty();
    std::string disabled;
    for (auto& service : installations_) {
        if (!installation_id.empty() && service->installation().id != installation_id) continue;
        known_installation = true;
        for (auto& reader : service->readers()) {
            const auto& object = reader->object();
            const auto named = [&](const std::string& name) {
                return name == object.object || name == object.mapped_name;
            };
            if (!objects.empty() && std::ranges::none_of(objects, named)) continue;
            std::erase_if(unknown, named);
            if (object.disabled)
                disabled = object.object;
            else
                found.push_back({service.get(), reader.get()});
        }
    }
    if (found.empty() && !objects.empty() && !disabled.empty())
        return Error{errc::invalid_input, disabled + " is disabled in the configuration"};
    if (!known_installation)
        return Error{errc::invalid_input, "the configuration has no installation " + installation_id};
    if (!unknown.empty()) return Error{errc::invalid_input, "no installation reads the object " + unknown.front()};
    return found;
}

awaitable<void> Daemon::read_target(Target target, ReadOrder order, SyncReport::Read& read) {
    try {
        read.outcome = co_await target.service->read(*target.reader, order);
    } catch (const std::exception& broken) {
        read.outcome.result = broken.what();
    }
}

/// Objects that are read for each known iTwin wait for their installation's read of itwins.
bool Daemon::waits_for(const Target& target, const Target& other) {
    return target.service == other.service && target.reader->object().itwins.all &&
           other.reader->object().object == "itwins";
}

awaitable<void> Daemon::read_in_turn(std::vector<Target> targets, ReadOrder order, SyncReport& report,
                                     std::size_t index, Group& reads) {
    const Target own = targets[index];
    co_await read_target(own, order, report.reads[index]);
    for (std::size_t i = 0; i < targets.size(); ++i)
        if (waits_for(targets[i], own)) reads.spawn(read_target(targets[i], order, report.reads[i]));
}

awaitable<result<SyncReport>> Daemon::sync(SyncOrder order) {
    auto wanted = targets(order.installation_id, order.objects);
    if (!wanted) co_return wanted.error();
    SyncReport report;
    for (const auto& target : *wanted)
        report.reads.push_back({target.service->installation().id, target.reader->object().object, {}});
    for (auto& service : installations_)  // whoever asks may have put right what failed
        if (order.installation_id.empty() || service->installation().id == order.installation_id) service->try_again();
    ReadOrder read{.full = order.full, .all = order.all, .due_at = world_.now()};
    if (order.since || order.until) read = {.type = ReadType::triggered, .since = order.since, .until = order.until};
    {
        Group reads(world_, [](std::exception_ptr) {});  // read_target() reports its own failures
        syncs_.insert(&reads);
        for (std::size_t i = 0; i < wanted->size(); ++i) {
            const bool waits =
                std::ranges::any_of(*wanted, [&](const Target& other) { return waits_for((*wanted)[i], other); });
            if (!waits) reads.spawn(read_in_turn(*wanted, read, report, i, reads));
        }
        // Who asked may be gone, and this be cancelled for it; the reads refer to what stands here.
        co_await asio::this_coro::throw_if_cancelled(false);
        while (!co_await reads.join(forever)) {
        }
        syncs_.erase(&reads);
        co_await asio::this_coro::throw_if_cancelled(true);
    }
    report.pending = co_await drain(order.drain);
    report.finished =
        report.pending == 0 && std::ranges::all_of(report.reads, [](const auto& each) { return each.outcome.success; });
    co_return report;
}

awaitable<result<std::string>> Daemon::trigger(TriggerOrder order) {
    auto wanted = targets(order.installation_id, {order.object});
    if (!wanted) co_return wanted.error();
    if (stopping_) co_return Error{errc::cancelled, "the daemon is stopping"};
    const auto target = wanted->front();
    const auto& object = target.reader->object().object;
    if (!target.reader->reserve_triggered())
        co_return Error{errc::conflict, fmt::format("a triggered read of {} waits for its turn already", object)};
    const auto id = make_uuid([&] { return world_.random(); });
    try {
        co_await store_.accept_read(id, order.installation_id, object, world_.now());
    } catch (...) {
        target.reader->give_back_triggered();
        throw;
    }
    const auto run = [](Target t, ReadOrder read) -> awaitable<void> { co_await t.service->read(*t.reader, read); };
    passes_.spawn(
        run(target, {.type = ReadType::triggered, .since = order.since, .until = order.until, .operation_id = id}));
    co_return id;
}

awaitable<result<std::int64_t>> Daemon::set_paused(std::string installation_id, std::vector<std::string> objects,
                                                   bool paused) {
    auto wanted = targets(installation_id, objects);
    if (!wanted) co_return wanted.error();
    for (const auto& target : *wanted)
        co_await store_.set_paused(target.service->installation().id, target.reader->object().object, paused);
    for (auto& service : installations_) service->scheduler().wake();
    co_return std::int64_t(wanted->size());
}

void Daemon::start_writes() {
    if (std::exchange(writes_run_, true)) return;
    for (auto& installation : installations_) services_.spawn(installation->writes().run());
}

awaitable<result<WriteReport>> Daemon::write(std::string installation_id, WriteOrder order, Duration limit) {
    auto* found = installation(installation_id);
    if (!found) co_return Error{errc::not_found, "the configuration has no installation " + installation_id};
    if (stopping_) co_return Error{errc::cancelled, "the daemon is stopping"};
    auto& service = found->writes();
    auto accepted = co_await service.accept(std::move(order));
    if (!accepted) co_return accepted.error();
    WriteReport report{.operation_id = accepted->operation_id, .faults = std::move(accepted->faults)};
    if (!report.faults.empty()) co_return report;
    report.writes = co_await service.wait(report.operation_id, limit);
    const auto ended = [](const storage::Write& write) {
        return write.status == storage::WriteStatus::done || write.status == storage::WriteStatus::failed;
    };
    // The caller hears no more of it: its end is told by notification, unless it came just now.
    if (!std::ranges::all_of(report.writes, ended) && !co_await store_.leave_operation(report.operation_id))
        report.writes = co_await store_.writes_of(report.operation_id);
    if (report.writes.empty()) co_return Error{errc::not_found, "the operation was forgotten meanwhile"};
    for (const auto& write : report.writes) report.answers.push_back(service.answer_of(write));
    co_return report;
}

awaitable<result<void>> Daemon::resolve_write(std::string id, bool retry) {
    const auto write = co_await store_.find_write(id);
    if (!write) co_return Error{errc::not_found, "there is no write " + id};
    const auto now = world_.now();
    auto* service = installation(write->installation_id);
    storage::WriteResolution resolution{.id = id, .retry = retry, .now = now, .deadline_at = now + resolved_deadline};
    if (service) resolution.written = service->writes().tell_written(*write);
    const auto resolved = co_await store_.resolve_write(std::move(resolution));
    for (const auto& notice : resolved.notices) ring(notice.destination);
    if (!resolved.done)
        co_return Error{errc::conflict, fmt::format("its outcome is not unknown: the write {} is {}", id,
                                                    storage::to_string(write->status))};
    log_.warn("write.resolved", {{"write", id}, {"to", retry ? "retry" : "abandon"}});
    for (auto& installation : installations_) installation->writes().wake();
    co_return result<void>();
}

void Daemon::read_soon(const std::string& installation_id, const std::string& object) {
    const auto wanted = targets(installation_id, {object});
    if (!wanted || !server_ || stopping_) return;
    for (const auto& target : *wanted) {
        auto read = [](Target t) -> awaitable<void> { co_await t.service->read(*t.reader, {.full = true}); };
        passes_.spawn(read(target));
    }
}

awaitable<std::int64_t> Daemon::drain(Duration limit) {
    const Tick end = world_.tick() + limit;
    std::vector<std::string> names;
    for (const auto& [name, delivery] : deliveries_) names.push_back(name);
    while (!stopping_ && world_.tick() < end) {
        // All at one moment: what one destination accepts may bring a notification to another.
        std::vector<storage::Claim> claims;
        for (const auto& [name, delivery] : deliveries_) claims.push_back(delivery->everything());
        if (!co_await store_.any_pending(std::move(claims))) break;
        Timer pause(world_);
        co_await pause.async_wait(drain_poll);
    }
    co_return co_await store_.count_pending(names);
}

}  // namespace syncd
