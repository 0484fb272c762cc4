#include "daemon/absences.hpp"

#include <fmt/format.h>

namespace syncd {
namespace {

constexpr std::size_t missing_batch = 100;  // missing records looked up together

constexpr int failures_in_a_row_max = 3;

/// Own reads that failed: one must not keep the others from being confirmed.
struct Failures {
    std::optional<Error> first;
    int in_a_row = 0;
    bool enough() const {
        return first && (in_a_row >= failures_in_a_row_max || first->code == errc::cancelled ||
                         first->code == errc::unauthorized);
    }
};

/// Those of the batch that are gone.
awaitable<std::vector<std::string>> confirm_batch(ReadRun& run, std::vector<storage::MissingRecord> batch,
                                                  Failures& failures) {
    std::vector<std::string> gone, first_time;
    for (const auto& record : batch) {
        if (!run.facts.own) {
            (record.state == storage::Missing::seen || record.state == storage::Missing::held ? first_time : gone)
                .push_back(record.id);
            continue;
        }
        auto exists = co_await run.context.connector.exists(run.facts, record.id, http::Priority::scheduled,
                                                            run.on_retry(record.id));
        if (!exists && exists.error().code != errc::forbidden) {
            auto failure = exists.error();
            failure.message = fmt::format("confirming that {} is gone: {}", record.id, failure.message);
            co_await run.note(storage::LogLevel::warn, failure.message);
            if (!failures.first) failures.first = std::move(failure);
            ++failures.in_a_row;
            if (failures.enough()) break;
            continue;
        }
        failures.in_a_row = 0;
        if (!exists)
            co_await run.note(storage::LogLevel::warn, fmt::format("{} is missing but its own read is {}: not deleted",
                                                                   record.id, exists.error().message));
        else if (!*exists)
            gone.push_back(record.id);
    }
    if (!first_time.empty()) co_await run.context.store.mark_missing_once(run.state.key, std::move(first_time));
    co_return gone;
}

awaitable<result<void>> confirm_missing(ReadRun& run, bool approved_only) {
    std::int64_t candidates = 0, deleted = 0;
    Failures failures;
    for (std::string after;;) {
        if (auto go_on = run.go_on(); !go_on) co_return go_on.error();
        auto batch = co_await run.context.store.missing(run.state.key, approved_only, after, missing_batch);
        if (batch.empty()) break;
        after = batch.back().id;
        candidates += std::int64_t(batch.size());
        auto gone = co_await confirm_batch(run, std::move(batch), failures);
        deleted += std::int64_t(gone.size());
        if (!gone.empty()) co_await run.commit_deletes(std::move(gone));
        if (failures.enough()) break;
    }
    if (failures.first) co_return *failures.first;
    const auto said =
        run.facts.own
            ? fmt::format("{} missing from the complete list, {} confirmed by their own 404", candidates, deleted)
            : fmt::format("{} missing from the complete list, {} for the second time", candidates, deleted);
    run.deletes_note += "; " + said;
    co_await run.note(storage::LogLevel::info, said);
    co_return result<void>();
}

}  // namespace

awaitable<result<void>> find_deletes(ReadRun& run) {
    const auto count = co_await run.context.store.count_missing(run.state.key);
    if (count.missing + count.approved == 0) co_return result<void>();
    const auto allowed = deletes_allowed(run.object.max_deletes, count.known);
    const bool none_left = run.records == 0 && count.missing > 0;
    const bool blown = count.missing > 0 && allowed && (count.missing > *allowed || none_left);
    if (blown) {
        auto told = run.context.notifier.deletes_held(run.subject(), count.missing, count.known);
        co_await run.context.store.hold_missing(run.state.key, told, run.context.world.now());
        run.context.ring_for(told);
        run.deletes_note = fmt::format(
            "; {} deletes held by the fuse (maxDeletes allows {} of {}): "
            "see `deletes confirm --object {}`",
            count.missing, *allowed, count.known, run.object.object);
        co_await run.note(storage::LogLevel::warn, run.deletes_note.substr(2));
        run.context.log.warn("deletes.held", {{"installation", run.context.installation.id},
                                              {"object", run.object.object},
                                              {"operation", run.envelope.operation_id},
                                              {"records", count.missing},
                                              {"known", count.known}});
        if (count.approved == 0) co_return result<void>();
    }
    co_return co_await confirm_missing(run, blown);
}

}  // namespace syncd
