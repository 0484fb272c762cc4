#include "daemon/installation_json.hpp"

#include <boost/json.hpp>

namespace syncd {
namespace {

namespace bj = boost::json;

bj::value json_of(const config::FilterValue& value) {
    return std::visit([](const auto& each) { return bj::value(each); }, value);
}

bj::object json_of(const config::ReadObject& object) {
    bj::object fields, mappings;
    for (const auto& field : object.fields) {
        fields[field.name] = true;
        if (!field.mapped.empty()) mappings[field.mapped] = field.name;
    }
    bj::object out{{"objectName", object.object},         {"schedule", object.schedule.text()},
                   {"disabled", object.disabled},         {"destination", object.destination},
                   {"selectedFields", std::move(fields)}, {"selectedFieldMappings", std::move(mappings)}};
    if (object.all_fields) out["selectedFieldsAuto"] = "all";
    if (object.backfill) {
        const auto& backfill = *object.backfill;
        out["backfill"] = {{"defaultPeriod", backfill.full_history ? bj::object{{"fullHistory", true}}
                                                                   : bj::object{{"days", backfill.days}}}};
    }
    if (!object.filters.empty()) {
        bj::array filters;
        for (const auto& filter : object.filters)
            filters.push_back({{"fieldName", filter.field}, {"operator", "eq"}, {"value", json_of(filter.value)}});
        out["fieldFilters"] = std::move(filters);
    }
    return out;
}

}  // namespace

boost::json::object installation_fields(const std::string& project, const config::Installation& installation) {
    return {{"projectId", project},
            {"provider", "bentley"},
            {"integrationId", installation.integration},
            {"integrationName", installation.integration},
            {"installationId", installation.id},
            {"groupRef", installation.group_ref},
            {"groupName", installation.group_name},
            {"connectionId", installation.id},
            {"consumerRef", installation.consumer_ref},
            {"consumerName", installation.consumer_name}};
}

boost::json::object unknown_installation_fields(const std::string& project, const std::string& id) {
    config::Installation unknown;
    unknown.id = id;
    return installation_fields(project, unknown);
}

boost::json::object connection_fields(const std::string& project, const config::Installation& installation) {
    return {{"projectId", project},
            {"connectionId", installation.id},
            {"provider", "bentley"},
            {"groupRef", installation.group_ref},
            {"consumerRef", installation.consumer_ref},
            {"consumerName", installation.consumer_name}};
}

boost::json::object installation_config(const config::Installation& installation) {
    bj::object reads, writes;
    for (const auto& object : installation.objects) reads[object.object] = json_of(object);
    for (const auto& object : installation.writes)
        writes[object.object] = {{"objectName", object.object},
                                 {"deletionSettings", bj::object{{"enabled", object.deletes}}}};
    return {{"provider", "bentley"},
            {"read", bj::object{{"objects", std::move(reads)}}},
            {"write", bj::object{{"objects", std::move(writes)}}},
            {"proxy", bj::object{{"enabled", installation.proxy}}}};
}

}  // namespace syncd
