#include "daemon/write_mapping.hpp"

#include "daemon/mapping.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <span>

namespace syncd {
namespace {

using Path = std::span<const std::string>;

/// JSON that is being changed here and there: what nobody touches keeps its bytes.
class Draft {
public:
    explicit Draft(std::string json = "{}") : json_(std::move(json)) {}

    std::string text() const {
        if (!open_) return json_;
        std::string out = "{";
        for (const auto& [name, member] : members_) {
            if (!member) continue;
            if (out.size() > 1) out += ',';
            json::append_quoted(out, name);
            out += ':' + member->text();
        }
        return out + '}';
    }
    std::optional<std::string> find(Path path) const {
        if (path.empty()) return text();
        if (!open_) {
            const auto value = json::find(json_, path);
            return value ? std::optional(std::string(*value)) : std::nullopt;
        }
        const auto at = index_.find(path.front());
        return at == index_.end() ? std::nullopt : members_[at->second].second->find(path.subspan(1));
    }
    /// Whether something stands there, or in its way.
    bool says(Path path) const {
        for (std::size_t length = 1; length <= path.size(); ++length) {
            const auto value = find(path.first(length));
            if (!value) return false;
            if (json::kind(*value) != json::Kind::object) return true;
        }
        return true;
    }
    void set(Path path, std::string json) {
        if (path.empty())
            *this = Draft(std::move(json));
        else
            member(path.front()).set(path.subspan(1), std::move(json));
    }
    /// The same, but what is there stays; an object is added to.
    void add(Path path, const std::string& json) {
        if (!find(path)) return set(path, json);
        for (const auto& inner : json::members(json)) {
            std::vector<std::string> deeper(path.begin(), path.end());
            deeper.push_back(inner.key);
            if (!says(deeper)) set(deeper, std::string(inner.value));
        }
    }
    /// Takes it out, with the objects around it that hold nothing else.
    void erase(Path path) {
        if (path.empty() || !find(path)) return;
        auto& inner = member(path.front());
        inner.erase(path.subspan(1));
        if (path.size() > 1 && !inner.is_empty()) return;
        const auto at = index_.find(path.front());
        members_[at->second].second.reset();
        index_.erase(at);
    }
    bool is_empty() const { return open_ ? index_.empty() : json::members(json_).empty(); }

private:
    Draft& member(const std::string& name) {
        if (!open_) {
            open_ = true;
            for (const auto& [key, value] : json::members(json_)) member(key) = Draft(std::string(value));
        }
        const auto [at, added] = index_.emplace(name, members_.size());
        if (added) members_.emplace_back(name, std::make_unique<Draft>());
        return *members_[at->second].second;
    }

    std::string json_;  // unless open
    bool open_ = false;
    std::vector<std::pair<std::string, std::unique_ptr<Draft>>> members_;  // in order; empty: taken out
    std::map<std::string, std::size_t> index_;                             // of those that are there
};

std::string provider_value(const config::WriteObject& object, const std::string& field, std::string_view value) {
    const auto mappings = object.value_mappings.find(field);
    if (mappings == object.value_mappings.end()) return std::string(value);
    const auto text = json::as_text(value);
    const auto mapped = text ? mappings->second.find(*text) : mappings->second.end();
    return mapped == mappings->second.end() ? std::string(value) : json::quote(mapped->second);
}

/// Our names turned into the provider's, member by member.
class Renaming {
public:
    explicit Renaming(const config::WriteObject& object) : object_(object) {
        for (const auto& [name, field] : object.mapping)
            if (auto path = field_path(name); path.size() > 1) nested_[path[0]].push_back({name, field, path});
        for (const auto& name : object.unmapped)
            if (auto path = field_path(name); path.size() > 1) nested_[path[0]].push_back({name, "", path});
    }

    void take(const std::string& name, std::string_view value) {
        const auto mapped = object_.mapping.find(name);
        const auto inner = nested_.find(name);
        if (name == "id")
            out_.set(std::vector{name}, std::string(value));
        else if (mapped != object_.mapping.end() && mapped->second != name)
            put(name, mapped->second, value);
        else if (inner != nested_.end() && json::kind(value) == json::Kind::object)
            take_nested(name, value, inner->second);
        else
            take_own(name, value);
    }
    Draft& record() { return out_; }
    std::vector<std::string>& left_out() { return left_out_; }

private:
    struct Nested {
        std::string name, field;  // no field: nobody has mapped it
        std::vector<std::string> path;
    };

    void put(const std::string& name, const std::string& field, std::string_view value) {
        auto json = provider_value(object_, field, value);
        if (name == field)
            out_.add(field_path(field), json);
        else
            out_.set(field_path(field), std::move(json));
    }
    void take_own(const std::string& name, std::string_view value) {
        const bool is_known = object_.mapping.contains(name) || object_.other_fields;
        if (is_known && !object_.unmapped.contains(name))
            put(name, name, value);
        else
            left_out_.push_back(name);
    }
    /// An object whose members are ours; what is left of it is a field like any other.
    void take_nested(const std::string& name, std::string_view value, const std::vector<Nested>& names) {
        Draft rest{std::string(value)};
        const bool was_empty = rest.is_empty();
        for (const auto& each : names) {
            const auto path = Path(each.path).subspan(1);
            const auto found = json::find(value, path);
            if (!found) continue;
            rest.erase(path);
            if (each.field.empty())
                left_out_.push_back(each.name);
            else
                put(each.name, each.field, *found);
        }
        if (was_empty || !rest.is_empty()) take_own(name, rest.text());
    }

    const config::WriteObject& object_;
    std::map<std::string, std::vector<Nested>> nested_;  // by outermost name
    Draft out_;
    std::vector<std::string> left_out_;
};

/// Of members of one name the last counts, as everywhere.
std::vector<json::Member> distinct_members(std::string_view record) {
    auto members = json::members(record);
    std::map<std::string, std::string_view> last;
    for (const auto& member : members) last[member.key] = member.value;
    std::vector<json::Member> distinct;
    for (const auto& member : members)
        if (const auto node = last.extract(member.key)) distinct.push_back({member.key, node.mapped()});
    return distinct;
}

void apply(const config::WriteField& field, const config::WriteObject& object, bool creating, Draft& record,
           MappedWrite& out) {
    const auto path = field_path(field.name);
    const auto when = creating ? field.on_create : field.on_update;
    const auto given = record.find(path);
    if (when == config::WriteDefault::never) {
        if (given) out.left_out.push_back(field.name);
        return record.erase(path);
    }
    const bool has_default = !field.value.empty() && (creating || field.default_on_update) && !record.says(path);
    if (!given && !has_default) return;
    auto value = given ? *given : provider_value(object, field.name, field.value);
    if (when == config::WriteDefault::if_empty && !creating) {
        record.erase(path);
        out.if_empty.push_back({.name = field.name, .value = std::move(value)});
    } else if (!given) {
        record.set(path, std::move(value));
    }
}

bool is_empty(std::string_view value) {
    return json::kind(value) == json::Kind::null || json::as_string(value) == std::string();
}

}  // namespace

result<MappedWrite> map_write(const config::WriteObject& object, WriteType type, std::string_view record) {
    if (const auto valid = json::validate(record); !valid) return Error{errc::invalid_input, valid.error().message};
    if (json::kind(record) != json::Kind::object) return Error{errc::invalid_input, "a record is a JSON object"};
    MappedWrite out;
    Draft draft{std::string(record)};
    if (object.inherit_mapping) {
        Renaming renaming(object);
        for (const auto& member : distinct_members(record)) renaming.take(member.key, member.value);
        draft = std::move(renaming.record());
        out.left_out = std::move(renaming.left_out());
    }
    if (type != WriteType::remove)
        for (const auto& field : object.fields) apply(field, object, type == WriteType::create, draft, out);
    out.record = draft.text();
    return out;
}

std::string fill_empty(std::string record, std::string_view present_record,
                       const std::vector<config::WriteField>& fields) {
    Draft draft(std::move(record));
    for (const auto& field : fields) {
        const auto path = field_path(field.name);
        const auto present = json::find(present_record, path);
        if (!draft.says(path) && (!present || is_empty(*present))) draft.set(path, field.value);
    }
    return draft.text();
}

}  // namespace syncd
