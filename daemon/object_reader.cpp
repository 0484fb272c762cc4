#include "daemon/object_reader.hpp"

#include "config/core/ids.hpp"
#include "daemon/mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace syncd {
namespace {

constexpr int position_failures_max = 3;        // server errors in a row before a backfill gives its position up
constexpr std::size_t missing_batch = 100;      // missing records looked up together
constexpr std::int64_t page_size_min = 50;      // smaller pages than this are not tried after a 422
constexpr std::int64_t max_deletes_floor = 10;  // records that a share of a small object always allows

/// How many deletes a read may infer before the fuse holds them; empty: no fuse.
std::optional<std::int64_t> deletes_allowed(const config::MaxDeletes& fuse, std::int64_t known) {
    if (fuse.records) return *fuse.records;
    if (fuse.share >= 1.0) return std::nullopt;
    return std::max<std::int64_t>(std::int64_t(fuse.share * double(known)), max_deletes_floor);
}

bool speaks_of_page_size(const Error& failure, const std::string& parameter) {
    return failure.message.find(parameter) != std::string::npos || failure.message.find("top") != std::string::npos ||
           failure.message.find("Top") != std::string::npos;
}

/// A failure that may pass by itself and says nothing about the page that was asked for.
bool may_pass(const Error& failure) {
    return failure.code == errc::transient || failure.code == errc::timed_out || failure.code == errc::rate_limited ||
           failure.code == errc::unauthorized || failure.code == errc::cancelled;
}

result<void> check_stopping(bool stopping) {
    if (stopping) return Error{errc::cancelled, "stopped before its end"};
    return {};
}

}  // namespace

/// One read while it runs.
struct ObjectReader::Run {
    ReadOrder order;
    ReadPlan plan;
    storage::ObjectState state;
    Envelope envelope;
    std::string url;                          // of the page to read next
    std::unordered_set<std::size_t> visited;  // hashes of the URLs read, to see a loop
    std::optional<Timestamp> cursor;
    std::optional<Timestamp> cursor_cap;  // what changed after the first page was asked for may be missing from it
    std::int64_t pages = 0, records = 0, rows = 0, page_size = 0;
    storage::PageResult changes;
    std::string deletes_note;
    Timestamp started;
    Tick started_tick;
    std::vector<std::pair<storage::LogLevel, std::string>> retries;  // to be logged at the next chance
};

ObjectReader::ObjectReader(ReaderContext& context, const config::ReadObject& object, const bentley::Object& facts)
    : context_(context),
      object_(object),
      facts_(facts.read.value()),
      destination_(context.config.destinations.at(object.destination)),
      mutex_(context.world) {}

awaitable<ReadOutcome> ObjectReader::read(ReadOrder order) {
    const auto guard = co_await mutex_.lock();
    Run run{.order = order};
    co_await begin(run);
    std::optional<Error> failure;
    std::exception_ptr broken;
    try {
        auto pages = co_await read_pages(run);
        if (!pages) failure = pages.error();
        if (!failure && run.plan.may_delete) {
            auto deletes = co_await find_deletes(run);
            if (!deletes) failure = deletes.error();
        }
    } catch (const std::exception& thrown) {
        failure = Error{errc::internal, thrown.what()};
        broken = std::current_exception();
    }
    auto outcome = co_await finish(run, std::move(failure));
    if (broken) std::rethrow_exception(broken);
    co_return outcome;
}

awaitable<void> ObjectReader::begin(Run& run) {
    auto& world = context_.world;
    run.started = world.now();
    run.started_tick = world.tick();
    run.state = co_await context_.store.object_state(context_.installation.id, object_.object);
    run.plan = plan_read(facts_, object_, run.state, run.order, run.started);
    run.page_size = run.state.page_size.value_or(0);
    run.cursor = run.plan.resumed ? run.state.next_cursor : run.state.cursor;
    if (run.plan.resumed) run.cursor_cap = run.state.next_cursor;  // the first page's Date is no longer known

    const bool same_operation = run.plan.resumed && !run.state.operation_id.empty();
    const auto& installation = context_.installation;
    run.envelope = {.project = context_.config.project,
                    .group_ref = installation.group_ref,
                    .group_name = installation.group_name,
                    .consumer_ref = installation.consumer_ref,
                    .consumer_name = installation.consumer_name,
                    .installation_id = installation.id,
                    .installation_updated_at = context_.installation_updated_at,
                    .operation_id = same_operation ? run.state.operation_id : make_uuid([&] { return world.random(); }),
                    .operation_time = run.started,
                    .read_type = run.plan.backfill ? ReadType::backfill : run.order.type};
    co_await context_.store.begin_read(
        {.object_key = run.state.key,
         .operation_id = run.envelope.operation_id,
         .type = run.envelope.read_type,
         .backfill = run.plan.backfill && !run.plan.resumed,
         .resumed = run.plan.resumed,
         .since = run.plan.backfill_since,
         .deliver_from = run.plan.deliver_from,
         .estimated = run.state.records > 0 ? std::optional(run.state.records) : std::nullopt,
         .now = run.started});
}

awaitable<result<void>> ObjectReader::read_pages(Run& run) {
    const auto first = [&] {
        return bentley::first_page_url(facts_, context_.connector.base_url(),
                                       {.page_size = run.page_size, .since = run.plan.since, .query = object_.query});
    };
    run.url = run.plan.resumed && !run.state.next_url.empty() ? run.state.next_url : first();
    bool fresh_start = run.state.next_url.empty() || !run.plan.resumed;
    while (!run.url.empty()) {
        if (auto go_on = check_stopping(context_.stopping()); !go_on) co_return go_on.error();
        auto page = co_await read_page(run);
        if (!page && run.pages == 0 && shrink_page(run, page.error())) {
            run.url = first();
            continue;
        }
        if (!page && run.pages == 0 && !fresh_start && is_stale_position(page.error())) {
            co_await note(run, storage::LogLevel::warn,
                          "the backfill can't go on where it was cut off, it starts again: " + page.error().message);
            fresh_start = true;
            run.url = first();
            continue;
        }
        if (!page) co_return page.error();
        position_failures_ = 0;
        run.visited.insert(std::hash<std::string>{}(run.url));
        run.url = page->next;
        if (!run.url.empty() && run.visited.contains(std::hash<std::string>{}(run.url)))
            co_return Error{
                .code = errc::invalid_body,
                .message = fmt::format("page {} of {} links to a page already read: the read would never end",
                                       run.pages + 1, object_.object)};
        if (!run.cursor_cap) run.cursor_cap = page->date;
        if (run.pages == 0) adjust_window(run, *page);
        run.cursor = advance_cursor(run.cursor, facts_, *page, run.cursor_cap);
        co_await commit(run, *page);
    }
    if (facts_.rows_max > 0 && run.rows >= facts_.rows_max)
        co_return Error{
            .code = errc::refused,
            .message = fmt::format("the provider's list of {} stops at {} rows: what lies beyond was not read; "
                                   "narrow the list with `query` until it is shorter",
                                   object_.object, facts_.rows_max)};
    co_return result<void>();
}

/// The window of `days` was counted by our clock; the provider's decides when it is behind ours.
void ObjectReader::adjust_window(Run& run, const Page& page) const {
    constexpr Duration tolerated = std::chrono::seconds{5};
    const auto ahead = page.date ? context_.world.now() - *page.date : Duration::zero();
    if (run.plan.deliver_from && ahead > tolerated) *run.plan.deliver_from -= ahead;
}

awaitable<result<Page>> ObjectReader::read_page(Run& run) {
    const auto priority = run.plan.backfill ? http::Priority::backfill : http::Priority::scheduled;
    const auto on_retry = [this, &run](const Error& failure, Duration wait) {
        context_.log.warn("read.retry", {{"installation", context_.installation.id},
                                         {"object", object_.object},
                                         {"operation", run.envelope.operation_id},
                                         {"error", failure.message},
                                         {"wait_ms", wait / std::chrono::milliseconds{1}}});
        run.retries.emplace_back(storage::LogLevel::warn,
                                 fmt::format("page {}: {}; tried again in {} ms", run.pages + 1, failure.message,
                                             wait / std::chrono::milliseconds{1}));
    };
    auto page = co_await context_.connector.read_page(facts_, run.url, priority, on_retry);
    for (auto& [level, message] : std::exchange(run.retries, {})) co_await note(run, level, std::move(message));
    if (page) co_return std::move(*page);
    auto failure = page.error();
    const auto where = http::parse_url(run.url);
    failure.message = fmt::format("page {} of {} ({}): {}", run.pages + 1, object_.object,
                                  where ? where->without_query() : "", failure.message);
    co_return failure;
}

bool ObjectReader::is_stale_position(const Error& failure) {
    if (!may_pass(failure)) return true;
    if (failure.code != errc::transient) return false;
    // A server error that comes each time may well be the old position's.
    return ++position_failures_ >= position_failures_max;
}

bool ObjectReader::shrink_page(Run& run, const Error& failure) {
    if (failure.code != errc::unprocessable || facts_.page_parameter.empty()) return false;
    if (!speaks_of_page_size(failure, facts_.page_parameter)) return false;
    const auto size = run.page_size > 0 ? run.page_size : facts_.page_max;
    if (size / 2 < page_size_min) return false;
    run.page_size = size / 2;
    return true;
}

BuildMessages ObjectReader::builder(const Run& run) const {
    return [envelope = run.envelope, &object = object_, bytes_max = destination_.max_payload_bytes](
               const std::vector<Change>& changes, const std::string& stream_id, std::int64_t next_sequence) {
        return build_messages(envelope, object, bytes_max, changes, stream_id, next_sequence);
    };
}

awaitable<void> ObjectReader::commit(Run& run, const Page& page) {
    storage::PageCommit commit{.object_key = run.state.key,
                               .operation_id = run.envelope.operation_id,
                               .deliver_unchanged = run.plan.deliver_unchanged,
                               .mark_seen = run.plan.may_delete,
                               .destination = object_.destination,
                               .new_stream_id = make_uuid([&] { return context_.world.random(); }),
                               .build = builder(run),
                               .now = context_.world.now()};
    for (const auto& record : page.records)
        commit.records.push_back({record, passes(object_.filters, record.raw), is_delivered(run.plan, record)});
    if (run.plan.backfill) {
        commit.next_url = run.url;
        commit.next_cursor = run.cursor;
    }
    const auto changes = co_await context_.store.commit_page(std::move(commit));
    ++run.pages;
    run.records += std::int64_t(page.records.size());
    run.rows += page.rows;
    run.changes.creates += changes.creates;
    run.changes.updates += changes.updates;
    run.changes.deletes += changes.deletes;
    run.changes.messages += changes.messages;
    if (changes.messages > 0) context_.ring(object_.destination);
    context_.log.debug("page.committed", {{"object", object_.object},
                                          {"operation", run.envelope.operation_id},
                                          {"page", run.pages},
                                          {"records", page.records.size()},
                                          {"messages", changes.messages}});
}

awaitable<void> ObjectReader::note(Run& run, storage::LogLevel level, std::string message) {
    return context_.store.log_operation(run.envelope.operation_id, level, std::move(message), context_.world.now());
}

awaitable<ReadOutcome> ObjectReader::finish(Run& run, std::optional<Error> failure) {
    ReadOutcome outcome{.operation_id = run.envelope.operation_id, .success = !failure, .error = failure};
    outcome.result =
        failure ? failure->message
                : fmt::format("{} records in {} pages: {} created, {} updated, {} deleted{}", run.records, run.pages,
                              run.changes.creates, run.changes.updates, run.changes.deletes, run.deletes_note);
    const bool goes_on = failure && failure->code == errc::cancelled && run.plan.backfill;
    if (failure && !goes_on) co_await note(run, storage::LogLevel::error, failure->message);
    storage::FinishRead finish{.object_key = run.state.key,
                               .operation_id = run.envelope.operation_id,
                               .success = !failure,
                               .in_progress = goes_on,
                               .result = goes_on ? std::string() : outcome.result,
                               .backfill_done = !failure && run.plan.backfill,
                               .now = context_.world.now()};
    if (!failure || failure->code != errc::cancelled) finish.due_at = run.order.due_at;
    if (!failure && run.plan.full && !run.plan.resumed) finish.full_since = run.started;
    if (!failure && facts_.incremental && facts_.incremental->scheduled)
        finish.cursor = run.cursor ? run.cursor : run.plan.since;
    if (run.page_size != run.state.page_size.value_or(0)) finish.page_size = run.page_size;
    co_await context_.store.finish_read(std::move(finish));
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

awaitable<result<void>> ObjectReader::find_deletes(Run& run) {
    const auto count = co_await context_.store.count_missing(run.state.key);
    if (count.missing + count.approved == 0) co_return result<void>();
    const auto allowed = deletes_allowed(object_.max_deletes, count.known);
    const bool none_left = run.records == 0 && count.missing > 0;
    const bool blown = count.missing > 0 && allowed && (count.missing > *allowed || none_left);
    if (blown) {
        co_await context_.store.hold_missing(run.state.key);
        run.deletes_note = fmt::format(
            "; {} deletes held by the fuse (maxDeletes allows {} of {}): "
            "see `deletes confirm --object {}`",
            count.missing, *allowed, count.known, object_.object);
        co_await note(run, storage::LogLevel::warn, run.deletes_note.substr(2));
        context_.log.warn("deletes.held", {{"installation", context_.installation.id},
                                           {"object", object_.object},
                                           {"operation", run.envelope.operation_id},
                                           {"records", count.missing},
                                           {"known", count.known}});
        if (count.approved == 0) co_return result<void>();
    }
    co_return co_await confirm_missing(run, blown);
}

awaitable<result<void>> ObjectReader::confirm_missing(Run& run, bool approved_only) {
    std::int64_t candidates = 0, deleted = 0;
    for (std::string after;;) {
        if (auto go_on = check_stopping(context_.stopping()); !go_on) co_return go_on.error();
        auto batch = co_await context_.store.missing(run.state.key, approved_only, after, missing_batch);
        if (batch.empty()) break;
        after = batch.back().id;
        candidates += std::int64_t(batch.size());
        auto gone = co_await confirm_batch(run, std::move(batch));
        if (!gone) co_return gone.error();
        if (gone->empty()) continue;
        const auto changes =
            co_await context_.store.commit_deletes({.object_key = run.state.key,
                                                    .operation_id = run.envelope.operation_id,
                                                    .ids = std::move(*gone),
                                                    .destination = object_.destination,
                                                    .new_stream_id = make_uuid([&] { return context_.world.random(); }),
                                                    .build = builder(run),
                                                    .now = context_.world.now()});
        deleted += changes.deletes;
        run.changes.deletes += changes.deletes;
        if (changes.messages > 0) context_.ring(object_.destination);
    }
    const auto said =
        facts_.own
            ? fmt::format("{} missing from the complete list, {} confirmed by their own 404", candidates, deleted)
            : fmt::format("{} missing from the complete list, {} for the second time", candidates, deleted);
    run.deletes_note += "; " + said;
    co_await note(run, storage::LogLevel::info, said);
    co_return result<void>();
}

awaitable<result<std::vector<std::string>>> ObjectReader::confirm_batch(Run& run,
                                                                        std::vector<storage::MissingRecord> batch) {
    std::vector<std::string> gone, first_time;
    for (const auto& record : batch) {
        if (!facts_.own) {
            (record.state == storage::Missing::seen || record.state == storage::Missing::held ? first_time : gone)
                .push_back(record.id);
            continue;
        }
        const auto on_retry = [this](const Error& failure, Duration wait) {
            context_.log.warn("read.retry", {{"object", object_.object},
                                             {"error", failure.message},
                                             {"wait_ms", wait / std::chrono::milliseconds{1}}});
        };
        auto exists = co_await context_.connector.exists(facts_, record.id, http::Priority::scheduled, on_retry);
        if (!exists && exists.error().code != errc::forbidden) {
            auto failure = exists.error();
            failure.message = fmt::format("confirming that {} is gone: {}", record.id, failure.message);
            co_return failure;
        }
        if (!exists)
            co_await note(
                run, storage::LogLevel::warn,
                fmt::format("{} is missing but its own read is {}: not deleted", record.id, exists.error().message));
        else if (!*exists)
            gone.push_back(record.id);
    }
    if (!first_time.empty()) co_await context_.store.mark_missing_once(run.state.key, std::move(first_time));
    co_return gone;
}

}  // namespace syncd
