#include "config/selection.hpp"

#include <algorithm>

namespace syncd::config {
namespace {

bool has(const std::vector<Field>& fields, const std::string& name) {
    return std::ranges::find(fields, name, &Field::name) != fields.end();
}

/// The mapping of an installation takes its name from whatever the manifest gave it to.
void add_mapping(const std::string& mapped, const std::string& name, bool required, std::vector<Field>& fields) {
    for (auto& field : fields) {
        if (field.mapped != mapped) continue;
        if (field.name == name) return;
        field.mapped.clear();
    }
    fields.push_back({name, mapped, required});
}

}  // namespace

SelectedFields select_fields(const ManifestReadObject& object, const Selection& selection,
                             const std::set<std::string>& catalog) {
    SelectedFields selected;
    const auto is = [&](const std::string& name, bool value) {
        const auto found = selection.fields.find(name);
        return found != selection.fields.end() && found->second == value;
    };
    const bool narrowed = std::ranges::any_of(selection.fields, [](const auto& field) { return field.second; });
    for (const auto& field : object.fields) {
        if (field.name.empty()) continue;  // a mapping for the installation to make
        if (field.required || is(field.name, true) || (!narrowed && !is(field.name, false)))
            selected.fields.push_back(field);
    }
    for (const auto& [name, wanted] : selection.fields)
        if (wanted && !has(selected.fields, name)) selected.fields.push_back({name, "", false});

    const bool all_others = object.all_fields && !narrowed;
    selected.all = selection.all || (all_others && (selection.fields.empty() || catalog.empty()));
    if (all_others && !selected.all)
        for (const auto& name : catalog)
            if (!is(name, false) && !has(selected.fields, name)) selected.fields.push_back({name, "", false});

    for (const auto& [mapped, name] : selection.mappings) {
        const auto asked = std::ranges::find_if(object.fields, [&](const Field& field) {
            return field.name.empty() && field.mapped == mapped && field.required;
        });
        add_mapping(mapped, name, asked != object.fields.end(), selected.fields);
    }
    for (const auto& field : object.fields)
        if (field.required && field.name.empty() &&
            std::ranges::find(selected.fields, field.mapped, &Field::mapped) == selected.fields.end())
            selected.unmapped.push_back(field.mapped);
    return selected;
}

}  // namespace syncd::config
