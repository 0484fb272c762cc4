// Texts such as `string or null, at most 250; a name` as shapes. Before the semicolon:
//   TYPE [" or null"] {", " LIMIT}
//   TYPE: string, number, integer, boolean, timestamp, object, array, array of TYPE, enum A|B|C
//   LIMIT: at most N, at least N, not empty, not blank, without TEXT TEXT…, any case, optional
// `optional` is for fields deeper down, which are required where what they are in is given.
#include "connector/bentley/catalog_entry.hpp"

#include <algorithm>
#include <charconv>

namespace syncd::bentley {
namespace {

using Type = Shape::Type;

std::vector<std::string> split(std::string_view text, std::string_view by) {
    std::vector<std::string> parts;
    for (;;) {
        const auto at = text.find(by);
        parts.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + by.size());
    }
}

bool cut_start(std::string_view& text, std::string_view start) {
    if (!text.starts_with(start)) return false;
    text.remove_prefix(start.size());
    return true;
}

bool cut_end(std::string_view& text, std::string_view end) {
    if (!text.ends_with(end)) return false;
    text.remove_suffix(end.size());
    return true;
}

/// Whether the text is a type; then `shape` is it.
bool read_type(std::string_view text, Shape& shape) {
    static const std::map<std::string, Type, std::less<>> types = {
        {"string", Type::string},   {"timestamp", Type::string}, {"number", Type::number}, {"integer", Type::integer},
        {"boolean", Type::boolean}, {"object", Type::object},    {"array", Type::array}};
    if (cut_end(text, " or null")) shape.nullable = true;
    if (cut_start(text, "array of ")) {
        shape.type = Type::array;
        return read_type(text, shape.element.emplace_back());
    }
    if (cut_start(text, "enum ")) {
        shape.type = Type::string;
        shape.values = split(text, "|");
        return std::ranges::none_of(shape.values, &std::string::empty);
    }
    const auto type = types.find(text);
    if (type == types.end()) return false;
    shape.type = type->second;
    return true;
}

bool read_number(std::string_view text, std::size_t& number) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failure == std::errc{} && end == text.data() + text.size() && number > 0;
}

bool read_limit(std::string_view limit, Shape& shape, bool* required) {
    if (cut_start(limit, "at most ")) return read_number(limit, shape.max);
    if (cut_start(limit, "at least ")) return read_number(limit, shape.min);
    if (cut_start(limit, "without ")) {
        shape.forbidden = split(limit, " ");
        return std::ranges::none_of(shape.forbidden, &std::string::empty);
    }
    if (limit == "not empty") return shape.min = 1, true;
    if (limit == "not blank") return shape.not_blank = true;
    if (limit == "any case") return shape.any_case = true;
    if (limit != "optional" || required == nullptr) return false;
    *required = false;
    return true;
}

/// `required`: of a field deeper down.
Shape shape_from(const std::string& field, std::string_view text, Entry& entry, std::string_view where,
                 bool* required = nullptr) {
    Shape shape;
    const auto parts = split(text.substr(0, text.find(';')), ", ");
    if (!read_type(parts.front(), shape)) entry.refuse(where, fmt::format("{} has no known type: {}", field, parts[0]));
    for (std::size_t i = 1; i < parts.size(); ++i)
        if (!read_limit(parts[i], shape, required))
            entry.refuse(where, fmt::format("{} has an unknown limit: {}", field, parts[i]));
    return shape;
}

Shape::Member* member_of(Shape& shape, std::string_view name) {
    const auto found = std::ranges::find(shape.members, name, &Shape::Member::name);
    return found == shape.members.end() ? nullptr : &*found;
}

Shape* element_of(Shape& shape) {
    if (shape.type != Type::array) return nullptr;
    if (shape.element.empty()) shape.element.emplace_back().type = Type::object;
    return &shape.element.front();
}

/// What stands at "sourceFiles[].connectorType" but for its last part, which is cut off to `last`; null: nothing.
Shape* parent_of(Shape& record, std::string_view path, std::string& last) {
    auto parts = split(path, ".");
    last = parts.back();
    parts.pop_back();
    Shape* at = &record;
    for (std::string_view part : parts) {
        const bool element = cut_end(part, "[]");
        auto* member = member_of(*at, part);
        at = member == nullptr ? nullptr : element ? element_of(member->shape) : &member->shape;
        if (at == nullptr) return nullptr;
    }
    return at;
}

void add_inside(Shape& record, const std::string& path, const std::string& text, Entry& entry) {
    bool required = true;
    auto shape = shape_from(path, text, entry, "inside", &required);
    std::string last;
    auto* parent = parent_of(record, path, last);
    if (std::string_view name = last; parent != nullptr && cut_end(name, "[]")) {
        auto* array = member_of(*parent, name);
        auto* element = array == nullptr ? nullptr : element_of(array->shape);
        if (element != nullptr) return void(*element = std::move(shape));
        parent = nullptr;
    }
    if (parent == nullptr || parent->type != Type::object)
        return entry.refuse("inside", path + " is in nothing that could hold it");
    parent->members.push_back({last, required, std::move(shape)});
}

void add_need(Shape& record, Entry entry) {
    const auto where = entry.text("in", Need::optional);
    Shape::Need need;
    need.any_of = entry.groups("anyOf");
    need.exactly = entry.flag("exactly", Need::optional);
    if (const auto when = entry.texts("when", Need::optional); !when.empty()) {
        if (when.size() != 1) entry.refuse("when", "must have one member");
        need.when_member = when.begin()->first;
        need.when_value = when.begin()->second;
    }
    std::string last;
    auto* at = where.empty() ? &record : parent_of(record, where + ".", last);
    if (at == nullptr || at->type != Type::object) return entry.refuse("in", "names no object");
    for (const auto& group : need.any_of)
        for (const auto& name : group)
            if (member_of(*at, name) == nullptr) entry.refuse("anyOf", name + " is no field there");
    at->needs.push_back(std::move(need));
    entry.finish();
}

}  // namespace

Shape shape_of(Entry& entry, const WriteFacts& write) {
    Shape record;
    record.type = Type::object;
    for (const auto& [name, text] : write.required)
        record.members.push_back({name, true, shape_from(name, text, entry, "required")});
    for (const auto& [name, text] : write.optional)
        record.members.push_back({name, false, shape_from(name, text, entry, "optional")});
    for (const auto& [path, text] : write.inside) add_inside(record, path, text, entry);
    for (auto& need : entry.entries("needs")) add_need(record, need);
    return record;
}

}  // namespace syncd::bentley
