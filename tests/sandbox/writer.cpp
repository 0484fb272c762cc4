#include "tests/sandbox/writer.hpp"

#include "config/core/ids.hpp"
#include "config/core/json.hpp"
#include "tests/sandbox/problem.hpp"
#include "tests/sandbox/record_text.hpp"
#include "tests/sandbox/routes.hpp"
#include "tests/sandbox/selection.hpp"
#include "tests/sandbox/shapes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::sandbox {
namespace {

bool same_path(std::string_view a, std::string_view b) {
    const auto bare = [](std::string_view text) {
        return text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
    };
    return same_text(bare(a), bare(b));
}

/// A version is a must here: a write that another version understands is another write. Only who takes anything, as
/// the provider's own client of iTwins does, means the first.
bool serves(const Writing& writing) {
    const auto accept = writing.call.headers.get("Accept");
    return accept == fmt::format("application/vnd.bentley.itwin-platform.{}+json", writing.row.version) ||
           (takes_anything(accept) && writing.row.version == "v1");
}

bool allowed(const WriteTarget& target, const Call& call) {
    switch (target.operation) {
        case Operation::create: return target.id.empty();
        case Operation::update: return !target.id.empty() && target.write->update == call.method;
        case Operation::remove: return !target.id.empty() && target.write->removed != 0;
    }
    return false;
}

std::string_view invalid_code(const Writing& writing) {
    return writing.write.invalid.empty() ? writing.row.invalid : writing.write.invalid;
}

/// Docs of synchronization and export spell this field another way in errors than in bodies.
std::string target_name(const Writing& writing, std::string target) {
    const bool connection = writing.row.name.find("connections") != std::string_view::npos;
    if (connection && target == "iModelId") return "imodelId";
    if (writing.write.target_prefix.empty()) return target;
    target.front() = char(std::toupper(static_cast<unsigned char>(target.front())));
    return std::string(writing.write.target_prefix) + target;
}

http::Response refuse_all(const Writing& writing, const Defects& defects) {
    std::vector<std::string> targets;
    for (const auto& defect : defects) targets.push_back(target_name(writing, defect.target));
    std::vector<Detail> details;
    for (std::size_t i = 0; i < defects.size(); ++i) {
        const auto& usual = defects[i].missing ? writing.write.missing_code : writing.write.wrong_code;
        details.push_back({defects[i].code.empty() ? usual : defects[i].code, defects[i].message, targets[i]});
    }
    return problem_of_all(writing.row.invalid_status, invalid_code(writing), "The request is invalid.", details);
}

/// Whether this operation takes the field.
bool taken_by(const Writing& writing, const FieldRule& rule) {
    if (writing.operation == Operation::create) return !rule.update_only;
    return writing.write.updates.empty() || has_word(writing.write.updates, rule.name);
}

Defects defects_of(const Writing& writing) {
    Defects defects;
    std::size_t found = 0;
    const bool whole = writing.operation == Operation::create || writing.write.update == "PUT";
    for (const auto& rule : parse_fields(writing.write.fields)) {
        if (!taken_by(writing, rule)) continue;
        const auto value = json::find(writing.body(), rule.name);
        found += std::size_t(value.has_value());
        const bool nothing = !value || json::kind(*value) == json::Kind::null;
        if (nothing && rule.required && (whole || value))
            defects.push_back({true, rule.name, fmt::format("Required property is missing: {}.", rule.name)});
        if (nothing) continue;
        if (auto why = misfit(rule, *value); !why.empty()) defects.push_back({false, rule.name, std::move(why)});
    }
    if (!whole && found == 0 && writing.write.update_needs_one)
        defects.push_back({true, std::string(split_words(writing.write.updates).front()),
                           "At least one property that can be updated must be given."});
    if (writing.write.check) writing.write.check(writing, defects);
    return defects;
}

std::optional<http::Response> body_refusal(const Writing& writing) {
    const auto& body = writing.call.body;
    const auto refuse_body = [&](std::string_view code, std::string_view message) {
        return problem(writing.row.invalid_status, invalid_code(writing), "The request is invalid.", {code, message});
    };
    if (!writing.call.headers.get("Content-Type").starts_with("application/json"))
        return problem(415, "UnsupportedMediaType", "Content-Type must be application/json.");
    if (body.empty())
        return refuse_body(writing.row.name == "imodels" ? "MissingRequestBody" : writing.write.body_code,
                           "The request has no body.");
    if (!json::validate(body) || json::kind(body) != json::Kind::object)
        return refuse_body(writing.write.body_code, "The body is not a JSON object.");
    if (const auto defects = defects_of(writing); !defects.empty()) return refuse_all(writing, defects);
    return std::nullopt;
}

/// What a field is when it is left out of a replacement.
std::string nothing_of(const FieldRule& rule) { return rule.type == "texts" || rule.type == "array" ? "[]" : "null"; }

/// Puts the body's fields into the record.
void lay_over(const Writing& writing, Data::Draft& draft) {
    const bool replaces = writing.operation == Operation::update && writing.write.update == "PUT";
    for (const auto& rule : parse_fields(writing.write.fields)) {
        if (!taken_by(writing, rule) || rule.path == "-") continue;
        const auto value = json::find(writing.body(), rule.name);
        const bool nothing = !value || json::kind(*value) == json::Kind::null;
        if (nothing && writing.operation == Operation::create) continue;
        if (nothing && (value || replaces)) {
            const bool user = rule.name == "authenticationType";
            set_at(draft.text, rule.path, user ? R"("User")" : nothing_of(rule));
        } else if (!nothing) {
            set_at(draft.text, rule.path, shaped(rule, *value, draft.id));
        }
    }
    if (writing.row.name == "imodels") set_at(draft.text, "displayName", std::string(*json_at(draft.text, "name")));
    if (writing.write.finish) writing.write.finish(writing, draft);
}

std::string answer_of(const Writing& writing, const std::string& text) {
    const auto shown = writing.row.hidden.empty() ? text : without_member(text, writing.row.hidden);
    return writing.row.own_wrapper.empty() ? shown : fmt::format("{{\"{}\":{}}}", writing.row.own_wrapper, shown);
}

std::string id_in(const Writing& writing, const std::string& text) {
    return text_at(text, writing.row.id_member).value_or("");
}

}  // namespace

WriteTarget write_target_of(const Call& call) {
    WriteTarget target;
    target.operation = call.method == "POST"     ? Operation::create
                       : call.method == "DELETE" ? Operation::remove
                                                 : Operation::update;
    for (const auto& write : writes())
        if (!write.create_path.empty() && same_path(call.path, write.create_path)) {
            target.row = find_object(write.object);
            target.write = &write;
            return target;
        }
    auto found = target_of(call);
    if (!found.row || found.files || !found.itwin.empty()) return target;
    target.write = find_write(found.row->name);
    if (!target.write) return target;
    const bool create_here = target.write->create_path.empty();
    if (found.id.empty() && !create_here) return {.operation = target.operation};
    target.row = found.row;
    target.id = std::move(found.id);
    return target;
}

http::Response refuse(const Writing& writing, std::string_view code, std::string_view target,
                      std::string_view message) {
    const auto name = target_name(writing, std::string(target));
    return problem(writing.row.invalid_status, invalid_code(writing), "The request is invalid.", {code, message, name});
}

Writer::Outcome Writer::handle(const Call& call, const WriteTarget& target, const std::string& origin) {
    if (!target.row || !allowed(target, call)) return {operation_not_found()};
    Writing writing{data_, *target.row, *target.write, target.operation, call, nullptr};
    if (!serves(writing)) return {operation_not_found()};
    const bool has_body = target.operation != Operation::remove;
    if (auto refused = has_body ? body_refusal(writing) : std::nullopt) return {*refused};
    if (target.operation != Operation::create) {
        writing.record = data_.find(*target.row, target.id);
        if (!writing.record || !data_.visible(*target.row, *writing.record))
            return {problem(404, target.row->not_found, "Requested resource is not available.")};
    }
    if (auto refused = refusal_of(writing)) return {*refused};
    switch (target.operation) {
        case Operation::create: return create(writing, origin);
        case Operation::update: return update(writing);
        case Operation::remove: return remove(writing);
    }
    return {operation_not_found()};
}

std::optional<http::Response> Writer::refusal_of(const Writing& writing) const {
    const auto itwin = writing.operation == Operation::create ? text_at(writing.call.body, "iTwinId") : std::nullopt;
    if (itwin && writing.write.no_itwin_status != 0 && !data_.has_itwin(*itwin))
        return no_access(writing.write.no_itwin_status);
    if (writing.operation != Operation::remove)
        if (auto refused = taken(writing)) return refused;
    return writing.write.guard ? writing.write.guard(writing) : std::nullopt;
}

/// Whether another record has the same in all of the unique members.
std::optional<http::Response> Writer::taken(const Writing& writing) const {
    const auto members = split_words(writing.write.unique);
    const auto wanted = [&](std::string_view member) {
        const auto value = text_at(writing.call.body, member);
        return value || !writing.record ? value : text_at(writing.record->text, member);
    };
    const auto is_given = [&](std::string_view member) { return json::find(writing.call.body, member).has_value(); };
    if (std::ranges::none_of(members, is_given)) return std::nullopt;
    for (const Record* record : data_.list(writing.row)) {
        if (record == writing.record) continue;
        const bool same = std::ranges::all_of(members, [&](auto member) {
            const auto value = wanted(member);
            return value && text_at(record->text, member) == value;
        });
        if (!same) continue;
        const Detail detail{writing.write.taken_target.empty() ? "" : "InvalidValue", "The value is already in use.",
                            writing.write.taken_target};
        return problem(409, writing.write.taken, "It exists already.", detail);
    }
    return std::nullopt;
}

Writer::Outcome Writer::create(const Writing& writing, const std::string& origin) {
    const bool named = writing.row.id_member == "name";  // the caller chooses it
    auto draft = data_.draft(writing.row, writing.write.skeleton,
                             named ? text_at(writing.call.body, "name").value_or("") : std::string());
    lay_over(writing, draft);
    std::vector<std::string> itwins;
    if (!writing.row.itwin_parameter.empty())
        if (auto itwin = text_at(writing.call.body, writing.row.itwin_parameter)) itwins.push_back(std::move(*itwin));
    const auto id = id_in(writing, draft.text);
    auto shown = draft.text;
    data_.keep(writing.row, draft.id, std::move(draft.text), std::move(itwins));
    if (!writing.row.secret.empty()) {  // shown this once
        const auto secret = text_at(writing.call.body, writing.row.secret);
        set_at(shown, writing.row.secret, json::quote(secret.value_or(name_uuid(id) + name_uuid(id + "secret"))));
    }
    auto response = json_response(writing.write.created, answer_of(writing, shown));
    if (writing.write.location) response.headers.add("Location", fmt::format("{}{}{}", origin, writing.row.path, id));
    return {std::move(response), true, id};
}

Writer::Outcome Writer::update(const Writing& writing) {
    Data::Draft draft{writing.record->id, writing.record->text};
    const auto itwins = writing.record->itwins;
    lay_over(writing, draft);
    if (!writing.row.modified_member.empty())
        set_at(draft.text, writing.row.modified_member, json::quote(data_.now_for(writing.row)));
    const auto id = id_in(writing, draft.text);
    const auto body = answer_of(writing, draft.text);
    data_.keep(writing.row, draft.id, std::move(draft.text), itwins);
    return {json_response(200, body), true, id};
}

Writer::Outcome Writer::remove(const Writing& writing) {
    const auto id = writing.record->id, shown_id = id_in(writing, writing.record->text);
    auto text = writing.record->text;
    const auto& sets = writing.write.remove_sets;
    const auto state = text_at(text, writing.row.state_member).value_or("");
    const bool ended = has_word("succeeded failed cancelled", state);
    if (sets.empty()) {
        data_.erase(writing.row, id);
    } else if (!ended) {
        set_at(text, sets.substr(0, sets.find('=')), std::string(sets.substr(sets.find('=') + 1)));
        if (!writing.row.ended_member.empty())
            set_at(text, writing.row.ended_member, json::quote(data_.now_for(writing.row)));
        data_.keep(writing.row, id, text, writing.record->itwins);
    }
    if (writing.write.removed == 200) return {json_response(200, answer_of(writing, text)), true, shown_id};
    return {http::Response{writing.write.removed}, true, shown_id};
}

}  // namespace syncd::sandbox
