#include "daemon/write_service.hpp"

#include "config/core/ids.hpp"
#include "connector/bentley/write.hpp"
#include "daemon/write_mapping.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd {
namespace {

using storage::Write;
using storage::WriteStatus;
using storage::WriteStep;

const bentley::Fault other_request{"Idempotency-Key", "this key came with another request before"};
constexpr std::size_t lanes_default = 16;  // where the provider's concurrency is not limited
constexpr std::size_t waiting_max = 400;   // callers at once; connections are needed for others too
constexpr Duration store_pause = std::chrono::seconds{1};
constexpr Duration longest_nap = std::chrono::minutes{1};  // the wall clock may jump meanwhile

/// What is kept of a record until it is sent: the record, and the defaults for fields that are empty at the provider.
std::string envelope(const MappedWrite& mapped) {
    std::string text = "{\"record\":" + mapped.record + ",\"ifEmpty\":{";
    for (const auto& field : mapped.if_empty) {
        if (text.back() != '{') text += ',';
        json::append_quoted(text, field.name);
        text += ":" + field.value;
    }
    return text + "}}";
}

bool is_open(const Write& write) {
    return write.status == WriteStatus::pending || write.status == WriteStatus::sending;
}

}  // namespace

WriteService::WriteService(ReaderContext& context, const bentley::Catalog& catalog, const Cipher& cipher,
                           WrittenRecords& written)
    : context_(context),
      writes_{context, catalog, cipher, written},
      bell_(context.world),
      lanes_(context.world, [this](std::exception_ptr failure) {
          context_.log.error("write.broken", {{"error", describe(failure)}});
      }) {
    objects_ = "[";
    for (const auto& object : context.installation.writes)
        objects_ += (objects_.size() > 1 ? "," : "") + json::quote(object.object);
    objects_ += "]";
}

result<storage::NewWrite> WriteService::prepare(const config::WriteObject& object, const WriteOrder& order,
                                                const std::string& record, std::vector<bentley::Fault>& faults) {
    const auto& facts = *writes_.catalog.find(object.object);
    auto mapped = map_write(object, order.type, record);
    if (!mapped) return mapped.error();
    storage::NewWrite write{.id = make_uuid([this] { return context_.world.random(); })};
    if (order.type != WriteType::create) {
        write.record_id = bentley::record_id(facts, mapped->record);
        if (write.record_id.empty()) faults.push_back({"id", "id is missing: which record is meant"});
    }
    if (object.validate)
        for (auto& fault : bentley::check_record(facts, order.type, mapped->record)) faults.push_back(std::move(fault));
    if (!faults.empty()) return write;
    if (object.marker && order.type == WriteType::create) {
        write.marker = "syncd-" + write.id;
        if (auto marked = bentley::with_marker(facts, mapped->record, write.marker))
            mapped->record = std::move(*marked);
        else
            write.marker.clear();
    }
    write.body = writes_.seal(envelope(*mapped), write.id);
    return write;
}

std::optional<storage::IdempotencyKey> WriteService::key_of(const WriteOrder& order) const {
    if (order.idempotency_key.empty()) return std::nullopt;
    const auto& installation = context_.installation;
    return storage::IdempotencyKey{
        .scope = fmt::format("{}/{}/{}", context_.config.project, installation.integration, installation.group_ref),
        .key = order.idempotency_key,
        .digest = order.digest};
}

awaitable<result<WriteAccepted>> WriteService::accept(WriteOrder order) {
    const auto key = key_of(order);
    if (key) {  // before the checks: the configuration may have changed since the first request
        const auto known = co_await context_.store.find_request(*key, context_.world.now());
        if (known.what == storage::AcceptedWrites::other_request)
            co_return co_await refuse(order.object, {other_request});
        if (known.what == storage::AcceptedWrites::repeated) co_return WriteAccepted{known.operation_id, {}};
    }
    const auto* object = writes_.find(order.object);
    if (!object) co_return Error{errc::not_found, order.object + " is no write object of this integration"};
    std::vector<bentley::Fault> refused;
    if (order.type == WriteType::remove && !object->deletes)
        refused.push_back(
            {"type", fmt::format("deletes of {} are not enabled: set config.write.objects.{}.deletionSettings.enabled",
                                 object->object, object->object)});
    const auto& facts = *writes_.catalog.find(object->object);
    const bool supported = order.type == WriteType::create   ? true
                           : order.type == WriteType::update ? facts.write->update.has_value()
                                                             : facts.write->remove.has_value();
    if (!supported)
        refused.push_back({"type", fmt::format("the provider has no {} of {}{}", to_string(order.type), object->object,
                                               order.type == WriteType::update && facts.write->remove
                                                   ? ": delete the record and create it anew"
                                                   : "")});
    if (!refused.empty()) co_return co_await refuse(object->object, std::move(refused));

    const auto now = context_.world.now();
    const auto& installation = context_.installation;
    storage::AcceptWrites entry{.operation_id = make_uuid([this] { return context_.world.random(); }),
                                .installation_id = installation.id,
                                .object = object->object,
                                .type = order.type,
                                .batch = order.batch,
                                .all_or_none = order.all_or_none,
                                .asynchronous = order.asynchronous,
                                .now = now,
                                .deadline_at = now + std::chrono::hours{order.deadline_hours}};
    for (std::size_t i = 0; i < order.records.size(); ++i) {
        std::vector<bentley::Fault> faults;
        auto write = prepare(*object, order, order.records[i], faults);
        if (!write) co_return write.error();
        std::string problem;
        for (auto& fault : faults) {
            write->error += (write->error.empty() ? "" : "; ") + fault.message;
            problem += problem.empty() ? "[" : ",";
            problem += "{\"message\":" + json::quote(fault.message) + ",\"field\":" + json::quote(fault.field) + "}";
            const auto where = order.batch
                                   ? fmt::format("batch[{}].record{}{}", i, fault.field.empty() ? "" : ".", fault.field)
                                   : fault.field;
            refused.push_back({where, std::move(fault.message)});
        }
        if (!problem.empty()) write->problem = "{\"errors\":" + problem + "]}";
        entry.writes.push_back(std::move(*write));
    }
    const bool any_good = std::ranges::any_of(entry.writes, [](const auto& write) { return write.error.empty(); });
    if (!any_good || (order.all_or_none && !refused.empty()))
        co_return co_await refuse(object->object, std::move(refused));
    // Else what is wrong in a batch is told with its record.

    entry.idempotency = key;
    const auto count = entry.writes.size();
    const auto stored = co_await context_.store.accept_writes(std::move(entry));
    if (stored.what == storage::AcceptedWrites::other_request)
        co_return co_await refuse(object->object, {other_request});
    const WriteAccepted accepted{stored.operation_id, {}};
    if (stored.what == storage::AcceptedWrites::fresh)
        context_.log.info("write.accepted", {{"installation", installation.id},
                                             {"object", object->object},
                                             {"operation", accepted.operation_id},
                                             {"type", to_string(order.type)},
                                             {"records", count}});
    bell_.ring();
    co_return accepted;
}

/// Keeps why, for those who look the operation up.
awaitable<WriteAccepted> WriteService::refuse(std::string object, std::vector<bentley::Fault> faults) {
    storage::RefusedWrites refused{.operation_id = make_uuid([this] { return context_.world.random(); }),
                                   .installation_id = context_.installation.id,
                                   .object = std::move(object),
                                   .now = context_.world.now()};
    for (const auto& fault : faults)
        refused.reasons.push_back(fault.field.empty() ? fault.message : fault.field + ": " + fault.message);
    WriteAccepted answer{refused.operation_id, std::move(faults)};
    co_await context_.store.refuse_writes(std::move(refused));
    co_return answer;
}

awaitable<std::vector<Write>> WriteService::wait(std::string operation_id, Duration limit) {
    Doorbell changed(context_.world);
    const auto entry = waiting_.emplace(operation_id, &changed);
    struct Leave {
        std::multimap<std::string, Doorbell*>& waiting;
        std::multimap<std::string, Doorbell*>::iterator entry;
        ~Leave() { waiting.erase(entry); }
    } leave{waiting_, entry};
    if (waiting_.size() > waiting_max) limit = Duration::zero();
    const Tick end = context_.world.tick() + limit;
    for (;;) {
        auto writes = co_await context_.store.writes_of(operation_id);
        const auto now = context_.world.tick();
        if (std::ranges::none_of(writes, is_open) || now >= end || context_.stopping()) co_return writes;
        co_await changed.wait(end - now);
    }
}

void WriteService::wake() {
    bell_.ring();
    for (auto& [operation, waiting] : waiting_) waiting->ring();
}

WriteSubject WriteService::subject(const Write& write) const {
    const auto* settings = writes_.find(write.object);
    return {.installation = context_.installation,
            .object = write.object,
            .mapped_name = settings ? settings->mapped_name : write.object,
            .operation_id = write.operation_id};
}

storage::BuildWritten WriteService::tell_written(const Write& write) const {
    return [&notifier = context_.notifier, about = subject(write)](const std::vector<Write>& writes) {
        std::vector<std::string> ids, errors;
        for (const auto& each : writes) {
            if (each.status != WriteStatus::done)
                errors.push_back(each.error);
            else if (!each.record_id.empty())
                ids.push_back(each.record_id);
        }
        return notifier.write_done(about, errors.empty(), ids, errors);
    };
}

std::string WriteService::answer_of(const Write& write) const {
    if (write.answer.empty()) return {};
    auto opened = writes_.open(write.answer, write.id);
    return opened ? *opened : std::string();
}

awaitable<void> WriteService::settle_interrupted() {
    for (auto& write : co_await context_.store.interrupted_writes(context_.installation.id)) {
        WriteAttempt attempt(writes_, std::move(write));
        auto step = attempt.lost(Error{errc::transient, "the process ended before the answer came"});
        co_await finish(attempt.write(), std::move(step));
    }
}

awaitable<void> WriteService::run() {
    bool settled = false;
    while (!context_.stopping()) {
        Duration nap = longest_nap;
        std::exception_ptr broken;
        try {
            if (!settled) co_await settle_interrupted();
            settled = true;
            if (!context_.stopping() && !paused_) co_await start_due();
            auto next = claim();
            const auto now = next.now;
            if (next.late_only && !probe_) nap = std::min(nap, outage_.left(context_.world.tick()));
            const auto due = co_await context_.store.next_write_due(std::move(next));
            if (due) nap = std::min(nap, std::max<Duration>(*due - now, std::chrono::milliseconds{1}));
        } catch (const std::exception& failure) {
            broken = std::current_exception();
        }
        if (broken) {
            if (context_.stopping()) break;
            context_.log.error("writes.broken",
                               {{"installation", context_.installation.id}, {"error", describe(broken)}});
            nap = store_pause;
        }
        if (std::exchange(paused_, false)) nap = store_pause;
        co_await bell_.wait(nap);
    }
    while (!co_await lanes_.join(longest_nap)) {
    }
}

storage::WriteClaim WriteService::claim() {
    const auto limit = context_.config.provider.max_concurrent_requests;
    const auto lanes = limit > 0 ? std::size_t(limit) : lanes_default;
    storage::WriteClaim claim{.installation_id = context_.installation.id,
                              .objects = objects_,
                              .busy = busy_,
                              .now = context_.world.now(),
                              .longest_wait = write_wait_max,
                              .limit = lanes - std::min(lanes, busy_.size())};
    if (!outage_.lasts()) return claim;
    claim.late_only = probe_ || outage_.left(context_.world.tick()) > Duration::zero();
    if (!claim.late_only) claim.limit = std::min<std::size_t>(claim.limit, 1);
    return claim;
}

/// Starts what is due in the free lanes; while the connection fails, one that tries it.
awaitable<void> WriteService::start_due() {
    auto wanted = claim();
    if (wanted.limit == 0) co_return;
    const bool probes = outage_.lasts() && !wanted.late_only;
    auto due = co_await context_.store.claim_writes(std::move(wanted));
    for (auto& write : due) {
        if (probes) probe_ = write.key;
        busy_.push_back(write.key);
        lanes_.spawn(work(std::move(write)));
    }
}

awaitable<void> WriteService::work(Write write) {
    struct Leave {
        WriteService& service;
        std::int64_t key;
        ~Leave() {
            std::erase(service.busy_, key);
            if (service.probe_ == key) service.probe_.reset();
            service.bell_.ring();
        }
    } leave{*this, write.key};
    WriteAttempt attempt(writes_, std::move(write));
    std::optional<WriteStep> step;
    std::exception_ptr broken;
    try {
        step = co_await attempt.carry_out();
    } catch (const std::exception&) {
        broken = std::current_exception();
    }
    if (broken) {
        if (context_.stopping()) co_return;
        paused_ = true;
        context_.log.error("write.broken", {{"write", attempt.write().id}, {"error", describe(broken)}});
        if (!attempt.begun()) co_return;  // the store could not note that it was about to be sent, as on a full disk
        step = attempt.lost(Error{errc::transient, describe(broken)});
    }
    if (attempt.called_off() && context_.stopping()) co_return;  // it is as it was
    note_contact(attempt);
    co_await finish(attempt.write(), std::move(*step));
}

void WriteService::note_contact(const WriteAttempt& attempt) {
    const auto& contact = attempt.contact();
    if (!contact) return;
    if (*contact) return resume();
    const auto& error = contact->error();
    const auto now = context_.world.tick();
    if (error.code == errc::cancelled) return;  // called off here: its deadline passed, or we are stopping
    if (!outage_.fail(error, now)) return;
    context_.log.warn("writes.waiting", {{"installation", context_.installation.id},
                                         {"error", error.message},
                                         {"next_attempt_at", format_time(context_.world.now() + outage_.left(now))}});
}

void WriteService::resume() {
    if (outage_.end()) bell_.ring();
}

/// Stores what became of the write, however long that takes: it is known nowhere else.
awaitable<void> WriteService::finish(const Write& write, WriteStep step) {
    storage::FinishedWrite finished;
    step.written = tell_written(write);
    step.unknown = context_.notifier.write_unknown(subject(write), write.id, step.error);
    for (bool stored = false; !stored;) {
        std::exception_ptr broken;
        try {
            auto copy = step;
            finished = co_await context_.store.finish_write(std::move(copy));
            stored = true;
        } catch (const std::exception&) {
            broken = std::current_exception();
        }
        if (!broken) break;
        if (context_.stopping()) std::rethrow_exception(broken);
        context_.log.error("write.not_stored", {{"write", write.id}, {"error", describe(broken)}});
        Timer pause(context_.world);
        co_await pause.async_wait(store_pause);
    }
    if (!finished.stored) co_return;  // an operator was faster
    context_.ring_for(finished.notices);
    const auto level = finished.status == WriteStatus::unknown ? Level::error
                       : finished.status == WriteStatus::done  ? Level::info
                                                               : Level::warn;
    context_.log.write(level, "write.attempted",
                       {{"installation", write.installation_id},
                        {"object", write.object},
                        {"operation", write.operation_id},
                        {"write", write.id},
                        {"type", to_string(write.type)},
                        {"status", to_string(finished.status)},
                        {"attempt", write.attempts},
                        {"error", step.error}});
    const auto [first, last] = waiting_.equal_range(write.operation_id);
    for (auto at = first; at != last; ++at) at->second->ring();
    bell_.ring();
}

}  // namespace syncd
