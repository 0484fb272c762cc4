// Orders as they go over HTTP, and what their answers say.
#include "config/core/json.hpp"
#include "connector/http/url.hpp"
#include "tests/simulation/writer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::simulation {
namespace {

std::string text(std::string_view object, const char* name) {
    const auto value = json::find(object, name);
    return value ? json::as_text(*value).value_or("") : std::string();
}

const char* name_of(WriteType type) {
    return type == WriteType::create ? "create" : type == WriteType::update ? "update" : "delete";
}

std::string body_of(const WriteOrder& order, const std::string& group_ref, bool other) {
    auto body = fmt::format(R"({{"groupRef":"{}","type":"{}","mode":"{}")", group_ref, name_of(order.type),
                            order.asynchronous ? "asynchronous" : "synchronous");
    const auto hours = other ? order.deadline_hours + 2 : order.deadline_hours;
    body += fmt::format(R"(,"retryPolicy":{{"deadlineHours":{}}})", hours);
    if (!order.batch) return body + fmt::format(R"(,"record":{}}})", order.records.front());
    body += fmt::format(R"(,"batchPolicy":{{"allOrNone":{}}},"batch":[)", order.all_or_none);
    for (const auto& record : order.records)
        body += fmt::format(R"({}{{"record":{}}})", body.ends_with('[') ? "" : ",", record);
    return body + "]}";
}

}  // namespace

http::Request Writer::call(const Order& order, bool other) const {
    const auto& installations = scenario_.config.installations;
    const auto found = std::ranges::find(installations, order.installation, &config::Installation::id);
    const auto& asked = order.request;
    const bool packed = asked.digest.back() % 2 == 0;  // slashes go either way
    http::Request request{
        .method = "POST",
        .target = fmt::format("/write/v1/projects/{}/integrations/{}/objects/{}", scenario_.config.project,
                              found->integration, packed ? http::percent_encode(asked.object) : asked.object),
        .body = body_of(asked, found->group_ref, other)};
    request.headers = {
        {"Host", "syncd.test"}, {"Content-Type", "application/json"}, {"Idempotency-Key", asked.idempotency_key}};
    return request;
}

/// What an answer says of one write: that it is done is true.
void Writer::check_result(const OrderedWrite& write, std::string_view result) {
    const auto& deed = provider_.deeds().by_label[write.label];
    if (text(result, "success") == "true" && deed.carried == 0 && !deed.missed)
        journal_.violate("done-is-done", write.label + " was answered as done, the provider did nothing of it");
}

bool Writer::heard(Order& order, const CallOf& call, const Heard& heard) {
    const auto& key = order.request.idempotency_key;
    if (!heard.whole) return false;
    journal_.note(fmt::format("order {} is answered {}", key, heard.status));
    if (call.wrong_key || heard.status == 401) {
        if (!call.wrong_key || heard.status != 401)
            journal_.violate("api-key", fmt::format("{} with {} key is answered {}", key,
                                                    call.wrong_key ? "a wrong" : "the right", heard.status));
        return false;
    }
    if (heard.status == 503 || (heard.status == 500 && call.troubled)) return false;
    const auto operation = text(heard.body, "operationId");
    if (heard.status == 422 && call.other && heard.body.find("Idempotency-Key") != std::string::npos) return true;
    if (operation.empty() || (heard.status != 200 && heard.status != 202 && heard.status != 422))
        return journal_.violate("writes-accepted", fmt::format("{} is answered {} {}", key, heard.status, heard.body)),
               true;
    note_operation(order, call.other, operation);
    if (const auto result = json::find(heard.body, "result")) check_result(order.writes.front(), *result);
    const auto results = json::find(heard.body, "results");
    const auto each = results ? json::elements(*results) : std::vector<std::string_view>();
    if (results && each.size() != order.writes.size())
        journal_.violate("writes-accepted", fmt::format("{} has {} results", key, each.size()));
    for (std::size_t i = 0; i < std::min(each.size(), order.writes.size()); ++i) check_result(order.writes[i], each[i]);
    return true;
}

}  // namespace syncd::simulation
