#include "tests/simulation/notice_invariants.hpp"

#include "config/core/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace syncd::simulation {
namespace {

constexpr auto notices_object = "notifications";

std::string text(std::string_view object, const char* name) {
    const auto value = json::find(object, name);
    return value ? json::as_text(*value).value_or("") : std::string();
}

std::string type_of(std::string_view body) { return text(body, "notificationType"); }

std::string operation_of(std::string_view body) {
    const auto data = json::find(body, "data");
    return data ? text(*data, "operationId") : std::string();
}

/// Who is told of every event.
std::vector<std::string> listeners(const config::Config& config) {
    std::vector<std::string> names;
    for (const auto& each : config.notifications)
        if (each.all) names.push_back(each.destination);
    return names;
}

}  // namespace

/// A backfill is done when its last message was accepted; a dead letter is not waited for.
void NoticeInvariants::arrived(Observer& database, std::string_view body) {
    if (type_of(body) != "read.backfill.done") return;
    const auto operation = operation_of(body);
    for (const auto& message : database.messages_of(operation)) {
        const bool accepted = std::ranges::any_of(
            receivers_, [&](const auto& receiver) { return receiver.second->has_taken(message.id); });
        if (!accepted && message.status != "dead")
            journal_.violate("backfill-told", fmt::format("{} is told as done, its message #{} is {}", operation,
                                                          message.sequence, message.status));
    }
    const auto stored = database.operation(operation);
    if (!stored || stored->status == "in_progress")
        journal_.violate("backfill-told", operation + " is told as done, but it goes on");
}

/// A connection that stops working is told of once, and once that it works again.
void NoticeInvariants::check_turns(Observer& database, const std::string& destination,
                                   const std::string& installation) {
    std::map<std::string, bool> broken;  // by the event that says so
    for (const auto& message : database.messages(destination, installation, notices_object)) {
        const auto type = type_of(message.body);
        for (const std::string says : {"connection.error", "read.schedule.paused"}) {
            if (type != says && type != "connection.refreshed") continue;
            const bool is = type == says;
            if (broken[says] == is)
                journal_.violate("health-told",
                                 fmt::format("{} hears {} twice of {}", destination, type, installation));
            broken[says] = is;
        }
    }
    const bool healthy = database.is_healthy(installation);
    for (const auto& [says, is] : broken)
        if (is == healthy)
            journal_.violate("health-told", fmt::format("{}: the last that {} heard of {} is not so", says, destination,
                                                        installation));
}

void NoticeInvariants::check_backfills(Observer& database, const std::string& destination, bool end) {
    for (const auto& installation : scenario_.config.installations) {
        std::map<std::string, int> told;
        for (const auto& message : database.messages(destination, installation.id, notices_object))
            if (type_of(message.body) == "read.backfill.done") ++told[operation_of(message.body)];
        for (const auto& [operation, times] : told)
            if (times > 1) journal_.violate("backfill-told", fmt::format("{} is told {} times", operation, times));
        if (!end) continue;
        for (const auto& operation : database.operations()) {
            const bool backfill = operation.installation == installation.id && operation.read_type == "backfill" &&
                                  operation.status == "success";
            if (backfill && !told.contains(operation.id))
                journal_.violate("backfill-told",
                                 fmt::format("{} of {} is done, and nobody is told", operation.id, operation.object));
        }
    }
}

void NoticeInvariants::look(Observer& database) {
    for (const auto& destination : listeners(scenario_.config)) {
        check_backfills(database, destination, false);
        for (const auto& installation : scenario_.config.installations)
            check_turns(database, destination, installation.id);
    }
}

void NoticeInvariants::check_end(Observer& database) {
    look(database);
    for (const auto& destination : listeners(scenario_.config)) {
        check_backfills(database, destination, true);
        for (const auto& installation : scenario_.config.installations)
            for (const auto& message : database.messages(destination, installation.id, notices_object))
                if (message.status == "delivered" && !receivers_.at(destination)->has_notice(message.id))
                    journal_.violate("nothing-lost", fmt::format("{}: the notification {} counts as delivered",
                                                                 destination, message.id));
    }
}

}  // namespace syncd::simulation
