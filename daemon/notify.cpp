#include "daemon/notify.hpp"

#include "connector/http/url.hpp"
#include "daemon/config_content.hpp"
#include "daemon/installation_json.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace syncd {

namespace bj = boost::json;

/// Of whom a notification tells, and what.
struct Notifier::Subject {
    std::string installation_id, operation_id;  // empty: of none
    bj::object data;
};

namespace {

const char* name_of(ConnectionEvent event) {
    switch (event) {
        case ConnectionEvent::created: return "connection.created";
        case ConnectionEvent::updated: return "connection.updated";
        case ConnectionEvent::deleted: return "connection.deleted";
        case ConnectionEvent::refreshed: return "connection.refreshed";
    }
    return "connection.updated";
}

/// What we kept ourselves; of a database that lacks it, or holds something else, an empty object.
bj::object parsed(const std::string& text) {
    boost::system::error_code failure;
    auto value = bj::parse(text, failure);
    return !failure && value.is_object() ? std::move(value.as_object()) : bj::object();
}

bj::array texts(const std::vector<std::string>& list) { return bj::value_from(list).as_array(); }

}  // namespace

std::vector<std::string> Notifier::destinations_of(std::string_view event) const {
    std::vector<std::string> told;
    for (const auto& [name, destination] : config_.destinations) {
        const bool tells = std::ranges::any_of(config_.notifications, [&](const config::Notification& each) {
            return each.destination == name && (each.all || each.events.contains(std::string(event)));
        });
        if (tells) told.push_back(name);
    }
    return told;
}

storage::Notices Notifier::make_for(const std::vector<std::string>& destinations, std::string_view event,
                                    const Subject& subject) const {
    if (destinations.empty()) return {};
    const auto body = bj::serialize(bj::object{{"notificationType", event}, {"data", subject.data}});
    storage::Notices notices;
    for (const auto& destination : destinations)
        notices.push_back({.destination = destination,
                           .installation_id = subject.installation_id,
                           .operation_id = subject.operation_id,
                           .body = body});
    return notices;
}

storage::Notices Notifier::make(std::string_view event, const Subject& subject) const {
    return make_for(destinations_of(event), event, subject);
}

Notifier::Subject Notifier::about(const config::Installation& installation) const {
    return {installation.id, "", installation_fields(config_.project, installation)};
}

Notifier::Subject Notifier::about(const ReadSubject& read) const {
    auto subject = about(read.installation);
    subject.operation_id = read.operation_id;
    subject.data["objectName"] = read.object.mapped_name;
    subject.data["rawObjectName"] = read.object.object;
    if (!read.operation_id.empty()) subject.data["operationId"] = read.operation_id;
    return subject;
}

storage::Notices Notifier::backfill_done(const ReadSubject& read) const {
    return make("read.backfill.done", about(read));
}

storage::Notices Notifier::triggered_ended(const ReadSubject& read, const TriggeredEnd& end) const {
    auto subject = about(read);
    if (end.since) subject.data["fromTimestamp"] = format_time(*end.since);
    if (end.until) subject.data["untilTimestamp"] = format_time(*end.until);
    if (end.error.empty()) return make("read.triggered.done", subject);
    subject.data["error"] = end.error;
    return make("read.triggered.error", subject);
}

storage::Notices Notifier::interrupted(const storage::InterruptedRead& read) const {
    for (const auto& installation : config_.installations) {
        if (installation.id != read.installation_id) continue;
        const auto object = std::ranges::find(installation.objects, read.object, &config::ReadObject::object);
        if (object == installation.objects.end()) break;
        return triggered_ended({installation, *object, read.operation_id},
                               {.error = read.result, .since = {}, .until = {}});
    }
    return {};  // it left the configuration
}

storage::Notices Notifier::deletes_held(const ReadSubject& read, std::int64_t held, std::int64_t known) const {
    auto subject = about(read);
    subject.data["numRecords"] = held;
    subject.data["knownRecords"] = known;
    return make("read.deletes.held", subject);
}

storage::Notices Notifier::read_overdue(const ReadSubject& read, Timestamp due_at,
                                        std::optional<Timestamp> kept_at) const {
    auto subject = about(read);
    subject.data["schedule"] = read.object.schedule.text();
    subject.data["dueTime"] = format_time(due_at);
    if (kept_at) subject.data["lastReadTime"] = format_time(*kept_at);
    return make("read.overdue", subject);
}

storage::Notices Notifier::unhealthy(const config::Installation& installation, const std::string& error) const {
    auto paused = about(installation);
    paused.data["config"] = config_content(installation);
    paused.data["error"] = error;
    auto notices = make("read.schedule.paused", paused);
    const bj::array errors{bj::value(error)};
    Subject failed{installation.id, "", connection_fields(config_.project, installation)};
    failed.data["errors"] = errors;
    failed.data["error"] = errors;
    std::ranges::move(make("connection.error", failed), std::back_inserter(notices));
    return notices;
}

storage::Notices Notifier::connection(ConnectionEvent event, const config::Installation& installation) const {
    return make(name_of(event), {installation.id, "", connection_fields(config_.project, installation)});
}

storage::InstallationFacts Notifier::facts_of(const config::Installation& installation) const {
    storage::InstallationFacts facts{.fields = bj::serialize(installation_fields(config_.project, installation)),
                                     .config = bj::serialize(config_content(installation)),
                                     .build = {}};
    facts.build = [this, &installation](const std::optional<std::string>& last_config) {
        auto subject = about(installation);
        subject.data["config"] = config_content(installation);
        if (!last_config) return make("installation.created", subject);
        subject.data["lastConfig"] = parsed(*last_config);
        return make("installation.updated", subject);
    };
    return facts;
}

storage::Notices Notifier::installation_deleted(const std::string& id, const std::string& fields,
                                                const std::string& config) const {
    // Not in the installation's own stream: that is forgotten with it.
    Subject subject{"", "", fields.empty() ? unknown_installation_fields(config_.project, id) : parsed(fields)};
    subject.data["config"] = parsed(config);
    return make("installation.deleted", subject);
}

storage::Notices Notifier::destination_disabled(const config::Destination& destination) const {
    constexpr auto event = "destination.webhook.disabled";
    const auto url = http::parse_url(destination.url);  // its query may hold a secret
    auto told = destinations_of(event);
    if (told.size() > 1) std::erase(told, destination.name);
    return make_for(told, event,
                    {"",
                     "",
                     {{"projectId", config_.project},
                      {"destinationId", destination.name},
                      {"destinationName", destination.name},
                      {"url", url ? url->without_query() : std::string()}}});
}

storage::Notices Notifier::write_done(const WriteSubject& write, bool success,
                                      const std::vector<std::string>& record_ids,
                                      const std::vector<std::string>& errors) const {
    auto subject = about(write.installation);
    subject.operation_id = write.operation_id;
    subject.data["objectName"] = write.mapped_name;
    subject.data["operationId"] = write.operation_id;
    subject.data["success"] = success;
    subject.data["successfulRecordIds"] = texts(record_ids);
    subject.data["errors"] = texts(errors);
    return make("write.async.done", subject);
}

storage::Notices Notifier::write_unknown(const WriteSubject& write, const std::string& write_id,
                                         const std::string& error) const {
    auto subject = about(write.installation);
    subject.operation_id = write.operation_id;
    subject.data["objectName"] = write.mapped_name;
    subject.data["rawObjectName"] = write.object;
    subject.data["operationId"] = write.operation_id;
    subject.data["writeId"] = write_id;
    subject.data["error"] = error;
    return make("write.unknown", subject);
}

storage::Notices Notifier::budget_high(const std::string& client_id, std::int64_t requests, std::int64_t limit) const {
    bj::array installations;
    for (const auto& installation : config_.installations)
        if (installation.connection.client_id == client_id) installations.emplace_back(installation.id);
    return make("budget.high", {"",
                                "",
                                {{"projectId", config_.project},
                                 {"provider", "bentley"},
                                 {"clientId", client_id},
                                 {"installationIds", std::move(installations)},
                                 {"requestsLastHour", requests},
                                 {"requestsPerHour", limit}}});
}

storage::Notices Notifier::disk_low(std::uint64_t available, std::uint64_t total) const {
    return make("disk.low", {"",
                             "",
                             {{"projectId", config_.project},
                              {"path", config_.storage.path},
                              {"availableBytes", available},
                              {"totalBytes", total}}});
}

}  // namespace syncd
