#include "daemon/write_request.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd {
namespace {

using storage::Write;
using storage::WriteStatus;

constexpr std::size_t batch_max = 100;
constexpr std::int64_t deadline_hours_max = 48, delay_minutes_max = 1440;

Error wrong(std::string message) { return {errc::invalid_input, std::move(message)}; }

result<std::string> text_of(std::string_view body, const char* name, bool required) {
    const auto value = json::find(body, name);
    if (!value || json::kind(*value) == json::Kind::null) {
        if (required) return wrong(fmt::format("{} is missing", name));
        return std::string();
    }
    auto text = json::as_string(*value);
    if (!text) return wrong(fmt::format("{} must be a text", name));
    return std::move(*text);
}

/// A member of a policy of the body; empty where either is absent.
result<std::optional<std::string_view>> policy_member(std::string_view body, const char* policy, const char* name) {
    const auto found = json::find(body, policy);
    if (!found || json::kind(*found) == json::Kind::null) return std::optional<std::string_view>();
    if (json::kind(*found) != json::Kind::object) return wrong(fmt::format("{} must be an object", policy));
    return json::find(*found, name);
}

/// A whole number from 1 to `max`.
result<std::optional<std::int64_t>> count_of(std::string_view body, const char* policy, const char* name,
                                             std::int64_t max) {
    const auto value = policy_member(body, policy, name);
    if (!value) return value.error();
    if (!*value) return std::optional<std::int64_t>();
    const auto said = json::kind(**value) == json::Kind::number ? json::as_text(**value) : std::nullopt;
    for (std::int64_t allowed = 1; said && allowed <= max; ++allowed)
        if (*said == std::to_string(allowed)) return std::optional(allowed);
    return wrong(fmt::format("{}.{} must be a whole number from 1 to {}", policy, name, max));
}

/// In hours. The provider has no batch call: of an auto-batched write, which is sent at once, only the deadline counts.
result<std::int64_t> deadline_of(std::string_view body) {
    const auto retry = count_of(body, "retryPolicy", "deadlineHours", deadline_hours_max);
    const auto batch = count_of(body, "autoBatchPolicy", "retryDeadlineHours", deadline_hours_max);
    const auto delay = count_of(body, "autoBatchPolicy", "maxDelayMinutes", delay_minutes_max);
    for (const auto* each : {&retry, &batch, &delay})
        if (!*each) return each->error();
    return batch->value_or(retry->value_or(1));
}

result<bool> all_or_none_of(std::string_view body) {
    const auto value = policy_member(body, "batchPolicy", "allOrNone");
    if (!value) return value.error();
    if (!*value || **value == "false") return false;
    if (**value == "true") return true;
    return wrong("batchPolicy.allOrNone must be true or false");
}

result<void> read_records(std::string_view body, WriteOrder& order) {
    const auto record = json::find(body, "record"), batch = json::find(body, "batch");
    if (record.has_value() == batch.has_value()) return wrong("give either record, an object, or batch, a list");
    if (record) {
        if (json::kind(*record) != json::Kind::object) return wrong("record must be an object");
        order.records.emplace_back(*record);
        return {};
    }
    order.batch = true;
    const auto items = json::elements(*batch);
    if (json::kind(*batch) != json::Kind::array || items.empty() || items.size() > batch_max)
        return wrong("batch must be a list of 1 to 100 objects, each with a record");
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto each = json::kind(items[i]) == json::Kind::object ? json::find(items[i], "record") : std::nullopt;
        if (!each || json::kind(*each) != json::Kind::object)
            return wrong(fmt::format("batch[{}].record is missing, or no object", i));
        order.records.emplace_back(*each);
    }
    return {};
}

bool is_open(const Write& write) {
    return write.status == WriteStatus::pending || write.status == WriteStatus::sending ||
           write.status == WriteStatus::unknown;
}

/// {"message":…} for the sentence, then what the provider said of it in detail, as it came.
std::string errors_of(const Write& write) {
    std::string errors = "[";
    const bool known = !write.problem.empty() && json::validate(write.problem);
    const auto refused = known ? json::find(write.problem, "errors") : std::nullopt;
    if (write.attempts == 0 && refused && json::kind(*refused) == json::Kind::array) return std::string(*refused);
    errors += "{\"message\":" + json::quote(write.error);
    const auto problem = known ? json::find(write.problem, "error") : std::nullopt;
    if (problem && json::kind(*problem) == json::Kind::object) {
        for (const char* name : {"code", "target"})
            if (const auto value = json::find(*problem, name)) errors += fmt::format(",\"{}\":{}", name, *value);
        if (const auto details = json::find(*problem, "details"); details && json::kind(*details) == json::Kind::array)
            errors += ",\"details\":" + std::string(*details);
    }
    return errors + "}]";
}

std::string result_of(const Write& write, const std::string& answer, bool with_errors) {
    const bool done = write.status == WriteStatus::done;
    std::string json = fmt::format("{{\"success\":{}", done);
    if (is_open(write))
        json += fmt::format(",\"status\":\"{}\",\"writeId\":{}", to_string(write.status), json::quote(write.id));
    if (!write.record_id.empty()) json += ",\"recordId\":" + json::quote(write.record_id);
    if (done && !answer.empty()) json += ",\"data\":" + answer;
    if (with_errors && !write.error.empty() && !done) json += ",\"errors\":" + errors_of(write);
    return json + "}";
}

}  // namespace

result<WriteRequest> parse_write_request(std::string_view body) {
    if (auto valid = json::validate(body); !valid) return wrong("the body is not JSON: " + valid.error().message);
    if (json::kind(body.substr(body.find_first_not_of(" \t\r\n"))) != json::Kind::object)
        return wrong("the body must be an object");
    WriteRequest request;
    auto group = text_of(body, "groupRef", true);
    if (!group) return group.error();
    request.group_ref = std::move(*group);
    auto type = text_of(body, "type", true);
    if (!type) return type.error();
    if (*type != "create" && *type != "update" && *type != "delete")
        return wrong("type must be create, update or delete");
    auto& order = request.order;
    order.type = *type == "create" ? WriteType::create : *type == "update" ? WriteType::update : WriteType::remove;
    auto mode = text_of(body, "mode", false);
    if (!mode) return mode.error();
    if (!mode->empty() && *mode != "synchronous" && *mode != "asynchronous")
        return wrong("mode must be synchronous or asynchronous");
    order.asynchronous = *mode == "asynchronous";
    auto deadline = deadline_of(body);
    if (!deadline) return deadline.error();
    order.deadline_hours = *deadline;
    auto all_or_none = all_or_none_of(body);
    if (!all_or_none) return all_or_none.error();
    order.all_or_none = *all_or_none;
    if (auto read = read_records(body, order); !read) return read.error();
    return request;
}

WriteReply write_reply(const std::string& operation_id, bool batch, const std::vector<Write>& writes,
                       const std::vector<std::string>& answers) {
    std::string body = "{\"operationId\":" + json::quote(operation_id);
    const bool open = std::ranges::any_of(writes, is_open);
    const auto done = std::ranges::count(writes, WriteStatus::done, &Write::status);
    const auto failed = std::ranges::count(writes, WriteStatus::failed, &Write::status);
    const int status = open ? 202 : done > 0 ? 200 : 422;
    if (!batch) {
        const auto& write = writes.front();
        if (write.status == WriteStatus::failed) body += ",\"errors\":" + errors_of(write);
        if (write.status == WriteStatus::failed && write.problem.find("\"error\"") != std::string::npos)
            body += ",\"rawResponse\":" + json::quote(write.problem);
        body += ",\"result\":" + result_of(write, answers.front(), write.status == WriteStatus::unknown) + "}";
        return {status, std::move(body)};
    }
    body += fmt::format(",\"successCount\":{},\"failureCount\":{},\"results\":[", done, failed);
    std::string errors;
    for (std::size_t i = 0; i < writes.size(); ++i) {
        if (i > 0) body += ',';
        body += result_of(writes[i], answers[i], true);
        if (writes[i].status == WriteStatus::failed)
            errors += (errors.empty() ? "{\"message\":" : ",{\"message\":") +
                      json::quote(fmt::format("batch[{}]: {}", i, writes[i].error)) + "}";
    }
    body += "]";
    if (!errors.empty()) body += ",\"errors\":[" + errors + "]";
    return {status, body + "}"};
}

WriteReply write_refusal(const std::string& operation_id, const std::vector<bentley::Fault>& faults,
                         std::optional<std::size_t> batch) {
    std::string body = "{\"operationId\":" + json::quote(operation_id) + ",\"errors\":[";
    for (const auto& fault : faults) {
        if (body.back() != '[') body += ',';
        body += "{\"message\":" + json::quote(fault.message) + ",\"field\":" + json::quote(fault.field) + "}";
    }
    if (!batch) return {422, body + "],\"result\":{\"success\":false}}"};
    body += fmt::format("],\"successCount\":0,\"failureCount\":{},\"results\":[", *batch);
    for (std::size_t i = 0; i < *batch; ++i) body += i == 0 ? "{\"success\":false}" : ",{\"success\":false}";
    return {422, body + "]}"};
}

}  // namespace syncd
