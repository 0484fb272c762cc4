#include "daemon/config_content.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace syncd {
namespace {

namespace bj = boost::json;

bj::value filter_value(const config::FieldFilter& filter) {
    return std::visit([](const auto& value) { return bj::value(value); }, filter.value);
}

std::string max_deletes(const config::MaxDeletes& fuse) {
    return fuse.records ? std::to_string(*fuse.records) : fmt::format("{:g}%", fuse.share * 100);
}

bj::value queried(const config::QueriedITwins& itwins) {
    if (itwins.all) return "all";
    return itwins.ids.empty() ? bj::value("none") : bj::value_from(itwins.ids);
}

/// As the configuration has it: our value -> the provider's.
bj::object value_mappings(const std::map<std::string, std::map<std::string, std::string>>& mappings) {
    bj::object out;
    for (const auto& [field, values] : mappings) {
        bj::object ours;
        for (const auto& [theirs, mapped] : values) ours[mapped] = theirs;
        out[field] = std::move(ours);
    }
    return out;
}

bj::object read_content(const config::ReadObject& object) {
    bj::object selected, mapped;
    for (const auto& field : object.fields) {
        if (field.mapped.empty())
            selected[field.name] = true;
        else
            mapped[field.mapped] = field.name;
    }
    bj::object out{{"objectName", object.object},           {"destination", object.destination},
                   {"schedule", object.schedule.text()},    {"disabled", object.disabled},
                   {"selectedFields", std::move(selected)}, {"selectedFieldMappings", std::move(mapped)}};
    if (object.mapped_name != object.object) out["mappedObjectName"] = object.mapped_name;
    if (object.all_fields) out["selectedFieldsAuto"] = "all";
    if (!object.value_mappings.empty()) out["selectedValueMappings"] = value_mappings(object.value_mappings);
    bj::array filters;
    for (const auto& filter : object.filters)
        filters.push_back({{"fieldName", filter.field}, {"operator", "eq"}, {"value", filter_value(filter)}});
    if (!filters.empty()) out["fieldFilters"] = std::move(filters);
    if (object.backfill) {
        const auto period = object.backfill->full_history ? bj::object{{"fullHistory", true}}
                                                          : bj::object{{"days", object.backfill->days}};
        out["backfill"] = {{"defaultPeriod", period}};
    }
    out["deliver"] = object.deliver_all ? "all" : "changes";
    out["detectDeletes"] = object.detect_deletes;
    out["maxDeletes"] = max_deletes(object.max_deletes);
    out["iTwins"] = queried(object.itwins);
    out["overlap"] = format_duration(object.overlap);
    out["fullEvery"] = object.full_every == Duration::zero() ? "0" : format_duration(object.full_every);
    if (!object.query.empty()) out["query"] = bj::value_from(object.query);
    return out;
}

const char* name_of(config::WriteDefault when) {
    switch (when) {
        case config::WriteDefault::always: return "always";
        case config::WriteDefault::never: return "never";
        case config::WriteDefault::if_empty: return "ifEmpty";
    }
    return "always";
}

bj::object default_of(const config::WriteField& field) {
    boost::system::error_code not_json;
    const auto value = bj::parse(field.value, not_json);
    if (value.is_bool()) return {{"booleanValue", value}};
    if (value.is_int64()) return {{"integerValue", value}};
    if (value.is_string()) return {{"stringValue", value}};
    return {};
}

bj::object write_content(const config::WriteObject& object) {
    bj::object settings;
    for (const auto& field : object.fields)
        settings[field.name] = {{"default", default_of(field)},
                                {"writeOnCreate", name_of(field.on_create)},
                                {"writeOnUpdate", name_of(field.on_update)}};
    bj::object out{{"objectName", object.object},
                   {"deletionSettings", {{"enabled", object.deletes}}},
                   {"validate", object.validate ? "strict" : "off"},
                   {"onUnknown", object.retry_unknown ? "retry" : "hold"},
                   {"marker", object.marker}};
    if (!settings.empty()) out["selectedFieldSettings"] = std::move(settings);
    return out;
}

}  // namespace

bj::object config_content(const config::Installation& installation) {
    bj::object reads, writes;
    for (const auto& object : installation.objects) reads[object.object] = read_content(object);
    for (const auto& object : installation.writes) writes[object.object] = write_content(object);
    return {{"provider", "bentley"},
            {"read", {{"objects", std::move(reads)}}},
            {"write", {{"objects", std::move(writes)}}},
            {"proxy", {{"enabled", installation.proxy}}}};
}

}  // namespace syncd
