// What must be true of one read once it has ended.
#include "tests/simulation/invariants.hpp"

#include "config/core/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::simulation {
namespace {

constexpr std::size_t recents_max = 25;

constexpr Duration first_refused_pause = std::chrono::seconds{15};  // doubled each time

std::string name_of(const Invariants::Key& key) { return key.first + " " + key.second; }

}  // namespace

void Invariants::after_read(Observer& database, const FinishedRead& finished) {
    const auto& [installation, object, operation, type, status, result, began] = finished;
    const Key key{installation, object};
    const bool good = status == "success";
    auto& [refusals, rests_until] = refusals_[key];
    refusals = result.find("HTTP 401") == std::string::npos ? 0 : refusals + 1;
    const auto pause = refusals == 0 ? Duration{0} : first_refused_pause * (1 << std::min(refusals - 1, 6));
    rests_until = machine_.loop.tick() + pause;
    check_pause(finished);
    if (type == "triggered") check_endings(database);
    const auto done = database.operation(operation);
    if (!done || done->status != status || done->read_type != type)
        return journal_.violate("operations", "a read that has ended is not stored as such: " + operation);
    Read read{key, type, *settings(installation, object), facts(object), done->created_at};
    if (type == "triggered") read.began = machine_.now() - (machine_.loop.tick() - began);  // it waited until then
    StoredObject stored;
    for (auto& each : database.objects())
        if (each.installation == installation && each.object == object) stored = std::move(each);
    const auto reading = provider_.readings().take(key, type, good);
    const auto records = database.records(installation, object);
    const auto queries = database.queries(installation, object);
    check_deletes(read, records);
    auto bearings = database.bearings(installation, object);
    if (type == "triggered" && bearings_.contains(key)) check_bearings(read, bearings);
    bearings_[key] = std::move(bearings);
    if (!good) {
        if (type != "triggered") disturb(key, reading);
        check_others_read(read, reading, result, queries, records);
        if (result.find("they can't be parted") != std::string::npos && !crowds())
            journal_.violate("complete-reads", name_of(key) + " could not be read, though its rows can be told apart");
        std::set<QueryName> read_to_the_end;
        for (const auto& query : queries)
            if (query.done) read_to_the_end.insert({query.itwin_id, query.slice});
        if (stored.backfill == "running" && stored.triggered == 0)
            provider_.readings().expect_resume(key, stored.next_url, std::move(read_to_the_end));
        return;
    }
    read.full = stored.last_full_at == read.began;
    check_fuse(read, reading, records);
    check_complete(read, reading, queries);
    check_queries(read, database, queries);
    check_full_is_due(read, stored);
    if (journal_.violated()) return;
    const auto groups = groups_of(read, reading, queries);
    bool undisturbed = reading.mutations == mutations(object);  // also while a list was read that had to be parted
    for (const auto& [itwin_id, group] : groups) {
        undisturbed = undisturbed && group.undisturbed;
        if (!group.undisturbed) continue;
        ++compared_;
        if (!check_shown(read, group.chains.front()->query, records)) return;
        if (read.type != "triggered" && read.facts.incremental)
            check_behind_cursor(read, itwin_id, group, stored.since, records);
    }
    if (type == "triggered") return check_triggered(read, groups, database, operation, records);
    disturb(key, reading);
    check_open_jobs(read, reading, records);
    const bool whole = !read.facts.incremental || read.full;
    if (undisturbed && whole && read.type != "backfill" && read.settings.detect_deletes && !reading.hindered &&
        read.facts.absence == bentley::Absence::deleted)
        check_leftover(read, records);
}

/// A triggered read leaves all as it was. What is gone with an iTwin that is no longer known does not count, and a list
/// that it found cut is parted for the backfill too.
void Invariants::check_bearings(const Read& read, const Bearings& now) {
    auto before = bearings_[read.key];
    if (!read.settings.itwins.ids.empty() || read.settings.itwins.all)
        std::erase_if(before.cursors,
                      [&](const auto& each) { return !each.first.empty() && !now.cursors.contains(each.first); });
    const bool may_part = read.key.second == "itwins" && scenario_.rows_max != 0;
    if (now.cursors == before.cursors && now.times == before.times && (may_part || now.position == before.position))
        return;
    journal_.violate("triggered", fmt::format("{}: a triggered read left {}{}{} cursors behind, it found {}{}{}",
                                              name_of(read.key), now.times, now.position, now.cursors.size(),
                                              before.times, before.position, before.cursors.size()));
}

bool Invariants::crowds() const {
    return std::ranges::any_of(scenario_.events, [](const Event& event) { return event.kind == Event::Kind::crowd; });
}

Invariants::Groups Invariants::groups_of(const Read& read, const Reading& reading,
                                         const std::vector<StoredQuery>& queries) {
    Groups groups;
    const auto now = mutations(read.key.second);
    for (const auto& query : queries) {
        auto& group = groups[query.itwin_id];
        const auto found = reading.chains.find({query.itwin_id, query.slice});
        if (found == reading.chains.end()) continue;
        const auto& chain = found->second;
        group.chains.push_back(&chain);
        // A cut backfill that begins anew and is cut before its first page is stored goes on at its old place: nothing
        // to compare.
        const bool steady = chain.gapless && chain.finished && !(read.type == "backfill" && chain.restarted);
        group.undisturbed = group.undisturbed && steady && chain.mutations == now;
    }
    return groups;
}

void Invariants::check_complete(const Read& read, const Reading& reading, const std::vector<StoredQuery>& queries) {
    for (const auto& query : queries) {
        const auto found = reading.chains.find({query.itwin_id, query.slice});
        if (found == reading.chains.end() || !found->second.finished)
            return journal_.violate("complete-reads", fmt::format("{} ended well before the last page of '{}' {}",
                                                                  name_of(read.key), query.itwin_id, query.slice));
    }
    if (queries.empty()) journal_.violate("complete-reads", name_of(read.key) + " has no queries");
}

/// Those of the iTwins that the installation knew when the read began.
void Invariants::check_queries(const Read& read, Observer& database, const std::vector<StoredQuery>& queries) {
    if (machine_.skew != Duration{0}) return;  // times of a clock that jumped
    std::set<std::string> asked, known;
    for (const auto& query : queries) asked.insert(query.itwin_id);
    const auto& itwins = read.settings.itwins;
    known.insert(itwins.ids.begin(), itwins.ids.end());
    if (itwins.all)
        for (const auto& [id, record] : database.records(read.key.first, "itwins")) {
            if (record.updated_at >= read.began) asked.erase(id);
            if (record.updated_at < read.began && !record.deleted_at) known.insert(id);
        }
    asked.erase("");
    const bool all_there = std::ranges::includes(asked, known);
    const bool more = asked.size() > known.size() && read.type == "scheduled";
    if (!all_there || more)
        journal_.violate("complete-reads", fmt::format("{}: {} iTwins were read, {} are known", name_of(read.key),
                                                       asked.size(), known.size()));
}

/// An iTwin that can't be read is no reason not to read the others, and none to delete anything.
void Invariants::check_others_read(const Read& read, const Reading& reading, const std::string& result,
                                   const std::vector<StoredQuery>& queries, const Records& records) {
    if (result.find(" for iTwin ") == std::string::npos || result.find("it is refused") == std::string::npos) return;
    const bool several = result.find(" iTwins could not be read; ") != std::string::npos;
    const auto failed = several ? std::atoll(result.c_str()) : 1;
    std::int64_t unread = 0;
    for (const auto& query : queries) {
        const auto found = reading.chains.find({query.itwin_id, query.slice});
        unread += found == reading.chains.end() || !found->second.finished;
    }
    if (unread > failed)
        journal_.violate("complete-reads",
                         fmt::format("{}: {} queries were not read: {}", name_of(read.key), unread, result));
    if (machine_.skew != Duration{0} || !read.facts.state.empty()) return;
    for (const auto& [id, record] : records)
        if (record.deleted_at && *record.deleted_at > read.began)
            return journal_.violate("no-wrong-delete",
                                    fmt::format("{}: a read that failed deleted {}", name_of(read.key), id));
}

std::vector<const Row*> Invariants::listed(const Read& read, const ListQuery& query) const {
    const auto now = machine_.true_now();
    std::vector<const Row*> rows;
    for (const auto& row : provider_.truth(read.key.second).rows())
        if (row.listed_from <= now && query.covers(row)) rows.push_back(&row);
    if (read.key.second == "itwins/recents") {
        std::ranges::reverse(rows);
        rows.resize(std::min(rows.size(), recents_max));
    }
    return rows;
}

/// Everything that the provider showed is there as it was shown.
bool Invariants::check_shown(const Read& read, const ListQuery& query, const Records& records) {
    const auto fail = [&](const std::string& which, const std::string& how) {
        journal_.violate(which, name_of(read.key) + ": " + how);
        return false;
    };
    for (const auto* row : listed(read, query)) {
        const auto found = records.find(row->id);
        const bool there = found != records.end() && !found->second.deleted_at;
        if (!there || revision_of(found->second.raw) != row->revision)
            return fail("nothing-lost", fmt::format("after a read that ended well, {} revision {} is {}", row->id,
                                                    row->revision, there ? "an older one" : "not there"));
        if (!provider_.truth(read.key.second).emitted(row->id, found->second.raw))
            return fail("nothing-invented", fmt::format("{} is stored as {}", row->id, found->second.raw));
        const bool active = active_in(found->second.raw);
        if (found->second.visible != (read.settings.filters.empty() || active))
            return fail("filters", fmt::format("{} is {}", row->id, active ? "active" : "not active"));
    }
    return true;
}

/// Nothing that the provider lists by now is left behind the query's cursor, where later incremental reads don't look;
/// nor, where it lists by change, an older revision.
void Invariants::check_behind_cursor(const Read& read, const std::string& itwin_id, const Group& group,
                                     std::optional<Timestamp> since, const Records& records) {
    const auto& object = read.key.second;
    const bool by_change = read.facts.incremental->at != read.facts.created;
    const auto& truth = provider_.truth(object);
    auto [found, fresh] = baselines_[read.key].try_emplace(itwin_id);  // its first read must be a full one
    auto& baseline = found->second;
    if (by_change && (fresh || !group.chains.front()->query.since)) baseline = {true, truth.quiet_moves()};
    if (by_change && (!baseline.clean || baseline.quiet_moves != truth.quiet_moves())) return;
    auto query = group.chains.front()->query;
    query.since = by_change ? std::nullopt : since;
    if (query.since) query.since = std::chrono::floor<std::chrono::seconds>(*query.since);
    for (const auto* row : listed(read, query)) {
        const auto stored = records.find(row->id);
        if (stored == records.end() || (by_change && revision_of(stored->second.raw) != row->revision))
            return journal_.violate("cursor",
                                    fmt::format("{} '{}': {} (created {}, changed {}, listed from {}) was left behind",
                                                name_of(read.key), itwin_id, row->id, format_time(row->created),
                                                format_time(row->modified), format_time(row->listed_from)));
    }
}

/// What changed while a list was read may have hidden rows of it until the next full read.
void Invariants::disturb(const Key& key, const Reading& reading) {
    const auto now = mutations(key.second);
    for (const auto& [name, chain] : reading.chains) {
        const auto [found, fresh] = baselines_[key].try_emplace(name.first);
        const bool steady = chain.gapless && chain.mutations == now;
        if (!steady) found->second.clean = false;
        if (steady && fresh && chain.finished) found->second = {true, provider_.truth(key.second).quiet_moves()};
    }
}

/// Jobs that are stored as open are as the provider has them, and are asked for until they have ended.
void Invariants::check_open_jobs(const Read& read, const Reading& reading, const Records& records) {
    if (read.facts.state.empty()) return;
    const auto& [installation, object] = read.key;
    const bool unchanged = reading.mutations && *reading.mutations == mutations(object) && !reading.hindered;
    std::set<std::string> missing_once;
    for (const auto& [id, record] : records) {
        if (record.deleted_at) continue;
        if (record.missing == 1) missing_once.insert(id);
        const auto state = state_in(record.raw);
        const bool open = is_open_state(state);
        if (open != record.rechecked)
            return journal_.violate("open-jobs", fmt::format("{}: {} is {}, it is {}read again", name_of(read.key), id,
                                                             state, record.rechecked ? "" : "not "));
        if (!open || !unchanged || !is_young_job(record.raw, machine_.true_now())) continue;
        const auto* row = provider_.truth(object).find(id);
        if (row && row->revision != revision_of(record.raw))
            return journal_.violate(
                "open-jobs", fmt::format("{}: {} is stored as {}, it is {}", name_of(read.key), id, state, row->state));
        // For the operator, or for the next read, since the operator decided while this one ran or it is the first.
        const bool waits = record.missing > 1 || (record.missing == 1 && !missing_once_[read.key].contains(id));
        if (!row && !waits && read.settings.detect_deletes)
            return journal_.violate("deletes-found",
                                    fmt::format("{}: the open job {} is gone but still stored", name_of(read.key), id));
    }
    missing_once_[read.key] = std::move(missing_once);
}

/// What is gone at the provider is deleted, unless the fuse or a second full read is waited for.
void Invariants::check_leftover(const Read& read, const Records& records) {
    const auto& truth = provider_.truth(read.key.second);
    for (const auto& [id, record] : records) {
        const bool waits = record.missing == 2 || (record.missing == 1 && !read.facts.own);
        if (!record.deleted_at && !waits && !truth.find(id))
            return journal_.violate("deletes-found",
                                    fmt::format("{}: {} is gone but still stored", name_of(read.key), id));
    }
}

void Invariants::check_fuse(const Read& read, const Reading& reading, const Records& records) {
    if (machine_.skew != Duration{0}) return;  // deleted_at and the read's begin are times of a clock that jumped
    std::int64_t known = 0, deleted = 0, listed = 0;
    for (const auto& [id, record] : records) {
        const bool by_this_read = record.deleted_at && *record.deleted_at > read.began;
        deleted += by_this_read;
        known += by_this_read || !record.deleted_at;
    }
    for (const auto& [name, chain] : reading.chains) listed += chain.rows;
    const auto& fuse = read.settings.max_deletes;
    const auto share = std::max<std::int64_t>(10, std::int64_t(fuse.share * double(known)));
    const auto allowed = read.type == "triggered" ? 0 : fuse.records ? *fuse.records : fuse.share >= 1 ? known : share;
    const bool none_left = listed == 0 && fuse.share < 1 && !fuse.records && read.facts.state.empty();
    if (fuse_overruled_ || deleted == 0 || (deleted <= allowed && !none_left)) return;
    journal_.violate("fuse", fmt::format("{}: a {} read deleted {} of {} records, {} are allowed", name_of(read.key),
                                         read.type, deleted, known, none_left ? 0 : allowed));
}

void Invariants::check_deletes(const Read& read, const Records& records) {
    const auto& object = read.key.second;
    for (const auto& [id, record] : records) {
        if (!record.deleted_at) continue;
        const auto fail = [&](std::string_view how) {
            journal_.violate("no-wrong-delete", fmt::format("{}: {} is deleted{}", name_of(read.key), id, how));
        };
        if (provider_.truth(object).find(id)) return fail(" here but not there");
        if (read.facts.absence != bentley::Absence::nothing) continue;
        if (!is_open_state(state_in(record.raw))) return fail(", where absence means nothing");
        if (provider_.readings().misses(read.key, id) < 2) return fail(" though its own read did not miss it twice");
    }
}

/// A triggered read delivers what it read, each record once.
void Invariants::check_triggered(const Read& read, const Groups& groups, Observer& database,
                                 const std::string& operation, const Records& records) {
    std::map<std::string, int> told, as_it_was;
    for (const auto& body : database.bodies(operation)) {
        const auto result = json::find(body, "result");
        for (const auto item : result ? json::elements(*result) : std::vector<std::string_view>{}) {
            const auto id = json::as_text(json::find(item, "id").value_or("\"\"")).value_or("");
            const auto change = json::as_text(json::find(item, "changeType").value_or("\"\"")).value_or("");
            ++told[id];
            as_it_was[id] += change == "none" || change == "create";
        }
    }
    bool undisturbed = true;
    for (const auto& [itwin_id, group] : groups) undisturbed = undisturbed && group.undisturbed;
    for (const auto& [id, times] : told)
        if (as_it_was[id] > 1 || (undisturbed && times > 1))
            return journal_.violate("triggered",
                                    fmt::format("{}: {} is told {} times by one read", name_of(read.key), id, times));
    for (const auto& [itwin_id, group] : groups) {
        if (!group.undisturbed) continue;
        for (const auto* row : listed(read, group.chains.front()->query))
            if (records.at(row->id).visible && told[row->id] == 0)
                return journal_.violate("triggered",
                                        fmt::format("{}: {} was read but not told", name_of(read.key), row->id));
    }
}

void Invariants::check_full_is_due(const Read& read, const StoredObject& stored) {
    if (read.type != "scheduled" || machine_.skew != Duration{0} || !read.facts.incremental) return;
    const auto every = read.settings.full_every;
    if (stored.last_full_at && (every == Duration::zero() || *stored.last_full_at + every > read.began)) return;
    journal_.violate("full-reads", fmt::format("{} was not read in full since {}", name_of(read.key),
                                               stored.last_full_at ? format_time(*stored.last_full_at) : "ever"));
}

}  // namespace syncd::simulation
