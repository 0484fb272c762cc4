#include "tests/sandbox/control.hpp"

#include "config/core/json.hpp"
#include "config/core/time.hpp"
#include "tests/sandbox/compare.hpp"

#include <fmt/format.h>

#include <limits>

namespace syncd::sandbox {
namespace {

http::Response done(std::string body = "{}") { return json_response(200, std::move(body)); }

http::Response failed(int status, std::string_view why) {
    return json_response(status, fmt::format(R"({{"error":{}}})", json::quote(why)));
}

/// `text` without `suffix`, when it has it.
std::optional<std::string_view> before(std::string_view text, std::string_view suffix) {
    if (!text.ends_with(suffix)) return std::nullopt;
    return text.substr(0, text.size() - suffix.size());
}

/// From object, operation, after and processed of the query; an object's alias will do.
Wanted wanted_of(const Call& call) {
    const auto object = call.get("object").value_or("");
    const auto* row = find_object(object);
    const auto after = parse_number(call.get("after").value_or("0"), 0, std::numeric_limits<std::int64_t>::max());
    return {.object = row ? std::string(row->name) : object, .operation = call.get("operation").value_or(""),
            .after = std::uint64_t(after.value_or(0)), .processed = call.get("processed") == "true"};
}

}  // namespace

const Control::Route Control::routes[] = {
    {"GET", "objects", &Control::objects_list},
    {"POST", "reset", &Control::reset},
    {"GET", "faults", &Control::faults_get},
    {"POST", "faults", &Control::faults_add},
    {"DELETE", "faults", &Control::faults_clear},
    {"POST", "limits", &Control::limits},
    {"POST", "tokens/revoke", &Control::tokens_revoke},
    {"POST", "tokens/accept", &Control::tokens_accept},
    {"POST", "tokens", &Control::tokens_set},
    {"GET", "writes", &Control::writes},
    {"GET", "writes/created", &Control::writes_created},
    {"GET", "writes/duplicates", &Control::writes_duplicates},
    {"GET", "writes/counts", &Control::writes_counts},
    {"DELETE", "writes", &Control::writes_clear},
    {"POST", "consents/revoke", &Control::consents_revoke},
    {"POST", "consents", &Control::consents_set},
    {"GET", "stats", &Control::stats},
    {"POST", "stats/reset", &Control::stats_reset},
    {"GET", "receiver", &Control::receiver_get},
    {"GET", "receiver/state", &Control::receiver_state},
    {"GET", "receiver/compare", &Control::receiver_compare},
    {"POST", "receiver/results", &Control::receiver_results},
    {"POST", "receiver/secrets", &Control::receiver_secrets},
    {"POST", "receiver/reset", &Control::receiver_reset},
    {"GET", "receiver/faults", &Control::receiver_faults_get},
    {"POST", "receiver/faults", &Control::receiver_faults_add},
    {"DELETE", "receiver/faults", &Control::receiver_faults_clear},
};

http::Response Control::handle(const Call& call) {
    const std::string_view path = std::string_view(call.path).substr(control_path.size());
    for (const auto& route : routes)
        if (route.path == path && route.method == call.method) return (this->*route.action)(call);
    return of_object(call, path);
}

http::Response Control::records_of(const ObjectRow& row) {
    std::string list;
    for (const auto* record : data_.list(row)) list.append(list.empty() ? "" : ",").append(record->text);
    return done("[" + list + "]");
}

http::Response Control::of_object(const Call& call, std::string_view path) {
    if (const auto at = path.find("/records/"); at != std::string_view::npos) {
        const auto* row = find_object(path.substr(0, at));
        if (!row) return failed(404, "no such object");
        const auto id = path.substr(at + 9);
        const auto member_of = before(id, "/itwins");
        return member_of && !row->itwin_parameter.empty() ? itwins_of(call, *row, *member_of)
                                                          : of_record(call, *row, id);
    }
    if (const auto name = before(path, "/records"); name && find_object(*name)) {
        if (call.method == "POST" || call.method == "PUT") return put_record(call, *find_object(*name));
        if (call.method == "GET") return records_of(*find_object(*name));
        return failed(405, "GET the records, or POST one");
    }
    const auto slash = path.rfind('/');
    const auto* row = slash == std::string_view::npos ? nullptr : find_object(path.substr(0, slash));
    if (!row) return failed(404, "no such route; see README.md");
    if (call.method != "POST") return failed(405, "POST");
    return edit(call, *row, path.substr(slash + 1));
}

http::Response Control::edit(const Call& call, const ObjectRow& row, std::string_view verb) {
    const auto count = parse_number(call.get("count").value_or("1"), 0, edit_records_max);
    if (!count) return failed(400, "count is no number");
    const auto number = std::size_t(*count);
    std::size_t touched = 0;
    const auto owner = call.get("owner").value_or(""), id = call.get("id").value_or("");
    const auto state = call.get("state").value_or("");
    if (!owner.empty() && (verb != "create" || row.owner_member.empty()))
        return failed(400, "owner is for create, of objects whose records have one");
    if (verb == "create") touched = data_.create(row, number, owner);
    else if (verb == "change") touched = data_.change(row, number);
    else if (verb == "reorder") touched = data_.reorder(row, number);
    else if (verb == "delete") touched = data_.remove(row, number);
    else if (verb == "advance") touched = data_.advance(row, id, state);
    else if (verb == "reset") data_.reset(row);
    else return failed(404, "create, change, reorder, delete, advance or reset");
    return done(fmt::format(R"({{"object":"{}","touched":{},"records":{}}})", row.name, touched,
                            data_.list(row).size()));
}

http::Response Control::put_record(const Call& call, const ObjectRow& row) {
    const auto id = data_.put(row, call.body);
    if (!id) return failed(400, id.error().message);
    return done(fmt::format(R"({{"id":{}}})", json::quote(*id)));
}

http::Response Control::of_record(const Call& call, const ObjectRow& row, std::string_view id) {
    if (call.method == "GET") {
        const auto* record = data_.find(row, id);
        return record ? done(record->text) : failed(404, "no such record");
    }
    if (call.method != "DELETE") return failed(405, "GET or DELETE");
    return data_.erase(row, id) ? done() : failed(404, "no such record");
}

http::Response Control::itwins_of(const Call& call, const ObjectRow& row, std::string_view id) {
    if (call.method != "GET" && call.method != "POST") return failed(405, "GET, or POST ?set=a,b");
    if (call.method == "POST" && !data_.set_itwins(row, id, split(call.get("set").value_or(""), ',')))
        return failed(404, "no such record");
    const auto* record = data_.find(row, id);
    if (!record) return failed(404, "no such record");
    std::string list;
    for (const auto& itwin : record->itwins) list += (list.empty() ? "" : ",") + json::quote(itwin);
    return done(fmt::format(R"({{"itwins":[{}]}})", list));
}

http::Response Control::objects_list(const Call&) {
    std::string list;
    for (const auto& row : objects())
        list += fmt::format(R"({}{{"object":"{}","alias":"{}","path":"{}","records":{}}})", list.empty() ? "" : ",",
                            row.name, row.alias, row.path, data_.list(row).size());
    return done("[" + list + "]");
}

http::Response Control::reset(const Call& call) {
    for (const auto& row : objects())
        if (row.view_of.empty()) data_.reset(row);
    for (const auto& row : objects())
        if (!row.view_of.empty()) data_.reset(row);
    for (const auto& row : write_only_objects()) data_.reset(row);
    provider_.faults().clear();
    provider_.ledger().clear();
    receiver_.faults().clear();
    provider_.traffic().set_limits(0, 0);
    receiver_.reset();
    return stats_reset(call);
}

http::Response Control::add_fault(Faults& faults, const std::string& body) {
    auto fault = parse_fault(body);
    if (!fault) return failed(400, fault.error().message);
    const auto added = faults.add(std::move(*fault));
    return added ? done() : failed(400, added.error().message);
}

http::Response Control::faults_get(const Call&) { return done(provider_.faults().describe()); }
http::Response Control::faults_add(const Call& call) { return add_fault(provider_.faults(), call.body); }
http::Response Control::faults_clear(const Call&) {
    provider_.faults().clear();
    return done();
}

http::Response Control::limits(const Call& call) {
    const auto minute = parse_number(call.get("perMinute").value_or("0"), 0, edit_records_max);
    const auto hour = parse_number(call.get("perHour").value_or("0"), 0, edit_records_max);
    if (!minute || !hour) return failed(400, "perMinute and perHour are numbers");
    provider_.traffic().set_limits(std::uint64_t(*minute), std::uint64_t(*hour));
    return done();
}

http::Response Control::tokens_revoke(const Call&) {
    tokens_.revoke_all();
    return done();
}

http::Response Control::tokens_accept(const Call& call) {
    const auto token = call.get("token").value_or("");
    const auto lifetime = parse_duration(call.get("lifetime").value_or("1h"));
    if (token.empty() || !lifetime) return failed(400, "token is missing, or lifetime is no duration");
    tokens_.accept(token, *lifetime);
    return done();
}

http::Response Control::tokens_set(const Call& call) {
    const auto lifetime = call.get("lifetime");
    const auto duration = lifetime ? parse_duration(*lifetime) : std::nullopt;
    if (lifetime && !duration) return failed(400, "lifetime is no duration");
    if (duration) tokens_.set_lifetime(*duration);
    if (const auto secret = call.get("secret")) tokens_.set_secret(*secret);
    return done();
}

http::Response Control::writes(const Call& call) { return done(provider_.ledger().describe(wanted_of(call))); }

http::Response Control::writes_created(const Call& call) { return done(provider_.ledger().created(wanted_of(call))); }

http::Response Control::writes_duplicates(const Call& call) {
    return done(provider_.ledger().duplicates(wanted_of(call), call.get("by").value_or("")));
}

http::Response Control::writes_counts(const Call&) {
    std::string list;
    for (const auto& write : sandbox::writes())
        list += fmt::format(R"({}"{}":{{"records":{},{}}})", list.empty() ? "" : ",", write.object,
                            data_.list(*find_object(write.object)).size(), provider_.ledger().counts(write.object));
    return done("{" + list + "}");
}

http::Response Control::writes_clear(const Call&) {
    provider_.ledger().clear();
    return done();
}

http::Response Control::consents_revoke(const Call&) {
    tokens_.users().revoke();
    return done();
}

http::Response Control::consents_set(const Call& call) {
    const auto grace = parse_duration(call.get("grace").value_or("0s"));
    if (!grace) return failed(400, "grace is no duration");
    tokens_.users().set_grace(*grace);
    tokens_.users().set_rotation(call.get("rotate").value_or("true") != "false");
    return done();
}

http::Response Control::stats(const Call&) {
    return done(fmt::format(R"({{{},"faultsServed":{},"tokensIssued":{},"tokensRefused":{},"grants":{}}})",
                            provider_.traffic().describe(), provider_.faults().served(), tokens_.issued(),
                            tokens_.refused(), tokens_.describe_grants()));
}

http::Response Control::stats_reset(const Call&) {
    provider_.traffic().reset();
    return done();
}

http::Response Control::receiver_get(const Call&) { return done("{" + receiver_.describe() + "}"); }

http::Response Control::receiver_state(const Call& call) {
    const auto* row = find_object(call.get("object").value_or(""));
    if (!row) return failed(400, "object is missing or unknown");
    const auto hook = call.get("hook"), installation = call.get("installation");
    std::string out = "{";
    for (const auto& [key, state] : receiver_.inbox().states()) {
        const bool wanted = key.object == row->name && key.hook == hook.value_or(key.hook) &&
                            key.installation == installation.value_or(key.installation);
        if (!wanted) continue;
        for (const auto& [id, held] : state.records) {
            if (held.deleted) continue;
            if (out.size() > 1) out += ',';
            json::append_quoted(out, id);
            out.append(":").append(held.raw);
        }
    }
    return done(out + "}");
}

http::Response Control::receiver_compare(const Call& call) {
    const auto object = call.get("object").value_or("");
    if (!object.empty() && !find_object(object)) return failed(400, "object is unknown");
    return done(compare(data_, receiver_.inbox(), object, call.get("hook").value_or("")));
}

http::Response Control::receiver_results(const Call& call) {
    const auto sequence = parse_number(call.get("sequence").value_or(""), 1, std::numeric_limits<std::int64_t>::max());
    const auto valid = json::validate(call.body);
    const auto items = valid ? parse_items(call.body) : result<std::vector<Incoming::Item>>(valid.error());
    if (!sequence || !items) return failed(400, !sequence ? "sequence is missing" : items.error().message);
    if (!receiver_.inbox().complete(call.get("stream").value_or(""), *sequence, *items))
        return failed(404, "no such stream");
    return done();
}

http::Response Control::receiver_secrets(const Call& call) {
    std::vector<std::string> secrets;
    for (const auto& parameter : parse_parameters(call.body))
        if (parameter.name == "secret") secrets.push_back(parameter.value);
    if (secrets.empty()) return failed(400, "a form body with one or more secret=… is needed");
    receiver_.set_secrets(std::move(secrets));
    return done();
}

http::Response Control::receiver_reset(const Call&) {
    receiver_.reset();
    return done();
}

http::Response Control::receiver_faults_get(const Call&) { return done(receiver_.faults().describe()); }
http::Response Control::receiver_faults_add(const Call& call) { return add_fault(receiver_.faults(), call.body); }
http::Response Control::receiver_faults_clear(const Call&) {
    receiver_.faults().clear();
    return done();
}

}  // namespace syncd::sandbox
