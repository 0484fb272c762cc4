#include "daemon/write_service.hpp"

#include "config/core/ids.hpp"
#include "connector/bentley/problem.hpp"
#include "connector/bentley/write.hpp"
#include "daemon/write_mapping.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd {
namespace {

using storage::Write;
using storage::WriteStatus;
using storage::WriteStep;

constexpr std::size_t lanes_default = 16;  // where the provider's concurrency is not limited
constexpr Duration store_pause = std::chrono::seconds{1};
constexpr Duration longest_nap = std::chrono::minutes{1};  // the wall clock may jump meanwhile
constexpr std::size_t problem_bytes_max = 16u << 10;

std::string place_of(const std::string& id) { return "write " + id; }

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

Traceable traceable(bentley::Certainty certainty) {
    switch (certainty) {
        case bentley::Certainty::none: return Traceable::no;
        case bentley::Certainty::content: return Traceable::by_content;
        case bentley::Certainty::unique: return Traceable::by_key;
    }
    return Traceable::no;
}

}  // namespace

/// A write in hand.
struct WriteService::Job {
    Write write;
    const bentley::Object* facts = nullptr;
    const config::WriteObject* settings = nullptr;  // empty: no longer in the configuration
    std::string record;
    std::vector<config::WriteField> if_empty;
    std::string data;  // done: the record as the provider answered it
};

WriteService::WriteService(ReaderContext& context, const bentley::Catalog& catalog, const Cipher& cipher,
                           WrittenRecords& written)
    : context_(context),
      catalog_(catalog),
      cipher_(cipher),
      written_(written),
      bell_(context.world),
      lanes_(context.world, [this](std::exception_ptr failure) {
          context_.log.error("write.broken", {{"error", describe(failure)}});
      }) {}

const config::WriteObject* WriteService::find(const std::string& object) const {
    for (const auto& each : context_.installation.writes)
        if (each.object == object || each.mapped_name == object) return &each;
    return nullptr;
}

result<storage::NewWrite> WriteService::prepare(const config::WriteObject& object, const WriteOrder& order,
                                                const std::string& record, std::vector<bentley::Fault>& faults) {
    const auto& facts = *catalog_.find(object.object);
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
    write.body = cipher_.seal(envelope(*mapped), place_of(write.id), [this] { return context_.world.random(); });
    return write;
}

awaitable<result<WriteAccepted>> WriteService::accept(WriteOrder order) {
    const auto* object = find(order.object);
    if (!object) co_return Error{errc::not_found, order.object + " is no write object of this integration"};
    WriteAccepted accepted;
    if (order.type == WriteType::remove && !object->deletes)
        accepted.faults.push_back(
            {"type", fmt::format("deletes of {} are not enabled: set config.write.objects.{}.deletionSettings.enabled",
                                 object->object, object->object)});
    const auto& facts = *catalog_.find(object->object);
    const bool supported = order.type == WriteType::create   ? true
                           : order.type == WriteType::update ? facts.write->update.has_value()
                                                             : facts.write->remove.has_value();
    if (!supported)
        accepted.faults.push_back(
            {"type", fmt::format("the provider has no {} of {}{}", to_string(order.type), object->object,
                                 order.type == WriteType::update && facts.write->remove
                                     ? ": delete the record and create it anew"
                                     : "")});
    if (!accepted.faults.empty()) co_return accepted;

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
            accepted.faults.push_back({where, std::move(fault.message)});
        }
        if (!problem.empty()) write->problem = "{\"errors\":" + problem + "]}";
        entry.writes.push_back(std::move(*write));
    }
    const bool any_good = std::ranges::any_of(entry.writes, [](const auto& write) { return write.error.empty(); });
    if (!any_good || (order.all_or_none && !accepted.faults.empty())) co_return accepted;
    accepted.faults.clear();  // of a batch: each is told with its record

    if (!order.idempotency_key.empty())
        entry.idempotency = storage::IdempotencyKey{
            .scope = fmt::format("{}/{}/{}", context_.config.project, installation.integration, installation.group_ref),
            .key = order.idempotency_key,
            .digest = order.digest};
    const auto count = entry.writes.size();
    const auto stored = co_await context_.store.accept_writes(std::move(entry));
    if (stored.what == storage::AcceptedWrites::other_request)
        co_return Error{errc::conflict, "this Idempotency-Key came with another request before"};
    accepted.operation_id = stored.operation_id;
    if (stored.what == storage::AcceptedWrites::fresh)
        context_.log.info("write.accepted", {{"installation", installation.id},
                                             {"object", object->object},
                                             {"operation", accepted.operation_id},
                                             {"type", to_string(order.type)},
                                             {"records", count}});
    bell_.ring();
    co_return accepted;
}

awaitable<std::vector<Write>> WriteService::wait(std::string operation_id, Duration limit) {
    Doorbell changed(context_.world);
    const auto entry = waiting_.emplace(operation_id, &changed);
    struct Leave {
        std::multimap<std::string, Doorbell*>& waiting;
        std::multimap<std::string, Doorbell*>::iterator entry;
        ~Leave() { waiting.erase(entry); }
    } leave{waiting_, entry};
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
    const auto* settings = find(write.object);
    return {.installation = context_.installation,
            .object = write.object,
            .mapped_name = settings ? settings->mapped_name : write.object,
            .operation_id = write.operation_id};
}

storage::BuildWritten WriteService::tell_written(const Write& write) const {
    return [&notifier = context_.notifier, about = subject(write)](const std::vector<Write>& writes) {
        std::vector<std::string> ids, errors;
        for (const auto& each : writes) {
            if (each.status == WriteStatus::done)
                ids.push_back(each.record_id);
            else
                errors.push_back(each.error);
        }
        return notifier.write_done(about, errors.empty(), ids, errors);
    };
}

std::string WriteService::answer_of(const Write& write) const {
    if (write.answer.empty()) return {};
    auto opened = cipher_.open(write.answer, place_of(write.id));
    return opened ? *opened : std::string();
}

result<void> WriteService::open(Job& job) const {
    job.facts = catalog_.find(job.write.object);
    if (!job.facts || !job.facts->write)
        return Error{errc::invalid_input, job.write.object + " is no object that this version can write"};
    job.settings = find(job.write.object);
    auto text = cipher_.open(job.write.body, place_of(job.write.id));
    if (!text) return text.error();
    const auto record = json::find(*text, "record");
    if (!record) return Error{errc::internal, "what was kept of the write has no record"};
    job.record = std::string(*record);
    if (const auto defaults = json::find(*text, "ifEmpty"))
        for (const auto& [name, value] : json::members(*defaults)) job.if_empty.push_back({name, std::string(value)});
    return {};
}

WriteCase WriteService::case_of(const Job& job) {
    WriteCase c{.write = job.write, .now = context_.world.now(), .random = context_.world.random()};
    if (!job.facts) return c;
    c.paid = bentley::starts_paid_work(*job.facts, job.write.type, job.record);
    c.repeatable = job.write.type != WriteType::create && !c.paid;
    c.retry_unknown = job.settings && job.settings->retry_unknown;
    if (!c.repeatable) {
        c.traceable = traceable(bentley::certainty(*job.facts, lost_of(job.write, job.record)));
    }
    return c;
}

bentley::Lost WriteService::lost_of(const Write& write, const std::string& record) const {
    const auto& connection = context_.installation.connection;
    const bool service = connection.grant == config::Grant::client_credentials;
    return {.type = write.type,
            .record = record,
            .id = write.record_id,
            .marker = write.marker,
            .creator = service ? bentley::service_user(catalog_, connection.client_id) : std::string(),
            .first_sent_at = write.first_sent_at.value_or(write.created_at),
            .sent_at = write.sent_at.value_or(write.created_at)};
}

awaitable<void> WriteService::settle_interrupted() {
    for (auto& write : co_await context_.store.interrupted_writes(context_.installation.id)) {
        Job job{.write = std::move(write)};
        const auto opened = open(job);
        auto c = case_of(job);
        if (!opened) c.repeatable = c.paid = false;
        auto step = judge_lost(c, Error{errc::transient, "the process ended before the answer came"});
        co_await finish(job.write, std::move(step));
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
            const auto now = context_.world.now();
            const auto due = co_await context_.store.next_write_due(
                {.installation_id = context_.installation.id, .busy = busy_, .now = now});
            if (due) nap = std::clamp<Duration>(*due - now, std::chrono::milliseconds{1}, longest_nap);
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

/// Starts what is due in the free lanes.
awaitable<void> WriteService::start_due() {
    const auto limit = context_.config.provider.max_concurrent_requests;
    const auto lanes = limit > 0 ? std::size_t(limit) : lanes_default;
    if (busy_.size() >= lanes) co_return;
    storage::WriteClaim claim{.installation_id = context_.installation.id,
                              .busy = busy_,
                              .now = context_.world.now(),
                              .longest_wait = write_wait_max,
                              .limit = lanes - busy_.size()};
    auto due = co_await context_.store.claim_writes(std::move(claim));
    for (auto& write : due) {
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
            service.bell_.ring();
        }
    } leave{*this, write.key};
    Job job{.write = std::move(write)};
    std::optional<WriteStep> step;
    std::exception_ptr broken;
    try {
        step = co_await carry_out(job);
    } catch (const std::exception&) {  // before it was sent: the store could not note that, as on a full disk
        broken = std::current_exception();
    }
    if (broken) {
        if (context_.stopping()) co_return;
        paused_ = true;
        context_.log.error("write.broken", {{"write", job.write.id}, {"error", describe(broken)}});
        co_return;
    }
    if (!job.data.empty() && step->status == WriteStatus::done)
        step->answer = cipher_.seal(job.data, place_of(job.write.id), [this] { return context_.world.random(); });
    co_await finish(job.write, std::move(*step));
}

awaitable<WriteStep> WriteService::carry_out(Job& job) {
    if (auto opened = open(job); !opened) {
        auto step = judge_late(case_of(job));
        step.error = step.note = opened.error().message;
        co_return step;
    }
    if (job.write.looking) co_return co_await look(job);
    if (job.write.deadline_at <= context_.world.now()) co_return judge_late(case_of(job));
    co_return co_await send(job);
}

/// What is there before an update, where the update depends on it.
awaitable<result<std::optional<http::Response>>> WriteService::read_present(Job& job) {
    if (job.write.type != WriteType::update) co_return std::optional<http::Response>();
    auto read = bentley::read_before_update(*job.facts, context_.connector.base_url(), job.write.record_id);
    if (!read && job.if_empty.empty()) co_return std::optional<http::Response>();
    if (!read) {
        auto own = bentley::write_request(*job.facts, WriteType::update, context_.connector.base_url(),
                                          job.write.record_id, job.record);
        if (!own) co_return own.error();
        read = bentley::WriteRequest{.method = "GET", .url = own->url};
        read->headers.add("Accept", job.facts->write->update->accept);
    }
    auto response = co_await context_.connector.look(read->headers, read->url);
    if (!response) co_return response.error();
    co_return std::optional(std::move(*response));
}

awaitable<WriteStep> WriteService::send(Job& job) {
    auto present = co_await read_present(job);
    if (!present) co_return judge_unsent(case_of(job), present.error());
    std::string body = job.record;
    if (*present) {
        const auto& answer = **present;
        if (answer.status != 200) {
            auto error = bentley::error_of(answer);
            error.message = "reading it before the update: " + error.message;
            const bool passes = answer.status == 429 || answer.status >= 500;
            co_return passes ? judge_unsent(case_of(job), error) : judge_answer(case_of(job), answer, error);
        }
        const auto& wrapper = job.facts->write->update->wrapper;
        const bool is_json = bool(json::validate(answer.body));
        const auto record = !is_json          ? std::nullopt
                            : wrapper.empty() ? std::optional(std::string_view(answer.body))
                                              : json::find(answer.body, wrapper);
        if (!record)
            co_return judge_unsent(case_of(job),
                                   Error{errc::transient, "reading it before the update: no record in it"});
        body = fill_empty(std::move(body), *record, job.if_empty);
        if (bentley::read_before_update(*job.facts, context_.connector.base_url(), job.write.record_id)) {
            auto whole = bentley::overlay(*job.facts, answer.body, body);
            if (!whole) co_return judge_unsent(case_of(job), whole.error());
            body = std::move(*whole);
        }
    }
    auto request =
        bentley::write_request(*job.facts, job.write.type, context_.connector.base_url(), job.write.record_id, body);
    if (!request) {
        auto step = judge_late(case_of(job));
        step.error = step.note = request.error().message;
        co_return step;
    }
    struct Touch {  // pages asked for before the end show the record as it was
        WrittenRecords& written;
        const Write& write;
        Touch(WrittenRecords& all, const Write& one) : written(all), write(one) {
            if (!write.record_id.empty()) written.begin(write.object, write.record_id, write.type == WriteType::remove);
        }
        ~Touch() {
            if (!write.record_id.empty()) written.end(write.object, write.record_id);
        }
    } touch{written_, job.write};
    const auto before_send = [this, &job]() -> awaitable<bool> {
        const auto now = context_.world.now();
        const bool pending = co_await context_.store.begin_sending(job.write.key, now);
        ++job.write.attempts;
        if (!job.write.first_sent_at) job.write.first_sent_at = now;
        job.write.sent_at = now;
        co_return pending;
    };
    http::Request message{.method = request->method, .headers = request->headers, .body = request->body};
    auto exchanged = co_await context_.connector.write(std::move(message), request->url, before_send);
    const auto c = case_of(job);
    if (!exchanged.answer)
        co_return exchanged.sent ? judge_lost(c, exchanged.answer.error()) : judge_unsent(c, exchanged.answer.error());
    const auto& answer = *exchanged.answer;
    const auto error = answer.status / 100 == 2 ? Error{} : bentley::error_of(answer);
    auto step = judge_answer(c, answer, error);
    if (step.status == WriteStatus::done) {
        auto written = bentley::parse_written(*job.facts, job.write.type, job.write.record_id, answer);
        step.record_id = written.id;
        job.data = std::move(written.data);
    } else if (bool(json::validate(answer.body)) && answer.body.size() <= problem_bytes_max) {
        step.problem = answer.body;
    }
    co_return step;
}

awaitable<WriteStep> WriteService::look(Job& job) {
    bentley::Lookup lookup(*job.facts, context_.connector.base_url(), lost_of(job.write, job.record));
    while (auto next = lookup.next()) {
        auto response = co_await context_.connector.look(next->headers, next->url);
        if (!response) co_return judge_look(case_of(job), response.error());
        if (response->status != 200 && response->status != 404)
            co_return judge_look(case_of(job), bentley::error_of(*response));
        if (auto taken = lookup.take(*response); !taken) co_return judge_look(case_of(job), taken.error());
    }
    auto found = lookup.found();
    Looked looked{.record_id = found.written.id, .why = found.why};
    switch (found.what) {
        case bentley::Lookup::What::nothing: looked.what = Looked::nothing; break;
        case bentley::Lookup::What::ours: looked.what = Looked::ours; break;
        case bentley::Lookup::What::taken: looked.what = Looked::taken; break;
        case bentley::Lookup::What::unclear: looked.what = Looked::unclear; break;
    }
    job.data = std::move(found.written.data);
    co_return judge_look(case_of(job), looked);
}

/// Stores what became of the write, however long that takes: it is known nowhere else.
awaitable<void> WriteService::finish(const Write& write, WriteStep step) {
    storage::FinishedWrite finished;
    step.written = tell_written(write);
    if (step.status == WriteStatus::unknown)
        step.notices = context_.notifier.write_unknown(subject(write), write.id, step.error);
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
    context_.ring_for(finished.notices);
    const auto level = step.status == WriteStatus::unknown ? Level::error
                       : step.status == WriteStatus::done  ? Level::info
                                                           : Level::warn;
    context_.log.write(level, "write.attempted",
                       {{"installation", write.installation_id},
                        {"object", write.object},
                        {"operation", write.operation_id},
                        {"write", write.id},
                        {"type", to_string(write.type)},
                        {"status", to_string(step.status)},
                        {"attempt", write.attempts},
                        {"error", step.error}});
    const auto [first, last] = waiting_.equal_range(write.operation_id);
    for (auto at = first; at != last; ++at) at->second->ring();
    bell_.ring();
}

}  // namespace syncd
