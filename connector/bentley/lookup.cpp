#include "connector/bentley/lookup.hpp"

#include "config/core/json.hpp"
#include "connector/bentley/problem.hpp"
#include "connector/bentley/same.hpp"
#include "connector/http/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace syncd::bentley {
namespace {

using namespace std::chrono_literals;

constexpr int requests_max = 50;
constexpr Duration early = 5min, late = 10min;  // that the provider's clock may be off, and a write be slow
constexpr Duration older = 10min;               // a record made longer than this before the attempt is another's

Error unreadable(std::string message) {
    return {.code = errc::invalid_body, .message = std::move(message), .http_status = 200};
}

const LookupFacts& facts_of(const Object& object) { return *object.write->lookup; }

std::string text_at(std::string_view object, std::string_view name) {
    const auto value = json::find(object, name);
    return value ? json::as_text(*value).value_or("") : std::string();
}

bool is_email(std::string_view text) { return text.find('@') != std::string_view::npos; }

/// What fills the places of a lookup's path.
std::optional<std::string> value_of(const Lost& lost, const std::string& name) {
    if (name == "since") return format_time_seconds(lost.first_sent_at - early);
    auto text = name == "marker" ? lost.marker : text_at(lost.record, name);
    return text.empty() ? std::nullopt : std::optional(std::move(text));
}

/// A text in an expression between quotes has its own doubled.
std::string encoded(std::string_view text, bool quoted) {
    std::string out;
    for (const char c : text) out += quoted && c == '\'' ? "''" : std::string(1, c);
    return http::percent_encode(out);
}

/// A part of a path or one parameter with its places filled; empty where {a?} is absent, `usable` false where {a} is.
std::string filled(std::string_view part, const Lost& lost, bool& usable) {
    std::string out;
    for (std::size_t at = 0; at < part.size(); ++at) {
        if (part[at] != '{') {
            out += part[at] == ' ' ? "%20" : std::string(1, part[at]);
            continue;
        }
        const auto close = part.find('}', at);
        auto name = std::string(part.substr(at + 1, close - at - 1));
        const bool optional = name.ends_with('?');
        if (optional) name.pop_back();
        const auto value = value_of(lost, name);
        if (!value && !optional) usable = false;
        if (!value) return {};
        out += name == "since" ? *value : encoded(*value, at > 0 && part[at - 1] == '\'');
        at = close;
    }
    return out;
}

/// The lookup's URL; empty where the record lacks what it takes.
std::string first_url(const LookupFacts& facts, const Lost& lost, std::string_view base_url) {
    std::string_view rest = facts.path;
    const auto query = std::min(rest.find('?'), rest.size());
    bool usable = true;
    auto url = std::string(base_url) + filled(rest.substr(0, query), lost, usable);
    rest.remove_prefix(query);
    for (char separator = '?'; !rest.empty();) {
        rest.remove_prefix(1);
        const auto end = std::min(rest.find('&'), rest.size());
        if (const auto parameter = filled(rest.substr(0, end), lost, usable); !parameter.empty()) {
            url += separator + parameter;
            separator = '&';
        }
        rest.remove_prefix(end);
    }
    return usable ? url : std::string();
}

ReadFacts list_facts(const Object& object) {
    const auto& facts = facts_of(object);
    ReadFacts read;
    read.accept = facts.accept;
    read.key = facts.key;
    read.id = facts.id;
    read.headers = facts.headers;
    read.created = facts.created;
    read.self_link_ends = facts.self_link_ends;
    read.secret_fields = object.write->secrets;
    if (facts.key.empty()) read.own = OwnRead{facts.path, facts.wrapper};
    return read;
}

ReadFacts inside_facts(const Object& object) {
    const auto& inside = *facts_of(object).inside;
    ReadFacts read;
    read.accept = facts_of(object).accept;
    read.key = inside.key;
    read.id = {inside.unique};
    read.headers = inside.headers;
    return read;
}

bool all_given(const std::vector<std::string>& fields, std::string_view record) {
    return std::ranges::none_of(fields, [&](const auto& name) { return text_at(record, name).empty(); });
}

bool has_marker(const Marker& marker, std::string_view row, std::string_view text) {
    const auto array = json::find(row, marker.field);
    return array && std::ranges::any_of(json::elements(*array), [&](std::string_view element) {
               if (marker.key.empty()) return json::as_string(element) == text;
               return text_at(element, "key") == marker.key && text_at(element, "value") == text;
           });
}

Alike same_content(const LookupFacts& facts, std::string_view record, std::string_view row) {
    Alike all = Alike::yes;
    for (const auto& [field, path] : facts.same)
        all = worse(all, alike(json::find(record, field), json::find(row, path)));
    return all;
}

Alike same_creator(const LookupFacts& facts, const Lost& lost, std::string_view row) {
    if (facts.own) return Alike::yes;
    const auto value = json::find(row, facts.creator);
    const auto creator = value ? json::as_string(*value).value_or("") : std::string();
    if (creator.empty() || is_email(creator) != is_email(lost.creator)) return Alike::unknown;
    const std::string_view end = std::string_view(creator).substr(creator.rfind('/') + 1);
    return http::Headers::same(end, lost.creator) ? Alike::yes : Alike::no;
}

std::optional<Timestamp> created(const LookupFacts& facts, std::string_view row) {
    const auto value = json::find(row, facts.created);
    const auto text = value ? json::as_string(*value) : std::nullopt;
    return text ? parse_time(*text) : std::nullopt;
}

Alike made_in_attempt(const LookupFacts& facts, const Lost& lost, std::string_view row) {
    const auto at = created(facts, row);
    if (!at) return Alike::unknown;
    return *at >= lost.first_sent_at - early && *at <= lost.sent_at + late ? Alike::yes : Alike::no;
}

Alike not_older(const LookupFacts& facts, const Lost& lost, std::string_view row) {
    if (facts.any_age || facts.created.empty()) return Alike::yes;
    const auto at = created(facts, row);
    if (!at) return Alike::unknown;
    return *at >= lost.first_sent_at - older ? Alike::yes : Alike::no;
}

}  // namespace

Lookup::Means Lookup::means(const Object& object, const Lost& lost) {
    if (lost.type == WriteType::update) {
        const bool seen = object.read && object.read->own && !object.read->state.empty() && !lost.id.empty();
        return seen && starts_paid_work(object, lost.type, lost.record) ? Means::state : Means::none;
    }
    if (lost.type != WriteType::create || !object.write || !object.write->lookup) return Means::none;
    const auto& facts = facts_of(object);
    if (first_url(facts, lost, "").empty()) return Means::none;
    if (facts.marker && !lost.marker.empty()) return Means::marker;
    if (!facts.unique.empty() && all_given(facts.unique, lost.record)) return Means::unique;
    if (facts.inside && json::find(lost.record, facts.inside->field)) return Means::inside;
    const bool by_us = facts.own || (!facts.creator.empty() && !lost.creator.empty() &&
                                     facts.creator_is_email == is_email(lost.creator));
    return by_us && !facts.same.empty() && !facts.created.empty() ? Means::content : Means::none;
}

Certainty certainty(const Object& object, const Lost& lost) {
    switch (Lookup::means(object, lost)) {
        case Lookup::Means::none: return Certainty::none;
        case Lookup::Means::content: return Certainty::content;
        default: return Certainty::unique;
    }
}

Lookup::Lookup(const Object& object, std::string_view base_url, Lost lost)
    : object_(&object), base_url_(base_url), lost_(std::move(lost)), means_(means(object, lost_)) {
    if (means_ == Means::none)
        end(What::unclear, "there is nothing to tell it by");
    else if (means_ == Means::state)
        url_ = own_url(*object_->read, base_url_, lost_.id);
    else
        url_ = first_url(facts_of(object), lost_, base_url_);
}

std::optional<WriteRequest> Lookup::next() const {
    if (url_.empty()) return std::nullopt;
    const auto facts = means_ == Means::state ? *object_->read
                       : in_parents_          ? inside_facts(*object_)
                                              : list_facts(*object_);
    return WriteRequest{.method = "GET", .url = url_, .headers = page_headers(facts), .body = {}};
}

result<void> Lookup::take(const http::Response& response) {
    if (url_.empty()) return {};
    if (response.status != 200 && response.status != 404) return error_of(response);
    if (auto error = error_of(response); response.status == 404 && is_missing_route(response, error)) {
        error.code = errc::invalid_body;  // nothing can be concluded from it
        return error;
    }
    ++asked_;
    result<void> taken = means_ == Means::state           ? take_update(response)
                         : in_parents_                    ? take_inside(response)
                         : facts_of(*object_).key.empty() ? take_own(response)
                                                          : take_list(response);
    if (taken && asked_ >= requests_max && !url_.empty())
        end(What::unclear, fmt::format("not all of it was read in {} requests", requests_max));
    return taken;
}

result<void> Lookup::take_update(const http::Response& response) {
    if (response.status == 404) return end(What::nothing, "the record is gone");
    const auto record = parse_own(*object_->read, response);
    if (!record) return record.error();
    const auto value = json::find(record->raw, object_->read->state);
    auto state = value ? json::as_string(*value).value_or("") : std::string();
    std::ranges::transform(state, state.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    if (state.empty()) return end(What::unclear, "the record does not say its state");
    if (object_->write->update->starts->not_started.contains(state))
        return end(What::nothing, "the record is still " + state);
    ours_.push_back({record->id, record->raw});
    return end(What::ours, "the record is " + state);
}

result<void> Lookup::take_own(const http::Response& response) {
    if (response.status == 404) return end(What::nothing, "the provider has no such record");
    const auto record = parse_own(list_facts(*object_), response);
    if (!record) return record.error();
    judge(record->id, record->raw);
    if (!url_.empty()) finish();
    return {};
}

result<std::vector<Lookup::Row>> Lookup::take_page(const ReadFacts& facts, const http::Response& response) {
    auto page = parse_page(facts, base_url_, response, url_);
    if (!page) return page.error();
    seen_.insert(url_);
    if (seen_.contains(page->next)) return unreadable("the next link leads to a page already read");
    url_ = page->next;
    std::vector<Row> rows;
    for (auto& record : page->records) rows.push_back({std::move(record.id), std::move(record.raw)});
    return rows;
}

result<void> Lookup::take_list(const http::Response& response) {
    if (response.status == 404) return end(What::unclear, "the list is not there: " + error_of(response).message);
    auto rows = take_page(list_facts(*object_), response);
    if (!rows) return rows.error();
    const bool last = url_.empty();
    for (auto& row : *rows) {
        if (found_) return {};
        if (means_ == Means::inside)
            parents_.push_back(std::move(row));
        else
            judge(row.id, row.raw);
    }
    if (!last || found_) return {};
    if (means_ != Means::inside) return finish();
    next_parent();
    return {};
}

void Lookup::judge(const std::string& id, std::string_view row) {
    const auto& facts = facts_of(*object_);
    if (means_ == Means::marker) {
        if (!has_marker(*facts.marker, row, lost_.marker)) return;
        ours_.push_back({id, std::string(row)});
        return void(end(What::ours, "it has our marker"));
    }
    if (means_ == Means::content) {
        const auto match = worse(same_content(facts, lost_.record, row),
                                 worse(same_creator(facts, lost_, row), made_in_attempt(facts, lost_, row)));
        // Pages shift while records are created: a row may come twice.
        const bool again = std::ranges::find(ours_, id, &Row::id) != ours_.end();
        if (match == Alike::yes && !again) ours_.push_back({id, std::string(row)});
        if (match == Alike::unknown) ++unclear_rows_;
        return;
    }
    for (const auto& name : facts.unique)  // the list was narrowed by them: one that is not told is no other
        if (alike(json::find(lost_.record, name), json::find(row, name)) == Alike::no) return;
    const auto key = fmt::format("{}", fmt::join(facts.unique, " and "));
    const auto content = same_content(facts, lost_.record, row), age = not_older(facts, lost_, row);
    if (content == Alike::no) return void(end(What::taken, fmt::format("{} with the same {} is another", id, key)));
    if (age == Alike::no) return void(end(What::taken, fmt::format("{} with the same {} is older", id, key)));
    if (worse(content, age) == Alike::unknown) return void(++unclear_rows_);
    ours_.push_back({id, std::string(row)});
    end(What::ours, fmt::format("it has the same {}", key));
}

result<void> Lookup::take_inside(const http::Response& response) {
    if (response.status == 200) {
        auto rows = take_page(inside_facts(*object_), response);
        if (!rows) return rows.error();
        std::ranges::move(*rows, std::back_inserter(inside_));
        if (!url_.empty()) return {};
        judge_inside();
        if (found_) return {};
    }
    parents_.pop_front();  // of a 404: deleted meanwhile
    next_parent();
    return {};
}

void Lookup::judge_inside() {
    const auto& facts = facts_of(*object_);
    const auto& parent = parents_.front();
    Alike content = same_content(facts, lost_.record, parent.raw);
    const auto wanted = json::elements(json::find(lost_.record, facts.inside->field).value_or("[]"));
    std::size_t shared = 0;
    for (const auto element : wanted) {
        const auto key = text_at(element, facts.inside->unique);
        const auto row = std::ranges::find(inside_, key, &Row::id);
        if (row == inside_.end()) continue;
        ++shared;
        for (const auto& name : facts.inside->same)
            content = worse(content, alike(json::find(element, name), json::find(row->raw, name)));
    }
    if (shared == 0) return;
    if (shared < wanted.size() || inside_.size() > wanted.size()) content = Alike::no;
    if (content == Alike::no)
        return void(end(What::taken, fmt::format("{} has one of the {} already", parent.id, facts.inside->field)));
    if (content == Alike::unknown) return void(++unclear_rows_);
    ours_.push_back(parent);
    end(What::ours, fmt::format("it has the same {}", facts.inside->field));
}

void Lookup::next_parent() {
    in_parents_ = true;
    inside_.clear();
    seen_.clear();
    if (parents_.empty()) return void(finish());
    auto path = facts_of(*object_).inside->path;
    path.replace(path.find("{id}"), 4, http::percent_encode(parents_.front().id));
    url_ = base_url_ + path;
}

result<void> Lookup::finish() {
    if (ours_.size() == 1 && unclear_rows_ == 0)
        return end(What::ours, "the only record of this content that we made then");
    if (ours_.empty() && unclear_rows_ == 0) return end(What::nothing, "the provider has no such record");
    return end(What::unclear, fmt::format("{} records could be it", ours_.size() + unclear_rows_));
}

result<void> Lookup::end(What what, std::string why) {
    url_.clear();
    found_ = Found{what, {}, std::move(why)};
    if (what == What::ours) found_->written = {ours_.front().id, ours_.front().raw};
    return {};
}

Lookup::Found Lookup::found() const { return found_.value(); }

std::optional<std::string> with_marker(const Object& object, std::string_view record, std::string_view marker) {
    if (!object.write || !object.write->lookup || !object.write->lookup->marker || marker.empty()) return std::nullopt;
    const auto& place = *object.write->lookup->marker;
    for (const auto& [name, type, shape] : object.write->record.members)
        if (name == place.field && !shape.element.empty() && shape.element.front().max != 0 &&
            marker.size() > shape.element.front().max)
            return std::nullopt;
    auto ours = json::quote(marker);
    if (!place.key.empty()) ours = fmt::format("{{\"key\":{},\"value\":{}}}", json::quote(place.key), ours);
    std::string out(record);
    const auto array = json::find(out, place.field);
    if (!array) {
        const bool empty = json::members(out).empty();
        out.insert(out.rfind('}'), fmt::format("{}{}:[{}]", empty ? "" : ",", json::quote(place.field), ours));
        return out;
    }
    const auto at = std::size_t(array->data() - out.data());
    if (json::kind(*array) == json::Kind::null) return out.replace(at, array->size(), "[" + ours + "]");
    if (json::kind(*array) != json::Kind::array) return std::nullopt;
    const auto elements = json::elements(*array);
    for (const auto element : elements)
        if (!place.key.empty() && text_at(element, "key") == place.key) return std::nullopt;
    return out.insert(at + array->size() - 1, (elements.empty() ? "" : ",") + ours);
}

std::string service_user(const Catalog& catalog, std::string_view client_id) {
    auto user = catalog.service_user();
    constexpr std::string_view place = "{clientId}";
    if (const auto at = user.find(place); at != std::string::npos) user.replace(at, place.size(), client_id);
    return user;
}

}  // namespace syncd::bentley
