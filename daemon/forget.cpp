#include "daemon/forget.hpp"

#include "daemon/daemon.hpp"

#include <algorithm>

namespace syncd {
namespace {

bool is_configured(const config::Config& config, const std::string& installation_id) {
    return std::ranges::find(config.installations, installation_id, &config::Installation::id) !=
           config.installations.end();
}

bool is_configured(const config::Config& config, const storage::ObjectName& name) {
    if (name.object == storage::notices_object)  // notifications of an installation, or of none
        return name.installation_id.empty() || is_configured(config, name.installation_id);
    return std::ranges::any_of(config.installations, [&](const config::Installation& installation) {
        return installation.id == name.installation_id &&
               std::ranges::find(installation.objects, name.object, &config::ReadObject::object) !=
                   installation.objects.end();
    });
}

/// What is being sent must not vanish meanwhile: deliveries stand still until it is certain that none of it will be.
awaitable<void> forget_pending(Daemon& daemon, std::vector<ForgetReport::Object>& objects) {
    const auto paused = co_await daemon.pause_deliveries();
    for (auto& object : objects)
        for (bool more = true; more;) {
            const auto done = co_await daemon.store().forget_pending({object.installation_id, object.object});
            object.messages += done.messages;
            more = done.more;
        }
}

awaitable<void> forget_object(Daemon& daemon, ForgetReport::Object& object) {
    for (bool more = true; more;) {
        const auto done = co_await daemon.store().forget_object({object.installation_id, object.object});
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
    for (auto& name : co_await daemon.store().known_objects())
        if (wanted(name.installation_id) && !is_configured(config, name))
            report.objects.push_back({std::move(name.installation_id), std::move(name.object)});
    if (!report.objects.empty()) co_await forget_pending(daemon, report.objects);
    for (auto& object : report.objects) co_await forget_object(daemon, object);
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
