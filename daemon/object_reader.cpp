#include "daemon/object_reader.hpp"

#include "config/core/ids.hpp"
#include "daemon/absences.hpp"
#include "daemon/mapping.hpp"
#include "daemon/open_jobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace syncd {
namespace {

constexpr int position_failures_max = 3;    // server errors in a row before a backfill gives its position up
constexpr std::int64_t page_size_min = 50;  // smaller pages than this are not tried after a 422
constexpr std::size_t redelivery_batch = 500;
constexpr Duration clock_tolerance = std::chrono::minutes{1};  // an answer may be as old as a slow one takes

bool speaks_of_page_size(const Error& failure, const std::string& parameter) {
    return failure.message.find(parameter) != std::string::npos || failure.message.find("top") != std::string::npos ||
           failure.message.find("Top") != std::string::npos;
}

/// A failure that may pass by itself and says nothing about the page that was asked for.
bool may_pass(const Error& failure) {
    return failure.code == errc::transient || failure.code == errc::timed_out || failure.code == errc::rate_limited ||
           failure.code == errc::unauthorized || failure.code == errc::cancelled;
}

constexpr int failures_in_a_row_max = 3;  // after so many that may pass it is not the iTwins' fault

/// Says nothing about the iTwin that was asked for.
bool ends_read(const Error& failure) { return failure.code == errc::cancelled || failure.code == errc::unauthorized; }

/// Where a list that was cut is to be parted: in the middle of what it showed; empty where one second holds it all.
std::optional<Timestamp> parting(std::vector<Timestamp> created, const storage::ReadQuery& query) {
    if (created.empty()) return std::nullopt;
    std::ranges::sort(created);
    const auto second = [](Timestamp time) { return Timestamp{std::chrono::floor<std::chrono::seconds>(time)}; };
    auto at = second(created[created.size() / 2]);
    const auto first = second(created.front());
    if (at <= first) {  // half of it lies in the first second: part behind that
        const auto later = std::ranges::lower_bound(created, first + std::chrono::seconds{1});
        if (later == created.end()) return std::nullopt;
        at = second(*later);
    }
    if ((query.from && at <= *query.from) || (query.before && at >= *query.before)) return std::nullopt;
    return at;
}

}  // namespace

/// One query of the read.
struct ObjectReader::QueryRun {
    storage::ReadQuery query;                 // as the store knows it, but for its rows
    std::string url;                          // of the page to read next
    std::unordered_set<std::size_t> visited;  // hashes of the URLs read, to see a loop
    std::optional<Timestamp> since, cursor;
    std::optional<Timestamp> cursor_cap;  // what changed after the first page was asked for may be missing from it
    std::vector<Timestamp> created;       // where the list may be cut: of its rows, at most as many as the cap
    std::int64_t pages = 0;
    bool fresh_start = true;  // false: goes on at a backfill's stored position
};

ObjectReader::ObjectReader(ReaderContext& context, const config::ReadObject& object, const bentley::Object& facts)
    : context_(context), object_(object), facts_(facts.read.value()), mutex_(context.world) {}

bool ObjectReader::reserve_triggered() {
    const int places = mutex_.locked() ? 1 : 2;  // one of two begins at once
    if (triggered_waiting_ >= places) return false;
    ++triggered_waiting_;
    return true;
}

awaitable<ReadOutcome> ObjectReader::read(ReadOrder order) {
    struct Reserved {  // given back once it begins, or never does
        ObjectReader& reader;
        bool held;
        ~Reserved() { release(); }
        void release() {
            if (std::exchange(held, false)) reader.give_back_triggered();
        }
    } reserved{*this, !order.operation_id.empty()};
    const auto guard = co_await mutex_.lock();
    reserved.release();
    if (order.by_schedule && (co_await context_.store.object_state(context_.installation.id, object_.object)).paused)
        co_return ReadOutcome{.error = Error{errc::cancelled, "paused while it waited"}};
    ReadRun run{.context = context_, .object = object_, .facts = facts_, .order = order};
    co_await begin(run);
    std::optional<Error> failure;
    std::exception_ptr broken;
    try {
        auto done = co_await read_all(run);
        if (!done) failure = done.error();
    } catch (const std::exception& thrown) {
        failure = Error{errc::internal, thrown.what()};
        broken = std::current_exception();
    }
    auto outcome = co_await finish(run, std::move(failure));
    if (broken) std::rethrow_exception(broken);
    co_return outcome;
}

awaitable<void> ObjectReader::begin(ReadRun& run) {
    auto& world = context_.world;
    run.started = world.now();
    run.started_tick = world.tick();
    run.state = co_await context_.store.object_state(context_.installation.id, object_.object);
    run.plan = plan_read(facts_, object_, run.state, run.order, run.started);
    run.page_size = run.state.page_size.value_or(0);
    if (looks_for_changes(context_.installation.schema_watch, run.plan, run.state, run.started)) run.schema.emplace();

    const bool same_operation = run.plan.resumed && !run.state.operation_id.empty();
    const auto& installation = context_.installation;
    auto operation_id = same_operation ? run.state.operation_id : run.order.operation_id;
    if (operation_id.empty()) operation_id = make_uuid([&] { return world.random(); });
    run.envelope = {.project = context_.config.project,
                    .group_ref = installation.group_ref,
                    .group_name = installation.group_name,
                    .consumer_ref = installation.consumer_ref,
                    .consumer_name = installation.consumer_name,
                    .installation_id = installation.id,
                    .installation_updated_at = context_.installation_updated_at,
                    .operation_id = std::move(operation_id),
                    .operation_time = run.started,
                    .read_type = run.plan.backfill ? ReadType::backfill : run.order.type};
    co_await enter(run);
}

awaitable<void> ObjectReader::enter(ReadRun& run) {
    return context_.store.begin_read(
        {.object_key = run.state.key,
         .operation_id = run.envelope.operation_id,
         .type = run.envelope.read_type,
         .backfill = run.plan.backfill && !run.plan.resumed,
         .resumed = run.plan.resumed,
         .since = run.plan.backfill_since,
         .deliver_from = run.plan.deliver_from,
         .estimated = run.state.records > 0 ? std::optional(run.state.records) : std::nullopt,
         .itwins = {.all = object_.itwins.all, .ids = object_.itwins.ids},
         .now = run.started,
         .interrupted = [this](const storage::InterruptedRead& read) { return context_.notifier.interrupted(read); }});
}

awaitable<result<void>> ObjectReader::read_all(ReadRun& run) {
    const auto queries = co_await read_queries(run);
    const bool cut = !run.covered && may_pass(queries.error());
    if (!cut && !facts_.state.empty() && facts_.own && run.plan.moves_cursors) {
        auto followed = co_await follow_open_jobs(run, lists_by_ids_work_);
        if (!followed && queries) co_return followed.error();
    }
    if (!queries) co_return queries.error();
    const bool few = run.records < facts_.rows_max / 2;  // what grows again is not merged and parted in turn
    if (run.in_slices && run.plan.full && !run.plan.resumed && few)
        co_await context_.store.merge_slices(run.state.key, "");
    if (run.plan.may_delete)
        if (auto deletes = co_await find_deletes(run); !deletes) co_return deletes.error();
    if (run.state.redeliver && run.plan.full && run.plan.moves_cursors) co_await redeliver_unseen(run);
    co_await run.check_schema();
    co_return result<void>();
}

awaitable<result<void>> ObjectReader::read_queries(ReadRun& run) {
    auto& store = context_.store;
    std::optional<Error> first_failure;
    std::int64_t failed = 0, itwins = 0;
    int in_a_row = 0;
    std::optional<storage::ReadQuery> query;
    if (run.plan.resumed && !run.state.next_url.empty()) {  // where it was cut off comes first
        const storage::ReadQuery position{.itwin_id = run.state.next_itwin_id, .from = run.state.next_from};
        query = co_await store.next_query(run.state.key, position, true, true);
        const bool there = query && query->itwin_id == position.itwin_id && query->from == position.from;
        if (there) {
            auto again = co_await read_query(run, *query);
            const bool lasting = !again && (!may_pass(again.error()) || position_failures_ >= position_failures_max);
            const bool of_this_itwin = lasting && !query->itwin_id.empty() && !ends_read(again.error());
            if (!again && !of_this_itwin) co_return again.error();  // else it is tried again in its turn
        }
        run.state.next_url.clear();
        query.reset();
    }
    for (bool or_equal = true;;) {
        query = co_await store.next_query(run.state.key, query, or_equal, run.plan.resumed);
        if (!query) break;
        itwins += query->itwin_id.empty() ? 0 : 1;
        run.in_slices = run.in_slices || query->from.has_value();
        auto again = co_await read_query(run, *query);
        or_equal = again && *again;
        in_a_row = !again && may_pass(again.error()) ? in_a_row + 1 : 0;
        if (again) continue;
        const bool of_this_itwin =
            !query->itwin_id.empty() && !ends_read(again.error()) && in_a_row < failures_in_a_row_max;
        if (!of_this_itwin) co_return again.error();
        ++failed;
        if (!first_failure) first_failure = again.error();
        co_await run.note(storage::LogLevel::warn, again.error().message);
    }
    run.covered = true;
    if (first_failure) {
        run.itwins_failed = true;
        first_failure->message =
            fmt::format("{} of {} iTwins could not be read; the first: {}", failed, itwins, first_failure->message);
        co_return *first_failure;
    }
    co_return result<void>();
}

std::string ObjectReader::first_url(const ReadRun& run, const storage::ReadQuery& query) const {
    return bentley::first_page_url(facts_, context_.connector.base_url(),
                                   {.page_size = run.page_size,
                                    .since = since_of(run.plan, object_, query),
                                    .until = run.plan.until,
                                    .itwin_id = query.itwin_id,
                                    .from = query.from,
                                    .before = query.before,
                                    .query = object_.query});
}

awaitable<result<bool>> ObjectReader::read_query(ReadRun& run, storage::ReadQuery wanted) {
    QueryRun query{.query = std::move(wanted)};
    query.since = since_of(run.plan, object_, query.query);
    query.cursor = query.query.cursor;
    query.url = first_url(run, query.query);
    const auto& state = run.state;
    if (run.plan.resumed && !state.next_url.empty() && query.query.itwin_id == state.next_itwin_id &&
        query.query.from == state.next_from) {
        query.url = state.next_url;
        query.query.rows = state.next_rows;
        query.cursor = query.cursor_cap = state.next_cursor;  // the first page's Date is no longer known
        query.fresh_start = false;
    }
    while (!query.url.empty()) {
        if (auto go_on = run.go_on(); !go_on) co_return go_on.error();
        const WrittenRecords::Moment asked(context_.written);
        auto page = co_await (query.pages == 0 ? first_page(run, query) : read_page(run, query));
        if (!page) co_return page.error();
        if (run.pages == 0 && !std::exchange(run.clock_checked, true)) {
            co_await check_clock(run, *page);
            if (query.since != since_of(run.plan, object_, query.query))
                co_return true;  // asks for what came before, too
        }
        query.visited.insert(std::hash<std::string>{}(query.url));
        query.url = page->next;
        if (!query.url.empty() && query.visited.contains(std::hash<std::string>{}(query.url)))
            co_return Error{
                .code = errc::invalid_body,
                .message = fmt::format("page {} of {} links to a page already read: the read would never end",
                                       query.pages + 1, object_.object)};
        query.query.rows += page->rows;
        const auto cap = page->rows_max > 0 ? std::min<std::int64_t>(page->rows_max, facts_.rows_max) : facts_.rows_max;
        const bool overlooked =
            facts_.rows_max_default > 0 && page->rows_max == 0 && query.query.rows == facts_.rows_max_default;
        const bool last = query.url.empty();
        const bool truncated = last && cap > 0 && (query.query.rows >= cap || overlooked);
        co_await commit(run, query, *page, last && !truncated, asked);
        if (!truncated) continue;
        const auto at = facts_.slices ? parting(std::move(query.created), query.query) : std::nullopt;
        if (!at && facts_.slices && !query.fresh_start) co_return true;  // only its end was seen: once more, all of it
        if (!at)
            co_return Error{
                .code = errc::refused,
                .message = fmt::format("the provider's list of {} stops at {} rows, and they can't be parted by their "
                                       "creation times: what lies beyond was not read; narrow the list with `query`",
                                       object_.object, query.query.rows)};
        co_await run.note(storage::LogLevel::info,
                          fmt::format("the provider's list stops at {} rows: read again in slices, parted at {}",
                                      query.query.rows, format_time_seconds(*at)));
        co_await context_.store.split_query(run.state.key, query.query, *at);
        co_return true;
    }
    co_return false;
}

/// The first page, with what may have to be tried for it: a smaller size, or the beginning of the query instead of a
/// position that is no longer good.
awaitable<result<Page>> ObjectReader::first_page(ReadRun& run, QueryRun& query) {
    for (;;) {
        auto page = co_await read_page(run, query);
        if (page) {
            position_failures_ = 0;
            co_return page;
        }
        if (query.fresh_start && shrink_page(run, page.error())) {
            query.url = first_url(run, query.query);
        } else if (!query.fresh_start && is_stale_position(page.error())) {
            co_await run.note(
                storage::LogLevel::warn,
                "the backfill can't go on where it was cut off, it starts again: " + page.error().message);
            query.fresh_start = true;
            query.query.rows = 0;
            query.cursor = query.cursor_cap = std::nullopt;
            query.url = first_url(run, query.query);
        } else {
            co_return page.error();
        }
    }
}

/// Our clock against the provider's. A window of `days` was counted by ours; the provider's decides when it is behind.
awaitable<void> ObjectReader::check_clock(ReadRun& run, const Page& page) {
    constexpr Duration tolerated = std::chrono::seconds{5};
    if (!page.date) co_return;
    const auto ahead = context_.world.now() - *page.date;
    if (ahead > tolerated && shift_window(run.plan, ahead)) co_await enter(run);  // nothing is committed yet
    if (std::chrono::abs(ahead) < clock_tolerance) co_return;
    const auto off = std::chrono::floor<std::chrono::seconds>(std::chrono::abs(ahead));
    const auto said = fmt::format(
        "this machine's clock is {} {} the provider's: set it by NTP; receivers refuse "
        "signatures that are five minutes off",
        format_duration(off), ahead > Duration::zero() ? "ahead of" : "behind");
    context_.log.warn("clock.off", {{"seconds", (ahead > Duration::zero() ? 1 : -1) * off.count()}});
    co_await run.note(storage::LogLevel::warn, said);
}

awaitable<result<Page>> ObjectReader::read_page(ReadRun& run, const QueryRun& query) {
    const auto priority = run.plan.backfill ? http::Priority::backfill : http::Priority::scheduled;
    std::vector<std::string> retries;  // to be logged once the store may be waited for
    const auto log_retry = run.on_retry(fmt::format("page {}", run.pages + 1));
    const auto on_retry = [&](const Error& failure, Duration wait) {
        log_retry(failure, wait);
        retries.push_back(fmt::format("page {}: {}; tried again in {} ms", run.pages + 1, failure.message,
                                      wait / std::chrono::milliseconds{1}));
    };
    auto page = co_await context_.connector.read_page(facts_, query.url, priority, on_retry);
    for (auto& retry : retries) co_await run.note(storage::LogLevel::warn, std::move(retry));
    if (page) co_return std::move(*page);
    auto failure = page.error();
    const auto where = http::parse_url(query.url);
    const auto itwin = query.query.itwin_id.empty() ? "" : " for iTwin " + query.query.itwin_id;
    failure.message = fmt::format("page {} of {}{} ({}): {}", run.pages + 1, object_.object, itwin,
                                  where ? where->without_query() : "", failure.message);
    co_return failure;
}

bool ObjectReader::is_stale_position(const Error& failure) {
    if (!may_pass(failure)) return true;
    if (failure.code != errc::transient) return false;
    // A server error that comes each time may well be the old position's.
    return ++position_failures_ >= position_failures_max;
}

bool ObjectReader::shrink_page(ReadRun& run, const Error& failure) {
    if (failure.code != errc::unprocessable || facts_.page_parameter.empty()) return false;
    if (!speaks_of_page_size(failure, facts_.page_parameter)) return false;
    const auto size = run.page_size > 0 ? run.page_size : facts_.page_max;
    if (size / 2 < page_size_min) return false;
    run.page_size = size / 2;
    return true;
}

/// Commits the page; `last` with the query's cursor, or as read to its end.
awaitable<void> ObjectReader::commit(ReadRun& run, QueryRun& query, const Page& page, bool last,
                                     const WrittenRecords::Moment& asked) {
    if (!query.cursor_cap) query.cursor_cap = page.date;
    query.cursor = advance_cursor(query.cursor, facts_, page, query.cursor_cap);
    auto commit = run.page_commit();
    // Restored from a backup: each query tells anew what it shows, until it was read to its end.
    const bool anew = run.state.redeliver && run.plan.moves_cursors && !query.query.done;
    commit.deliver_unchanged = run.plan.deliver_unchanged || anew;
    commit.mark_seen = run.plan.may_delete || run.plan.deliver_unchanged || run.state.redeliver ? storage::MarkSeen::all
                       : facts_.state.empty() ? storage::MarkSeen::none
                                              : storage::MarkSeen::open;
    for (const auto& record : page.records) {
        commit.records.push_back({record, passes(object_.filters, record.raw),
                                  is_delivered(run.plan, query.query, record), recheck_at(record, commit.now),
                                  asked.since(object_.object, record.id)});
        if (run.schema) run.schema->add(record.raw);
        if (facts_.slices && record.created) query.created.push_back(*record.created);
    }
    commit.query = query.query;
    if (run.plan.moves_cursors) {
        commit.query_done = last;
        if (run.plan.backfill) commit.next_url = query.url;
        if (facts_.incremental) commit.query.cursor = query.cursor;
        if (facts_.incremental && last && !query.cursor && query.since)  // nothing there: from where it was asked for
            commit.query.cursor = query.cursor_cap ? std::min(*query.since, *query.cursor_cap) : *query.since;
    }
    const auto messages = run.changes.messages;
    co_await run.commit(std::move(commit));
    ++run.pages;
    ++query.pages;
    run.records += std::int64_t(page.records.size());
    context_.log.debug("page.committed", {{"object", object_.object},
                                          {"operation", run.envelope.operation_id},
                                          {"itwin", query.query.itwin_id},
                                          {"page", run.pages},
                                          {"records", page.records.size()},
                                          {"messages", run.changes.messages - messages}});
}

awaitable<void> ObjectReader::redeliver_unseen(ReadRun& run) {
    for (std::vector<std::string> ids;;) {
        ids =
            co_await context_.store.redeliver_unseen(run.delete_commit(std::move(ids)), run.started, redelivery_batch);
        if (ids.empty()) break;
        context_.ring(object_.destination);
    }
}

void ObjectReader::tell_end(const ReadRun& run, const ReadOutcome& outcome, storage::FinishRead& finish) const {
    finish.kept_schedule = run.covered && finish.due_at.has_value();
    finish.destination = object_.destination;
    if (finish.backfill_done) finish.backfill_notices = context_.notifier.backfill_done(run.subject());
    if (run.order.type == ReadType::triggered)
        finish.notices = context_.notifier.triggered_ended(
            run.subject(),
            {.error = outcome.success ? "" : outcome.result, .since = run.order.since, .until = run.order.until});
}

awaitable<ReadOutcome> ObjectReader::finish(ReadRun& run, std::optional<Error> failure) {
    ReadOutcome outcome{.operation_id = run.envelope.operation_id, .success = !failure, .error = failure};
    outcome.result =
        failure ? failure->message
                : fmt::format("{} records in {} pages: {} created, {} updated, {} deleted{}", run.records, run.pages,
                              run.changes.creates, run.changes.updates, run.changes.deletes, run.deletes_note);
    const bool goes_on = failure && failure->code == errc::cancelled && run.plan.backfill && !run.covered;
    if (failure && !goes_on) co_await run.note(storage::LogLevel::error, failure->message);
    storage::FinishRead finish{.object_key = run.state.key,
                               .operation_id = run.envelope.operation_id,
                               .success = !failure,
                               .in_progress = goes_on,
                               .result = goes_on ? std::string() : outcome.result,
                               .backfill_done = run.covered && run.plan.backfill,
                               .now = context_.world.now()};
    if (!failure || failure->code != errc::cancelled) finish.due_at = run.order.due_at;
    const bool whole = !failure && run.plan.full && run.plan.moves_cursors;
    // Else each read would be a full one for as long as one iTwin is refused.
    const bool full = whole || (run.itwins_failed && run.plan.full && run.plan.moves_cursors);
    if (full && !run.plan.resumed) finish.full_since = run.started;
    finish.redelivered = whole && run.state.redeliver;
    if (run.page_size != run.state.page_size.value_or(0)) finish.page_size = run.page_size;
    tell_end(run, outcome, finish);
    const auto told = finish.notices, told_later = finish.backfill_notices;
    co_await context_.store.finish_read(std::move(finish));
    context_.ring_for(told);
    context_.ring_for(told_later);
    auto& counts = context_.metrics.reads[{context_.installation.id, object_.object}];
    if (!goes_on) ++(failure ? counts.failure : counts.success);
    counts.creates += run.changes.creates;
    counts.updates += run.changes.updates;
    counts.deletes += run.changes.deletes;
    const auto level = failure && !goes_on ? Level::warn : Level::info;
    const auto duration_ms = (context_.world.tick() - run.started_tick) / std::chrono::milliseconds{1};
    const char* status = goes_on ? "in_progress" : failure ? "failure" : "success";
    context_.log.write(level, "read.finished",
                       {{"installation", context_.installation.id},
                        {"object", object_.object},
                        {"operation", run.envelope.operation_id},
                        {"read_type", to_string(run.envelope.read_type)},
                        {"status", status},
                        {"records", run.records},
                        {"duration_ms", duration_ms},
                        {"result", outcome.result}});
    co_return outcome;
}

}  // namespace syncd
