#include "storage/store.hpp"

#include "storage/backup.hpp"
#include "storage/leftovers.hpp"
#include "storage/migrate.hpp"
#include "storage/notices.hpp"
#include "storage/object_state.hpp"
#include "storage/operations.hpp"
#include "storage/outbox.hpp"
#include "storage/queries.hpp"
#include "storage/records.hpp"
#include "storage/schema.hpp"
#include "storage/tokens.hpp"
#include "storage/upkeep.hpp"
#include "storage/views.hpp"
#include "storage/writer.hpp"
#include "storage/writes.hpp"

#include <algorithm>

namespace syncd::storage {

struct Store::Impl {
    Impl(const StoreOptions& options, asio::any_io_executor executor)
        : database(options.path, OpenMode::read_write, options.vfs), writer(std::move(executor), database) {
        migrate(database);
        restored = restore(database);
        create_seen(database);
    }
    Database database;
    Writer writer;
    std::optional<std::string> restored;
};

Store::Store(StoreOptions options, asio::any_io_executor executor) : impl_(new Impl(options, std::move(executor))) {}
Store::~Store() = default;

// None of these is a coroutine: the lambda is handed over whole and nothing can outlive its captures.

awaitable<Timestamp> Store::enter_installation(std::string id, std::string digest, Timestamp now,
                                               InstallationFacts facts) {
    return impl_->writer.run([id = std::move(id), digest = std::move(digest), now, facts = std::move(facts)](
                                 Database& db) { return storage::enter_installation(db, id, digest, now, facts); });
}
awaitable<ObjectState> Store::object_state(std::string installation_id, std::string object) {
    return impl_->writer.run([id = std::move(installation_id), object = std::move(object)](Database& db) {
        return storage::object_state(db, id, object);
    });
}
awaitable<void> Store::set_paused(std::string installation_id, std::string object, bool paused) {
    return impl_->writer.run([id = std::move(installation_id), object = std::move(object), paused](Database& db) {
        storage::set_paused(db, id, object, paused);
    });
}
awaitable<void> Store::set_health(std::string installation_id, bool healthy, std::string reason, Timestamp now,
                                  Notices notices) {
    return impl_->writer.run(
        [id = std::move(installation_id), healthy, reason = std::move(reason), now,
         notices = std::move(notices)](Database& db) { storage::set_health(db, id, healthy, reason, now, notices); });
}
awaitable<std::int64_t> Store::fail_interrupted(Timestamp now, BuildInterrupted build) {
    return impl_->writer.run(
        [now, build = std::move(build)](Database& db) { return storage::fail_interrupted(db, now, build); });
}

awaitable<void> Store::accept_read(std::string operation_id, std::string installation_id, std::string object,
                                   Timestamp now) {
    return impl_->writer.run([operation = std::move(operation_id), id = std::move(installation_id),
                              object = std::move(object),
                              now](Database& db) { storage::accept_read(db, operation, id, object, now); });
}
awaitable<void> Store::begin_read(BeginRead read) {
    return impl_->writer.run([read = std::move(read)](Database& db) { storage::begin_read(db, read); });
}
awaitable<PageResult> Store::commit_page(PageCommit page) {
    return impl_->writer.run([page = std::move(page)](Database& db) { return storage::commit_page(db, page); });
}
awaitable<std::optional<ReadQuery>> Store::next_query(std::int64_t object_key, std::optional<ReadQuery> after,
                                                      bool or_equal, bool unfinished) {
    return impl_->writer.run([object_key, after = std::move(after), or_equal, unfinished](Database& db) {
        return storage::next_query(db, object_key, after, or_equal, unfinished);
    });
}
awaitable<void> Store::split_query(std::int64_t object_key, ReadQuery query, Timestamp at) {
    return impl_->writer.run(
        [object_key, query = std::move(query), at](Database& db) { storage::split_query(db, object_key, query, at); });
}
awaitable<void> Store::merge_slices(std::int64_t object_key, std::string itwin_id) {
    return impl_->writer.run([object_key, itwin_id = std::move(itwin_id)](Database& db) {
        storage::merge_slices(db, object_key, itwin_id);
    });
}
awaitable<std::vector<OpenRecord>> Store::open_records(std::int64_t object_key, Timestamp now, std::string after,
                                                       std::size_t limit) {
    return impl_->writer.run([object_key, now, after = std::move(after), limit](Database& db) {
        return storage::open_records(db, object_key, now, after, limit);
    });
}
awaitable<void> Store::hold_records(std::int64_t object_key, std::vector<std::string> ids, Notices notices,
                                    Timestamp now) {
    return impl_->writer.run([object_key, ids = std::move(ids), notices = std::move(notices), now](Database& db) {
        if (storage::hold_records(db, object_key, ids) > 0) storage::notify(db, notices, now);
    });
}
awaitable<std::vector<std::string>> Store::redeliver_unseen(DeleteCommit deletes, Timestamp began, std::size_t limit) {
    return impl_->writer.run([deletes = std::move(deletes), began, limit](Database& db) {
        return storage::redeliver_unseen(db, deletes, began, limit);
    });
}
awaitable<MissingCount> Store::count_missing(std::int64_t object_key) {
    return impl_->writer.run([object_key](Database& db) { return storage::count_missing(db, object_key); });
}
awaitable<std::vector<MissingRecord>> Store::missing(std::int64_t object_key, bool approved_only, std::string after,
                                                     std::size_t limit) {
    return impl_->writer.run([object_key, approved_only, after = std::move(after), limit](Database& db) {
        return storage::missing(db, object_key, approved_only, after, limit);
    });
}
awaitable<std::int64_t> Store::hold_missing(std::int64_t object_key, Notices notices, Timestamp now) {
    return impl_->writer.run([object_key, notices = std::move(notices), now](Database& db) {
        const auto held = storage::hold_missing(db, object_key);
        if (held > 0) storage::notify(db, notices, now);
        return held;
    });
}
awaitable<void> Store::mark_missing_once(std::int64_t object_key, std::vector<std::string> ids) {
    return impl_->writer.run(
        [object_key, ids = std::move(ids)](Database& db) { storage::mark_missing_once(db, object_key, ids); });
}
awaitable<PageResult> Store::commit_deletes(DeleteCommit deletes) {
    return impl_->writer.run(
        [deletes = std::move(deletes)](Database& db) { return storage::commit_deletes(db, deletes); });
}
awaitable<std::int64_t> Store::check_schema(SchemaCheck check) {
    return impl_->writer.run([check = std::move(check)](Database& db) { return storage::check_schema(db, check); });
}
awaitable<void> Store::finish_read(FinishRead read) {
    return impl_->writer.run([read = std::move(read)](Database& db) { storage::finish_read(db, read); });
}
awaitable<void> Store::log_operation(std::string operation_id, LogLevel level, std::string message, Timestamp now) {
    return impl_->writer.run([id = std::move(operation_id), level, message = std::move(message), now](Database& db) {
        storage::log_operation(db, id, level, message, now);
    });
}
awaitable<std::int64_t> Store::decide_held_deletes(std::string installation_id, std::string object, bool confirm) {
    return impl_->writer.run([id = std::move(installation_id), object = std::move(object), confirm](Database& db) {
        return storage::decide_held_deletes(db, id, object, confirm);
    });
}

awaitable<std::map<std::string, DestinationState>> Store::enter_destinations(std::vector<std::string> names,
                                                                             Timestamp now) {
    return impl_->writer.run(
        [names = std::move(names), now](Database& db) { return storage::enter_destinations(db, names, now); });
}
awaitable<std::vector<DueMessage>> Store::claim_due(Claim claim) {
    return impl_->writer.run([claim = std::move(claim)](Database& db) { return storage::claim_due(db, claim); });
}
awaitable<std::vector<DueMessage>> Store::claim_stream(std::int64_t stream_key, std::int64_t after_sequence,
                                                       std::size_t limit, std::size_t bytes_max) {
    return impl_->writer.run(
        [=](Database& db) { return storage::claim_stream(db, stream_key, after_sequence, limit, bytes_max); });
}
awaitable<DestinationState> Store::finish_attempts(std::string destination, std::vector<Attempt> attempts) {
    return impl_->writer.run([destination = std::move(destination), attempts = std::move(attempts)](Database& db) {
        return storage::finish_attempts(db, destination, attempts);
    });
}
awaitable<std::optional<Timestamp>> Store::next_due(Claim claim) {
    return impl_->writer.run([claim = std::move(claim)](Database& db) { return storage::next_due(db, claim); });
}
awaitable<DestinationState> Store::set_destination(std::string name, bool enabled, std::string reason, Timestamp now) {
    return impl_->writer.run([name = std::move(name), enabled, reason = std::move(reason), now](Database& db) {
        return storage::set_destination(db, name, enabled, reason, now);
    });
}
awaitable<std::int64_t> Store::replay(ReplaySelection selection, Timestamp now) {
    return impl_->writer.run(
        [selection = std::move(selection), now](Database& db) { return storage::replay(db, selection, now); });
}
awaitable<std::int64_t> Store::count_pending(std::vector<std::string> destinations) {
    return impl_->writer.run(
        [destinations = std::move(destinations)](Database& db) { return storage::count_pending(db, destinations); });
}
awaitable<bool> Store::any_pending(std::vector<Claim> claims) {
    return impl_->writer.run([claims = std::move(claims)](Database& db) {
        return std::ranges::any_of(claims,
                                   [&](const Claim& claim) { return storage::next_due(db, claim).has_value(); });
    });
}
awaitable<std::optional<std::string>> Store::results_of(std::string delivery_id) {
    return impl_->writer.run([id = std::move(delivery_id)](Database& db) { return storage::results_of(db, id); });
}

awaitable<AcceptedWrites> Store::accept_writes(AcceptWrites accept) {
    return impl_->writer.run([accept = std::move(accept)](Database& db) { return storage::accept_writes(db, accept); });
}
awaitable<void> Store::refuse_writes(RefusedWrites refused) {
    return impl_->writer.run([refused = std::move(refused)](Database& db) { storage::refuse_writes(db, refused); });
}
awaitable<AcceptedWrites> Store::find_request(IdempotencyKey key, Timestamp now) {
    return impl_->writer.run([key = std::move(key), now](Database& db) { return storage::find_request(db, key, now); });
}
awaitable<std::vector<Write>> Store::claim_writes(WriteClaim claim) {
    return impl_->writer.run([claim = std::move(claim)](Database& db) { return storage::claim_writes(db, claim); });
}
awaitable<std::optional<Timestamp>> Store::next_write_due(WriteClaim claim) {
    return impl_->writer.run([claim = std::move(claim)](Database& db) { return storage::next_write_due(db, claim); });
}
awaitable<bool> Store::begin_sending(std::int64_t key, Timestamp now) {
    return impl_->writer.run([key, now](Database& db) { return storage::begin_sending(db, key, now); });
}
awaitable<bool> Store::deleted_since(std::int64_t create_key) {
    return impl_->writer.run([create_key](Database& db) { return storage::deleted_since(db, create_key); });
}
awaitable<FinishedWrite> Store::finish_write(WriteStep step) {
    return impl_->writer.run([step = std::move(step)](Database& db) { return storage::finish_write(db, step); });
}
awaitable<std::vector<Write>> Store::interrupted_writes(std::string installation_id) {
    return impl_->writer.run(
        [id = std::move(installation_id)](Database& db) { return storage::interrupted_writes(db, id); });
}
awaitable<std::vector<Write>> Store::writes_of(std::string operation_id) {
    return impl_->writer.run([id = std::move(operation_id)](Database& db) { return storage::writes_of(db, id); });
}
awaitable<std::optional<Write>> Store::find_write(std::string id) {
    return impl_->writer.run([id = std::move(id)](Database& db) { return storage::find_write(db, id); });
}
awaitable<bool> Store::leave_operation(std::string operation_id) {
    return impl_->writer.run([id = std::move(operation_id)](Database& db) { return storage::leave_operation(db, id); });
}
awaitable<ResolvedWrite> Store::resolve_write(WriteResolution resolution) {
    return impl_->writer.run(
        [resolution = std::move(resolution)](Database& db) { return storage::resolve_write(db, resolution); });
}

awaitable<std::vector<KeptSchedule>> Store::kept_schedules(std::string installation_id) {
    return impl_->writer.run(
        [id = std::move(installation_id)](Database& db) { return storage::kept_schedules(db, id); });
}
awaitable<bool> Store::note_overdue(std::int64_t object_key, Notices notices, Timestamp now) {
    return impl_->writer.run([object_key, notices = std::move(notices), now](Database& db) {
        return storage::note_overdue(db, object_key, notices, now);
    });
}
awaitable<bool> Store::tell_once(TellOnce told) {
    return impl_->writer.run([told = std::move(told)](Database& db) { return storage::tell_once(db, told); });
}
awaitable<void> Store::forget_told(std::string event, std::string subject) {
    return impl_->writer.run([event = std::move(event), subject = std::move(subject)](Database& db) {
        storage::forget_told(db, event, subject);
    });
}

awaitable<std::optional<ConnectionTokens>> Store::load_tokens(std::string installation_id) {
    return impl_->writer.run([id = std::move(installation_id)](Database& db) { return storage::load_tokens(db, id); });
}
awaitable<void> Store::save_tokens(ConnectionTokens tokens, bool consented, ConsentNotices told) {
    return impl_->writer.run([tokens = std::move(tokens), consented, told = std::move(told)](Database& db) {
        const bool known = storage::load_tokens(db, tokens.installation_id).has_value();
        storage::save_tokens(db, tokens, consented);
        if (consented) notify(db, known ? told.again : told.first, tokens.updated_at);
    });
}
awaitable<void> Store::end_consent(std::string installation_id, Timestamp now) {
    return impl_->writer.run(
        [id = std::move(installation_id), now](Database& db) { storage::end_consent(db, id, now); });
}
awaitable<bool> Store::forget_tokens(std::string installation_id, Notices notices, Timestamp now) {
    return impl_->writer.run([id = std::move(installation_id), notices = std::move(notices), now](Database& db) {
        const bool forgotten = storage::forget_tokens(db, id);
        if (forgotten) notify(db, notices, now);
        return forgotten;
    });
}
awaitable<void> Store::begin_authorization(PendingAuthorization pending) {
    return impl_->writer.run(
        [pending = std::move(pending)](Database& db) { storage::begin_authorization(db, pending); });
}
awaitable<std::optional<PendingAuthorization>> Store::take_authorization(std::string state_digest, Timestamp now) {
    return impl_->writer.run(
        [digest = std::move(state_digest), now](Database& db) { return storage::take_authorization(db, digest, now); });
}

awaitable<void> Store::add_spent(std::string client_id, Timestamp now) {
    return impl_->writer.run([id = std::move(client_id), now](Database& db) { storage::add_spent(db, id, now); });
}
awaitable<std::map<std::string, std::map<std::int64_t, std::int64_t>>> Store::budget_spent(std::int64_t since_minute) {
    return impl_->writer.run([since_minute](Database& db) { return storage::budget_spent(db, since_minute); });
}
awaitable<bool> Store::prune(Retention retention, Timestamp now) {
    return impl_->writer.run([retention, now](Database& db) { return storage::prune(db, retention, now); });
}
awaitable<std::vector<std::string>> Store::define_views(std::vector<ViewDefinition> views) {
    return impl_->writer.run([views = std::move(views)](Database& db) { return storage::define_views(db, views); });
}
std::optional<std::string> Store::take_restored() { return std::exchange(impl_->restored, std::nullopt); }

awaitable<std::vector<Leftover>> Store::known_objects() {
    return impl_->writer.run([](Database& db) { return storage::known_objects(db); });
}
awaitable<std::vector<std::string>> Store::known_installations() {
    return impl_->writer.run([](Database& db) { return storage::known_installations(db); });
}
awaitable<Forgotten> Store::forget_pending(ObjectName object) {
    return impl_->writer.run(
        [object = std::move(object)](Database& db) { return storage::forget_pending(db, object); });
}
awaitable<Forgotten> Store::forget_object(Leftover leftover) {
    return impl_->writer.run(
        [leftover = std::move(leftover)](Database& db) { return storage::forget_object(db, leftover); });
}
awaitable<void> Store::forget_installation(std::string id, Timestamp now, BuildForgotten build) {
    return impl_->writer.run([id = std::move(id), now, build = std::move(build)](Database& db) {
        storage::forget_installation(db, id, now, build);
    });
}
awaitable<std::vector<std::string>> Store::forget_destinations(std::vector<std::string> kept) {
    return impl_->writer.run([kept = std::move(kept)](Database& db) { return storage::forget_destinations(db, kept); });
}

}  // namespace syncd::storage
