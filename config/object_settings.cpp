#include "config/object_settings.hpp"

#include "config/read_manifest.hpp"
#include "config/selection.hpp"
#include "config/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace syncd::config {
namespace {

Selection read_selection(Map& map, const ManifestReadObject& manifest, const KnownObjects& known) {
    Selection selection;
    selection.all = map["selectedFieldsAuto"].word({"all"}).has_value();
    Map fields(map["selectedFields"]);
    for (const auto& member : fields.members()) {
        const auto wanted = member.value.boolean();
        if (!wanted) continue;
        selection.fields.emplace(member.key, *wanted);
        if (*wanted) check_field(fields, member, manifest.object, known);
        const bool required = std::ranges::any_of(
            manifest.fields, [&](const Field& field) { return field.required && field.name == member.key; });
        if (!*wanted && required)
            fields.warning_at(member, fmt::format("{} is a required field of the manifest: it is read all the same",
                                                  shown(member.key)));
        else if (!*wanted && selection.all)
            fields.warning_at(member, "false has no effect beside selectedFieldsAuto: all");
    }
    Map mappings(map["selectedFieldMappings"]);
    for (const auto& member : mappings.members()) {
        const auto field = member.value.filled();
        if (member.key.empty())
            mappings.error_at(member, "a mapping needs a name to deliver the field under: NAME: FIELD");
        else if (field)
            selection.mappings.emplace_back(member.key, *field);
        if (field) check_field(member.value, *field, manifest.object, known);
    }
    return selection;
}

void read_value_mappings(const Value& value, ReadObject& object) {
    Map fields(value);
    for (const auto& field : fields.members()) {
        Map values(field.value);
        auto& ours = object.value_mappings[field.key];
        for (const auto& member : values.members()) {
            const auto theirs = member.value.text();
            if (!theirs) continue;
            const auto [place, added] = ours.emplace(*theirs, member.key);
            if (!added)
                member.value.error(fmt::format("the provider's value {} is delivered as {} already",
                                               member.value.written(), shown(place->second)));
        }
    }
}

void check_dynamic_mappings(const Value& value) {
    for (const auto& entry : value.list()) {
        Map map(entry);
        for (const auto* key : {"mapToDisplayName", "prompt", "fieldName"}) (void)map[key].text();
        (void)map.required("mapToName").text();
        for (const auto& mapped : map["mappedValues"].list()) {
            Map pair(mapped);
            (void)pair.required("mappedValue").text();
            (void)pair.required("mappedDisplayValue").text();
            pair.close();
        }
        map.close();
    }
}

void read_filters(const Value& value, ReadObject& object, const KnownObjects& known) {
    for (const auto& entry : value.list()) {
        Map map(entry);
        const auto name = map.required("fieldName");
        const auto field = name.filled();
        (void)map.required("operator").word({"eq"});
        auto wanted = map.required("value").scalar();
        map.close();
        if (!field) continue;
        check_field(name, *field, object.object, known);
        if (std::ranges::find(object.filters, *field, &FieldFilter::field) != object.filters.end())
            name.error(fmt::format("{} has a condition already; allowed: one for each field", shown(*field)));
        else if (wanted)
            object.filters.push_back({*field, std::move(*wanted)});
    }
}

/// `10%` or a number of records.
void read_max_deletes(const Value& value, MaxDeletes& deletes) {
    const auto text = value.text();
    if (!text) return;
    const char* const end = text->data() + text->size();
    std::int64_t records = 0;
    const auto number = std::from_chars(text->data(), end, records);
    if (number.ec == std::errc{} && number.ptr == end && records >= 0) {
        deletes.records = records;
        return;
    }
    double percent = 0;
    const auto share = std::from_chars(text->data(), end, percent, std::chars_format::fixed);
    if (share.ec == std::errc{} && share.ptr + 1 == end && *share.ptr == '%' && percent >= 0 && percent <= 100) {
        deletes.share = percent / 100;
        return;
    }
    value.error(
        fmt::format("maxDeletes is {}; allowed: a share such as 10%, up to 100% (no fuse), or a number of records",
                    value.written()));
}

/// `none`, `all` or a list of ids.
void read_itwins(const Value& value, ReadObject& object, const KnownObjects& known) {
    if (!value.present()) return;
    if (value.is_list()) {
        for (const auto& entry : value.list())
            if (auto id = entry.filled()) object.itwins.ids.push_back(std::move(*id));
    } else {
        object.itwins.all = value.word({"none", "all"}) == "all";
    }
    if (!object.itwins.any() || known.per_itwin.contains(object.object) || object.object.empty()) return;
    std::string allowed;
    for (const auto& name : known.per_itwin) allowed += (allowed.empty() ? "" : ", ") + name;
    value.error(fmt::format("{} can't be read for one iTwin; allowed for: {}", shown(object.object), allowed));
}

/// What is an extension to Ampersand's configuration.
void read_extensions(Map& map, ReadObject& object, const KnownObjects& known) {
    object.deliver_all = map["deliver"].word({"changes", "all"}) == "all";
    set(object.detect_deletes, map["detectDeletes"].boolean());
    read_max_deletes(map["maxDeletes"], object.max_deletes);
    Map query(map["query"]);
    for (const auto& member : query.members()) {
        if (member.key.empty()) query.error_at(member, "a query parameter needs a name");
        if (const auto text = member.value.text()) object.query.emplace(member.key, *text);
    }
    read_itwins(map["iTwins"], object, known);
    set(object.overlap, map["overlap"].duration());
    set(object.full_every, map["fullEvery"].duration());
}

}  // namespace

ReadObject from_manifest(const ManifestReadObject& manifest) {
    ReadObject object;
    object.object = manifest.object;
    object.mapped_name = manifest.mapped_name;
    object.destination = manifest.destination;
    object.schedule = manifest.schedule;
    object.backfill = manifest.backfill;
    object.page_records_max = manifest.page_records_max;
    return object;
}

void read_read_settings(const Value& value, const WrittenRead& written, const Destinations& destinations,
                        const KnownObjects& known, ReadObject& object) {
    const auto& manifest = written.object;
    Map map(value);
    check_object_name(map["objectName"], {manifest.object, manifest.mapped_name});
    set(object.schedule, read_schedule(map["schedule"]));
    set(object.disabled, map["disabled"].boolean());
    const auto destination = map["destination"];
    set(object.destination, destination.filled());
    destinations.check(object.destination, destination.present() ? destination : written.destination);
    const auto selection = read_selection(map, manifest, known);
    read_value_mappings(map["selectedValueMappings"], object);
    check_dynamic_mappings(map["dynamicMappingsInput"]);
    if (auto backfill = read_backfill(map["backfill"])) object.backfill = backfill;
    read_filters(map["fieldFilters"], object, known);
    read_extensions(map, object, known);
    map.close();

    auto selected =
        select_fields(manifest, selection, known.fields ? known.fields(manifest.object) : std::set<std::string>());
    object.fields = std::move(selected.fields);
    object.all_fields = selected.all;
    for (const auto& name : selected.unmapped)
        value.warning(
            fmt::format("{}: the manifest requires a mapping for {}; add selectedFieldMappings: {{ {}: FIELD }}",
                        manifest.object, shown(name), name));
}

void check_object_name(const Value& value, const std::vector<std::string>& names) {
    const auto name = value.text();
    if (names[0].empty()) return;  // of an integration that isn't known: that is the error
    if (name && std::ranges::find(names, *name) == names.end())
        value.error(
            fmt::format("objectName is {}, but it stands under {}; leave it out", value.written(), shown(names[0])));
}

}  // namespace syncd::config
