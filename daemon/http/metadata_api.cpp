#include "daemon/http/metadata_api.hpp"

#include "daemon/daemon.hpp"
#include "daemon/http/lists.hpp"
#include "daemon/http/problem.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>

namespace syncd {
namespace {

namespace bj = boost::json;

/// `createdDateTime` -> `Created Date Time`, `contextcapture/jobs` -> `Contextcapture Jobs`; iTwin and iModel stay.
std::string display_name(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char here = name[i];
        const bool separates = here == '/' || here == '-' || here == '_';
        const bool brand = name.substr(i).starts_with("iTwin") || name.substr(i).starts_with("iModel");
        const bool in_brand = i > 0 && name[i - 1] == 'i' && (here == 'T' || here == 'M') &&
                              (name.substr(i - 1).starts_with("iTwin") || name.substr(i - 1).starts_with("iModel"));
        const bool upper = std::isupper(static_cast<unsigned char>(here)) != 0;
        const bool begins = out.empty() || out.back() == ' ';
        const bool after_lower = i > 0 && std::islower(static_cast<unsigned char>(name[i - 1])) != 0;
        if (separates) {
            out += ' ';
            continue;
        }
        if (!begins && ((upper && after_lower && !in_brand) || (brand && after_lower))) out += ' ';
        const bool first = out.empty() || out.back() == ' ';
        out += first && !brand ? char(std::toupper(static_cast<unsigned char>(here))) : here;
    }
    return out;
}

/// A type as the catalog has it: `string; GUID`, `enum A|B, any case; what for`.
struct FieldType {
    std::string word;
    std::vector<std::string> values;  // of an enum
};

FieldType type_of(std::string_view text) {
    text = text.substr(0, text.find(';'));
    constexpr std::string_view enumeration = "enum ";
    if (!text.starts_with(enumeration)) return {std::string(text), {}};
    FieldType type{"enum", {}};
    text.remove_prefix(enumeration.size());
    text = text.substr(0, text.find(','));
    while (!text.empty()) {
        const auto bar = std::min(text.find('|'), text.size());
        type.values.emplace_back(text.substr(0, bar));
        text.remove_prefix(std::min(bar + 1, text.size()));
    }
    return type;
}

/// Ampersand's normalized types.
const char* value_type(const std::string& word) {
    if (word.starts_with("string")) return "string";
    if (word == "enum") return "singleSelect";
    if (word == "timestamp") return "datetime";
    if (word == "integer") return "int";
    if (word == "number") return "float";
    if (word == "boolean") return "boolean";
    return "other";
}

const std::string* find(const std::map<std::string, std::string>& fields, const std::string& name) {
    const auto found = fields.find(name);
    return found == fields.end() ? nullptr : &found->second;
}

bj::object field(const bentley::Object& object, const std::string& name) {
    const auto* read = object.read ? find(object.read->fields, name) : nullptr;
    const auto* required = object.write ? find(object.write->required, name) : nullptr;
    const auto* optional = object.write ? find(object.write->optional, name) : nullptr;
    const auto* written = required ? required : optional;
    // What may be written says more of a closed set than what is read.
    const auto type = type_of(written && (!read || written->starts_with("enum ")) ? *written : read ? *read : "");
    bj::object out{{"fieldName", name},
                   {"displayName", display_name(name)},
                   {"valueType", value_type(type.word)},
                   {"providerType", type.word},
                   {"readOnly", written == nullptr},
                   {"isCustom", false},
                   {"isRequired", required != nullptr}};
    bj::array values;
    for (const auto& value : type.values) values.push_back({{"value", value}, {"displayValue", value}});
    if (!values.empty()) out["values"] = std::move(values);
    return out;
}

bj::object fields(const bentley::Object& object) {
    bj::object out;
    const auto add = [&](const std::map<std::string, std::string>& some) {
        for (const auto& [name, type] : some)
            if (!out.contains(name)) out[name] = field(object, name);
    };
    if (object.read) add(object.read->fields);
    if (object.write) add(object.write->required);
    if (object.write) add(object.write->optional);
    return out;
}

/// Names and values as this installation maps them; what it maps out of nested objects gets an entry of its own.
void map_names(const config::ReadObject& object, bj::object& fields) {
    for (const auto& each : object.fields) {
        if (each.mapped.empty()) continue;
        if (!fields.contains(each.name))
            fields[each.name] = bj::object{{"fieldName", each.name}, {"displayName", each.name}, {"valueType", "other"},
                                           {"readOnly", true},       {"isCustom", false},        {"isRequired", false}};
        fields[each.name].as_object()["mappedFieldName"] = each.mapped;
    }
    for (const auto& [name, mappings] : object.value_mappings) {
        auto* found = fields.if_contains(name);
        if (found) found->as_object()["mappedValues"] = bj::value_from(mappings);  // the provider's -> ours
    }
}

awaitable<http::Response> metadata(Api& api, Call call) {
    if (call["groupRef"].empty()) co_return problem(400, "groupRef is missing", "say whose installation it is");
    const auto& all = api.daemon.config().installations;
    const auto installation = std::ranges::find_if(all, [&](const config::Installation& each) {
        return each.integration == call["integration"] && each.group_ref == call["groupRef"];
    });
    if (installation == all.end())
        co_return problem(404, "No such installation", call["integration"] + " of group " + call["groupRef"]);
    const auto name = api.object_name(&*installation, call["object"]);
    const auto* object = api.daemon.catalog().find(name);
    if (!object) co_return problem(404, "No such object", call["object"]);

    auto described = fields(*object);
    bj::object out{{"name", name}, {"displayName", display_name(name)}};
    for (const auto& read : installation->objects) {
        if (read.object != name) continue;
        map_names(read, described);
        if (read.mapped_name != name) out["mappedObjectName"] = read.mapped_name;
    }
    if (call["excludeReadOnly"] == "true") {
        bj::object writable;
        for (const auto& [key, value] : described)
            if (!value.at("readOnly").as_bool()) writable[key] = value;
        described = std::move(writable);
    }
    out["fields"] = std::move(described);
    co_return json_response(200, std::move(out));
}

constexpr std::array routes = {
    Route{"GET", "/v1/projects/{project}/integrations/{integration}/objects/{object...}/metadata", metadata},
};

}  // namespace

std::span<const Route> metadata_routes() { return routes; }

}  // namespace syncd
