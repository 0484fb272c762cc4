#include "tests/sandbox/provider.hpp"

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
    if (accept.empty() || accept == "*/*" || accept == "application/json") return true;
    return accept == fmt::format("{}{}+json", vendor, row.version);
}

/// Whether the fault's answer does not depend on what was asked.
bool answers_by_itself(FaultKind kind) {
    return kind == FaultKind::status || kind == FaultKind::garbage || kind == FaultKind::html ||
           kind == FaultKind::body;
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
      pages_(data) {}

awaitable<http::Response> Provider::handle(Call call) {
    const InFlight here(traffic_);
    const bool token_call = same_text(call.path, token_path);
    const Target target = target_of(call);
    const bool known_token = tokens_.knows(call.headers.get("Authorization"));
    if (!token_call) traffic_.note(world_.tick(), call, target.row, known_token && !target.row);
    else if (known_token) traffic_.note_token_astray();

    const auto fault = faults_.take(call.path, percent_decode(call.query));
    if (fault && (fault->delay > Duration::zero() || fault->kind == FaultKind::hang)) {
        Timer timer(world_);
        co_await timer.async_wait(fault->delay > Duration::zero() ? fault->delay : hang_default,
                                  asio::as_tuple(asio::use_awaitable));
    }
    if (fault && (fault->kind == FaultKind::hang || fault->kind == FaultKind::reset)) co_return http::Response{};

    http::Response response;
    if (fault && answers_by_itself(fault->kind)) response = failure(*fault);
    else if (token_call) response = tokens_.issue(call);
    else response = answer(call, target, twist_of(fault));
    if (fault && fault->kind == FaultKind::close) co_return http::Response{};
    if (fault && fault->kind == FaultKind::truncate) response.body.resize(response.body.size() / 2);
    if (!token_call) traffic_.note_status(response.status);
    if (fault)
        for (const auto& [name, value] : fault->headers) response.headers.add(name, value);
    if (!response.headers.has("Date"))
        response.headers.add("Date", format_http_date(world_.now() + (fault ? fault->date_offset : Duration::zero())));
    co_return response;
}

/// An id is one segment of the path as it was spelled; what it holds is encoded in there.
Provider::Target Provider::target_of(const Call& call) {
    if (const auto* row = find_list(call.path)) return {row, ""};
    const std::string_view path = call.spelled_path;
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos || slash == 0) return {};
    const auto* row = find_list(percent_decode(path.substr(0, slash)));
    if (!row || !row->own_read) return {};
    return {row, percent_decode(path.substr(slash + 1))};
}

http::Response Provider::answer(const Call& call, const Target& target, const Twist& twist) {
    if (const auto wait = traffic_.over_limit(world_.tick())) return too_many(wait);
    if (auto refusal = tokens_.refusal(call)) return *refusal;
    if (!target.row || call.method != "GET" || !serves(*target.row, call.headers.get("Accept")))
        return operation_not_found();
    if (target.id.empty()) return pages_.list(*target.row, call, origin_of(call), twist);
    return own_read(*target.row, target.id);
}

http::Response Provider::own_read(const ObjectRow& row, const std::string& id) {
    const Record* record = data_.find(row, id);
    if (!record || !data_.visible(row, *record))
        return problem(404, row.not_found, "Requested resource is not available.");
    std::string text = pages_.fresh(*record);
    if (!row.own_lacks.empty()) text = without_member(text, row.own_lacks);
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
