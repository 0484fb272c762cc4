#include "daemon/installation_json.hpp"

namespace syncd {
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

}  // namespace syncd
