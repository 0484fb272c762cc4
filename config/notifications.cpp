#include "config/notifications.hpp"

#include "config/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::config {
namespace {

constexpr const char* all_events = "all";

void read_events(const Value& value, Notification& notification) {
    const auto& known = notification_events();
    const auto entries = value.list();
    for (const auto& entry : entries) {
        const auto event = entry.filled();
        if (!event) continue;
        if (*event == all_events) {
            notification.all = true;
        } else if (std::ranges::find(known, *event) != known.end()) {
            notification.events.insert(*event);
        } else {
            auto allowed = known;
            allowed.emplace_back(all_events);
            entry.error(fmt::format("no event is named {}{}", shown(*event), suggestion(*event, allowed)));
        }
    }
    if ((value.is_list() && entries.empty()) || value.is_null())
        value.error("events is empty; allowed: a list of events, or [all]");
}

}  // namespace

const std::vector<std::string>& notification_events() {
    static const std::vector<std::string> events = {"installation.created",
                                                    "installation.updated",
                                                    "installation.deleted",
                                                    "read.backfill.done",
                                                    "read.schedule.paused",
                                                    "read.triggered.done",
                                                    "read.triggered.error",
                                                    "write.async.done",
                                                    "connection.created",
                                                    "connection.refreshed",
                                                    "connection.updated",
                                                    "connection.deleted",
                                                    "connection.error",
                                                    "subscribe.create.error",
                                                    "destination.webhook.disabled",
                                                    "read.overdue",
                                                    "read.deletes.held",
                                                    "write.unknown",
                                                    "budget.high",
                                                    "disk.low"};
    return events;
}

std::vector<Notification> read_notifications(const Value& value, const Destinations& destinations) {
    std::vector<Notification> all;
    for (const auto& entry : value.list()) {
        Map map(entry);
        Notification notification;
        const auto destination = map.required("destination");
        set(notification.destination, destination.filled());
        destinations.check(notification.destination, destination);
        read_events(map.required("events"), notification);
        map.close();
        const auto same = std::ranges::find(all, notification.destination, &Notification::destination);
        if (same == all.end()) {
            all.push_back(std::move(notification));
        } else {
            same->all = same->all || notification.all;
            same->events.merge(notification.events);
        }
    }
    return all;
}

}  // namespace syncd::config
