#include "tests/simulation/provider.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace syncd::simulation {
namespace {

constexpr Duration minute = std::chrono::minutes{1}, hour = std::chrono::hours{1};
constexpr std::int64_t burst_max = 9;  // requests in a row that meet a 5xx: more than the product tries again

const std::map<std::string, std::string> objects_by_path{{"/itwins/", "itwins"},
                                                         {"/itwins/recents", "itwins/recents"},
                                                         {"/curated-content/cesium/", "curated-content/cesium"},
                                                         {"/contextcapture/jobs", "contextcapture/jobs"}};

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
      foreign_(journal) {
    for (const auto& [path, object] : objects_by_path) truths_.emplace(object, Truth(object, data_chance_));
}

void Provider::stir(const std::string& object, int strength) {
    auto& truth = truths_.at(object);
    const auto now = machine_.true_now();
    for (int i = 0; i < strength; ++i) {
        switch (data_chance_.between(0, 3)) {
            case 0:
            case 1: {
                const bool late = object == "contextcapture/jobs" && faults_.strike(Fault::late_list);
                truth.create(now, late ? data_chance_.between(Duration{0}, Duration{minute * 4}) : Duration{0});
                break;
            }
            case 2:
                // A job that changes is only seen by the next full read; one that is created by the next read of any
                // kind.
                truth.change(now);
                break;
            default: truth.remove(1);
        }
    }
}

void Provider::revoke_tokens() {
    for (auto& [name, token] : issued_) token.revoked = true;
}

void Provider::expect_resume(const std::string& installation, const std::string& object, std::string url) {
    if (url.empty())
        resumes_.erase({installation, object});
    else
        resumes_[{installation, object}] = std::move(url);
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
    const Key key{token.installation, target};
    if (const auto wait = waits_.find(key); wait != waits_.end() && arrival.sent_at < wait->second)
        journal_.violate("retry-after",
                         fmt::format("{} asked for {} before its Retry-After was over", key.first, key.second));
    const auto path = target.substr(0, target.find('?'));
    if (const auto object = objects_by_path.find(path); object != objects_by_path.end())
        check_resume({token.installation, object->second}, target);
    if (auto refused = refuse(arrival, token)) return *refused;
    if (auto wrong = misbehave(arrival, token)) return *wrong;

    if (const auto object = objects_by_path.find(path); object != objects_by_path.end())
        return list(arrival, token, object->second);
    for (const std::string prefix : {"/itwins/", "/contextcapture/jobs/"})
        if (path.starts_with(prefix))
            return own(objects_by_path.at(prefix == "/itwins/" ? prefix : "/contextcapture/jobs"),
                       path.substr(prefix.size()));
    return answered(404, problem("OperationNotFound"));
}

/// The first list request of a life, whatever comes of it, goes on where a cut backfill was.
void Provider::check_resume(const Key& key, const std::string& target) {
    const auto resume = resumes_.find(key);
    if (resume == resumes_.end()) return;
    if (!resume->second.ends_with(target))
        journal_.violate(
            "resume", fmt::format("{} {} went on at {} instead of {}", key.first, key.second, target, resume->second));
    resumes_.erase(resume);
}

std::optional<Reply> Provider::refuse(const Arrival& arrival, Token& token) {
    if (faults_.strike(Fault::token_revoked)) revoke_tokens();
    const bool expired = arrival.sent_at > token.expires;
    if (expired && !token.revoked)
        journal_.violate("token-expiry", fmt::format("{} used a token {} after its end", token.installation,
                                                     format_duration(arrival.sent_at - token.expires)));
    if (expired || token.revoked || faults_.strike(Fault::token_expired))
        return answered(401, problem("HeaderNotFound"));
    return std::nullopt;
}

std::optional<Reply> Provider::misbehave(const Arrival& arrival, const Token& token) {
    const bool silent = faults_.strike(Fault::limited_without_hint);
    if (silent || faults_.strike(Fault::limited)) {
        auto reply = answered(429, problem("TooManyRequests"));
        if (silent) return reply;
        auto& chance = faults_.chance();
        const std::int64_t wait_s = chance.one_in(12) ? chance.between(600, 3000) : chance.between(1, 40);
        reply.response.headers.add("Retry-After", std::to_string(wait_s));
        reply.received = [this, key = Key{token.installation, arrival.request.target}, wait_s] {
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
        for (auto& [key, chain] : chains_)
            if (key.first == token.installation) chain.hindered = true;
        if (faults_.chance().one_in(3)) return answered(403, problem("InsufficientPermissions"));
        return answered(404, problem("OperationNotFound"));
    }
    return std::nullopt;
}

Reply Provider::own(const std::string& object, const std::string& id) {
    const auto* row = truths_.at(object).find(id);
    if (!row) return answered(404, problem(object == "itwins" ? "iTwinNotFound" : "JobNotFound"));
    const auto wrapper = object == "itwins" ? "iTwin" : "job";
    return answered(200, fmt::format("{{\"{}\":{}}}", wrapper, truths_.at(object).render(*row)));
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
    const auto lifetime = provider_.rules_.token_lifetime;
    const auto name = fmt::format("token-{}-{:x}", provider_.next_token_++, provider_.data_chance_.draw());
    provider_.issued_[name] = {value("client_id="), body.substr(scope_at, body.find('&', scope_at) - scope_at),
                               provider_.machine_.loop.tick() + lifetime};
    provider_.journal_.note("token for " + provider_.issued_[name].installation);
    return provider_.answered(
        200, fmt::format("{{\"access_token\":\"{}\",\"token_type\":\"Bearer\",\"expires_in\":{}}}", name,
                         lifetime / std::chrono::seconds{1}));
}

void Provider::Tokens::overhear(std::string_view bytes) {
    if (bytes.find("token-") != std::string_view::npos)
        provider_.journal_.violate("token", "an access token went to the token endpoint");
}

Reply Provider::Foreign::answer(const Arrival& arrival) {
    journal_.violate("token", "a request followed a link to another origin: " + arrival.request.target);
    return {.response = {404, {}, ""}};
}

void Provider::Foreign::overhear(std::string_view bytes) {
    if (bytes.find("token-") != std::string_view::npos)
        journal_.violate("token", "an access token went to another origin");
}

}  // namespace syncd::simulation
