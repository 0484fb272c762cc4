#include "daemon/write_attempt.hpp"

#include "connector/bentley/problem.hpp"
#include "connector/bentley/write.hpp"
#include "daemon/mask.hpp"
#include "daemon/write_mapping.hpp"

#include <fmt/format.h>

namespace syncd {
namespace {

using storage::Write;
using storage::WriteStatus;
using storage::WriteStep;

constexpr std::size_t problem_bytes_max = 16u << 10;

std::string place_of(const std::string& id) { return "write " + id; }

/// What was sent and the provider may repeat, but nobody else is to see.
std::vector<std::string> secrets_of(const bentley::Object& object, const std::string& record) {
    std::vector<std::string> secrets;
    for (const auto& name : object.write->secrets)
        if (const auto value = json::find(record, name)) secrets.push_back(json::as_string(*value).value_or(""));
    return secrets;
}

Traceable traceable(bentley::Certainty certainty) {
    switch (certainty) {
        case bentley::Certainty::none: return Traceable::no;
        case bentley::Certainty::content: return Traceable::by_content;
        case bentley::Certainty::unique: return Traceable::by_key;
    }
    return Traceable::no;
}

/// While a record is being written: pages asked for before its end show it as it was.
class Touch {
public:
    Touch(WrittenRecords& written, const Write& write) : written_(written), write_(write) {
        if (!write.record_id.empty()) written.begin(write.object, write.record_id, write.type == WriteType::remove);
    }
    Touch(const Touch&) = delete;
    Touch& operator=(const Touch&) = delete;
    ~Touch() {
        if (!write_.record_id.empty()) written_.end(write_.object, write_.record_id);
    }

private:
    WrittenRecords& written_;
    const Write& write_;
};

}  // namespace

const config::WriteObject* WriteContext::find(const std::string& object) const {
    for (const auto& each : reads.installation.writes)
        if (each.object == object || each.mapped_name == object) return &each;
    return nullptr;
}

std::string WriteContext::seal(const std::string& text, const std::string& id) const {
    return cipher.seal(text, place_of(id), [this] { return reads.world.random(); });
}

result<std::string> WriteContext::open(const std::string& sealed, const std::string& id) const {
    return cipher.open(sealed, place_of(id));
}

result<void> WriteAttempt::open() {
    facts_ = context_.catalog.find(write_.object);
    if (!facts_ || !facts_->write)
        return Error{errc::invalid_input, write_.object + " is no object that this version can write"};
    settings_ = context_.find(write_.object);
    auto text = context_.open(write_.body, write_.id);
    if (!text) return text.error();
    const auto record = json::find(*text, "record");
    if (!record) return Error{errc::internal, "what was kept of the write has no record"};
    record_ = std::string(*record);
    if (const auto defaults = json::find(*text, "ifEmpty"))
        for (const auto& [name, value] : json::members(*defaults)) if_empty_.push_back({name, std::string(value)});
    return {};
}

WriteCase WriteAttempt::case_of() {
    WriteCase c{.write = write_, .now = context_.reads.world.now(), .random = context_.reads.world.random()};
    if (!facts_) return c;
    c.paid = bentley::starts_paid_work(*facts_, write_.type, record_);
    c.repeatable = write_.type != WriteType::create && !c.paid;
    c.retry_unknown = settings_ && settings_->retry_unknown;
    if (!c.repeatable) c.traceable = traceable(bentley::certainty(*facts_, lost_of()));
    return c;
}

bentley::Lost WriteAttempt::lost_of() const {
    const auto& connection = context_.reads.installation.connection;
    const bool service = connection.grant == config::Grant::client_credentials;
    return {.type = write_.type,
            .record = record_,
            .id = write_.record_id,
            .marker = write_.marker,
            .creator = service ? bentley::service_user(context_.catalog, connection.client_id) : std::string(),
            .first_sent_at = write_.first_sent_at.value_or(write_.created_at),
            .sent_at = write_.sent_at.value_or(write_.created_at)};
}

WriteStep WriteAttempt::lost(const Error& error) {
    const bool known = facts_ || open();
    auto c = case_of();
    if (!known) c.repeatable = c.paid = false;
    return judge_lost(c, error);
}

awaitable<WriteStep> WriteAttempt::carry_out() {
    auto step = co_await act();
    if (!data_.empty() && step.status == WriteStatus::done) step.answer = context_.seal(data_, write_.id);
    co_return step;
}

awaitable<WriteStep> WriteAttempt::act() {
    if (auto opened = open(); !opened) {  // with another key, say: it is kept as it is until it can be read
        auto c = case_of();
        c.repeatable = false;  // nobody knows
        co_return write_.looking ? judge_look(c, opened.error()) : judge_unsent(c, opened.error());
    }
    if (write_.looking) co_return co_await look();
    if (write_.deadline_at <= context_.reads.world.now()) co_return judge_late(case_of());
    co_return co_await send();
}

void WriteAttempt::note_contact(const result<http::Response>& answer, bool sent) {
    if (answer && answer->status != 401)
        contact_ = result<void>();
    else if (answer)
        contact_ = bentley::error_of(*answer);
    else if (!sent && answer.error().code != errc::internal)
        contact_ = answer.error();
}

/// What is there before an update, where the update depends on it.
awaitable<result<std::optional<http::Response>>> WriteAttempt::read_present() {
    if (write_.type != WriteType::update) co_return std::optional<http::Response>();
    auto read = bentley::read_before_update(*facts_, context_.reads.connector.base_url(), write_.record_id);
    if (!read && if_empty_.empty()) co_return std::optional<http::Response>();
    if (!read) {
        auto own = bentley::write_request(*facts_, WriteType::update, context_.reads.connector.base_url(),
                                          write_.record_id, record_);
        if (!own) co_return own.error();
        read = bentley::WriteRequest{.method = "GET", .url = own->url};
        read->headers.add("Accept", facts_->write->update->accept);
    }
    auto response = co_await context_.reads.connector.look(read->headers, read->url);
    note_contact(response, !response && response.error().sent);
    if (!response) co_return response.error();
    co_return std::optional(std::move(*response));
}

result<std::string> WriteAttempt::body_over(const std::string& present) const {
    const auto& wrapper = facts_->write->update->wrapper;
    const bool is_json = bool(json::validate(present));
    const auto record = !is_json          ? std::nullopt
                        : wrapper.empty() ? std::optional(std::string_view(present))
                                          : json::find(present, wrapper);
    if (!record) return Error{errc::transient, "reading it before the update: no record in it"};
    auto body = fill_empty(record_, *record, if_empty_);
    const bool replaces =
        bentley::read_before_update(*facts_, context_.reads.connector.base_url(), write_.record_id).has_value();
    if (!replaces) return body;
    return bentley::overlay(*facts_, present, body);
}

awaitable<WriteStep> WriteAttempt::send() {
    auto present = co_await read_present();
    if (!present) co_return judge_unsent(case_of(), present.error());
    std::string body = record_;
    if (*present) {
        const auto& answer = **present;
        if (answer.status != 200) {
            auto error = bentley::error_of(answer);
            error.message = "reading it before the update: " + error.message;
            const bool passes = answer.status == 429 || answer.status >= 500;
            co_return passes ? judge_unsent(case_of(), error)
                             : told(judge_answer(case_of(), answer, error), answer.body, body);
        }
        auto over = body_over(answer.body);
        if (!over) co_return judge_unsent(case_of(), over.error());
        body = std::move(*over);
    }
    auto request =
        bentley::write_request(*facts_, write_.type, context_.reads.connector.base_url(), write_.record_id, body);
    if (!request) {
        auto step = judge_late(case_of());
        step.error = step.note = request.error().message;
        co_return step;
    }
    const Touch touch(context_.written, write_);
    const auto before_send = [this]() -> awaitable<bool> {
        const auto now = context_.reads.world.now();
        if (write_.deadline_at <= now) co_return false;  // the wait for token and budget has outlived it
        const bool pending = co_await context_.reads.store.begin_sending(write_.key, now);
        begun_ = begun_ || pending;
        ++write_.attempts;
        if (!write_.first_sent_at) write_.first_sent_at = now;
        write_.sent_at = now;
        co_return pending;
    };
    http::Request message{.method = request->method, .headers = request->headers, .body = request->body};
    auto exchanged = co_await context_.reads.connector.write(std::move(message), request->url, before_send);
    note_contact(exchanged.answer, exchanged.sent);
    const auto c = case_of();
    if (!exchanged.answer)
        co_return exchanged.sent ? judge_lost(c, exchanged.answer.error()) : judge_unsent(c, exchanged.answer.error());
    const auto& answer = *exchanged.answer;
    if (answer.status / 100 != 2) co_return told(judge_answer(c, answer, bentley::error_of(answer)), answer.body, body);
    auto written = bentley::parse_written(*facts_, write_.type, write_.record_id, answer);
    if (!written) co_return judge_lost(c, written.error());
    auto step = judge_answer(c, answer, Error{});
    step.record_id = std::move(written->id);
    data_ = std::move(written->data);
    co_return step;
}

/// What the provider said of it goes along, if it is not done.
WriteStep WriteAttempt::told(WriteStep step, const std::string& answer, const std::string& sent) const {
    if (step.status == WriteStatus::done) return step;
    const auto secrets = secrets_of(*facts_, sent);
    if (json::validate(answer) && answer.size() <= problem_bytes_max) step.problem = mask_json(answer, secrets);
    step.error = mask_text(step.error, secrets);
    step.note = mask_text(step.note, secrets);
    return step;
}

awaitable<WriteStep> WriteAttempt::look() {
    bentley::Lookup lookup(*facts_, context_.reads.connector.base_url(), lost_of());
    while (auto next = lookup.next()) {
        auto response = co_await context_.reads.connector.look(next->headers, next->url);
        note_contact(response, !response && response.error().sent);
        if (!response) co_return judge_look(case_of(), response.error());
        if (response->status != 200 && response->status != 404)
            co_return judge_look(case_of(), bentley::error_of(*response));
        if (auto taken = lookup.take(*response); !taken) co_return judge_look(case_of(), taken.error());
    }
    auto found = lookup.found();
    Looked looked{.record_id = found.written.id, .why = found.why};
    switch (found.what) {
        case bentley::Lookup::What::nothing: looked.what = Looked::nothing; break;
        case bentley::Lookup::What::ours: looked.what = Looked::ours; break;
        case bentley::Lookup::What::taken: looked.what = Looked::taken; break;
        case bentley::Lookup::What::unclear: looked.what = Looked::unclear; break;
    }
    data_ = std::move(found.written.data);
    auto c = case_of();
    if (looked.what == Looked::nothing && write_.type == WriteType::create)
        c.deleted_since = co_await context_.reads.store.deleted_since(write_.key);
    co_return judge_look(c, looked);
}

}  // namespace syncd
