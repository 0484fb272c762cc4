#include "tests/simulation/scenario.hpp"

#include "config/core/base64.hpp"
#include "config/core/ids.hpp"
#include "tests/simulation/secrets.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace syncd::embedded {
extern const std::string_view catalog_json;
}

namespace syncd::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::array<const char*, 6> all_objects{"itwins",
                                                 "itwins/recents",
                                                 "curated-content/cesium",
                                                 "contextcapture/jobs",
                                                 "reality-analysis/jobs",
                                                 "reality-management/reality-data"};

constexpr std::array<const char*, 7> written_objects{
    "itwins",           "contextcapture/jobs",   "reality-analysis/jobs",    "reality-management/reality-data",
    "library/catalogs", "library/manufacturers", "contextcapture/workspaces"};

/// `rows_max`: what the catalog asks for, `rows_default` what a provider that overlooks it shows.
bentley::Catalog small_catalog(std::int64_t page_max, std::int64_t rows_max, std::int64_t rows_default) {
    static const auto whole = boost::json::parse(std::string(embedded::catalog_json)).as_object();
    boost::json::object some;
    some["serviceUser"] = whole.at("serviceUser");
    for (const auto* name : written_objects) some[name] = whole.at(name);
    for (const auto* name : all_objects) {
        some[name] = whole.at(name);
        auto& read = some[name].as_object().at("read").as_object();
        if (read.contains("pageMax")) read["pageMax"] = page_max;
        read.erase("pageMin");
        if (rows_max == 0 || !read.contains("rowsMax")) continue;
        read["rowsMax"] = rows_max;
        read["headers"].as_object()["X-Max-Return"] = std::to_string(rows_max);
        read.erase("rowsMaxDefault");
        if (rows_default != 0) read["rowsMaxDefault"] = rows_default;
    }
    return bentley::Catalog::parse(boost::json::serialize(some)).value();
}

constexpr std::int64_t triggers_max = 3;  // at once

config::Schedule some_schedule(Chance& chance) {
    constexpr std::array<std::string_view, 6> lines{"@every 90s",  "@every 7m",    "@every 20m",
                                                    "*/5 * * * *", "*/15 * * * *", "@hourly"};
    return config::Schedule::parse(lines[std::size_t(chance.between(0, 5))]).value();
}

std::optional<config::Backfill> some_backfill(Chance& chance) {
    switch (chance.between(0, 5)) {
        case 0: return config::Backfill{.full_history = false, .days = 0};
        case 1: return config::Backfill{.full_history = false, .days = 1};
        case 2:
        case 3: return config::Backfill{.full_history = true, .days = 0};
        default: return std::nullopt;
    }
}

class Builder {
public:
    Builder(std::uint64_t seed, Mode mode, Faults& faults)
        : chance_(seed ^ 0x5CE7A210ull), write_chance_(seed ^ 0x3B17E5ull), mode_(mode), faults_(faults) {}

    Scenario build() {
        out_.heals = !chance_.one_in(2) && mode_ == Mode::mixed;
        out_.reads = int(chance_.between(1, 4));
        out_.length = out_.heals && chance_.one_in(12) ? 50h : 9h;
        build_provider();
        build_cap();
        build_destinations();
        const auto installations = chance_.one_in(6) ? 2 : 1;
        for (int i = 1; i <= installations; ++i) build_installation(i);
        for (const auto* name : all_objects)
            out_.rows_at_first[name] = int(chance_.between(0, 5) == 0 ? chance_.between(0, 2) : chance_.between(5, 22));
        if (many_queries_) out_.rows_at_first["itwins"] = int(chance_.between(1, 5));
        build_faults();
        build_events();
        build_endings();
        if (write_chance_.one_in(3)) build_writes();
        return std::move(out_);
    }

private:
    void build_provider() {
        auto& provider = out_.config.provider;
        out_.config.project = "project";
        out_.config.storage.path = "simulated.db";
        provider.base_url = std::string("https://") + api_host;
        provider.token_url = std::string("https://") + token_host + "/connect/token";
        provider.max_concurrent_requests = chance_.between(1, 4);
        provider.requests_per_minute = chance_.one_in(2) ? chance_.between(6, 20) : 0;
        provider.requests_per_hour = chance_.one_in(4) ? chance_.between(60, 150) : 0;
        constexpr std::array<Duration, 4> lifetimes{100s, 10min, 1h, 1h};
        out_.provider = {.per_minute = provider.requests_per_minute,
                         .per_hour = provider.requests_per_hour,
                         .token_lifetime = lifetimes[std::size_t(chance_.between(0, 3))],
                         .jobs_order = int(chance_.between(0, 2)),
                         .drift = chance_.one_in(2)};
    }

    /// Where lists of iTwins are cut, and what of that the provider says.
    void build_cap() {
        const auto page_max = chance_.between(2, 6), cap = chance_.between(3, 10);
        const bool cuts = chance_.one_in(3), overlooks = chance_.one_in(4);
        const auto wish = overlooks ? 2 * cap : cap;
        out_.provider.tells_rows_max = !chance_.one_in(2);
        if (cuts && overlooks) out_.provider.rows_max = cap;
        out_.rows_max = cuts ? cap : 0;
        out_.catalog = small_catalog(page_max, cuts ? wish : 0, overlooks ? cap : 0);
    }

    void build_destinations() {
        for (int i = 1; i <= (chance_.one_in(4) ? 2 : 1); ++i) {
            config::Destination destination{.name = fmt::format("hook-{}", i),
                                            .url = fmt::format("https://hook-{}.test/in", i)};
            const auto key = fmt::format("a secret of twenty-four {}", i);
            destination.secrets = {Secret(key)};
            destination.strict_ordering = !chance_.one_in(4);
            constexpr std::array<std::int64_t, 3> payloads{2'500, 4'000, 307'200};
            destination.max_payload_bytes = payloads[std::size_t(chance_.between(0, 2))];
            if (chance_.one_in(2)) destination.retry_schedule = {5s, 1min, 5min, 30min};
            if (chance_.one_in(10)) destination.retry_schedule = {1s};
            if (chance_.one_in(10)) destination.disable_after = 2h;
            if (chance_.one_in(6)) destination.messages_per_second = 2;
            out_.receivers.push_back({.destination = destination.name,
                                      .secret = base64_encode(key),
                                      .payload_bytes_max = destination.max_payload_bytes,
                                      .ordered = destination.strict_ordering});
            out_.config.destinations[destination.name] = std::move(destination);
        }
    }

    void build_installation(int number) {
        config::Installation installation{.id = name_uuid(fmt::format("bentley-syncd:project/integration/{}", number)),
                                          .integration = "integration",
                                          .group_ref = fmt::format("group-{}", number)};
        // Two installations of one client share its budget.
        installation.connection = {.client_id = chance_.one_in(2) ? "client-1" : fmt::format("client-{}", number),
                                   .client_secret = Secret(clients_secret),
                                   .scopes = {"itwin-platform", fmt::format("inst-{}", installation.id)}};
        installation.digest = "digest";
        for (const auto* name : all_objects)
            if (chance_.one_in(3)) installation.objects.push_back(build_object(name));
        const bool all_itwins =
            std::ranges::any_of(installation.objects, [](const auto& each) { return each.itwins.all; });
        const bool has_itwins =
            std::ranges::any_of(installation.objects, [](const auto& each) { return each.object == "itwins"; });
        if (installation.objects.empty() || (all_itwins && !has_itwins))
            installation.objects.push_back(build_object("itwins"));
        out_.config.installations.push_back(std::move(installation));
    }

    config::ReadObject build_object(const std::string& name) {
        const auto which = std::size_t(chance_.between(0, std::int64_t(out_.receivers.size()) - 1));
        config::ReadObject object{.object = name,
                                  .mapped_name = chance_.one_in(3) ? "mapped-" + name : name,
                                  .destination = out_.receivers[which].destination,
                                  .schedule = some_schedule(chance_)};
        object.fields = {{"displayName", "title", true}, {"status", "", true}};
        object.all_fields = chance_.one_in(2);
        if (chance_.one_in(3)) object.filters = {{"status", std::string("Active")}};
        object.backfill = some_backfill(chance_);
        const bool whole = object.backfill ? object.backfill->full_history : !name.ends_with("/jobs");
        if (!whole) out_.receivers[which].partly_told = true;
        object.page_records_max = chance_.one_in(3) ? chance_.between(1, 3) : 0;
        object.deliver_all = chance_.one_in(6);
        object.detect_deletes = !chance_.one_in(8);
        if (chance_.one_in(3)) object.max_deletes.records = chance_.between(0, 4);
        if (chance_.one_in(6)) object.max_deletes.share = 1.0;
        constexpr std::array<Duration, 3> overlaps{5min, 10min, 1h}, fulls{24h, 1h, 0h};
        object.overlap = overlaps[std::size_t(chance_.between(0, 2))];
        object.full_every = fulls[std::size_t(chance_.between(0, 2))];
        if (is_per_itwin(name)) build_itwins(object);
        return object;
    }

    void build_itwins(config::ReadObject& object) {
        switch (chance_.between(0, 3)) {
            case 0: break;
            case 1:
                for (int i = 1; i <= 3; ++i)
                    if (!chance_.one_in(3)) object.itwins.ids.push_back(std::to_string(1000 + i));
                break;
            default: object.itwins.all = many_queries_ = true;
        }
    }

    void build_faults() {
        const bool calm = chance_.one_in(6);
        for (std::size_t i = 0; i < std::size_t(Fault::power_cut); ++i) {
            const bool may = chance_.one_in(3) && !calm;
            const auto one_in = chance_.between(8, 60);
            faults_.set(Fault(i), may ? one_in : 0);
        }
        if (out_.provider.drift) faults_.set(Fault::drift, chance_.between(2, 8));
        if (chance_.one_in(2)) faults_.set(Fault::late_list, 2);
        if (many_queries_ && chance_.one_in(3)) faults_.set(Fault::itwin_refused, chance_.between(4, 12));
        // A dead letter or a disabled destination ends much of what can be compared: rare.
        if (!chance_.one_in(8)) faults_.set(Fault::receiver_refuses, 0);
        if (!chance_.one_in(8)) faults_.set(Fault::receiver_gone, 0);
    }

    void build_events() {
        using Kind = Event::Kind;
        const auto add = [&](Kind kind, Duration length, std::int64_t count = 0) {
            const auto* object = all_objects[std::size_t(chance_.between(0, 5))];
            const auto at = chance_.one_in(2) ? chance_.between(Duration{0}, Duration{30min})
                                              : chance_.between(Duration{0}, out_.length);
            out_.events.push_back({kind, at, length, object, count});
        };
        for (auto i = chance_.between(0, 14); i > 0; --i) add(Kind::stir, {}, chance_.between(1, 6));
        for (auto i = many_queries_ ? chance_.between(0, 3) : 0; i > 0; --i) {
            add(Kind::stir, {}, 2);
            out_.events.back().object = "itwins";
        }
        if (out_.rows_max != 0 && chance_.one_in(12)) add(Kind::crowd, {}, out_.rows_max + 1);
        if (chance_.one_in(3)) add(Kind::remove_many, {}, chance_.between(3, 14));
        if (chance_.one_in(10)) add(Kind::remove_all, {});
        if (chance_.one_in(5)) add(Kind::partition_api, chance_.between(Duration{1s}, Duration{20min}));
        if (chance_.one_in(5)) add(Kind::partition_hook, chance_.between(Duration{1s}, Duration{20min}));
        if (chance_.one_in(4))
            add(Kind::outage, chance_.one_in(4) ? chance_.between(Duration{1h}, Duration{40h})
                                                : chance_.between(Duration{10s}, Duration{1h}));
        if (chance_.one_in(6)) add(Kind::revoke, {});
        if (chance_.one_in(6)) add(Kind::full_disk, chance_.between(Duration{1s}, Duration{20min}));
        if (chance_.one_in(6)) add(Kind::bad_reads, {}, chance_.between(1, 5));
        if (chance_.one_in(10)) add(Kind::clock_jump, chance_.between(Duration{-3h}, Duration{3h}));
        for (auto i = chance_.one_in(2) ? 0 : chance_.between(1, 4); i > 0; --i) {
            add_command(Kind::trigger);
            auto again = out_.events.back();  // perhaps while that one runs or waits
            for (again.at += chance_.between(Duration{1ms}, Duration{2min}); chance_.one_in(2); again.at += 10s)
                out_.events.push_back(again);
        }
        if (!chance_.one_in(4)) return;
        add_command(Kind::pause);  // and perhaps a triggered read meanwhile
        auto& pause = out_.events.back();
        if (chance_.one_in(3)) pause.at = chance_.between(Duration{0}, Duration{2s});
        if (chance_.one_in(2)) return;
        auto meanwhile = pause;
        meanwhile.kind = Kind::trigger;
        meanwhile.at += chance_.between(Duration{0}, pause.length);
        out_.events.push_back(meanwhile);
    }

    /// What the operator does to one of the objects.
    void add_command(Event::Kind kind) {
        const auto& installation =
            out_.config
                .installations[std::size_t(chance_.between(0, std::int64_t(out_.config.installations.size()) - 1))];
        const auto& object =
            installation.objects[std::size_t(chance_.between(0, std::int64_t(installation.objects.size()) - 1))];
        Event event{.kind = kind,
                    .at = chance_.one_in(2) ? chance_.between(Duration{0}, Duration{1h})
                                            : chance_.between(Duration{0}, out_.length),
                    .length = chance_.between(Duration{1s}, Duration{90min}),
                    .object = object.object,
                    .count = chance_.between(1, triggers_max),
                    .installation = installation.id};
        if (!chance_.one_in(3)) event.since = chance_.between(Duration{0}, Duration{80h});
        if (chance_.one_in(3)) event.until = chance_.between(Duration{0}, Duration{40h});
        out_.events.push_back(event);
    }

    void build_endings() {
        for (auto lives = chance_.one_in(3) ? 0 : chance_.between(1, 5); lives > 0; --lives) {
            Ending ending{.kind = Ending::Kind(chance_.between(0, 3))};
            if (chance_.one_in(2)) ending.kind = Ending::Kind::power_cut_at_write;
            ending.writes = chance_.one_in(4) ? chance_.between(0, 60) : chance_.between(20, 400);
            ending.after = chance_.one_in(2) ? chance_.between(Duration{0}, Duration{20s})
                                             : chance_.between(Duration{0}, Duration{40min});
            ending.down = chance_.one_in(4) ? chance_.between(Duration{1min}, Duration{3h})
                                            : chance_.between(Duration{1s}, Duration{20s});
            out_.endings.push_back(ending);
        }
    }

    void build_writes() {
        auto& chance = write_chance_;
        out_.writes = true;
        out_.resolves = chance.one_in(3);
        out_.config.notifications.push_back(
            {.destination = out_.receivers.front().destination, .events = {"write.async.done", "write.unknown"}});
        for (auto& installation : out_.config.installations) {
            for (const auto* name : written_objects) {
                const bool read =
                    std::ranges::any_of(installation.objects, [&](const auto& each) { return each.object == name; });
                if (!chance.one_in(read ? 2 : 4)) continue;
                installation.writes.push_back({.object = name,
                                               .mapped_name = chance.one_in(3) ? "written-" + std::string(name) : name,
                                               .deletes = true,
                                               .retry_unknown = chance.one_in(4),
                                               .marker = chance.one_in(2)});
            }
            if (installation.writes.empty())
                installation.writes.push_back({.object = "itwins", .mapped_name = "itwins", .deletes = true});
        }
        using Kind = Event::Kind;
        for (auto orders = chance.between(1, 6); orders > 0; --orders) {
            Event order{.kind = Kind::order,
                        .at = chance.between(Duration{0}, chance.one_in(2) ? Duration{2min} : Duration{40min}),
                        .length = {},
                        .object = "itwins"};
            out_.events.push_back(order);
            order.kind = Kind::repeat;
            for (order.at += chance.between(Duration{1ms}, Duration{2min}); chance.one_in(2);
                 order.at += chance.between(Duration{1s}, Duration{20min}))
                out_.events.push_back(order);
            order.kind = Kind::order;
            for (order.at += chance.between(Duration{1ms}, Duration{20s}); chance.one_in(3); order.at += 1s)
                out_.events.push_back(order);
        }
        if (chance.one_in(8)) return;  // calm
        for (auto i = std::size_t(Fault::clock_jump) + 1; i <= std::size_t(Fault::write_amid); ++i)
            faults_.set(Fault(i), chance.one_in(3) ? chance.between(2, 8) : 0);
        if (chance.one_in(2)) faults_.set(Fault::write_amid, 3);
    }

    Chance chance_;
    Chance write_chance_;  // of its own: what is read and what befalls it is the same with writes and without
    Mode mode_;
    Faults& faults_;
    bool many_queries_ = false;  // some object is read for each iTwin
    Scenario out_;
};

}  // namespace

Scenario make_scenario(std::uint64_t seed, Mode mode, Faults& faults) {
    auto scenario = Builder(seed, mode, faults).build();
    add_access(scenario, seed, faults);
    if (scenario.writes) try_writes(seed, scenario, faults);
    return scenario;
}

}  // namespace syncd::simulation
