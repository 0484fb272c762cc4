#include "daemon/http/metrics_api.hpp"

#include "daemon/daemon.hpp"
#include "daemon/http/exposition.hpp"

#include <algorithm>
#include <array>

namespace syncd {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

void process(Exposition& out, Daemon& daemon) {
    out.family("build_info", "gauge", "The version that runs.");
    out.sample({{"version", SYNCD_VERSION}}, 1);
    out.family("uptime_seconds", "gauge", "Since the process began.");
    out.sample({}, seconds(daemon.uptime()));
    out.family("ready", "gauge", "1: as /readyz says.");
    out.sample({}, daemon.not_ready().empty() ? 1 : 0);
}

void installations(Exposition& out, Api& api) {
    out.family("installation_healthy", "gauge", "0: the connection's credentials are refused.");
    for (const auto& each : api.daemon.config().installations)
        out.sample({{"installation", each.id}, {"integration", each.integration}, {"group", each.group_ref}},
                   api.reader().health(each.id).healthy ? 1 : 0);
}

/// One object that is configured, and what the database has of it.
struct Line {
    Labels labels;
    storage::ObjectRow row;
};

std::vector<Line> objects(Api& api) {
    auto rows = api.reader().objects("");
    std::vector<Line> lines;
    for (const auto& installation : api.daemon.config().installations)
        for (const auto& object : installation.objects) {
            const auto known = std::ranges::find_if(rows, [&](const storage::ObjectRow& row) {
                return row.installation_id == installation.id && row.object == object.object;
            });
            lines.push_back({{{"installation", installation.id}, {"object", object.object}},
                             known == rows.end() ? storage::ObjectRow{} : *known});
        }
    return lines;
}

void state_of_objects(Exposition& out, Api& api) {
    const auto lines = objects(api);
    out.family("records", "gauge", "Records that are known and not deleted.");
    for (const auto& line : lines) out.sample(line.labels, double(line.row.records));
    out.family("held_deletes", "gauge", "Deletes that the fuse holds.");
    for (const auto& line : lines) out.sample(line.labels, double(line.row.held_deletes));
    out.family("paused", "gauge", "1: scheduled reads are paused.");
    for (const auto& line : lines) out.sample(line.labels, line.row.paused ? 1 : 0);
    out.family("last_success_timestamp_seconds", "gauge", "Start of the last read that succeeded.");
    for (const auto& line : lines)
        if (const auto at = parse_time(line.row.last_success_at))
            out.sample(line.labels, seconds(at->time_since_epoch()));
    out.family("lag_seconds", "gauge", "Since the start of the last read that succeeded.");
    for (const auto& line : lines)
        if (const auto at = parse_time(line.row.last_success_at))
            out.sample(line.labels, std::max(0.0, seconds(api.daemon.world().now() - *at)));
}

Labels with(Labels labels, std::string_view name, std::string value) {
    labels.emplace_back(name, std::move(value));
    return labels;
}

void reads(Exposition& out, const Metrics& metrics) {
    const auto labels = [](const auto& key) { return Labels{{"installation", key.first}, {"object", key.second}}; };
    out.family("reads_total", "counter", "Reads that ended, by status.");
    for (const auto& [key, counts] : metrics.reads) {
        out.sample(with(labels(key), "status", "success"), double(counts.success));
        out.sample(with(labels(key), "status", "failure"), double(counts.failure));
    }
    out.family("record_changes_total", "counter", "Records that reads found changed.");
    for (const auto& [key, counts] : metrics.reads) {
        out.sample(with(labels(key), "change", "create"), double(counts.creates));
        out.sample(with(labels(key), "change", "update"), double(counts.updates));
        out.sample(with(labels(key), "change", "delete"), double(counts.deletes));
    }
}

void deliveries(Exposition& out, Api& api) {
    const auto rows = api.reader().destinations();
    out.family("destination_enabled", "gauge", "0: its messages are held.");
    for (const auto& row : rows) out.sample({{"destination", row.name}}, row.state == "enabled" ? 1 : 0);
    out.family("deliveries", "gauge", "Messages that are not delivered.");
    for (const auto& row : rows) {
        out.sample({{"destination", row.name}, {"status", "pending"}}, double(row.pending));
        out.sample({{"destination", row.name}, {"status", "held"}}, double(row.held));
        out.sample({{"destination", row.name}, {"status", "dead"}}, double(row.dead));
    }
    out.family("delivery_attempts_total", "counter", "Attempts by what came of them.");
    for (const auto& row : rows)
        if (const auto* delivery = api.daemon.delivery(row.name))
            for (const auto& [result, count] : delivery->counts().by_result)
                out.sample({{"destination", row.name}, {"result", std::string(result)}}, double(count));
    out.family("delivery_duration_seconds", "histogram", "How long attempts took.");
    for (const auto& row : rows)
        if (const auto* delivery = api.daemon.delivery(row.name))
            out.histogram({{"destination", row.name}}, delivery->counts().durations);
}

void writes(Exposition& out, Api& api) {
    const auto counts = api.reader().write_counts();
    out.family("writes", "gauge", "Writes that are kept, by status.");
    for (const auto* status : {"pending", "sending", "done", "failed", "unknown"}) {
        const auto found = counts.find(status);
        out.sample({{"status", status}}, found == counts.end() ? 0 : double(found->second));
    }
}

void provider(Exposition& out, Daemon& daemon) {
    constexpr std::array classes = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    out.family("provider_requests_total", "counter", "Requests to the provider, by the class of their status.");
    for (const auto& [client, budget] : daemon.budgets())
        for (std::size_t i = 0; i < classes.size(); ++i)
            out.sample({{"client", client}, {"status", classes[i]}}, double(budget->answers().by_class[i]));
    out.family("provider_rate_limited_total", "counter", "Requests that were answered 429.");
    for (const auto& [client, budget] : daemon.budgets())
        out.sample({{"client", client}}, double(budget->answers().rate_limited));
    out.family("budget_used", "gauge", "Requests that count towards the limit now.");
    for (const auto& [client, budget] : daemon.budgets()) {
        const auto used = budget->used();
        if (budget->limits().per_minute) out.sample({{"client", client}, {"window", "minute"}}, double(used.minute));
        if (budget->limits().per_hour) out.sample({{"client", client}, {"window", "hour"}}, double(used.hour));
    }
    out.family("budget_limit", "gauge", "The limit.");
    for (const auto& [client, budget] : daemon.budgets()) {
        const auto& limits = budget->limits();
        if (limits.per_minute) out.sample({{"client", client}, {"window", "minute"}}, double(limits.per_minute));
        if (limits.per_hour) out.sample({{"client", client}, {"window", "hour"}}, double(limits.per_hour));
    }
}

awaitable<http::Response> metrics(Api& api, Call) {
    Exposition out;
    process(out, api.daemon);
    installations(out, api);
    state_of_objects(out, api);
    reads(out, api.daemon.metrics());
    deliveries(out, api);
    writes(out, api);
    provider(out, api.daemon);
    co_return http::Response{200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, out.text()};
}

constexpr std::array routes = {Route{"GET", "/metrics", metrics}};

}  // namespace

std::span<const Route> metrics_routes() { return routes; }

}  // namespace syncd
