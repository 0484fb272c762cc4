#include "tests/simulation/provider.hpp"

#include "tests/simulation/secrets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace syncd::simulation {
namespace {

constexpr Duration minute = std::chrono::minutes{1}, hour = std::chrono::hours{1};
constexpr std::int64_t refusals_max = 6;  // of one token: several requests may be on their way with it
constexpr std::int64_t burst_max = 9;     // requests in a row that meet a 5xx: more than the product tries again

const std::map<std::string, std::string> objects_by_path{
    {"/itwins/", "itwins"},
    {"/itwins/recents", "itwins/recents"},
    {"/curated-content/cesium/", "curated-content/cesium"},
    {"/contextcapture/jobs", "contextcapture/jobs"},
    {"/reality-analysis/jobs", "reality-analysis/jobs"},
    {"/reality-management/reality-data/", "reality-management/reality-data"},
    {"/library/catalogs", "library/catalogs"},
    {"/library/manufacturers", "library/manufacturers"},
    {"/contextcapture/workspaces", "contextcapture/workspaces"}};

/// The object of which that path is one record, and its id.
std::pair<std::string, std::string> own_path(const std::string& path) {
    const auto slash = path.rfind('/') + 1;
    for (const auto& [list, object] : objects_by_path)
        if (path.substr(0, slash) == (list.back() == '/' ? list : list + "/")) return {object, path.substr(slash)};
    return {};
}

std::string problem(std::string_view code) {
    return fmt::format("{{\"error\":{{\"code\":\"{}\",\"message\":\"as the plan has it\"}}}}", code);
}

}  // namespace

Provider::Provider(Machine& machine, Journal& journal, ProviderRules rules, std::uint64_t seed)
    : machine_(machine),
      journal_(journal),
      faults_(machine.network.faults()),
      rules_(rules),
      data_chance_(seed),
      readings_(journal),
      foreign_(journal) {
    for (const auto& [path, object] : objects_by_path) truths_.emplace(object, Truth(object, data_chance_));
}

std::vector<std::string> Provider::itwins() const {
    std::vector<std::string> ids;
    for (const auto& row : truths_.at("itwins").rows()) ids.push_back(row.id);
    return ids;
}

std::vector<std::string> Provider::homes() const {
    auto ids = itwins();
    ids.push_back(truths_.at("itwins").next_id());
    return ids;
}

void Provider::stir(const std::string& object, int strength) {
    auto& truth = truths_.at(object);
    const auto now = machine_.true_now();
    for (int i = 0; i < strength; ++i) {
        switch (data_chance_.between(0, 3)) {
            case 0: {
                const bool late = object.ends_with("/jobs") && faults_.strike(Fault::late_list);
                create(object, now, late ? data_chance_.between(Duration{0}, Duration{minute * 4}) : Duration{0});
                break;
            }
            case 1:
                if (!is_per_itwin(object)) {
                    create(object, now, Duration{0});
                    break;
                }
                [[fallthrough]];
            case 2: truth.change(now, homes()); break;
            default: truth.remove(1);
        }
    }
}

void Provider::revoke_tokens() {
    for (auto& [name, token] : issued_) token.revoked = true;
}

void Provider::count(const Arrival& arrival, const Token& token) {
    if (machine_.skew != Duration{0})
        return;  // what an earlier life spent is known by the wall clock, which has jumped
    auto& sent = sent_[token.client];
    sent.push_back(arrival.sent_at);
    std::erase_if(sent, [&](Tick each) { return each + 2 * hour < arrival.sent_at; });
    const auto within = [&](Duration window) {
        return std::ranges::count_if(
            sent, [&](Tick each) { return each > arrival.sent_at - window && each <= arrival.sent_at; });
    };
    const auto check = [&](Duration window, std::int64_t allowed) {
        if (allowed != 0 && within(window) > allowed)
            journal_.violate("budget", fmt::format("{} sent {} requests within {}, {} are allowed", token.client,
                                                   within(window), format_duration(window), allowed));
    };
    check(minute, rules_.per_minute);
    check(hour, rules_.per_hour);
}

Reply Provider::answered(int status, std::string body) const {
    Reply reply{.response = {status, {{"Content-Type", "application/json"}}, std::move(body)}};
    reply.response.headers.add("Date", format_http_date(machine_.true_now()));
    return reply;
}

Reply Provider::answer(const Arrival& arrival) {
    constexpr std::string_view bearer = "Bearer ";
    const auto authorization = arrival.request.headers.get("Authorization");
    const auto& target = arrival.request.target;
    const auto found = issued_.find(std::string(authorization.substr(std::min(bearer.size(), authorization.size()))));
    if (found == issued_.end()) {
        journal_.violate("token", "the provider got a request without a token that it gave: " + target);
        return answered(401, problem("InvalidToken"));
    }
    auto& token = found->second;
    journal_.note(fmt::format("provider {} {}", token.installation, target));
    count(arrival, token);
    if (users_.used) users_.used(found->first);
    if (on_passed_ && target.starts_with("/passed/"))
        return on_passed_(arrival, token.installation, refuse(arrival, token));
    const auto path = target.substr(0, target.find('?'));
    const auto listed = objects_by_path.find(path);
    const auto [owner, id] = own_path(path);
    const bool writes = arrival.request.method != "GET", looks = !writes && is_lookup(target);
    const auto written = listed != objects_by_path.end() && writes ? listed->second : owner;
    const auto label = writes ? label_of(arrival.request, written, id) : std::string();
    wait_key_ = {token.installation, writes ? arrival.request.method + " " + label : target};
    const auto& key = wait_key_;
    if (const auto wait = waits_.find(key); !looks && wait != waits_.end() && arrival.sent_at < wait->second)
        journal_.violate("retry-after",
                         fmt::format("{} asked for {} before its Retry-After was over", key.first, key.second));
    if (writes) {
        if (label.empty()) journal_.violate("simulation", "a write without a label: " + target);
        auto& deed = deeds_.by_label[label];
        ++deed.arrivals;
        deed.sent_at = arrival.sent_at;
        if (on_arrived_) on_arrived_(label);
        if (auto refused = refuse(arrival, token)) return *refused;
        if (auto wrong = misbehave(token)) return *wrong;
        return write(arrival, written, id, label);
    }
    if (looks) {
        if (auto refused = refuse(arrival, token)) return *refused;
        if (auto wrong = misbehave(token)) return *wrong;
        return look_up(arrival, listed->second);
    }
    const Key what{token.installation, listed != objects_by_path.end() ? listed->second : owner};
    if (!what.second.empty() && arrival.life == life_)
        readings_.note_request(what, truths_.at(what.second).mutations(machine_.true_now()));
    if (listed != objects_by_path.end() && arrival.life == life_)
        if (const ListQuery query(what.second, target); query.ids.empty())
            readings_.check_resume(what, query, itwins());
    if (auto refused = refuse(arrival, token)) return *refused;
    if (auto wrong = misbehave(token)) return *wrong;

    if (listed != objects_by_path.end()) return list(arrival, token, what.second);
    if (!owner.empty()) return own(token, owner, id);
    return answered(404, problem("OperationNotFound"));
}

std::optional<Reply> Provider::refuse(const Arrival& arrival, Token& token) {
    if (faults_.strike(Fault::token_revoked)) revoke_tokens();
    const bool expired = arrival.sent_at > token.expires;
    if (expired && !token.revoked)
        journal_.violate("token-expiry", fmt::format("{} used a token {} after its end", token.installation,
                                                     format_duration(arrival.sent_at - token.expires)));
    // Once more may happen: a request doesn't fetch two tokens.
    const auto heard = std::ranges::count_if(token.refused, [&](Tick each) { return each < arrival.sent_at; });
    if (heard > refusals_max)
        journal_.violate("token-expiry",
                         fmt::format("{} uses a token that was refused {} times", token.installation, heard));
    if (expired || token.revoked || faults_.strike(Fault::token_expired)) {
        auto reply = answered(401, problem("HeaderNotFound"));
        if (token.revoked) reply.received = [this, &token] { token.refused.push_back(machine_.loop.tick()); };
        return reply;
    }
    return std::nullopt;
}

std::optional<Reply> Provider::misbehave(const Token& token) {
    const bool silent = faults_.strike(Fault::limited_without_hint);
    if (silent || faults_.strike(Fault::limited)) {
        auto reply = answered(429, problem("TooManyRequests"));
        if (silent) return reply;
        auto& chance = faults_.chance();
        const std::int64_t wait_s = chance.one_in(12) ? chance.between(600, 3000) : chance.between(1, 40);
        reply.response.headers.add("Retry-After", std::to_string(wait_s));
        reply.received = [this, key = wait_key_, wait_s] {
            waits_[key] = machine_.loop.tick() + std::chrono::seconds{wait_s};
        };
        return reply;
    }
    if (faults_.strike(Fault::server_error)) error_burst_ = faults_.chance().between(1, burst_max);
    if (error_burst_ > 0) {
        --error_burst_;
        return answered(int(faults_.chance().between(500, 504)), problem("InternalServerError"));
    }
    if (faults_.strike(Fault::redirect)) {
        auto reply = answered(302, "");
        reply.response.headers.add("Location", fmt::format("https://{}/itwins/", foreign_host));
        return reply;
    }
    if (faults_.strike(Fault::gateway_404)) {
        readings_.hinder_all(token.installation);
        if (faults_.chance().one_in(3)) return answered(403, problem("InsufficientPermissions"));
        return answered(404, problem("OperationNotFound"));
    }
    return std::nullopt;
}

Reply Provider::own(const Token& token, const std::string& object, const std::string& id) {
    const Key key{token.installation, object};
    if (faults_.strike(Fault::own_refused)) {
        readings_.hinder(key);
        switch (faults_.chance().between(0, 3)) {
            case 0: return answered(404, problem("OperationNotFound"));
            case 1: return answered(200, "<html>busy</html>");
            default: return answered(403, problem("InsufficientPermissions"));
        }
    }
    const auto* row = truths_.at(object).find(id);
    if (!row) {
        readings_.miss(key, id);
        return answered(404, problem(object == "itwins" ? "iTwinNotFound" : "JobNotFound"));
    }
    return answered(200, fmt::format("{{\"{}\":{}}}", wrapper_of(object), truths_.at(object).render(*row)));
}

std::string Provider::issue_token(const std::string& client, const std::string& installation) {
    auto name = fmt::format("token-{}-{:x}", next_token_++, data_chance_.draw());
    issued_[name] = {client, installation, machine_.loop.tick() + rules_.token_lifetime};
    journal_.note("token for " + installation);
    return name;
}

Reply Provider::Tokens::answer(const Arrival& arrival) {
    auto& faults = provider_.faults_;
    const auto& body = arrival.request.body;
    const auto value = [&](std::string_view name) {
        const auto at = body.find(name);
        return at == std::string::npos
                   ? std::string()
                   : body.substr(at + name.size(), body.find_first_of("&%", at + name.size()) - at - name.size());
    };
    constexpr std::string_view mark = "inst-";  // the scenario puts the installation's id into its scopes
    const auto scope_at = body.find(mark) + mark.size();
    if (faults.strike(Fault::token_refused)) {
        if (faults.chance().one_in(2)) return provider_.answered(503, "");
        return provider_.answered(401, "{\"error\":\"invalid_client\"}");
    }
    if (provider_.users_.ask) return provider_.users_.ask(arrival);
    const auto lifetime = provider_.rules_.token_lifetime;
    const auto name =
        provider_.issue_token(value("client_id="), body.substr(scope_at, body.find('&', scope_at) - scope_at));
    return provider_.answered(
        200, fmt::format("{{\"access_token\":\"{}\",\"token_type\":\"Bearer\",\"expires_in\":{}}}", name,
                         lifetime / std::chrono::seconds{1}));
}

void Provider::overhear(std::string_view bytes) { check_secrets(journal_, bytes, Place::provider, api_host); }

void Provider::Tokens::overhear(std::string_view bytes) {
    check_secrets(provider_.journal_, bytes, Place::token_endpoint, token_host);
    if (bytes.find("token-") != std::string_view::npos)
        provider_.journal_.violate("token", "an access token went to the token endpoint");
}

Reply Provider::Foreign::answer(const Arrival& arrival) {
    journal_.violate("token", "a request followed a link to another origin: " + arrival.request.target);
    return {.response = {404, {}, ""}};
}

void Provider::Foreign::overhear(std::string_view bytes) {
    check_secrets(journal_, bytes, Place::elsewhere, foreign_host);
    if (bytes.find("token-") != std::string_view::npos)
        journal_.violate("token", "an access token went to another origin");
}

}  // namespace syncd::simulation
