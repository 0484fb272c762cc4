#include "daemon/forget.hpp"

#include "daemon/daemon.hpp"

#include <algorithm>
#include <tuple>

namespace syncd {
namespace {

bool is_configured(const config::Config& config, const std::string& installation_id) {
    return std::ranges::find(config.installations, installation_id, &config::Installation::id) !=
           config.installations.end();
}

bool is_configured(const config::Config& config, const storage::Leftover& leftover) {
    const auto& name = leftover.name;
    if (name.object == storage::notices_object)  // notifications of an installation, or of none
        return name.installation_id.empty() || is_configured(config, name.installation_id);
    return std::ranges::any_of(config.installations, [&](const config::Installation& installation) {
        const auto& [reads, writes] = std::tie(installation.objects, installation.writes);
        return installation.id == name.installation_id &&
               (leftover.written ? std::ranges::find(writes, name.object, &config::WriteObject::object) != writes.end()
                                 : std::ranges::find(reads, name.object, &config::ReadObject::object) != reads.end());
    });
}

ForgetReport::Object& entry_of(ForgetReport& report, const storage::Leftover& leftover) {
    const auto& [installation_id, object] = leftover.name;
    for (auto& each : report.objects)
        if (each.installation_id == installation_id && each.object == object) return each;
    return report.objects.emplace_back(installation_id, object);
}

/// What is being sent must not vanish meanwhile: deliveries stand still until it is certain that none of it will be.
awaitable<void> forget_pending(Daemon& daemon, const std::vector<storage::Leftover>& leftovers, ForgetReport& report) {
    const auto paused = co_await daemon.pause_deliveries();
    for (const auto& leftover : leftovers)
        for (bool more = !leftover.written; more;) {
            const auto done = co_await daemon.store().forget_pending(leftover.name);
            entry_of(report, leftover).messages += done.messages;
            more = done.more;
        }
}

awaitable<void> forget_object(Daemon& daemon, storage::Leftover leftover, ForgetReport& report) {
    auto& object = entry_of(report, leftover);
    for (bool more = true; more;) {
        const auto done = co_await daemon.store().forget_object(leftover);
        object.records += done.records;
        object.messages += done.messages;
        more = done.more;
    }
}

storage::BuildForgotten tell_deleted(Daemon& daemon) {
    return
        [&notifier = daemon.notifier()](const std::string& id, const std::string& fields, const std::string& config) {
            return notifier.installation_deleted(id, fields, config);
        };
}

}  // namespace

awaitable<ForgetReport> forget(Daemon& daemon, std::string installation_id) {
    const auto& config = daemon.config();
    const auto wanted = [&](const std::string& id) { return installation_id.empty() || id == installation_id; };
    ForgetReport report;
    std::vector<storage::Leftover> leftovers;
    for (auto& leftover : co_await daemon.store().known_objects())
        if (wanted(leftover.name.installation_id) && !is_configured(config, leftover))
            leftovers.push_back(std::move(leftover));
    if (!leftovers.empty()) co_await forget_pending(daemon, leftovers, report);
    for (const auto& leftover : leftovers) co_await forget_object(daemon, leftover, report);
    for (auto& id : co_await daemon.store().known_installations()) {
        if (!wanted(id) || is_configured(config, id)) continue;
        co_await daemon.store().forget_installation(id, daemon.world().now(), tell_deleted(daemon));
        report.installations.push_back(std::move(id));
    }
    if (installation_id.empty()) {
        std::vector<std::string> kept;
        for (const auto& [name, destination] : config.destinations) kept.push_back(name);
        report.destinations = co_await daemon.store().forget_destinations(std::move(kept));
    }
    daemon.ring_all();
    co_return report;
}

}  // namespace syncd
