#include "daemon/open_jobs.hpp"

#include "daemon/mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace syncd {
namespace {

using storage::Missing;
using storage::OpenRecord;

constexpr std::size_t batch_max = 200;       // open records taken from the store together
constexpr std::size_t ids_max = 30;          // in one list
constexpr std::size_t url_bytes_max = 2000;  // what every server takes

/// What becomes of the jobs that are no longer found.
struct Lost {
    std::vector<std::string> first_time, gone, approved;
    std::optional<Error> failure;  // the first own read that failed: one must not keep the others from being read
    int failures_in_a_row = 0;
    bool list_failed = false;  // the list by ids, in this read
};

constexpr int failures_in_a_row_max = 3;

/// The record of that answer, ready to be committed.
storage::SeenRecord seen(const ReadRun& run, Record record, const WrittenRecords::Moment& asked) {
    const bool visible = passes(run.object.filters, record.raw);
    const auto recheck = recheck_at(record, run.context.world.now());
    const auto meanwhile = asked.since(run.object.object, record.id);
    return {std::move(record), visible, true, recheck, meanwhile};
}

awaitable<void> commit(ReadRun& run, std::vector<storage::SeenRecord> records) {
    if (records.empty()) co_return;
    auto page = run.page_commit();
    page.records = std::move(records);
    page.mark_seen = storage::MarkSeen::open;
    page.count_page = false;
    run.records += std::int64_t(page.records.size());
    co_await run.commit(std::move(page));
}

awaitable<result<void>> read_own(ReadRun& run, const OpenRecord& job, Lost& lost) {
    const WrittenRecords::Moment asked(run.context.written);
    auto found =
        co_await run.context.connector.read_own(run.facts, job.id, http::Priority::scheduled, run.on_retry(job.id));
    if (!found) {
        const auto& failure = found.error();
        const bool says_nothing = failure.code == errc::forbidden || failure.code == errc::invalid_body;
        const auto said = fmt::format("{} is still open, its own read is {}", job.id, failure.message);
        if (!says_nothing) co_return Error{failure.code, said, failure.http_status};
        co_await run.note(storage::LogLevel::warn, said);
        co_return result<void>();
    }
    if (*found && (*found)->id == job.id) {
        std::vector<storage::SeenRecord> one;
        one.push_back(seen(run, std::move(**found), asked));
        co_await commit(run, std::move(one));
    } else if (!*found && run.object.detect_deletes) {
        if (job.missing == Missing::seen) lost.first_time.push_back(job.id);
        if (job.missing == Missing::once) lost.gone.push_back(job.id);
        if (job.missing == Missing::approved) lost.approved.push_back(job.id);
    }
    co_return result<void>();
}

/// Asks for some jobs by their ids; leaves in `jobs` those that the answer does not show.
awaitable<result<void>> read_list(ReadRun& run, const std::string& itwin_id, std::vector<OpenRecord>& jobs) {
    std::vector<std::string> ids;
    for (const auto& job : jobs) ids.push_back(job.id);
    const auto url = bentley::by_ids_url(run.facts, run.context.connector.base_url(), itwin_id, ids, run.page_size);
    const WrittenRecords::Moment asked(run.context.written);
    auto page =
        co_await run.context.connector.read_page(run.facts, url, http::Priority::scheduled, run.on_retry("open jobs"));
    if (!page) co_return page.error();
    std::vector<storage::SeenRecord> found;
    for (auto& record : page->records)  // a provider that overlooks the filter shows others too
        if (std::erase_if(jobs, [&](const auto& job) { return job.id == record.id; }) > 0)
            found.push_back(seen(run, std::move(record), asked));
    co_await commit(run, std::move(found));
    co_return result<void>();
}

/// By iTwin where the object is read so: a list without one shows only the caller's own jobs.
std::map<std::string, std::vector<OpenRecord>> by_itwin(const ReadRun& run, std::vector<OpenRecord> batch) {
    std::map<std::string, std::vector<OpenRecord>> groups;
    for (auto& job : batch) {
        std::string itwin_id;
        if (run.object.itwins.any() && run.facts.per_itwin && !run.facts.per_itwin->at.empty())
            if (const auto value = json::find(job.raw, run.facts.per_itwin->at))
                itwin_id = json::as_string(*value).value_or("");
        groups[itwin_id].push_back(std::move(job));
    }
    return groups;
}

/// Takes as many jobs from the end as one URL holds.
std::vector<OpenRecord> take_some(const ReadRun& run, const std::string& itwin_id, std::vector<OpenRecord>& jobs) {
    std::vector<OpenRecord> some;
    std::vector<std::string> ids;
    while (!jobs.empty() && ids.size() < ids_max) {
        ids.push_back(jobs.back().id);
        const auto url = bentley::by_ids_url(run.facts, run.context.connector.base_url(), itwin_id, ids, run.page_size);
        if (url.size() > url_bytes_max && ids.size() > 1) break;
        some.push_back(std::move(jobs.back()));
        jobs.pop_back();
    }
    return some;
}

awaitable<result<void>> follow_group(ReadRun& run, std::string itwin_id, std::vector<OpenRecord> jobs, bool& lists_work,
                                     Lost& lost) {
    while (!jobs.empty()) {
        if (auto go_on = run.go_on(); !go_on) co_return go_on.error();
        auto some = take_some(run, itwin_id, jobs);
        if (lists_work && !lost.list_failed && run.facts.by_ids) {
            const auto listed = co_await read_list(run, itwin_id, some);
            if (!listed) {
                const auto code = listed.error().code;
                const bool of_the_list = code == errc::refused || code == errc::unprocessable ||
                                         code == errc::forbidden || code == errc::not_found ||
                                         code == errc::invalid_body || code == errc::transient ||
                                         code == errc::timed_out;  // own reads show whether it is the provider
                if (!of_the_list) co_return listed.error();
                lost.list_failed = lost.list_failed || code == errc::transient || code == errc::timed_out;
                lists_work = lists_work && code != errc::refused && code != errc::unprocessable;
                co_await run.note(storage::LogLevel::warn,
                                  "open jobs are read one by one, the list by ids fails: " + listed.error().message);
            }
        }
        for (const auto& job : some)
            if (auto own = co_await read_own(run, job, lost); own) {
                lost.failures_in_a_row = 0;
            } else {
                if (!lost.failure) lost.failure = own.error();
                const bool stops = own.error().code == errc::cancelled || own.error().code == errc::unauthorized;
                if (stops || ++lost.failures_in_a_row >= failures_in_a_row_max) co_return own.error();
            }
    }
    co_return result<void>();
}

awaitable<void> settle(ReadRun& run, Lost lost) {
    auto& store = run.context.store;
    if (!lost.first_time.empty()) co_await store.mark_missing_once(run.state.key, lost.first_time);
    const auto allowed = deletes_allowed(run.object.max_deletes, run.state.records);
    if (allowed && std::int64_t(lost.gone.size()) > *allowed) {
        run.deletes_note =
            fmt::format("; {} deletes held by the fuse (maxDeletes allows {} of {}): see `deletes confirm --object {}`",
                        lost.gone.size(), *allowed, run.state.records, run.object.object);
        co_await run.note(storage::LogLevel::warn, run.deletes_note.substr(2));
        run.context.log.warn("deletes.held", {{"installation", run.context.installation.id},
                                              {"object", run.object.object},
                                              {"operation", run.envelope.operation_id},
                                              {"records", lost.gone.size()},
                                              {"known", run.state.records}});
        auto told = run.context.notifier.deletes_held(run.subject(), std::int64_t(lost.gone.size()), run.state.records);
        co_await store.hold_records(run.state.key, std::exchange(lost.gone, {}), told, run.context.world.now());
        run.context.ring_for(told);
    }
    auto& gone = lost.gone;
    gone.insert(gone.end(), lost.approved.begin(), lost.approved.end());
    if (gone.empty()) co_return;
    co_await run.note(storage::LogLevel::info,
                      fmt::format("{} open jobs are gone: not found by their own read, twice", gone.size()));
    for (std::size_t at = 0; at < gone.size(); at += batch_max) {
        const auto end = std::min(gone.size(), at + batch_max);
        std::vector<std::string> some(gone.begin() + std::ptrdiff_t(at), gone.begin() + std::ptrdiff_t(end));
        co_await run.commit_deletes(std::move(some));
    }
}

}  // namespace

awaitable<result<void>> follow_open_jobs(ReadRun& run, bool& lists_work) {
    Lost lost;
    for (std::string after;;) {
        auto batch = co_await run.context.store.open_records(run.state.key, run.context.world.now(), after, batch_max);
        if (batch.empty()) break;
        after = batch.back().id;
        for (auto& [itwin_id, jobs] : by_itwin(run, std::move(batch)))
            if (auto done = co_await follow_group(run, itwin_id, std::move(jobs), lists_work, lost); !done) {
                if (done.error().code != errc::cancelled) co_await settle(run, std::move(lost));
                co_return done.error();
            }
    }
    auto failure = std::move(lost.failure);
    co_await settle(run, std::move(lost));
    if (failure) co_return *failure;
    co_return result<void>();
}

}  // namespace syncd
