#include "config/write_settings.hpp"

#include "config/core/json.hpp"
#include "config/object_settings.hpp"
#include "config/read_manifest.hpp"
#include "config/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::config {
namespace {

/// Fields that the catalog has for the object, read or written.
std::set<std::string> known_fields(const std::string& object, const KnownObjects& known) {
    std::set<std::string> names;
    if (known.fields) names.merge(known.fields(object));
    if (known.write_fields) names.merge(known.write_fields(object));
    return names;
}

/// Our names of the read object and the fields they lead back to: the installation's mappings before the manifest's.
/// What goes by its own name is mapped to itself: selected fields, and those of the catalog, which a create may need
/// though nobody reads them.
void inherit(const WrittenWrite& written, const KnownObjects& known, WriteObject& object) {
    if (!written.read || !written.manifest_read) return;
    for (const auto& field : written.read->fields)
        if (!field.mapped.empty()) object.mapping.emplace(field.mapped, field.name);
    for (const auto& field : written.manifest_read->fields)
        if (!field.mapped.empty() && !field.name.empty()) object.mapping.emplace(field.mapped, field.name);
    for (const auto& field : written.manifest_read->fields)
        if (!field.mapped.empty() && !object.mapping.contains(field.mapped)) object.unmapped.insert(field.mapped);
    const auto add_own = [&](const std::string& name) {
        if (!object.unmapped.contains(name)) object.mapping.emplace(name, name);
    };
    for (const auto& field : written.read->fields) add_own(field.name);
    const auto names = known_fields(object.object, known);
    for (const auto& name : names) add_own(name);
    object.other_fields = written.read->all_fields || names.empty();
    for (const auto& [field, values] : written.read->value_mappings)
        for (const auto& [theirs, ours] : values) object.value_mappings[field].emplace(ours, theirs);
}

/// One of Ampersand's default values, of which a setting has one, as JSON; empty when there is none.
std::string read_default(const Value& value) {
    if (!value.present() || value.is_null()) return {};
    Map map(value);
    const auto text = map["stringValue"], number = map["integerValue"], truth = map["booleanValue"];
    const auto as_text = text.text();
    const auto as_number = number.integer(-any_number);
    const auto as_truth = truth.boolean();
    map.close();
    constexpr std::string_view allowed = "allowed: one of stringValue, integerValue, booleanValue";
    const int given = int(text.present()) + int(number.present()) + int(truth.present());
    if (value.is_map() && given > 1) value.error(fmt::format("a default has more than one value; {}", allowed));
    if (value.is_map() && given == 0) value.error(fmt::format("a default has no value; {}", allowed));
    if (as_text) return json::quote(*as_text);
    if (as_number) return std::to_string(*as_number);
    if (as_truth) return *as_truth ? "true" : "false";
    return {};
}

/// The value of a default in its older form: text, a whole number, true or false.
std::string read_plain_default(const Value& value) {
    const auto scalar = value.scalar();
    if (!scalar) return {};
    if (const auto* text = std::get_if<std::string>(&*scalar)) return json::quote(*text);
    if (const auto* truth = std::get_if<bool>(&*scalar)) return *truth ? "true" : "false";
    const auto number = value.integer(-any_number);
    return number ? std::to_string(*number) : std::string();
}

WriteDefault read_when(const Value& value, bool may_depend) {
    std::vector<std::string> allowed = {"always", "never"};
    if (may_depend) allowed.emplace_back("ifEmpty");
    const auto when = value.word(allowed);
    if (when == "never") return WriteDefault::never;
    return when == "ifEmpty" ? WriteDefault::if_empty : WriteDefault::always;
}

/// The provider's name of the field that stands under `member`, by our name or its own; empty when it can't have a
/// setting, which is then noted.
std::string field_of(const Map& map, const Map::Member& member, const WriteObject& object) {
    if (object.unmapped.contains(member.key)) {
        map.warning_at(member, fmt::format("nobody maps {}: its setting has no effect", shown(member.key)));
        return {};
    }
    const auto mapped = object.mapping.find(member.key);
    const auto& name = mapped == object.mapping.end() ? member.key : mapped->second;
    if (name.empty()) map.error_at(member, "a setting needs the name of a field");
    if (name != "id") return name;
    map.error_at(member, fmt::format("{} says which record is written: it takes no setting", shown(member.key)));
    return {};
}

void check_known(const Map& map, const Map::Member& member, const std::string& field, const std::string& object,
                 const KnownObjects& known) {
    const auto names = known_fields(object, known);
    if (object.empty() || names.empty() || names.contains(outermost(field))) return;
    map.warning_at(member, fmt::format("{} has no field {} that is known of{}", object, shown(field),
                                       suggestion(field, {names.begin(), names.end()})));
}

bool has_setting(const WriteObject& object, const std::string& field) {
    return std::ranges::find(object.fields, field, &WriteField::name) != object.fields.end();
}

void read_field_settings(const Value& value, const KnownObjects& known, WriteObject& object) {
    Map settings(value);
    for (const auto& member : settings.members()) {
        Map setting(member.value);
        WriteField field;
        field.value = read_default(setting["default"]);
        field.on_create = read_when(setting["writeOnCreate"], false);
        field.on_update = read_when(setting["writeOnUpdate"], true);
        setting.close();
        field.name = field_of(settings, member, object);
        if (field.name.empty()) continue;
        check_known(settings, member, field.name, object.object, known);
        if (has_setting(object, field.name))
            settings.error_at(member, fmt::format("the field {} has a setting already", shown(field.name)));
        else
            object.fields.push_back(std::move(field));
    }
}

/// Defaults in Ampersand's older form.
void read_value_defaults(const Value& value, const KnownObjects& known, WriteObject& object) {
    Map defaults(value);
    for (const auto& member : defaults.members()) {
        Map setting(member.value);
        WriteField field;
        field.value = read_plain_default(setting.required("value"));
        field.default_on_update = read_when(setting["applyOnUpdate"], false) == WriteDefault::always;
        setting.close();
        field.name = field_of(defaults, member, object);
        if (field.name.empty()) continue;
        check_known(defaults, member, field.name, object.object, known);
        if (has_setting(object, field.name))
            defaults.warning_at(
                member, fmt::format("{} is in selectedFieldSettings already: this has no effect", shown(member.key)));
        else
            object.fields.push_back(std::move(field));
    }
}

}  // namespace

WriteObject read_write_settings(const Value& value, const WrittenWrite& written, const KnownObjects& known) {
    WriteObject object;
    object.object = written.object.object;
    object.mapped_name = written.manifest_read ? written.manifest_read->mapped_name : object.object;
    Map map(value);
    check_object_name(map["objectName"], {object.object, object.mapped_name});
    object.inherit_mapping = map["inheritMapping"].boolean().value_or(written.object.inherit_mapping) && written.read;
    if (object.inherit_mapping) inherit(written, known, object);
    if (const auto deletion = map["deletionSettings"]; deletion.present()) {
        Map settings(deletion);
        object.deletes = settings.required("enabled").boolean().value_or(false);
        settings.close();
    }
    read_field_settings(map["selectedFieldSettings"], known, object);
    read_value_defaults(map["selectedValueDefaults"], known, object);
    object.validate = map["validate"].word({"strict", "off"}) != "off";
    object.retry_unknown = map["onUnknown"].word({"hold", "retry"}) == "retry";
    object.marker = map["marker"].boolean().value_or(false);
    map.close();
    return object;
}

}  // namespace syncd::config
