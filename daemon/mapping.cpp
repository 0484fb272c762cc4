#include "daemon/mapping.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <span>

namespace syncd {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view value) {
    if (out.back() != '{') out += ',';
    json::append_quoted(out, name);
    out += ':';
    out += value;
}

/// The value as it is delivered: the provider's bytes, unless the user maps it.
std::string delivered_value(const config::ReadObject& object, const std::string& field, std::string_view value) {
    const auto mappings = object.value_mappings.find(field);
    if (mappings == object.value_mappings.end()) return std::string(value);
    const auto text = json::as_text(value);
    const auto mapped = text ? mappings->second.find(*text) : mappings->second.end();
    return mapped == mappings->second.end() ? std::string(value) : json::quote(mapped->second);
}

/// An object being built, in the order in which its members come; a name that comes again adds to what is there.
class Tree {
public:
    void put(std::span<const std::string> path, std::string value) {
        if (path.empty()) {
            value_ = std::move(value);
            return;
        }
        auto at = std::ranges::find(members_, path.front(), &std::pair<std::string, Tree>::first);
        if (at == members_.end()) at = members_.emplace(members_.end(), path.front(), Tree());
        at->second.put(path.subspan(1), std::move(value));
    }
    std::string text() const {
        if (members_.empty() && !value_.empty()) return value_;
        std::string out = "{";
        for (const auto& [name, member] : members_) append_member(out, name, member.text());
        return out + '}';
    }

private:
    std::vector<std::pair<std::string, Tree>> members_;
    std::string value_;
};

struct Selected {
    std::string fields = "{";
    Tree mapped;
};

Selected select(const config::ReadObject& object, std::string_view raw) {
    Selected out;
    std::set<std::string> taken;
    for (const auto& field : object.fields) {
        const auto path = field_path(field.name);
        const auto value = json::find(raw, path);
        const auto text = value ? delivered_value(object, field.name, *value) : std::string("null");
        taken.insert(field.name);
        if (field.mapped.empty())
            append_member(out.fields, field.name, text);
        else
            out.mapped.put(field_path(field.mapped), text);
    }
    if (!object.all_fields) return out;
    for (const auto& member : json::members(raw))
        if (taken.insert(member.key).second)
            append_member(out.fields, member.key, delivered_value(object, member.key, member.value));
    return out;
}

bool equal(const config::FilterValue& wanted, std::string_view value) {
    const auto text = json::as_text(value);
    if (!text) return false;
    if (const auto* string = std::get_if<std::string>(&wanted)) return *text == *string;
    if (const auto* flag = std::get_if<bool>(&wanted)) return *text == (*flag ? "true" : "false");
    double number = 0;
    const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), number);
    return failure == std::errc{} && end == text->data() + text->size() && number == std::get<double>(wanted);
}

}  // namespace

std::vector<std::string> field_path(std::string_view field) {
    if (!field.starts_with("$['") || !field.ends_with("']")) return {std::string(field)};
    std::vector<std::string> path;
    field.remove_prefix(1);
    while (field.starts_with("['")) {
        const auto end = field.find("']");
        if (end == std::string_view::npos) break;
        path.emplace_back(field.substr(2, end - 2));
        field.remove_prefix(end + 2);
    }
    return path;
}

bool passes(const std::vector<config::FieldFilter>& filters, std::string_view raw) {
    return std::ranges::all_of(filters, [&](const config::FieldFilter& filter) {
        const auto value = json::find(raw, field_path(filter.field));
        return value && equal(filter.value, *value);
    });
}

std::string render_entry(const config::ReadObject& object, const Change& change) {
    const auto selected = select(object, change.raw);
    std::string entry = "{\"fields\":";
    entry.reserve(2 * change.raw.size() + 200);
    entry += selected.fields + "},\"mappedFields\":" + selected.mapped.text() + ",\"raw\":" + change.raw + ",\"id\":";
    json::append_quoted(entry, change.id);
    entry += ",\"changeType\":\"" + std::string(to_string(change.type)) + "\"}";
    return entry;
}

}  // namespace syncd
