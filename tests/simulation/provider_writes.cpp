// The provider's side of writes: what it is asked to change, what it changes, what it says of that; and the lookups of
// those whose answer was lost.
#include "config/core/json.hpp"
#include "connector/http/url.hpp"
#include "tests/simulation/provider.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace syncd::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t lookup_rows = 4;  // on a page of a lookup
constexpr Duration late_max = 20s;
constexpr Duration lag_max = 3min;  // of what a key protects against a second create
constexpr std::string_view label_opening = "\"w-";

std::string problem(std::string_view code, std::string_view message) {
    return fmt::format("{{\"error\":{{\"code\":\"{}\",\"message\":\"{}\",\"details\":[]}}}}", code, message);
}

std::int64_t number_at(const std::string& text, std::size_t at) {
    std::int64_t value = 0;
    std::from_chars(text.data() + std::min(at, text.size()), text.data() + text.size(), value);
    return value;
}

std::string parameter(const std::string& target, std::string_view name) {
    const auto opening = fmt::format("{}=", name);
    for (auto at = target.find('?'); at != std::string::npos; at = target.find('&', at + 1))
        if (target.compare(at + 1, opening.size(), opening) == 0) {
            const auto begin = at + 1 + opening.size();
            return http::percent_decode(target.substr(begin, target.find('&', begin) - begin));
        }
    return {};
}

/// Jobs of others have names, too.
std::string named(const std::string& object, std::string row) {
    if (object.ends_with("/jobs") && !json::find(row, "name")) row.insert(row.size() - 1, ",\"name\":\"Another's\"");
    return row;
}

}  // namespace

std::string label_in(const std::string& body) {
    std::int64_t latest = -1;
    for (auto at = body.find(label_opening); at != std::string::npos; at = body.find(label_opening, at + 1))
        latest = std::max(latest, number_at(body, at + label_opening.size()));
    return latest < 0 ? std::string() : fmt::format("w-{}", latest);
}

std::string wrapper_of(const std::string& object) {
    if (object == "itwins") return "iTwin";
    if (object.ends_with("/jobs")) return "job";
    if (object == "reality-management/reality-data") return "realityData";
    if (object == "library/catalogs") return "catalog";
    return object == "library/manufacturers" ? "manufacturer" : "workspace";
}

/// Lookups ask for far more rows than any read of the scenarios.
bool is_lookup(const std::string& target) {
    return target.find("$top=1000") != std::string::npos || target.find("$top=500") != std::string::npos;
}

std::string Provider::label_of(const http::Request& request, const std::string& object, const std::string& id) const {
    if (request.method != "DELETE") return label_in(request.body);
    const auto found = deeds_.deletes.find({object, id});
    return found == deeds_.deletes.end() ? std::string() : found->second;
}

Reply Provider::write(const Arrival& arrival, const std::string& object, const std::string& id,
                      const std::string& label) {
    const auto& request = arrival.request;
    auto& deed = deeds_.by_label[label];
    deed.object = object;
    auto& chance = faults_.chance();
    if (faults_.strike(Fault::write_unheard)) {
        Reply reply;
        reply.way = Reply::Way::lost;
        return reply;
    }
    if (faults_.strike(Fault::write_limited)) {
        auto reply = answered(chance.one_in(2) ? 429 : 503, problem("TooManyRequests", "later"));
        const auto wait_s = chance.between(1, 90);
        reply.response.headers.add("Retry-After", std::to_string(wait_s));
        reply.received = [this, key = wait_key_, wait_s] {
            waits_[key] = machine_.loop.tick() + std::chrono::seconds{wait_s};
        };
        return reply;
    }
    if (faults_.strike(Fault::write_error))
        return answered(int(chance.between(500, 504)), problem("InternalServerError", "not done"));
    if (faults_.strike(Fault::write_refused))
        return answered(chance.one_in(2) ? 422 : 403, problem("InvalidRequest", "as the plan has it"));
    // Only what is not sent again until it was looked for: else the provider itself would mix up the order.
    const bool looked_for = request.method == "POST" || deeds_.paid.contains(label);
    if (looked_for && faults_.strike(Fault::write_late)) {
        const auto late = chance.between(Duration{1s}, late_max);
        machine_.loop.after(
            late, [this, request, object, id, label, late] { (void)carry_out(request, object, id, label, late); });
        Reply reply;
        reply.way = chance.one_in(2) ? Reply::Way::lost : Reply::Way::never;
        return reply;
    }
    auto reply = carry_out(request, object, id, label);
    if (faults_.strike(Fault::write_lost)) reply.way = Reply::Way::lost;
    if (faults_.strike(Fault::write_error_done)) {  // a 503 says that it was not
        constexpr std::array<int, 3> statuses{500, 502, 504};
        const auto status = statuses[std::size_t(chance.between(0, 2))];
        reply.response = answered(status, problem("InternalServerError", "but done")).response;
    }
    if (faults_.strike(Fault::write_slow)) reply.delay = chance.between(20s, 45s);
    if (reply.response.status / 100 == 2)
        reply.received = [this, label, life = arrival.life] {
            deeds_.by_label[label].heard_at = machine_.loop.tick();
            deeds_.by_label[label].heard_in_life = life;
        };
    return reply;
}

void Provider::carried(const std::string& label, const std::string& object, const std::string& id,
                       std::int64_t revision) {
    auto& deed = deeds_.by_label[label];
    ++deed.carried;
    deed.record_id = id;
    deed.revision = revision;
    deeds_.of_record[{object, id}].push_back(label);
    journal_.note(fmt::format("provider carries out {} on {} {}", label, object, id));
    if (on_carried_) on_carried_(label);
}

Reply Provider::carry_out(const http::Request& request, const std::string& object, const std::string& id,
                          const std::string& label, Duration late) {
    const auto now = machine_.true_now();
    auto& truth = truths_.at(object);
    std::map<std::string, std::string> given;
    for (const auto& [name, value] : json::members(request.body)) given[name] = std::string(value);
    const auto text = [&](const char* name) {
        const auto found = given.find(name);
        return found == given.end() ? std::string() : json::as_text(found->second).value_or("");
    };
    if (request.method == "POST") {
        if (given.contains("number"))
            for (const auto& row : truth.rows())
                if (const auto known = row.fields.find("number");
                    known != row.fields.end() && known->second == given["number"])
                    return answered(409, problem("iTwinExists", "an iTwin with this number exists"));
        const auto itwin_id = text("iTwinId");
        given.erase("iTwinId");
        const Duration longest = given.contains("number") ? lag_max : looks_reach - late;
        const auto lag =
            faults_.strike(Fault::write_lag) ? faults_.chance().between(Duration{1s}, longest) : Duration{0};
        deeds_.by_label[label].hidden = std::max(deeds_.by_label[label].hidden, late + lag);
        const auto& row = truth.write(now, lag, std::move(given), itwin_id);
        carried(label, object, row.id, row.revision);
        return answered(201, fmt::format("{{\"{}\":{}}}", wrapper_of(object), truth.render(row)));
    }
    if (request.method == "DELETE") {
        if (!truth.erase(id)) {
            deeds_.by_label[label].missed = true;
            return answered(404, problem("RecordNotFound", "it is not there"));
        }
        carried(label, object, id, INT64_MAX);
        return answered(204, "");
    }
    auto* row = truth.rewrite(id, now);
    if (!row) {
        deeds_.by_label[label].missed = true;
        return answered(404, problem("RecordNotFound", "it is not there"));
    }
    row->ours = true;
    if (http::Headers::same(text("state"), "active")) row->state = "active";
    given.erase("state");
    if (request.method == "PUT") {
        for (const auto& [name, value] : row->fields)  // what the update does not give must be laid under it
            if (!given.contains(name) || (given[name] != value && given[name] != json::quote(label)))
                journal_.violate("overlay",
                                 fmt::format("{} of {} {} was {} before {}", name, object, id, value, label));
        row->fields = std::move(given);
    } else {
        for (auto& [name, value] : given) row->fields[name] = value;
    }
    carried(label, object, id, row->revision);
    return answered(200, fmt::format("{{\"{}\":{}}}", wrapper_of(object), truth.render(*row)));
}

/// The lists by which a write whose answer was lost is looked for.
Reply Provider::look_up(const Arrival& arrival, const std::string& object) {
    const auto& target = arrival.request.target;
    if (faults_.strike(Fault::lookup_fails)) {
        auto& chance = faults_.chance();
        if (chance.one_in(3)) return answered(200, "{\"rows\":[]}");
        return answered(chance.one_in(2) ? 500 : 404, problem("OperationNotFound", "as the plan has it"));
    }
    const auto number = parameter(target, "number"), tag = parameter(target, "tag");
    const auto filter = parameter(target, "$filter");
    constexpr std::string_view opening = "createdDateTime ge ";
    const auto since = filter.starts_with(opening) ? parse_time(filter.substr(opening.size())) : std::nullopt;
    std::vector<const Row*> rows;
    for (const auto& row : truths_.at(object).rows()) {
        const auto has = [&](const char* field, const std::string& text) {
            const auto found = row.fields.find(field);
            return text.empty() ||
                   (found != row.fields.end() && found->second.find(json::quote(text)) != std::string::npos);
        };
        if (row.listed_from <= machine_.true_now() && has("number", number) && has("tags", tag) &&
            (!since || row.created >= *since))
            rows.push_back(&row);
    }
    const auto skip = number_at(parameter(target, "$skip"), 0);
    std::vector<std::string> shown;
    for (auto at = skip; at < std::int64_t(rows.size()) && at < skip + lookup_rows; ++at)
        shown.push_back(named(object, truths_.at(object).render(*rows[std::size_t(at)])));
    std::string links;
    if (skip + lookup_rows < std::int64_t(rows.size()))
        links = fmt::format(",\"_links\":{{\"next\":{{\"href\":\"https://{}{}&$skip={}\"}}}}", api_host,
                            target.substr(0, target.find("&$skip=")), skip + lookup_rows);
    return answered(200, fmt::format("{{\"{}\":[{}]{}}}", key_of(object), fmt::join(shown, ","), links));
}

}  // namespace syncd::simulation
