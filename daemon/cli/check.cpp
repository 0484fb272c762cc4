#include "connector/bentley/catalog.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/process.hpp"
#include "daemon/online_check.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <map>
#include <memory>

namespace syncd::cli {
namespace {

struct Calls {
    const config::Installation* installation = nullptr;
    const config::ReadObject* object = nullptr;
    double reads_per_hour = 0;
    std::int64_t pages = 1;      // of one read, as far as the database knows its records and iTwins
    std::int64_t pages_all = 0;  // the same with `iTwins: all`; 0: that is set, or the object has no such reads
    double per_hour() const { return reads_per_hour * double(pages); }
};

std::int64_t pages_of(const bentley::ReadFacts& facts, std::int64_t records) {
    if (facts.paging == bentley::Paging::none || facts.incremental) return 1;
    constexpr std::int64_t page_default = 50;  // where the size can't be chosen
    const std::int64_t size = facts.page_max > 0 ? facts.page_max : page_default;
    return std::max<std::int64_t>(1, (records + size - 1) / size);
}

std::map<std::pair<std::string, std::string>, std::int64_t> known_records(const Context& context) {
    std::map<std::pair<std::string, std::string>, std::int64_t> known;
    if (::access(context.config->storage.path.c_str(), F_OK) != 0) return known;
    try {
        for (const auto& row : context.reader().objects("")) known[{row.installation_id, row.object}] = row.records;
    } catch (
        const Exit&) {  // a database that can't be read is `status`'s business; the configuration is right all the same
    }
    return known;
}

std::vector<Calls> calls_of(const Context& context) {
    std::vector<Calls> found;
    auto known = known_records(context);
    for (const auto& installation : context.config->installations)
        for (const auto& object : installation.objects) {
            if (object.disabled) continue;
            const auto& facts = bentley::Catalog::builtin().find(object.object)->read.value();
            Calls calls{&installation, &object, object.schedule.per_hour()};
            calls.pages = pages_of(facts, known[{installation.id, object.object}]);
            const auto itwins = known[{installation.id, "itwins"}];
            if (object.itwins.any())
                calls.pages += object.itwins.all ? itwins : std::int64_t(object.itwins.ids.size());
            else if (facts.per_itwin)
                calls.pages_all = calls.pages + itwins;
            found.push_back(calls);
        }
    return found;
}

std::string rounded(double number) {
    return fmt::format("{:.{}f}", number, number < 10 && number != std::floor(number) ? 1 : 0);
}

/// What one client's installations need, and what it may spend; 0: no limit.
struct Need {
    double calls = 0, budget = 0;
};

std::map<std::string, Need> needs_of(const Context& context, const std::vector<Calls>& calls) {
    const auto& provider = context.config->provider;
    std::map<std::string, Need> needs;
    for (const auto& installation : context.config->installations)
        needs[installation.connection.client_id].budget = provider.requests_per_hour > 0
                                                              ? double(provider.requests_per_hour)
                                                              : 60.0 * double(provider.requests_per_minute);
    for (const auto& each : calls) needs[each.installation->connection.client_id].calls += each.per_hour();
    return needs;
}

void warn(const std::vector<Calls>& calls, const std::map<std::string, Need>& needs) {
    for (const auto& [client, need] : needs)
        if (need.budget > 0 && need.calls > need.budget)
            fmt::print(stderr, "warning: the schedules of client {} need {} calls an hour, the budget allows {}\n",
                       client, rounded(need.calls), rounded(need.budget));
    for (const auto& each : calls)
        if (each.pages_all > 0)
            fmt::print(stderr,
                       "warning: {} of {}: a service application sees only its own without `iTwins`; `iTwins: all` "
                       "would take {} calls an hour instead of {}{}\n",
                       each.object->object, each.installation->group_ref,
                       rounded(each.reads_per_hour * double(each.pages_all)), rounded(each.per_hour()),
                       each.pages_all == each.pages ? " (no iTwins are known yet: one more for each)" : "");
}

void print_calls(const Context& context, const std::vector<Calls>& calls, double total) {
    std::vector<std::vector<std::string>> rows = {
        {"INTEGRATION", "GROUP", "OBJECT", "SCHEDULE", "READS/H", "PAGES", "CALLS/H"}};
    for (const auto& each : calls)
        rows.push_back({each.installation->integration, each.installation->group_ref, each.object->object,
                        each.object->schedule.text(), rounded(each.reads_per_hour), std::to_string(each.pages),
                        rounded(each.per_hour())});
    print_table(rows);
    fmt::print("\n{} is valid: {} installations, {} calls an hour", context.config_path,
               context.config->installations.size(), rounded(total));
    const auto& provider = context.config->provider;
    if (provider.requests_per_hour > 0) fmt::print(" of {} that a client's budget allows", provider.requests_per_hour);
    fmt::print("\n");
}

boost::json::array json_of(const std::vector<Calls>& calls) {
    boost::json::array rows;
    for (const auto& each : calls)
        rows.push_back({{"integration", each.installation->integration},
                        {"groupRef", each.installation->group_ref},
                        {"object", each.object->object},
                        {"schedule", each.object->schedule.text()},
                        {"readsPerHour", each.reads_per_hour},
                        {"pagesPerRead", each.pages},
                        {"callsPerHour", each.per_hour()}});
    return rows;
}

/// Whether a create of the object can carry a token of ours: in a tag, a hashtag or metadata.
bool can_carry_marker(const std::string& object) {
    const auto& write = bentley::Catalog::builtin().find(object)->write;
    return write && write->lookup && write->lookup->marker;
}

/// The write objects that `marker: true` would make safe, and a warning for those where it does nothing.
boost::json::array check_markers(const Context& context) {
    boost::json::array rows;
    for (const auto& installation : context.config->installations)
        for (const auto& write : installation.writes) {
            const bool possible = can_carry_marker(write.object);
            if (write.marker && !possible)
                fmt::print(stderr, "warning: {} of {}: marker has no effect, its records have no place for one\n",
                           write.object, installation.group_ref);
            if (write.marker || !possible) continue;
            rows.push_back({{"integration", installation.integration},
                            {"groupRef", installation.group_ref},
                            {"object", write.object}});
            if (!context.json)
                fmt::print("marker: true would make creates of {} safe ({})\n", write.object, installation.group_ref);
        }
    return rows;
}

/// Asks the provider itself; whether everything answered.
bool ask_online(const Context& context, boost::json::object& report) {
    std::vector<OnlineResult> results;
    run_online([&](World& world) -> awaitable<void> {
        results = co_await check_online(world, *context.config, bentley::Catalog::builtin(), context.installation);
    });
    bool all_well = true;
    boost::json::array found;
    std::vector<std::vector<std::string>> rows = {{"INSTALLATION", "OBJECT", "STATUS", "RESULT"}};
    for (const auto& each : results) {
        const auto* status = each.success ? "success" : "failure";
        all_well = all_well && each.success;
        found.push_back({{"installationId", each.installation_id},
                         {"object", each.object},
                         {"status", status},
                         {"result", each.result}});
        rows.push_back({each.installation_id, each.object.empty() ? "(token)" : each.object, status, each.result});
    }
    report["online"] = std::move(found);
    if (context.json) return all_well;
    fmt::print("\n");
    print_table(rows);
    return all_well;
}

int check(Context& context, bool online) {
    context.load();
    context.require_installation();
    const auto calls = calls_of(context);
    const auto needs = needs_of(context, calls);
    double total = 0, budget = 0;
    for (const auto& [client, need] : needs) total += need.calls, budget = need.budget;
    boost::json::object report{{"callsPerHour", total}, {"budgetPerHour", budget}, {"objects", json_of(calls)}};
    if (!context.json) print_calls(context, calls, total);
    report["markerWouldHelp"] = check_markers(context);
    warn(calls, needs);
    const bool well = !online || ask_online(context, report);
    if (context.json) print_json(report);
    return well ? exit_done : exit_failed;
}

}  // namespace

void define_check(CLI::App& app, Context& context, Chosen& chosen) {
    auto* command =
        app.add_subcommand("check", "Validate configuration and manifests, show the calls an hour they need");
    auto online = std::make_shared<bool>(false);
    command->add_flag("--online", *online, "Also get a token and read the smallest page of every scheduled object");
    command->callback([&context, &chosen, online] { chosen = [&context, online] { return check(context, *online); }; });
}

}  // namespace syncd::cli
