#include "daemon/commands.hpp"

#include "daemon/auth_command.hpp"
#include "daemon/daemon.hpp"
#include "daemon/forget.hpp"
#include "daemon/write_request.hpp"

#include <boost/json.hpp>

namespace syncd {
namespace {

namespace bj = boost::json;

std::string text(const bj::object& arguments, const char* name) {
    const auto* value = arguments.if_contains(name);
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

bool flag(const bj::object& arguments, const char* name) {
    const auto* value = arguments.if_contains(name);
    return value && value->is_bool() && value->as_bool();
}

std::vector<std::string> texts(const bj::object& arguments, const char* name) {
    std::vector<std::string> found;
    if (const auto* value = arguments.if_contains(name); value && value->is_array())
        for (const auto& each : value->as_array())
            if (each.is_string()) found.emplace_back(each.as_string());
    return found;
}

/// Leaves `time` as it is where the argument is absent or empty.
result<void> read_time(const bj::object& arguments, const char* name, std::optional<Timestamp>& time) {
    const auto given = text(arguments, name);
    if (given.empty()) return {};
    time = parse_time(given);
    if (!time) return Error{errc::invalid_input, std::string(name) + " is not an RFC 3339 time: " + given};
    return {};
}

std::string report_json(const SyncReport& report) {
    bj::array reads;
    for (const auto& read : report.reads)
        reads.push_back({{"installationId", read.installation_id},
                         {"object", read.object},
                         {"operationId", read.outcome.operation_id},
                         {"status", read.outcome.success ? "success" : "failure"},
                         {"result", read.outcome.result}});
    return bj::serialize(bj::object{{"finished", report.finished}, {"pending", report.pending}, {"reads", reads}});
}

awaitable<result<std::string>> sync(Daemon& daemon, bj::object arguments) {
    SyncOrder order{.installation_id = text(arguments, "installation"),
                    .objects = texts(arguments, "objects"),
                    .full = flag(arguments, "full"),
                    .all = flag(arguments, "all")};
    for (auto& [name, time] : {std::pair{"since", &order.since}, std::pair{"until", &order.until}})
        if (auto read = read_time(arguments, name, *time); !read) co_return read.error();
    if (order.since && order.until && *order.since > *order.until)
        co_return Error{errc::invalid_input, "since is later than until"};
    if (const auto* drain = arguments.if_contains("drain_ms"); drain && drain->is_int64())
        order.drain = std::chrono::milliseconds{drain->as_int64()};
    auto report = co_await daemon.sync(std::move(order));
    if (!report) co_return report.error();
    co_return report_json(*report);
}

awaitable<result<std::string>> replay(Daemon& daemon, bj::object arguments) {
    storage::ReplaySelection selection{.ids = texts(arguments, "ids"),
                                       .dead_only = flag(arguments, "dead"),
                                       .destination = text(arguments, "destination"),
                                       .installation_id = text(arguments, "installation")};
    if (auto read = read_time(arguments, "since", selection.since); !read) co_return read.error();
    const bool all = selection.ids.empty() && !selection.dead_only && selection.destination.empty() && !selection.since;
    if (all) co_return Error{errc::invalid_input, "say what to replay: ids, --dead, --destination or --since"};
    const auto wanted = std::int64_t(selection.ids.size());
    const auto count = co_await daemon.store().replay(std::move(selection), daemon.world().now());
    daemon.ring_all();
    if (count < wanted)
        co_return Error{errc::not_found, std::to_string(wanted - count) + " of " + std::to_string(wanted) +
                                             " deliveries are unknown, pruned or not final; the others are sent again"};
    co_return bj::serialize(bj::object{{"deliveries", count}});
}

awaitable<result<std::string>> destinations(Daemon& daemon, bj::object arguments) {
    const auto name = text(arguments, "name");
    auto* delivery = daemon.delivery(name);
    if (!delivery) co_return Error{errc::not_found, "the configuration has no destination " + name};
    const auto state = co_await delivery->set_enabled(flag(arguments, "enable"));
    co_return bj::serialize(bj::object{{"name", name}, {"state", state.enabled ? "enabled" : "disabled"}});
}

awaitable<result<std::string>> pause(Daemon& daemon, bj::object arguments, bool paused) {
    auto count = co_await daemon.set_paused(text(arguments, "installation"), texts(arguments, "objects"), paused);
    if (!count) co_return count.error();
    co_return bj::serialize(bj::object{{"objects", *count}});
}

awaitable<result<std::string>> deletes(Daemon& daemon, bj::object arguments) {
    const auto installation = text(arguments, "installation"), object = text(arguments, "object");
    const bool confirm = flag(arguments, "confirm");
    const auto count = co_await daemon.store().decide_held_deletes(installation, object, confirm);
    if (confirm && count > 0) daemon.read_soon(installation, object);
    co_return bj::serialize(bj::object{{"records", count}});
}

awaitable<result<std::string>> forget(Daemon& daemon, bj::object arguments) {
    const auto report = co_await syncd::forget(daemon, text(arguments, "installation"));
    bj::array objects;
    for (const auto& each : report.objects)
        objects.push_back({{"installationId", each.installation_id},
                           {"object", each.object},
                           {"records", each.records},
                           {"messages", each.messages}});
    co_return bj::serialize(bj::object{{"objects", objects},
                                       {"installations", bj::value_from(report.installations)},
                                       {"destinations", bj::value_from(report.destinations)}});
}

/// `request` is the body of a write as the API takes it, its groupRef left out of account.
awaitable<result<std::string>> write(Daemon& daemon, bj::object arguments) {
    auto parsed = parse_write_request(text(arguments, "request"));
    if (!parsed) co_return parsed.error();
    auto& order = parsed->order;
    order.object = text(arguments, "object");
    const bool batch = order.batch, asynchronous = order.asynchronous;
    if (!asynchronous) daemon.start_writes();
    auto report = co_await daemon.write(text(arguments, "installation"), std::move(order),
                                        asynchronous ? Duration::zero() : synchronous_write_max);
    if (!report) co_return report.error();
    const auto reply = report->faults.empty()
                           ? write_reply(report->operation_id, batch, report->writes, report->answers)
                           : write_refusal(report->operation_id, report->faults);
    co_return bj::serialize(bj::object{{"status", reply.status}, {"reply", reply.body}});
}

awaitable<result<std::string>> resolve_write(Daemon& daemon, bj::object arguments) {
    const auto id = text(arguments, "id"), to = text(arguments, "to");
    if (to != "retry" && to != "abandon") co_return Error{errc::invalid_input, "say retry or abandon, not " + to};
    auto done = co_await daemon.resolve_write(id, to == "retry");
    if (!done) co_return done.error();
    co_return bj::serialize(bj::object{{"id", id}, {"to", to}});
}

}  // namespace

awaitable<result<std::string>> run_command(Daemon& daemon, std::string name, std::string arguments) {
    boost::system::error_code failure;
    auto parsed = bj::parse(arguments, failure);
    if (failure || !parsed.is_object()) co_return Error{errc::invalid_input, "the body is not a JSON object"};
    auto object = std::move(parsed.as_object());
    if (name == "sync") co_return co_await sync(daemon, std::move(object));
    if (name == "replay") co_return co_await replay(daemon, std::move(object));
    if (name == "destinations") co_return co_await destinations(daemon, std::move(object));
    if (name == "pause" || name == "unpause") co_return co_await pause(daemon, std::move(object), name == "pause");
    if (name == "deletes") co_return co_await deletes(daemon, std::move(object));
    if (name == "write") co_return co_await write(daemon, std::move(object));
    if (name == "resolve-write") co_return co_await resolve_write(daemon, std::move(object));
    if (name == "forget") co_return co_await forget(daemon, std::move(object));
    if (name == "auth") {
        const auto installation = text(object, "installation"), action = text(object, "action");
        if (action == "login") co_return co_await auth_login(daemon, installation);
        if (action == "logout") co_return co_await auth_logout(daemon, installation);
    }
    co_return Error{errc::not_found, "no command " + name};
}

}  // namespace syncd
