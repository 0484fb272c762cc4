#include "daemon/http/read_api.hpp"

#include "connector/http/url.hpp"
#include "daemon/daemon.hpp"
#include "daemon/http/problem.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace syncd {
namespace {

namespace bj = boost::json;
constexpr std::string_view prefix = "/read/v1/projects/";

/// Takes the text up to `mark` off the front; empty when the mark is not there.
std::optional<std::string> take_until(std::string_view& rest, std::string_view mark) {
    const auto at = rest.find(mark);
    if (at == std::string_view::npos) return std::nullopt;
    auto taken = http::percent_decode(rest.substr(0, at));
    rest.remove_prefix(at + mark.size());
    return taken;
}

const config::Installation* find_installation(const config::Config& config, const std::string& integration,
                                              const std::function<bool(const config::Installation&)>& fits) {
    for (const auto& each : config.installations)
        if (each.integration == integration && fits(each)) return &each;
    return nullptr;
}

/// The time in that member; empty where it is absent. An error where it is not a time.
result<std::optional<Timestamp>> time_of(const bj::object& body, const char* name) {
    const auto* value = body.if_contains(name);
    if (!value || value->is_null()) return std::optional<Timestamp>();
    const auto time = value->is_string() ? parse_time(std::string(value->as_string())) : std::nullopt;
    if (!time) return Error{errc::invalid_input, std::string(name) + " must be an RFC 3339 time"};
    return time;
}

awaitable<http::Response> trigger(Daemon& daemon, std::string integration, std::string object, std::string text) {
    boost::system::error_code failure;
    const auto parsed = bj::parse(text, failure);
    if (failure || !parsed.is_object()) co_return problem(400, "The body is not a JSON object");
    const auto& body = parsed.as_object();
    const auto* group = body.if_contains("groupRef");
    if (!group || !group->is_string()) co_return problem(400, "groupRef is missing", "it must be a text");
    if (const auto* mode = body.if_contains("mode"); mode && *mode != "async")
        co_return problem(400, "mode is not supported", "allowed: async");
    const auto since = time_of(body, "sinceTimestamp"), until = time_of(body, "untilTimestamp");
    if (!since) co_return problem(since.error());
    if (!until) co_return problem(until.error());
    if (*since && *until && **since > **until) co_return problem(400, "sinceTimestamp is later than untilTimestamp");
    const std::string group_ref(group->as_string());
    const auto* installation = find_installation(
        daemon.config(), integration, [&](const config::Installation& each) { return each.group_ref == group_ref; });
    if (!installation) co_return problem(404, "No such installation", integration + " of group " + group_ref);
    const bool read = std::ranges::any_of(installation->objects, [&](const config::ReadObject& each) {
        return (each.object == object || each.mapped_name == object) && !each.disabled;
    });
    if (!read) co_return problem(404, "No such object", object + " is not read by this installation");
    auto id = co_await daemon.trigger(
        {.installation_id = installation->id, .object = object, .since = *since, .until = *until});
    if (!id) co_return problem(id.error());
    co_return json_response(201, bj::serialize(bj::object{{"operationId", *id}}));
}

/// The names in member `objects`; empty where it is absent: all are meant.
result<std::optional<std::vector<std::string>>> objects_of(const std::string& text) {
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) return std::optional<std::vector<std::string>>();
    boost::system::error_code failure;
    const auto body = bj::parse(text, failure);
    if (failure || !body.is_object()) return Error{errc::invalid_input, "the body is not a JSON object"};
    const auto* list = body.as_object().if_contains("objects");
    if (!list || list->is_null()) return std::optional<std::vector<std::string>>();
    const auto is_text = [](const bj::value& each) { return each.is_string(); };
    if (!list->is_array() || !std::ranges::all_of(list->as_array(), is_text))
        return Error{errc::invalid_input, "objects must be a list of objects' names"};
    return std::optional(bj::value_to<std::vector<std::string>>(*list));
}

awaitable<http::Response> set_paused(Daemon& daemon, std::string integration, std::string id, std::string body,
                                     bool paused) {
    const auto* installation = find_installation(daemon.config(), integration,
                                                 [&](const config::Installation& each) { return each.id == id; });
    if (!installation) co_return problem(404, "No such installation", id);
    auto objects = objects_of(body);
    if (!objects) co_return problem(objects.error());
    if (!*objects || !(*objects)->empty()) {
        auto done = co_await daemon.set_paused(id, objects->value_or(std::vector<std::string>()), paused);
        if (!done) co_return problem(done.error());
    }
    co_return http::Response{204, {}, ""};
}

}  // namespace

awaitable<std::optional<http::Response>> serve_read_api(Daemon& daemon, http::Request request, std::string path) {
    std::string_view rest = path;
    if (!rest.starts_with(prefix)) co_return std::nullopt;
    rest.remove_prefix(prefix.size());
    const auto project = take_until(rest, "/integrations/");
    const auto integration = project ? take_until(rest, "/") : std::nullopt;
    if (!integration) co_return std::nullopt;
    const bool objects = rest.starts_with("objects/"), installations = rest.starts_with("installations/");
    if (!objects && !installations) co_return std::nullopt;
    if (request.method != "POST") {
        auto refused = problem(405, "This route takes POST");
        refused.headers.add("Allow", "POST");
        co_return refused;
    }
    if (*project != daemon.config().project) co_return problem(404, "No such project", *project);
    rest.remove_prefix(rest.find('/') + 1);
    if (objects) co_return co_await trigger(daemon, *integration, http::percent_decode(rest), std::move(request.body));
    const auto colon = rest.rfind(':');
    const auto verb = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
    if (verb != "pause" && verb != "unpause") co_return std::nullopt;
    co_return co_await set_paused(daemon, *integration, http::percent_decode(rest.substr(0, colon)),
                                  std::move(request.body), verb == "pause");
}

}  // namespace syncd
