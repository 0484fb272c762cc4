#include "tests/simulation/invariants.hpp"

#include "config/core/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::simulation {
namespace {

constexpr std::size_t recents_max = 25;
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

void Invariants::after_read(Observer& database, const std::string& installation, const std::string& object,
                            const std::string& operation) {
    const auto done = database.operation(operation);
    if (!done || done->status != "success")
        return journal_.violate("operations", "a read that succeeded is not stored as such: " + operation);
    const auto records = database.records(installation, object);
    check_deletes(installation, object, records);
    const auto chain = provider_.chain(installation, object);
    provider_.end_chain(installation, object);
    const Read read{installation,  object,          done->read_type, *settings(installation, object),
                    facts(object), done->created_at};
    check_fuse(read, chain, records);
    auto& truth = provider_.truth(object);
    if (!chain.finished)
        return journal_.violate("complete-reads",
                                fmt::format("{} {} ended well before its last page", installation, object));
    // A cut backfill that begins anew and is cut before its first page is stored goes on at its old place: nothing to
    // compare.
    if (read.type == "backfill" && chain.restarted) return;
    if (!chain.gapless || chain.mutations != truth.mutations(machine_.true_now())) return;  // it changed meanwhile
    ++compared_;
    check_shown(read, chain, records);
    if (read.facts.incremental && read.facts.incremental->scheduled) check_cursor(read, database, records);
    const bool capped = scenario_.rows_max != 0 && object == "itwins" && chain.rows >= scenario_.rows_max;
    const bool finds_deletes = read.type != "backfill" && read.settings.detect_deletes && !capped && !chain.hindered &&
                               read.facts.absence == bentley::Absence::deleted;
    if (finds_deletes) check_leftover(read, records);
}

std::vector<const Row*> Invariants::listed(const Read& read, const Chain& chain) const {
    const auto now = machine_.true_now();
    std::vector<const Row*> rows;
    for (const auto& row : provider_.truth(read.object).rows())
        if (row.listed_from <= now && row.created >= chain.since) rows.push_back(&row);
    if (read.object == "itwins/recents") {
        std::ranges::reverse(rows);
        rows.resize(std::min(rows.size(), recents_max));
    }
    if (read.object == "itwins" && scenario_.rows_max != 0)
        rows.resize(std::min(rows.size(), std::size_t(scenario_.rows_max)));
    return rows;
}

/// Everything that the provider showed is there as it was shown. Of an incremental read also: nothing is behind its
/// cursor.
void Invariants::check_shown(const Read& read, const Chain& chain, const Records& records) {
    for (const auto* row : listed(read, chain)) {
        const auto found = records.find(row->id);
        const bool there = found != records.end() && !found->second.deleted_at;
        if (!there || revision_of(found->second.raw) != row->revision)
            return journal_.violate(
                "nothing-lost",
                fmt::format("{} {}: after a read that ended well, {} revision {} is {}", read.installation, read.object,
                            row->id, row->revision, there ? "an older one" : "not there"));
        if (!provider_.truth(read.object).emitted(row->id, found->second.raw))
            return journal_.violate("nothing-invented", fmt::format("{} {}: {} is stored as {}", read.installation,
                                                                    read.object, row->id, found->second.raw));
        const bool active = active_in(found->second.raw);
        if (found->second.visible != (read.settings.filters.empty() || active))
            return journal_.violate("filters", fmt::format("{} {}: {} is {}", read.installation, read.object, row->id,
                                                           active ? "active" : "not active"));
    }
}

/// Nothing that the provider lists by now is left behind the cursor, where later incremental reads don't look.
void Invariants::check_cursor(const Read& read, Observer& database, const Records& records) {
    std::optional<Timestamp> since;
    for (const auto& object : database.objects())
        if (object.installation == read.installation && object.object == read.object) since = object.since;
    const auto now = machine_.true_now();
    for (const auto& row : provider_.truth(read.object).rows())
        if (row.listed_from <= now &&
            row.created >= std::chrono::floor<std::chrono::seconds>(since.value_or(Timestamp{})) &&
            !records.contains(row.id))
            return journal_.violate(
                "cursor", fmt::format("{} {}: {} (created {}, listed from {}) was left behind", read.installation,
                                      read.object, row.id, format_time(row.created), format_time(row.listed_from)));
}

/// What is gone at the provider is deleted, unless the fuse or a second full read is waited for.
void Invariants::check_leftover(const Read& read, const Records& records) {
    const auto& truth = provider_.truth(read.object);
    for (const auto& [id, record] : records) {
        const bool waits = record.missing == 2 || (record.missing == 1 && !read.facts.own);
        if (!record.deleted_at && !waits && !truth.find(id))
            return journal_.violate(
                "deletes-found", fmt::format("{} {}: {} is gone but still stored", read.installation, read.object, id));
    }
}

void Invariants::check_fuse(const Read& read, const Chain& chain, const Records& records) {
    if (machine_.skew != Duration{0}) return;  // deleted_at and the read's begin are times of a clock that jumped
    std::int64_t known = 0, deleted = 0;
    for (const auto& [id, record] : records) {
        const bool by_this_read = record.deleted_at && *record.deleted_at > read.began;
        deleted += by_this_read;
        known += by_this_read || !record.deleted_at;
    }
    const auto& fuse = read.settings.max_deletes;
    const auto share = std::max<std::int64_t>(10, std::int64_t(fuse.share * double(known)));
    const auto allowed = fuse.records ? *fuse.records : fuse.share >= 1 ? known : share;
    const bool none_left = chain.rows == 0 && fuse.share < 1 && !fuse.records;
    if (fuse_overruled_ || deleted == 0 || (deleted <= allowed && !none_left)) return;
    journal_.violate("fuse", fmt::format("{} {}: a read deleted {} of {} records, {} are allowed", read.installation,
                                         read.object, deleted, known, none_left ? 0 : allowed));
}

void Invariants::check_deletes(const std::string& installation, const std::string& object, const Records& records) {
    for (const auto& [id, record] : records) {
        if (record.deleted_at && provider_.truth(object).find(id))
            journal_.violate("no-wrong-delete",
                             fmt::format("{} {}: {} is deleted here but not there", installation, object, id));
        if (record.deleted_at && facts(object).absence == bentley::Absence::nothing)
            journal_.violate("no-wrong-delete", fmt::format("{} {}: {} is deleted, where absence means nothing",
                                                            installation, object, id));
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
    for (const auto& stored : database.objects()) {
        if (stored.in_progress > 1)
            journal_.violate("one-read-at-a-time", fmt::format("{} {}: {} reads in progress", stored.installation,
                                                               stored.object, stored.in_progress));
        const auto* object = settings(stored.installation, stored.object);
        if (!object || stored.in_progress > 0 || !stored.healthy) continue;
        if (machine_.loop.tick() - undisturbed_since > schedule_tolerance) check_due(stored, *object);
    }
}

void Invariants::check_due(const StoredObject& stored, const config::ReadObject& object) {
    const auto due = stored.last_due_at ? due_after(object.schedule.text(), *stored.last_due_at) : Timestamp{};
    if (machine_.now() > due + schedule_tolerance)
        journal_.violate("no-schedule-missed", fmt::format("{} {} ({}): due at {}, it is not read", stored.installation,
                                                           stored.object, object.schedule.text(), format_time(due)));
}

void Invariants::check_operations(Observer& database) {
    std::map<std::pair<std::string, std::string>, bool> running;
    for (const auto& object : database.objects())
        running[{object.installation, object.object}] = object.backfill == "running";
    for (const auto& operation : database.operations()) {
        const bool goes_on = operation.status == "in_progress" && operation.read_type == "backfill";
        if (operation.status == "in_progress" && !goes_on)
            journal_.violate("operations", fmt::format("{} of {} is in progress, though nothing runs", operation.id,
                                                       operation.object));
        if (operation.status != "in_progress" && operation.result.empty())
            journal_.violate("operations", fmt::format("{} of {} is {} without a reason", operation.id,
                                                       operation.object, operation.status));
    }
}

void Invariants::check_healed(Observer& database) {
    for (const auto& installation : scenario_.config.installations) {
        for (const auto& object : installation.objects) {
            const auto records = database.records(installation.id, object.object);
            const auto& facts_of = facts(object.object);
            const Read read{installation.id, object.object, "scheduled", object, facts_of, machine_.now()};
            const auto& chain = provider_.chain(installation.id, object.object);
            check_shown(read, chain, records);
            const bool capped =
                scenario_.rows_max != 0 && object.object == "itwins" && chain.rows >= scenario_.rows_max;
            if (!object.detect_deletes || capped || facts_of.absence == bentley::Absence::nothing) continue;
            for (const auto& [id, record] : records)
                if (!record.deleted_at && !provider_.truth(object.object).find(id))
                    journal_.violate("deletes-found", fmt::format("{} {}: {} is gone but still stored", installation.id,
                                                                  object.object, id));
        }
    }
}

void Invariants::check_integrity(Observer& database) {
    if (const auto said = database.integrity(); said != "ok") journal_.violate("integrity", said);
}

void Invariants::expect_resumes(Observer& database) {
    for (const auto& object : database.objects())
        provider_.expect_resume(object.installation, object.object,
                                object.backfill == "running" ? object.next_url : "");
}

}  // namespace syncd::simulation
