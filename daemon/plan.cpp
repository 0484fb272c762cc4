#include "daemon/plan.hpp"

#include <algorithm>

namespace syncd {
namespace {

using std::chrono::days;

/// Later than any record: those without a time count as known too.
constexpr Timestamp everything_is_known{std::chrono::sys_days{std::chrono::year{9999} / 12 / 31}};

/// A list that can only be narrowed by creation and whose absences mean nothing: the three jobs objects.
bool is_jobs_like(const bentley::ReadFacts& facts) {
    return facts.incremental && facts.absence == bentley::Absence::nothing;
}

bool has_times(const bentley::ReadFacts& facts) { return !facts.created.empty() || !facts.modified.empty(); }

config::Backfill window_of(const bentley::ReadFacts& facts, const config::ReadObject& object) {
    return object.backfill.value_or(config::Backfill{.full_history = !is_jobs_like(facts), .days = 0});
}

void plan_backfill(ReadPlan& plan, const bentley::ReadFacts& facts, const config::ReadObject& object, Timestamp now) {
    const auto wanted = window_of(facts, object);
    if (wanted.full_history) return;
    const auto start = now - days{wanted.days};
    if (is_jobs_like(facts)) {
        plan.since = plan.backfill_since = start - object.overlap;  // our clock may be ahead of the provider's
        plan.deliver_from = start;
    } else if (has_times(facts)) {
        plan.deliver_from = start;
    } else if (wanted.days == 0) {
        plan.deliver_from = everything_is_known;
    }
}

bool full_is_due(const bentley::ReadFacts& facts, const config::ReadObject& object, const storage::ObjectState& state,
                 const ReadOrder& order, Timestamp now) {
    if (!facts.incremental || order.full) return true;
    if (!state.cursor && !object.itwins.any()) return true;
    if (!state.last_full_at) return true;
    if (object.full_every == Duration::zero()) return false;
    return *state.last_full_at > now || *state.last_full_at + object.full_every <= now;
}

}  // namespace

ReadPlan plan_read(const bentley::ReadFacts& facts, const config::ReadObject& object, const storage::ObjectState& state,
                   const ReadOrder& order, Timestamp now) {
    using Backfill = storage::ObjectState::Backfill;
    ReadPlan plan;
    if (order.type == ReadType::triggered) {
        plan.moves_cursors = false;
        plan.deliver_unchanged = true;
        if (facts.incremental) {
            plan.since = order.since;
            plan.until = order.until;
        }
        return plan;
    }
    plan.deliver_unchanged = object.deliver_all || order.all;
    plan.backfill = state.backfill != Backfill::done;
    plan.timeless_is_known = window_of(facts, object).days == 0;
    if (state.backfill == Backfill::pending) {
        plan_backfill(plan, facts, object, now);
    } else if (state.backfill == Backfill::running) {
        plan.resumed = true;
        plan.since = state.since;
        plan.deliver_from = state.deliver_from;
    } else {
        plan.full = full_is_due(facts, object, state, order, now);
        plan.since = state.since;
        if (facts.incremental && !state.redeliver) plan.first_seen_from = state.deliver_from;
    }
    plan.may_delete = plan.full && !plan.resumed && object.detect_deletes &&
                      facts.absence == bentley::Absence::deleted && state.records > 0;
    return plan;
}

bool shift_window(ReadPlan& plan, Duration ahead) {
    const bool counted =
        plan.backfill && !plan.resumed && plan.deliver_from && *plan.deliver_from != everything_is_known;
    if (!counted) return false;
    *plan.deliver_from -= ahead;
    if (plan.since) plan.backfill_since = *plan.since -= ahead;
    return true;
}

std::optional<Timestamp> since_of(const ReadPlan& plan, const config::ReadObject& object,
                                  const storage::ReadQuery& query) {
    if (plan.full || !query.cursor) return plan.since;
    return std::max(*query.cursor - object.overlap, plan.since.value_or(Timestamp{}));
}

std::optional<Timestamp> recheck_at(const Record& record, Timestamp now) {
    constexpr Duration young = days{7}, between = days{1};
    if (!record.open) return std::nullopt;
    const bool is_young = !record.created || now - *record.created < young;
    // A constant while it is young, so that nothing has to be written for a job that is as it was.
    return is_young ? Timestamp{} : std::chrono::floor<std::chrono::seconds>(now + between);
}

bool is_delivered(const ReadPlan& plan, const storage::ReadQuery& query, const Record& record) {
    const auto from = plan.backfill || query.cursor ? plan.deliver_from : plan.first_seen_from;
    if (!from) return true;
    if (*from == everything_is_known) return false;
    const auto time = record.created ? record.created : record.modified;
    return time ? *time >= *from : !plan.timeless_is_known;
}

std::optional<Timestamp> advance_cursor(std::optional<Timestamp> cursor, const bentley::ReadFacts& facts,
                                        const Page& page, std::optional<Timestamp> cap) {
    if (!facts.incremental) return cursor;
    const bool by_creation = facts.incremental->at == facts.created;
    for (const auto& record : page.records) {
        auto time = by_creation ? record.created : record.modified;
        if (!time) continue;
        if (page.date) time = std::min(*time, *page.date);
        if (cap) time = std::min(*time, *cap);
        if (!cursor || *time > *cursor) cursor = time;
    }
    return cursor;
}

}  // namespace syncd
