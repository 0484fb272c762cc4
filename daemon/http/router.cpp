#include "daemon/http/router.hpp"

#include "connector/http/url.hpp"
#include "daemon/daemon.hpp"
#include "daemon/http/deliveries_api.hpp"
#include "daemon/http/destinations_api.hpp"
#include "daemon/http/installations_api.hpp"
#include "daemon/http/metadata_api.hpp"
#include "daemon/http/metrics_api.hpp"
#include "daemon/http/operations_api.hpp"
#include "daemon/http/problem.hpp"
#include "daemon/http/writes_api.hpp"

#include <algorithm>

namespace syncd {
namespace {

std::vector<std::string_view> segments(std::string_view path) {
    std::vector<std::string_view> found;
    for (std::size_t from = 0; from <= path.size();) {
        const auto slash = std::min(path.find('/', from), path.size());
        found.push_back(path.substr(from, slash - from));
        from = slash + 1;
    }
    return found;
}

/// Whether the pattern's segment stands for this text; notes what its name stands for.
bool match_segment(std::string_view pattern, std::string_view segment, Texts& names) {
    if (!pattern.starts_with('{')) return pattern == segment;
    const auto brace = pattern.find('}');
    const auto verb = pattern.substr(brace + 1);
    auto text = http::percent_decode(segment);
    if (!text.ends_with(verb) || text.size() == verb.size()) return false;
    text.resize(text.size() - verb.size());
    names[std::string(pattern.substr(1, brace - 1))] = std::move(text);
    return true;
}

/// In the order in which they are tried: one with a verb comes before the one that would take the verb for an id.
std::vector<Route> all_routes() {
    std::vector<Route> all;
    for (const auto group : {installation_routes(), operation_routes(), metadata_routes(), delivery_routes(),
                             write_routes(), destination_routes(), metrics_routes()})
        all.insert(all.end(), group.begin(), group.end());
    return all;
}

std::optional<http::Response> unknown_part(const config::Config& config, const Call& call) {
    if (call.path.contains("project") && call["project"] != config.project)
        return problem(404, "No such project", call["project"]);
    const auto named = [&](const config::Integration& each) { return each.name == call["integration"]; };
    const auto used = [&](const config::Installation& each) { return each.integration == call["integration"]; };
    if (call.path.contains("integration") && std::ranges::none_of(config.integrations, named) &&
        std::ranges::none_of(config.installations, used))
        return problem(404, "No such integration", call["integration"]);
    return std::nullopt;
}

http::Response wrong_method(std::string_view pattern, const std::vector<Route>& routes) {
    std::string allowed;
    for (const auto& route : routes) {
        if (route.pattern != pattern) continue;
        if (!allowed.empty()) allowed += ", ";
        allowed += route.method == "GET" ? "GET, HEAD" : route.method;
    }
    auto refused = problem(405, "This route takes " + allowed);
    refused.headers.add("Allow", allowed);
    return refused;
}

}  // namespace

const std::string& Call::operator[](std::string_view name) const {
    static const std::string nothing;
    if (const auto found = path.find(name); found != path.end()) return found->second;
    if (const auto found = query.find(name); found != query.end()) return found->second;
    return nothing;
}

storage::Reader& Api::reader() {
    if (!reader_) reader_.emplace(daemon.config().storage.path);
    return *reader_;
}

const config::Installation* Api::installation(const std::string& integration, const std::string& id) const {
    for (const auto& each : daemon.config().installations)
        if (each.id == id && (integration.empty() || each.integration == integration)) return &each;
    return nullptr;
}

std::string Api::object_name(const config::Installation* installation, const std::string& given) const {
    for (const auto& each : daemon.config().installations) {
        if (installation && installation != &each) continue;
        for (const auto& object : each.objects)
            if (object.mapped_name == given) return object.object;
        for (const auto& object : each.writes)
            if (object.mapped_name == given) return object.object;
    }
    return given;
}

std::optional<Texts> match(std::string_view pattern, std::string_view path) {
    const auto wanted = segments(pattern), given = segments(path);
    Texts names;
    std::size_t at = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto rest = wanted.size() - i - 1;  // of the pattern, one segment each
        if (given.size() < at + 1 + rest) return std::nullopt;
        if (!wanted[i].ends_with("...}")) {
            if (!match_segment(wanted[i], given[at++], names)) return std::nullopt;
            continue;
        }
        const auto end = given.size() - rest;
        const auto text = path.substr(std::size_t(given[at].data() - path.data()),
                                      std::size_t(given[end - 1].data() + given[end - 1].size() - given[at].data()));
        if (text.empty()) return std::nullopt;
        names[std::string(wanted[i].substr(1, wanted[i].size() - 5))] = http::percent_decode(text);
        at = end;
    }
    return at == given.size() ? std::optional(std::move(names)) : std::nullopt;
}

Texts parse_query(std::string_view query) {
    Texts found;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const auto equals = std::min(pair.find('='), pair.size());
        const auto decode = [](std::string_view text) {
            std::string plain(text);
            std::ranges::replace(plain, '+', ' ');
            return http::percent_decode(plain);
        };
        if (auto name = decode(pair.substr(0, equals)); !name.empty())
            found.emplace(std::move(name), decode(pair.substr(std::min(equals + 1, pair.size()))));
    }
    return found;
}

awaitable<std::optional<http::Response>> serve_api(Api& api, http::Request request) {
    static const auto routes = all_routes();
    const auto question = std::min(request.target.find('?'), request.target.size());
    const auto path = std::string_view(request.target).substr(0, question);
    const auto method = request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
    for (const auto& route : routes) {
        auto names = match(route.pattern, path);
        if (!names) continue;
        const auto same = [&](const Route& each) { return each.pattern == route.pattern && each.method == method; };
        const auto chosen = std::ranges::find_if(routes, same);
        if (chosen == routes.end()) co_return wrong_method(route.pattern, routes);
        Call call{.path = std::move(*names), .query = {}, .body = std::move(request.body)};
        if (auto unknown = unknown_part(api.daemon.config(), call)) co_return std::move(*unknown);
        if (question < request.target.size())
            call.query = parse_query(std::string_view(request.target).substr(question + 1));
        co_return co_await chosen->handler(api, std::move(call));
    }
    co_return std::nullopt;
}

}  // namespace syncd
