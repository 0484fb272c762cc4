#include "tests/simulation/invariants.hpp"

#include "config/core/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::simulation {
namespace {

constexpr Duration schedule_tolerance = std::chrono::minutes{3};  // the longest nap of a scheduler is one minute

/// What a message says of one record.
struct Saying {
    std::int64_t revision = -1;
    bool deleted = false;
    std::int64_t sequence = 0;
};

void apply_message(std::map<std::string, Saying>& told, const StoredMessage& message) {
    const auto result = json::find(message.body, "result");
    if (!result) return;
    for (const auto item : json::elements(*result)) {
        const auto id = json::as_text(json::find(item, "id").value_or("\"\"")).value_or("");
        const auto change = json::as_text(json::find(item, "changeType").value_or("\"\"")).value_or("");
        auto& record = told[id];
        if (message.sequence < record.sequence) continue;
        record = {revision_of(json::find(item, "raw").value_or("")), change == "delete", message.sequence};
    }
}

/// When a schedule line that the scenarios use is due after that time, worked out apart from the product's own code.
Timestamp due_after(const std::string& line, Timestamp last) {
    const auto number = [&](std::size_t from) { return std::atoi(line.c_str() + from); };
    const auto whole = [&](Duration step) { return Timestamp{(last.time_since_epoch() / step + 1) * step}; };
    if (line == "@hourly") return whole(std::chrono::hours{1});
    if (line.starts_with("*/")) return whole(std::chrono::minutes{number(2)});
    const auto every = number(std::string_view("@every ").size());
    return last + (line.back() == 's' ? Duration{std::chrono::seconds{every}} : Duration{std::chrono::minutes{every}});
}

}  // namespace

const config::ReadObject* Invariants::settings(const std::string& installation, const std::string& object) const {
    for (const auto& each : scenario_.config.installations)
        for (const auto& read : each.objects)
            if (each.id == installation && read.object == object) return &read;
    return nullptr;
}

const bentley::ReadFacts& Invariants::facts(const std::string& object) const {
    return *scenario_.catalog.find(object)->read;
}

void Invariants::begin_life(Observer& database, int life) {
    life_ = life;
    auto& readings = provider_.readings();
    for (const auto& object : database.objects()) {
        const Key key{object.installation, object.object};
        const bool goes_on = object.backfill == "running", spoiled = object.triggered > 0;
        disturb(key, readings.cut(key, goes_on, spoiled));
        std::set<QueryName> done;
        for (const auto& query : database.queries(object.installation, object.object))
            if (query.done) done.insert({query.itwin_id, query.slice});
        if (goes_on && !spoiled)
            readings.expect_resume(key, object.next_url, std::move(done));
        else
            readings.expect_resume(key, {}, {});
        bearings_[key] = database.bearings(object.installation, object.object);
        auto& pause = pauses_[key];
        pause.in_doubt = false;
        if (pause.is != object.paused) after_pause(key, object.paused);
    }
    check_endings(database);
}

void Invariants::read_broke(Observer& database, const Key& key) {
    if (key.second.empty())
        broken_life_ = life_;
    else
        bearings_[key] = database.bearings(key.first, key.second);
}

void Invariants::after_trigger(Observer& database, const Key& key, const result<std::string>& answer, bool several) {
    std::int64_t triggered = 0;
    for (const auto& object : database.objects())
        if (object.installation == key.first && object.object == key.second) triggered = object.triggered;
    if (!answer) {
        const bool others = several || triggered > 0;  // those of the same moment may not be stored yet
        if (answer.error().code != errc::cancelled && (answer.error().code != errc::conflict || !others))
            journal_.violate("triggered",
                             fmt::format("{} {} is refused: {}", key.first, key.second, answer.error().message));
        return;
    }
    triggered_[*answer] = life_;
    provider_.readings().expect_resume(key, {}, {});  // it may come between
    const auto operation = database.operation(*answer);
    if (!operation || operation->status != "in_progress" || operation->read_type != "triggered")
        journal_.violate("triggered", "an accepted read is not in progress: " + *answer);
    if (triggered > 2 && broken_life_ != life_)
        journal_.violate("triggered",
                         fmt::format("{} {}: {} triggered reads wait or run", key.first, key.second, triggered));
}

void Invariants::after_pause(const Key& key, bool paused) {
    journal_.note(fmt::format("{} {} is {}paused", key.first, key.second, paused ? "" : "not "));
    auto& pause = pauses_[key];
    pause.in_doubt = false;
    pause.is = paused;
    (paused ? pause.from : pause.to) = machine_.loop.tick();
}

/// No scheduled read begins while its object is paused.
void Invariants::check_pause(const FinishedRead& finished) {
    const auto found = pauses_.find({finished.installation, finished.object});
    if (peace_ || found == pauses_.end() || finished.type == "triggered") return;
    const auto& pause = found->second;
    constexpr Duration rounding = std::chrono::milliseconds{2};
    const bool after = pause.from != Tick{} && finished.began > pause.from + rounding;
    const bool before = pause.is || finished.began < pause.to - rounding;
    if (after && before && !pause.in_doubt)
        journal_.violate("pause",
                         fmt::format("{} {} was read while it was paused", finished.installation, finished.object));
}

/// An operation that has ended stays as it ended.
void Invariants::check_endings(Observer& database) {
    for (const auto& operation : database.operations()) {
        if (operation.status == "in_progress" && !endings_.contains(operation.id)) continue;
        const auto [known, fresh] = endings_.emplace(operation.id, operation.status);
        if (!fresh && known->second != operation.status)
            journal_.violate("operations", fmt::format("{} of {} was a {}, now it is {}", operation.id,
                                                       operation.object, known->second, operation.status));
    }
}

void Invariants::check_outbox(Observer& database, bool all_delivered) {
    for (const auto& installation : scenario_.config.installations)
        for (const auto& object : installation.objects) check_told(database, installation.id, object, all_delivered);
}

void Invariants::check_told(Observer& database, const std::string& installation, const config::ReadObject& object,
                            bool all_delivered) {
    const auto& receiver = *receivers_.at(object.destination);
    const auto where = fmt::format("{} {} {}", object.destination, installation, object.object);
    std::map<std::string, Saying> told;
    const auto known = receiver.told().find({installation, object.object});
    if (known != receiver.told().end()) {
        if (known->second.has_dead_letters) return;
        for (const auto& [id, record] : known->second.records)
            told[id] = {revision_of(record.raw), record.deleted, record.sequence};
    }
    for (const auto& message : database.messages(object.destination, installation, object.object)) {
        if (message.status == "dead") return;
        if (message.by_url)
            return journal_.violate("simulation", where + ": a message by URL, which no scenario should make");
        if (all_delivered && message.status != "delivered")
            return journal_.violate("everything-delivered",
                                    fmt::format("{}: #{} is still {}", where, message.sequence, message.status));
        if (receiver.has_taken(message.id)) continue;
        if (message.status == "delivered")
            return journal_.violate("nothing-lost", fmt::format("{}: #{} counts as delivered but was never taken",
                                                                where, message.sequence));
        apply_message(told, message);
    }
    for (const auto& [id, record] : database.records(installation, object.object)) {
        const auto said = told.find(id);
        const bool shown = record.visible && !record.deleted_at;
        const bool is_told = said != told.end() && !said->second.deleted && said->second.sequence > 0;
        const bool never_told = said == told.end() || said->second.sequence == 0;
        if (shown && !is_told && !(receiver.rules().partly_told && never_told))
            return journal_.violate("nothing-lost",
                                    fmt::format("{}: {} is stored but neither told nor waiting to be", where, id));
        if (shown && is_told && said->second.revision != revision_of(record.raw))
            return journal_.violate("nothing-lost",
                                    fmt::format("{}: {} is stored with revision {}, told with {}", where, id,
                                                revision_of(record.raw), said->second.revision));
        if (!shown && is_told)
            return journal_.violate("nothing-lost",
                                    fmt::format("{}: {} is gone or hidden, but told as there", where, id));
        told.erase(id);
    }
    for (const auto& [id, said] : told)
        if (said.sequence > 0)
            return journal_.violate("nothing-invented", fmt::format("{}: {} was told but is not stored", where, id));
}

void Invariants::check_schedules(Observer& database, Tick undisturbed_since) {
    const auto objects = database.objects();
    std::set<std::string> know_itwins;  // installations
    for (const auto& stored : objects)
        if (stored.object == "itwins" && stored.backfill == "done") know_itwins.insert(stored.installation);
    for (const auto& stored : objects) {
        const auto scheduled = stored.in_progress - stored.triggered;
        if (scheduled > 1 || (stored.triggered > 2 && broken_life_ != life_))
            journal_.violate("one-read-at-a-time",
                             fmt::format("{} {}: {} scheduled and {} triggered reads in progress", stored.installation,
                                         stored.object, scheduled, stored.triggered));
        const auto* object = settings(stored.installation, stored.object);
        if (!object || stored.in_progress > 0 || !stored.healthy) continue;
        if (object->itwins.all && !know_itwins.contains(stored.installation)) continue;
        const auto& pause = pauses_[{stored.installation, stored.object}];
        const auto free_since =
            std::max({undisturbed_since, pause.to, refusals_[{stored.installation, stored.object}].second});
        if (stored.paused || pause.in_doubt) continue;
        if (machine_.loop.tick() - free_since > schedule_tolerance) check_due(stored, *object);
    }
    if (std::ranges::none_of(objects, [](const auto& stored) { return stored.triggered > 0; })) return;
    for (const auto& operation : database.operations())
        if (operation.status == "in_progress" && operation.read_type == "triggered" &&
            triggered_.contains(operation.id) && triggered_[operation.id] != life_)
            journal_.violate("operations", operation.id + " is in progress, though its process is gone");
}

void Invariants::check_due(const StoredObject& stored, const config::ReadObject& object) {
    const auto due = stored.last_due_at ? due_after(object.schedule.text(), *stored.last_due_at) : Timestamp{};
    if (machine_.now() > due + schedule_tolerance)
        journal_.violate("no-schedule-missed", fmt::format("{} {} ({}): due at {}, it is not read", stored.installation,
                                                           stored.object, object.schedule.text(), format_time(due)));
}

void Invariants::check_operations(Observer& database) {
    check_endings(database);
    auto accepted = triggered_;
    for (const auto& operation : database.operations()) {
        accepted.erase(operation.id);
        // A write whose outcome is unknown waits for the operator.
        const bool goes_on =
            operation.status == "in_progress" && (operation.read_type == "backfill" || operation.action == "write");
        if (operation.status == "in_progress" && !goes_on)
            journal_.violate("operations", fmt::format("{} of {} is in progress, though nothing runs", operation.id,
                                                       operation.object));
        if (operation.status != "in_progress" && operation.result.empty())
            journal_.violate("operations", fmt::format("{} of {} is {} without a reason", operation.id,
                                                       operation.object, operation.status));
    }
    if (!accepted.empty()) journal_.violate("triggered", "an accepted read was forgotten: " + accepted.begin()->first);
}

void Invariants::check_healed(Observer& database) {
    for (const auto& stored : database.objects()) {
        const Key key{stored.installation, stored.object};
        const auto* object = settings(key.first, key.second);
        if (!object) continue;
        auto& truth = provider_.truth(key.second);
        if (key.second == "itwins" && scenario_.rows_max != 0 && truth.is_crowded(scenario_.rows_max)) continue;
        const Read read{key, "scheduled", *object, facts(key.second), machine_.now(), true};
        const auto records = database.records(key.first, key.second);
        for (const auto& stored_query : database.queries(key.first, key.second)) {
            ListQuery query(key.second, "");
            query.itwin_id = stored_query.itwin_id;
            if (read.facts.incremental && stored.since)
                query.since = std::chrono::floor<std::chrono::seconds>(*stored.since);
            if (!check_shown(read, query, records)) return;
        }
        if (!object->detect_deletes) continue;
        for (const auto& [id, record] : records) {
            const bool expected = read.facts.absence == bentley::Absence::deleted ||
                                  (record.rechecked && is_young_job(record.raw, machine_.true_now()));
            if (!record.deleted_at && !truth.find(id) && expected)
                journal_.violate("deletes-found",
                                 fmt::format("{} {}: {} is gone but still stored", key.first, key.second, id));
        }
    }
}

void Invariants::check_integrity(Observer& database) {
    if (const auto said = database.integrity(); said != "ok") journal_.violate("integrity", said);
}

}  // namespace syncd::simulation
