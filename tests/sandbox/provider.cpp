#include "tests/sandbox/provider.hpp"

#include "config/core/json.hpp"
#include "tests/sandbox/problem.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace syncd::sandbox {
namespace {

constexpr std::string_view token_path = "/connect/token";
constexpr Duration hang_default = std::chrono::hours{1};

/// Counts a request as in flight for as long as it lives.
class InFlight {
public:
    explicit InFlight(Traffic& traffic) : traffic_(traffic) { traffic_.enter(); }
    ~InFlight() { traffic_.leave(); }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;

private:
    Traffic& traffic_;
};

/// Whether the wanted version is the one that this object is served in; no Accept at all is tolerated.
bool serves(const ObjectRow& row, std::string_view accept) {
    constexpr std::string_view vendor = "application/vnd.bentley.itwin-platform.";
    if (accept.empty() || accept == "application/json" || takes_anything(accept)) return true;
    return accept == fmt::format("{}{}+json", vendor, row.version);
}

/// Whether the fault's answer does not depend on what was asked.
bool answers_by_itself(FaultKind kind) {
    return kind == FaultKind::status || kind == FaultKind::garbage || kind == FaultKind::html ||
           kind == FaultKind::body;
}

Subject subject_of(const Call& call, const Target& target, const WriteTarget& write) {
    if (call.method == "GET") return {call.method, target.row ? target.row->name : "", "read"};
    return {call.method, write.row ? write.row->name : "", write.row ? to_string(write.operation) : ""};
}

http::Response too_many(std::optional<std::int64_t> retry_after) {
    auto response = problem(429, "TooManyRequests", "You have sent too many requests in a given amount of time.");
    if (retry_after) response.headers.add("Retry-After", std::to_string(*retry_after));
    response.headers.add("ITwinPlatform-RateLimited-Tier", "Sandbox");
    return response;
}

}  // namespace

Provider::Provider(World& world, Data& data, Tokens& tokens, std::string origin, std::string foreign_origin)
    : world_(world), data_(data), tokens_(tokens), origin_(std::move(origin)),
      foreign_origin_(foreign_origin.empty() ? std::string(foreign_origin_default) : std::move(foreign_origin)),
      pages_(data), writer_(data) {}

awaitable<http::Response> Provider::handle(Call call) {
    const InFlight here(traffic_);
    const bool token_call = same_text(call.path, token_path);
    const Target target = target_of(call);
    const bool known_token = tokens_.knows(call.headers.get("Authorization"));
    if (!token_call) traffic_.note(world_.tick(), call, target.row, known_token && !target.row);
    else if (known_token) traffic_.note_token_astray();

    const bool writes = !token_call && call.method != "GET";
    const WriteTarget write = writes ? write_target_of(call) : WriteTarget{};
    const std::uint64_t entry = writes ? note_write(call, write) : 0;
    const auto fault = faults_.take(call.path, percent_decode(call.query), subject_of(call, target, write));
    http::Response response;
    const bool first = fault && fault->processed && !token_call;
    if (first) response = answer(call, target, fault, entry);
    if (fault && (fault->delay > Duration::zero() || fault->kind == FaultKind::hang)) {
        Timer timer(world_);
        co_await timer.async_wait(fault->delay > Duration::zero() ? fault->delay : hang_default,
                                  asio::as_tuple(asio::use_awaitable));
    }
    const bool cut = fault && (fault->kind == FaultKind::hang || fault->kind == FaultKind::reset);
    if (!cut && fault && answers_by_itself(fault->kind)) response = failure(*fault);
    else if (!cut && token_call) response = tokens_.issue(call);
    else if (!cut && !first) response = answer(call, target, fault, entry);
    if (cut || (fault && fault->kind == FaultKind::close)) response = {};
    note_answer(entry, response.status, fault);
    if (response.status == 0) co_return response;
    if (fault && fault->kind == FaultKind::truncate) response.body.resize(response.body.size() / 2);
    if (!token_call) traffic_.note_status(response.status);
    if (fault)
        for (const auto& [name, value] : fault->headers) response.headers.add(name, value);
    if (!response.headers.has("Date"))
        response.headers.add("Date", format_http_date(world_.now() + (fault ? fault->date_offset : Duration::zero())));
    co_return response;
}

std::uint64_t Provider::note_write(const Call& call, const WriteTarget& target) {
    Entry entry{.at = world_.now(), .method = call.method, .target = call.spelled_path,
                .object = std::string(target.row ? target.row->name : std::string_view{}),
                .operation = target.operation, .headers = call.headers, .body = call.body};
    if (!call.query.empty()) entry.target += "?" + call.query;
    return ledger_.add(std::move(entry));
}

void Provider::note_answer(std::uint64_t entry, int status, const std::optional<Fault>& fault) {
    auto* noted = ledger_.find(entry);
    if (!noted) return;
    noted->status = status;
    if (fault) noted->fault = to_string(fault->kind);
}

http::Response Provider::answer(const Call& call, const Target& target, const std::optional<Fault>& fault,
                                std::uint64_t entry) {
    if (const auto wait = traffic_.over_limit(world_.tick())) return too_many(wait);
    if (auto refusal = tokens_.refusal(call)) return *refusal;
    if (call.method == "GET") return read(call, target, twist_of(fault));
    auto outcome = writer_.handle(call, write_target_of(call), origin_of(call));
    if (auto* noted = ledger_.find(entry)) {
        noted->processed = outcome.processed;
        noted->id = std::move(outcome.id);
    }
    return std::move(outcome.response);
}

http::Response Provider::read(const Call& call, const Target& target, const Twist& twist) {
    if (!target.row || !serves(*target.row, call.headers.get("Accept"))) return operation_not_found();
    return target.id.empty() ? list(call, target, twist) : own_read(target);
}

http::Response Provider::list(const Call& call, const Target& target, const Twist& twist) {
    const auto& row = *target.row;
    if (!row.listed || row.list_segment.empty() != target.itwin.empty()) return operation_not_found();
    if (target.itwin.empty()) return pages_.list(row, call, origin_of(call), twist);
    auto asked = call;
    asked.parameters.push_back({"iTwinId", target.itwin, ""});  // not spelled: links have it in their path
    return pages_.list(row, asked, origin_of(call), twist);
}

http::Response Provider::own_read(const Target& target) {
    const auto& row = *target.row;
    const Record* record = data_.find(row, target.id);
    if (!record || !data_.visible(row, *record))
        return problem(404, row.not_found, "Requested resource is not available.");
    std::string text = pages_.fresh(*record);
    if (target.files) {
        const auto files = json::find(text, "sourceFiles");
        return json_response(200, fmt::format(R"({{"sourceFiles":{}}})", files.value_or("[]")));
    }
    if (!row.own_lacks.empty()) text = without_member(text, row.own_lacks);
    if (!row.hidden.empty()) text = without_member(text, row.hidden);
    if (!row.own_added.empty()) text.insert(text.rfind('}'), fmt::format(",{}", row.own_added));
    return json_response(200, row.own_wrapper.empty() ? text : fmt::format("{{\"{}\":{}}}", row.own_wrapper, text));
}

http::Response Provider::failure(const Fault& fault) const {
    if (fault.kind == FaultKind::html)
        return {200, {{"Content-Type", "text/html"}}, "<html><body><h1>Sign in to the network</h1></body></html>"};
    if (fault.kind == FaultKind::body) return {fault.status, {{"Content-Type", fault.content_type}}, fault.body};
    if (fault.kind == FaultKind::garbage)
        return json_response(200, std::string("\x00\xFF{\"iTwins\":[\xC3\x28", 14));
    if (fault.status == 429) return too_many(fault.retry_after);
    http::Response response;
    switch (fault.status) {
        case 401: response = problem(401, "TokenExpired", "Access token has expired. Access denied."); break;
        case 403: response = problem(403, "InsufficientPermissions", "The user has insufficient permissions."); break;
        case 404: response = operation_not_found(); break;
        case 422: response = invalid_value("InvalidRequest", "$top", "Ordered by the sandbox."); break;
        default: response = problem(fault.status, "SandboxFault", "Ordered by the sandbox."); break;
    }
    if (fault.retry_after) response.headers.add("Retry-After", std::to_string(*fault.retry_after));
    return response;
}

Twist Provider::twist_of(const std::optional<Fault>& fault) const {
    Twist twist;
    if (!fault) return twist;
    switch (fault->kind) {
        case FaultKind::foreign_next:
            twist.next = fault->url.empty() ? foreign_origin_ + "/itwins/?$skip=1&$top=1" : fault->url;
            break;
        case FaultKind::loop: twist.loop = true; break;
        case FaultKind::null_next: twist.null_next = true; break;
        case FaultKind::no_next: twist.no_next = true; break;
        case FaultKind::wrong_key: twist.wrong_key = true; break;
        case FaultKind::no_id: twist.no_id = true; break;
        case FaultKind::omit: twist.omit = true; break;
        case FaultKind::twice: twist.twice = true; break;
        case FaultKind::empty: twist.empty = true; break;
        case FaultKind::status:
        case FaultKind::reset:
        case FaultKind::close:
        case FaultKind::hang:
        case FaultKind::slow:
        case FaultKind::truncate:
        case FaultKind::garbage:
        case FaultKind::html:
        case FaultKind::body:
        case FaultKind::date: break;
    }
    return twist;
}

std::string Provider::origin_of(const Call& call) const {
    return origin_.empty() ? fmt::format("http://{}", call.headers.get("Host")) : origin_;
}

}  // namespace syncd::sandbox
