#include "connector/bentley/catalog.hpp"
#include "daemon/cli/commands.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <map>

namespace syncd::cli {
namespace {

struct Calls {
    std::string integration, group_ref, object, schedule;
    double reads_per_hour = 0, calls_per_hour = 0;
    std::int64_t pages = 1;  // of one read, as far as the database knows its records
};

std::int64_t pages_of(const bentley::ReadFacts& facts, std::int64_t records) {
    if (facts.paging == bentley::Paging::none || (facts.incremental && facts.incremental->scheduled)) return 1;
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
            Calls calls{installation.integration, installation.group_ref, object.object, object.schedule.text()};
            calls.reads_per_hour = object.schedule.per_hour();
            calls.pages = pages_of(facts, known[{installation.id, object.object}]);
            calls.calls_per_hour = calls.reads_per_hour * double(calls.pages);
            found.push_back(std::move(calls));
        }
    return found;
}

std::string rounded(double number) {
    return fmt::format("{:.{}f}", number, number < 10 && number != std::floor(number) ? 1 : 0);
}

int check(Context& context) {
    context.load();
    const auto calls = calls_of(context);
    double total = 0;
    for (const auto& each : calls) total += each.calls_per_hour;
    const auto& provider = context.config->provider;
    const double budget = provider.requests_per_hour > 0 ? double(provider.requests_per_hour)
                                                         : 60.0 * double(provider.requests_per_minute);
    if (context.json) {
        boost::json::array rows;
        for (const auto& each : calls)
            rows.push_back({{"integration", each.integration},
                            {"groupRef", each.group_ref},
                            {"object", each.object},
                            {"schedule", each.schedule},
                            {"readsPerHour", each.reads_per_hour},
                            {"pagesPerRead", each.pages},
                            {"callsPerHour", each.calls_per_hour}});
        print_json(boost::json::object{{"callsPerHour", total}, {"budgetPerHour", budget}, {"objects", rows}});
        return exit_done;
    }
    std::vector<std::vector<std::string>> rows = {
        {"INTEGRATION", "GROUP", "OBJECT", "SCHEDULE", "READS/H", "PAGES", "CALLS/H"}};
    for (const auto& each : calls)
        rows.push_back({each.integration, each.group_ref, each.object, each.schedule, rounded(each.reads_per_hour),
                        std::to_string(each.pages), rounded(each.calls_per_hour)});
    print_table(rows);
    fmt::print("\n{} is valid: {} installations, {} calls an hour", context.config_path,
               context.config->installations.size(), rounded(total));
    if (budget > 0) fmt::print(" of {} that the budget allows", rounded(budget));
    fmt::print("\n");
    if (budget > 0 && total > budget)
        fmt::print(stderr, "warning: the schedules need more calls than the budget allows\n");
    return exit_done;
}

}  // namespace

void define_check(CLI::App& app, Context& context, Chosen& chosen) {
    auto* command =
        app.add_subcommand("check", "Validate configuration and manifests, show the calls an hour they need");
    command->callback([&] { chosen = [&] { return check(context); }; });
}

}  // namespace syncd::cli
