// The smallest record that fits a shape of the catalog.
#pragma once

#include "config/core/json.hpp"
#include "connector/bentley/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace syncd::bentley {

std::string sample(const Shape& shape);

inline std::string sample_object(const Shape& shape) {
    std::set<std::string> wanted;
    for (const auto& member : shape.members)
        if (member.required) wanted.insert(member.name);
    for (const auto& need : shape.needs) wanted.insert(need.any_of.front().begin(), need.any_of.front().end());
    std::string out;
    for (const auto& member : shape.members)
        if (wanted.contains(member.name))
            out += fmt::format("{}{}:{}", out.empty() ? "" : ",", json::quote(member.name), sample(member.shape));
    return "{" + out + "}";
}

inline std::string sample(const Shape& shape) {
    switch (shape.type) {
        case Shape::Type::any: return "null";
        case Shape::Type::string:
            return json::quote(shape.values.empty() ? std::string(std::max<std::size_t>(shape.min, 3), 'x')
                                                    : shape.values.back());
        case Shape::Type::number: return "1.5";
        case Shape::Type::integer: return "2";
        case Shape::Type::boolean: return "true";
        case Shape::Type::array: return shape.element.empty() ? "[1]" : "[" + sample(shape.element.front()) + "]";
        case Shape::Type::object: return sample_object(shape);
    }
    return {};
}

inline std::vector<const Object*> writable_objects() {
    std::vector<const Object*> out;
    for (const auto& [name, object] : Catalog::builtin().objects())
        if (object.write) out.push_back(&object);
    return out;
}

inline const Object& object_of(std::string_view name) { return *Catalog::builtin().find(name); }

/// The record without that member.
inline std::string without(std::string_view record, std::string_view name) {
    std::string out;
    for (const auto& [key, value] : json::members(record))
        if (key != name) out += fmt::format("{}{}:{}", out.empty() ? "" : ",", json::quote(key), value);
    return "{" + out + "}";
}

/// The record with that member, in the place of another of the name.
inline std::string with_member(std::string_view record, std::string_view name, std::string_view value) {
    auto out = without(record, name);
    out.insert(out.size() - 1, fmt::format("{}{}:{}", out == "{}" ? "" : ",", json::quote(name), value));
    return out;
}

}  // namespace syncd::bentley
