#include "config/read_manifest.hpp"
#include "config/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::config {
namespace {

constexpr std::string_view our_provider = "bentley";
constexpr std::string_view schema_schedule = "0 */24 * * *";  // Ampersand's default

/// Adds the field unless it is there; two fields can't be delivered under one name.
void add_field(const Value& place, Field field, std::vector<Field>& fields) {
    for (const auto& other : fields) {
        if (other.name == field.name && other.mapped == field.mapped) return;
        if (!field.mapped.empty() && other.mapped == field.mapped)
            return place.error(fmt::format("mapToName {} is taken: {} is delivered under it already",
                                           shown(field.mapped),
                                           other.name.empty() ? "another mapping" : shown(other.name)));
    }
    fields.push_back(std::move(field));
}

void read_fields(const Value& list, bool required, const KnownObjects& known, ManifestReadObject& object) {
    for (const auto& entry : list.list()) {
        Map map(entry);
        Field field{.name = {}, .mapped = {}, .required = required};
        const auto name = map["fieldName"], mapped = map["mapToName"];
        set(field.name, name.filled());
        set(field.mapped, mapped.filled());
        (void)map["mapToDisplayName"].text();
        (void)map["default"].text();
        (void)map["prompt"].text();
        map.close();
        if (!name.present() && !mapped.present() && entry.is_map())
            entry.error(fmt::format("a field has a fieldName, or a mapToName that an installation maps, or both"));
        if (field.name.empty() && (name.present() || field.mapped.empty())) continue;
        if (required && !field.name.empty()) check_field(name, field.name, object.object, known);
        add_field(mapped.present() ? mapped : name, std::move(field), object.fields);
    }
}

void read_delivery(const Value& value, ManifestReadObject& object) {
    Map map(value);
    const auto mode = map["mode"];
    if (mode.word({"auto", "onRequest"}) == "onRequest")
        mode.warning(
            "delivery.mode onRequest is not supported by this version: records are delivered when they are read");
    constexpr std::int64_t least = 50, most = 500;  // as Ampersand's schema
    set(object.page_records_max, map["pageSize"].integer(least, most));
    map.close();
}

/// The name of an object that the provider has; one that it hasn't is noted and kept, so that nothing else follows from
/// it.
std::optional<std::string> read_object_name(const Value& value, const std::set<std::string>& allowed,
                                            std::string_view what) {
    auto name = value.filled();
    if (name && !allowed.contains(*name))
        value.error(fmt::format("{} is no object that can be {}{}", shown(*name), what,
                                suggestion(*name, {allowed.begin(), allowed.end()})));
    return name;
}

void read_read_object(const Value& value, const KnownObjects& known, WrittenIntegration& into) {
    Map map(value);
    ManifestReadObject object;
    const auto name = map.required("objectName");
    const auto read_name = read_object_name(name, known.readable, "read");
    object.object = read_name.value_or("");
    const auto mapped = map["mapToName"];
    object.mapped_name = mapped.filled().value_or(object.object);
    (void)map["mapToDisplayName"].text();
    const auto destination = map.required("destination");
    set(object.destination, destination.filled());
    set(object.schedule, read_schedule(map.required("schedule")));
    read_fields(map["requiredFields"], true, known, object);
    read_fields(map["optionalFields"], false, known, object);
    object.all_fields = map["optionalFieldsAuto"].word({"all"}).has_value();
    object.backfill = read_backfill(map["backfill"]);
    read_delivery(map["delivery"], object);
    (void)map["enabled"].word({"always"});
    map.close();
    if (!read_name) {
        into.complete = false;
        return;
    }
    for (const auto& other : into.integration.reads) {
        if (other.object == object.object)
            return name.error(fmt::format("{} stands twice among the read objects of {}", shown(object.object),
                                          shown(into.integration.name)));
        if (other.mapped_name == object.mapped_name || other.mapped_name == object.object ||
            other.object == object.mapped_name)
            return (mapped.present() ? mapped : name)
                .error(
                    fmt::format("the name {} is that of {} already", shown(object.mapped_name), shown(other.object)));
    }
    into.integration.reads.push_back(std::move(object));
    into.destinations.push_back(destination);
}

void read_write_object(const Value& value, const KnownObjects& known, WrittenIntegration& into) {
    Map map(value);
    const auto name = map.required("objectName");
    const auto object = read_object_name(name, known.writable, "written");
    const auto inheriting = map["inheritMapping"];
    const bool inherit = inheriting.boolean().value_or(false);
    Map defaults(map["valueDefaults"]);
    (void)defaults["allowAnyFields"].boolean();
    defaults.close();
    map.close();
    if (!object) {
        into.complete = false;
        return;
    }
    const auto& reads = into.integration.reads;
    if (inherit && into.complete && std::ranges::find(reads, *object, &ManifestReadObject::object) == reads.end())
        inheriting.warning(fmt::format("inheritMapping has no effect: {} is not read", *object));
    auto& writes = into.integration.writes;
    if (std::ranges::find(writes, *object, &ManifestWriteObject::object) != writes.end())
        return name.error(
            fmt::format("{} stands twice among the write objects of {}", shown(*object), shown(into.integration.name)));
    writes.push_back({*object, inherit});
}

bool read_schema_event(const Value& value) {
    if (!value.present()) return false;
    Map map(value);
    const bool wanted = map.required("enabled").word({"always"}).has_value();
    map.close();
    return wanted;
}

void read_schema_watch(const Value& value, WrittenIntegration& into) {
    if (!value.present() || value.is_null()) return;
    auto& watch = into.integration.schema_watch.emplace();
    Map map(value);
    into.schema_destination = map.required("destination");
    set(watch.destination, into.schema_destination.filled());
    watch.schedule = Schedule::parse(schema_schedule).value();
    set(watch.schedule, read_schedule(map["schedule"]));
    const auto all = map.required("allObjects");
    Map events(all);
    watch.created = read_schema_event(events["fieldCreated"]);
    watch.deleted = read_schema_event(events["fieldDeleted"]);
    watch.changed = read_schema_event(events["fieldChanged"]);
    if (read_schema_event(events["fieldTypeChanged"])) watch.changed = true;  // as some manifests spell it
    events.close();
    map.close();
    if (all.is_map() && events.members().empty())
        all.warning(
            "allObjects names no event, so that nothing is told; allowed: fieldCreated, fieldDeleted, fieldChanged, "
            "each with enabled: always");
}

/// The rest of an integration of ours, whose name is known.
void read_actions(Map& map, const KnownObjects& known, WrittenIntegration& into) {
    Map read(map["read"]);
    const auto reads = read["objects"];
    for (const auto& object : reads.list()) read_read_object(object, known, into);
    read.close();
    Map write(map["write"]);
    const auto writes = write["objects"];
    for (const auto& object : writes.list()) read_write_object(object, known, into);
    write.close();
    for (const auto& list : {reads, writes})
        if (list.present() && !list.is_list() && !list.is_null()) into.complete = false;
    Map proxy(map["proxy"]);
    into.integration.proxy = proxy["enabled"].boolean().value_or(false);
    (void)proxy["useModule"].boolean();
    proxy.close();
    set(into.integration.display_name, map["displayName"].text());
    (void)map["module"].text();
    read_schema_watch(map["watchSchema"], into);
    if (const auto subscribe = map["subscribe"]; subscribe.present() && !subscribe.is_null())
        subscribe.warning("subscribe is not supported by this version and has no effect");
    map.close();
}

void read_integration(const Value& value, const KnownObjects& known, Manifests& into) {
    Map map(value);
    const auto name = map.required("name").filled();
    const auto provider = map.required("provider").filled();
    if (!name || !provider) into.complete = false;
    if (provider && *provider != our_provider) {
        if (name) into.others.emplace(*name, *provider);
        return;  // what other providers take is not ours to judge
    }
    WrittenIntegration written;
    written.integration.name = name.value_or("");
    written.integration.display_name = written.integration.name;
    written.place = map["name"];
    read_actions(map, known, written);
    if (!name || !provider) return;
    if (into.find(*name))
        return written.place.error(fmt::format("there is another integration named {}", shown(*name)));
    into.ours.push_back(std::move(written));
}

}  // namespace

const WrittenIntegration* Manifests::find(std::string_view name) const {
    const auto found = std::ranges::find_if(ours, [&](const auto& entry) { return entry.integration.name == name; });
    return found == ours.end() ? nullptr : &*found;
}

std::vector<std::string> Manifests::names() const {
    std::vector<std::string> all;
    for (const auto& entry : ours) all.push_back(entry.integration.name);
    return all;
}

void read_manifest(Source& source, const std::string& text, const KnownObjects& known, Manifests& into) {
    const auto node = source.parse(text);
    if (!node) {
        into.complete = false;
        return;
    }
    const Value root(source, *node, {1, 1}, "the manifest");
    Map map(root);
    const auto version = map.required("specVersion");
    const auto version_text = version.text();
    if (version_text && *version_text != "1.0.0")
        version.error(fmt::format("specVersion is {}; allowed: 1.0.0", shown(*version_text)));
    const auto integrations = map.required("integrations");
    const std::size_t before = into.ours.size();
    for (const auto& entry : integrations.list()) read_integration(entry, known, into);
    map.close();
    if (!integrations.is_list()) into.complete = integrations.is_null() && into.complete;
    if (into.complete && into.ours.size() == before)
        root.warning(fmt::format("no integration of provider {} in this manifest", our_provider));
}

std::optional<Schedule> read_schedule(const Value& value) {
    const auto text = value.filled();
    if (!text) return std::nullopt;
    const auto schedule = Schedule::parse(*text);
    if (schedule) return *schedule;
    value.error(fmt::format("{}: {}", value.name(), schedule.error().message));
    return std::nullopt;
}

std::optional<Backfill> read_backfill(const Value& value) {
    if (!value.present()) return std::nullopt;
    constexpr std::int64_t days_max = 36'500;  // a century: longer than the provider exists
    Map map(value);
    if (const auto filters = map["fieldFilters"]; filters.present() && !filters.is_null())
        filters.error("backfill.fieldFilters is not supported by this version; fieldFilters of the object are");
    const auto period = map.required("defaultPeriod");
    map.close();
    Map given(period);
    const auto days_given = given["days"];
    const auto days = days_given.integer(0, days_max);
    const auto full = given["fullHistory"].boolean();
    given.close();
    if (full.value_or(false)) {
        if (days) days_given.warning("days has no effect beside fullHistory: true");
        return Backfill{.full_history = true, .days = 0};
    }
    if (days) return Backfill{.full_history = false, .days = *days};
    const bool wrong_type = period.present() && !period.is_null() && !period.is_map();
    if (period.present() && !wrong_type && !days_given.present())
        period.error("defaultPeriod has neither; allowed: days: N (0: no backfill), or fullHistory: true");
    return std::nullopt;
}

std::string outermost(const std::string& field) {
    if (!field.starts_with("$['")) return field;
    return field.substr(3, field.find("']") - 3);
}

namespace {

/// What to say about a field that the catalog doesn't have; empty when all is well.
std::string field_doubt(const std::string& field, const std::string& object, const KnownObjects& known) {
    if (!known.fields || object.empty()) return {};
    const auto fields = known.fields(object);
    if (fields.empty() || fields.contains(outermost(field))) return {};
    return fmt::format("{} has no field {} that is known of: it may always be null{}", object, shown(field),
                       suggestion(field, {fields.begin(), fields.end()}));
}

}  // namespace

void check_field(const Value& place, const std::string& field, const std::string& object, const KnownObjects& known) {
    if (auto doubt = field_doubt(field, object, known); !doubt.empty()) place.warning(std::move(doubt));
}

void check_field(Map& map, const Map::Member& member, const std::string& object, const KnownObjects& known) {
    if (auto doubt = field_doubt(member.key, object, known); !doubt.empty()) map.warning_at(member, std::move(doubt));
}

}  // namespace syncd::config
