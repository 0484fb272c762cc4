#include "connector/bentley/rules.hpp"

#include "config/core/json.hpp"
#include "config/core/text.hpp"
#include "connector/bentley/write.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace syncd::bentley {
namespace {

using Type = Shape::Type;

constexpr std::size_t faults_max = 1000;
constexpr std::size_t shown_bytes_max = 100;  // of a value that is refused

std::string_view name_of(Type type) {
    switch (type) {
        case Type::any: return "anything";
        case Type::string: return "a string";
        case Type::number: return "a number";
        case Type::integer: return "a whole number";
        case Type::boolean: return "true or false";
        case Type::array: return "an array";
        case Type::object: return "an object";
    }
    return {};
}

std::string_view name_of(json::Kind kind) {
    switch (kind) {
        case json::Kind::object: return "an object";
        case json::Kind::array: return "an array";
        case json::Kind::string: return "a string";
        case json::Kind::number: return "a number";
        case json::Kind::boolean: return "a truth value";
        case json::Kind::null: return "null";
    }
    return {};
}

bool fits(Type type, std::string_view value) {
    const auto kind = json::kind(value);
    switch (type) {
        case Type::any: return true;
        case Type::string: return kind == json::Kind::string;
        case Type::number: return kind == json::Kind::number;
        case Type::integer: return kind == json::Kind::number && value.find_first_of(".eE") == std::string_view::npos;
        case Type::boolean: return kind == json::Kind::boolean;
        case Type::array: return kind == json::Kind::array;
        case Type::object: return kind == json::Kind::object;
    }
    return false;
}

bool is_given(std::string_view object, const std::string& name) {
    const auto value = json::find(object, name);
    return value && json::kind(*value) != json::Kind::null;
}

bool same_letters(std::string_view a, std::string_view b) { return http::Headers::same(a, b); }

std::size_t characters(std::string_view text) {
    return std::size_t(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

bool is_blank(std::string_view text) {
    return std::ranges::all_of(text, [](unsigned char c) { return std::isspace(c) != 0; });
}

/// Collects the faults of one record.
class Check {
public:
    std::vector<Fault> faults;

    void add(std::string field, std::string message) {
        if (faults.size() < faults_max) faults.push_back({std::move(field), std::move(message)});
    }

    void value(const Shape& shape, const std::string& at, std::string_view text, bool required) {
        if (json::kind(text) == json::Kind::null) {  // of what may be absent: as if it were
            if (required && !shape.nullable) add(at, fmt::format("must be {}, not null", name_of(shape.type)));
            return;
        }
        if (!fits(shape.type, text))  // the value itself is not shown: it may be a secret
            return add(at, fmt::format("must be {}, not {}", name_of(shape.type), name_of(json::kind(text))));
        if (shape.type == Type::string) string(shape, at, *json::as_string(text));
        if (shape.type == Type::array) array(shape, at, json::elements(text));
        if (shape.type == Type::object) object(shape, at, text, true);
    }

    /// `whole`: what is required must be there.
    void object(const Shape& shape, const std::string& at, std::string_view text, bool whole) {
        const auto prefix = at.empty() ? at : at + ".";
        if (whole) {
            for (const auto& member : shape.members)
                if (member.required && !json::find(text, member.name))
                    add(prefix + member.name, "is required: " + wanted(member.shape));
            for (const auto& need : shape.needs) check_need(need, at, text);
        }
        for (const auto& [name, given] : json::members(text)) {
            const auto known = std::ranges::find(shape.members, name, &Shape::Member::name);
            if (known != shape.members.end()) value(known->shape, prefix + name, given, known->required);
        }
    }

private:
    static std::string wanted(const Shape& shape) {
        if (!shape.values.empty()) return fmt::format("one of {}", fmt::join(shape.values, ", "));
        if (shape.type == Type::array && shape.min == 1) return "an array, not empty";
        return std::string(name_of(shape.type));
    }

    void string(const Shape& shape, const std::string& at, const std::string& text) {
        const auto is = [&](const std::string& value) {
            return shape.any_case ? same_letters(value, text) : value == text;
        };
        if (!shape.values.empty()) {
            if (std::ranges::none_of(shape.values, is))
                add(at, fmt::format("is \"{}\", must be one of {}", clean_text(text, shown_bytes_max),
                                    fmt::join(shape.values, ", ")));
            return;
        }
        if (shape.not_blank && is_blank(text)) return add(at, "must not be empty");
        const auto length = characters(text);
        if (length < shape.min) add(at, fmt::format("has {} characters, at least {} are needed", length, shape.min));
        if (shape.max != 0 && length > shape.max)
            add(at, fmt::format("has {} characters, at most {} are allowed", length, shape.max));
        std::vector<std::string> held;
        for (const auto& part : shape.forbidden)
            if (text.find(part) != std::string::npos) held.push_back(part);
        if (!held.empty())
            add(at, fmt::format("holds {}; it may not hold any of {}", fmt::join(held, " "),
                                fmt::join(shape.forbidden, " ")));
    }

    void array(const Shape& shape, const std::string& at, const std::vector<std::string_view>& elements) {
        if (elements.size() < shape.min)
            add(at, shape.min == 1
                        ? std::string("must not be empty")
                        : fmt::format("has {} elements, at least {} are needed", elements.size(), shape.min));
        if (shape.max != 0 && elements.size() > shape.max)
            add(at, fmt::format("has {} elements, at most {} are allowed", elements.size(), shape.max));
        if (shape.element.empty()) return;
        for (std::size_t i = 0; i < elements.size() && faults.size() < faults_max; ++i)
            value(shape.element.front(), fmt::format("{}[{}]", at, i), elements[i], true);
    }

    void check_need(const Shape::Need& need, const std::string& at, std::string_view text) {
        if (!need.when_member.empty()) {
            const auto value = json::find(text, need.when_member);
            if (!value || json::as_string(*value) != need.when_value) return;
        }
        const auto whole = [&](const std::vector<std::string>& group) {
            return std::ranges::all_of(group, [&](const auto& name) { return is_given(text, name); });
        };
        const auto count = std::ranges::count_if(need.any_of, whole);
        if (need.exactly ? count == 1 : count > 0) return;
        std::vector<std::string> groups;
        for (const auto& group : need.any_of) groups.push_back(fmt::format("{}", fmt::join(group, " and ")));
        if (need.exactly) return add(at, fmt::format("must have exactly one of {}", fmt::join(groups, ", ")));
        const auto& first = need.any_of.front().front();
        const auto field = at.empty() ? first : at + "." + first;
        if (!need.when_member.empty())
            return add(field, fmt::format("is required where {} is {}", need.when_member, need.when_value));
        add(field, fmt::format("is required: {}", fmt::join(groups, ", or ")));
    }
};

Fault unsupported(const Object& object, WriteType type) {
    if (!object.write) return {"type", fmt::format("{} can't be written", object.name)};
    auto message = fmt::format("the provider has no {} of {}", to_string(type), object.name);
    if (type == WriteType::update && object.write->remove) message += "; delete it and create it anew";
    return {"type", std::move(message)};
}

/// What an update may hold that is no field of the record: its id, and what the path takes.
bool is_address(const Object& object, const std::string& name) {
    return name == "id" || name == object.write->create.id_at.back() ||
           object.write->update->path.find("{" + name + "}") != std::string::npos;
}

std::vector<Fault> check_update(const Object& object, std::string_view record) {
    const auto& write = *object.write;
    const auto& fields = write.update->fields;
    Check check;
    bool any = false;
    for (const auto& [name, value] : json::members(record)) {
        if (is_address(object, name)) continue;
        any = true;
        const bool known = write.required.contains(name) || write.optional.contains(name);
        if (known && !fields.empty() && std::ranges::find(fields, name) == fields.end())
            check.add(name, fmt::format("can't be changed by an update, which takes {}", fmt::join(fields, ", ")));
    }
    if (!any)
        check.add("record", fields.empty() ? std::string("must hold at least one field to change")
                                           : fmt::format("must hold at least one of {}", fmt::join(fields, ", ")));
    if (check.faults.empty()) {
        check.object(write.record, "", record, false);
        return std::move(check.faults);
    }
    Check rest;
    rest.object(write.record, "", record, false);
    for (auto& fault : rest.faults)
        if (std::ranges::find(check.faults, fault.field, &Fault::field) == check.faults.end())
            check.add(std::move(fault.field), std::move(fault.message));
    return std::move(check.faults);
}

}  // namespace

std::vector<Fault> check_record(const Object& object, WriteType type, std::string_view record) {
    const bool there =
        object.write && (type == WriteType::create || (type == WriteType::update && object.write->update) ||
                         (type == WriteType::remove && object.write->remove));
    if (!there) return {unsupported(object, type)};
    if (json::kind(record) != json::Kind::object) return {{"record", "must be an object"}};
    if (type == WriteType::update) return check_update(object, record);
    Check check;
    if (type == WriteType::create) check.object(object.write->record, "", record, true);
    if (type == WriteType::remove)
        for (const auto& name : path_fields(object.write->remove->path))
            if (const auto value = json::find(record, name); !value || json::as_text(*value).value_or("").empty())
                check.add(name, "is required: the delete is addressed by it");
    return std::move(check.faults);
}

}  // namespace syncd::bentley
