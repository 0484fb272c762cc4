#include "daemon/read_run.hpp"

#include "config/core/ids.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd {

constexpr std::int64_t max_deletes_floor = 10;  // records that a share of a small object always allows

result<void> ReadRun::go_on() const {
    if (context.stopping()) return Error{errc::cancelled, "stopped before its end"};
    return {};
}

awaitable<void> ReadRun::note(storage::LogLevel level, std::string message) {
    return context.store.log_operation(envelope.operation_id, level, std::move(message), context.world.now());
}

OnRetry ReadRun::on_retry(std::string what) const {
    return [this, what = std::move(what)](const Error& failure, Duration wait) {
        context.log.warn("read.retry", {{"installation", context.installation.id},
                                        {"object", object.object},
                                        {"operation", envelope.operation_id},
                                        {"asked", what},
                                        {"error", failure.message},
                                        {"wait_ms", wait / std::chrono::milliseconds{1}}});
    };
}

namespace {

BuildMessages builder(const ReadRun& run) {
    const auto bytes_max = run.context.config.destinations.at(run.object.destination).max_payload_bytes;
    return [envelope = run.envelope, &object = run.object, bytes_max](
               const std::vector<Change>& changes, const std::string& stream_id, std::int64_t next_sequence) {
        return build_messages(envelope, object, bytes_max, changes, stream_id, next_sequence);
    };
}

BuildFieldMessages field_builder(const ReadRun& run, const std::string& destination) {
    const auto bytes_max = run.context.config.destinations.at(destination).max_payload_bytes;
    return [envelope = run.envelope, &object = run.object, bytes_max](
               const std::vector<FieldChange>& changes, const std::string& stream_id, std::int64_t next_sequence) {
        return build_field_messages(envelope, object, bytes_max, changes, stream_id, next_sequence);
    };
}

std::set<FieldChangeType> told_by(const config::SchemaWatch& watch) {
    std::set<FieldChangeType> told;
    if (watch.created) told.insert(FieldChangeType::created);
    if (watch.deleted) told.insert(FieldChangeType::deleted);
    if (watch.changed) told.insert(FieldChangeType::changed);
    return told;
}

std::string new_stream_id(const ReadRun& run) {
    return make_uuid([&] { return run.context.world.random(); });
}

}  // namespace

storage::PageCommit ReadRun::page_commit() const {
    return {.object_key = state.key,
            .operation_id = envelope.operation_id,
            .records = {},
            .destination = object.destination,
            .new_stream_id = new_stream_id(*this),
            .build = builder(*this),
            .now = context.world.now()};
}

awaitable<void> ReadRun::commit(storage::PageCommit page) {
    const auto done = co_await context.store.commit_page(std::move(page));
    changes.creates += done.creates;
    changes.updates += done.updates;
    changes.deletes += done.deletes;
    changes.messages += done.messages;
    if (done.messages > 0) context.ring(object.destination);
}

storage::DeleteCommit ReadRun::delete_commit(std::vector<std::string> ids) const {
    return {.object_key = state.key,
            .operation_id = envelope.operation_id,
            .ids = std::move(ids),
            .destination = object.destination,
            .new_stream_id = new_stream_id(*this),
            .build = builder(*this),
            .now = context.world.now()};
}

awaitable<void> ReadRun::commit_deletes(std::vector<std::string> ids) {
    const auto done = co_await context.store.commit_deletes(delete_commit(std::move(ids)));
    changes.deletes += done.deletes;
    if (done.messages > 0) context.ring(object.destination);
}

awaitable<void> ReadRun::check_schema() {
    if (!schema) co_return;
    if (!schema->complete()) {
        co_await note(storage::LogLevel::warn,
                      fmt::format("more than {} different fields: the schema watch leaves this read out",
                                  SchemaFields::names_max));
        co_return;
    }
    auto fields = schema->types();
    if (fields.empty()) co_return;
    const auto& watch = context.installation.schema_watch.value();
    storage::SchemaCheck check{.object_key = state.key,
                               .operation_id = envelope.operation_id,
                               .fields = std::move(fields),
                               .told = told_by(watch),
                               .destination = watch.destination,
                               .new_stream_id = new_stream_id(*this),
                               .build = field_builder(*this, watch.destination),
                               .read_started = started,
                               .now = context.world.now()};
    if (co_await context.store.check_schema(std::move(check)) == 0) co_return;
    context.log.info(
        "schema.changed",
        {{"installation", context.installation.id}, {"object", object.object}, {"operation", envelope.operation_id}});
    context.ring(watch.destination);
}

std::optional<std::int64_t> deletes_allowed(const config::MaxDeletes& fuse, std::int64_t known) {
    if (fuse.records) return *fuse.records;
    if (fuse.share >= 1.0) return std::nullopt;
    return std::max<std::int64_t>(std::int64_t(fuse.share * double(known)), max_deletes_floor);
}

}  // namespace syncd
