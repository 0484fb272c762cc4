#include "daemon/online_check.hpp"

#include "connector/connector.hpp"

#include <fmt/format.h>

#include <map>
#include <memory>

namespace syncd {
namespace {

constexpr Duration clock_tolerance = std::chrono::minutes{1};

std::string describe(const Page& page, Timestamp now) {
    auto said = page.records.empty()
                    ? std::string("no records")
                    : fmt::format("{} records, the first is {}", page.records.size(), page.records.front().id);
    if (page.date && std::chrono::abs(now - *page.date) > clock_tolerance)
        said +=
            fmt::format("; this machine's clock is {} {} the provider's: set it by NTP",
                        format_duration(std::chrono::floor<std::chrono::seconds>(std::chrono::abs(now - *page.date))),
                        now > *page.date ? "ahead of" : "behind");
    return said;
}

}  // namespace

awaitable<std::vector<OnlineResult>> check_online(World& world, const config::Config& config,
                                                  const bentley::Catalog& catalog, std::string installation_id) {
    http::Client client(world);
    std::map<std::string, std::unique_ptr<http::Budget>> budgets;  // by clientId
    std::vector<OnlineResult> results;
    for (const auto& installation : config.installations) {
        if (!installation_id.empty() && installation.id != installation_id) continue;
        if (installation.connection.grant == config::Grant::authorization_code) {
            // Its tokens rotate: whoever has them in hand must be the only one to use them.
            results.push_back({installation.id, "", true, "a user's: see `auth status`"});
            continue;
        }
        auto& budget = budgets[installation.connection.client_id];
        if (!budget)
            budget = std::make_unique<http::Budget>(
                world,
                http::BudgetLimits{config.provider.requests_per_minute, config.provider.requests_per_hour,
                                   config.provider.max_concurrent_requests},
                []() -> awaitable<void> { co_return; });
        Connector connector(world, client, config.provider, installation.connection, *budget);
        connector.dont_retry();
        const auto token = co_await connector.sign_in();
        results.push_back({installation.id, "", token.has_value(), token ? "ok" : token.error().message});
        if (!token) continue;
        for (const auto& object : installation.objects) {
            if (object.disabled) continue;
            const auto& facts = catalog.find(object.object)->read.value();
            const auto url = bentley::first_page_url(facts, connector.base_url(),
                                                     {.page_size = facts.page_min, .query = object.query});
            const auto page =
                co_await connector.read_page(facts, url, http::Priority::scheduled, [](const Error&, Duration) {});
            results.push_back({installation.id, object.object, page.has_value(),
                               page ? describe(*page, world.now()) : page.error().message});
        }
    }
    client.close_idle();
    co_return results;
}

}  // namespace syncd
