// Who an installation is, as notifications say it: Ampersand's installation fields. Pure.
#pragma once

#include "config/config.hpp"

#include <boost/json/object.hpp>

#include <string>

namespace syncd {

/// projectId, provider, integrationId, … consumerName: who the installation is.
boost::json::object installation_fields(const std::string& project, const config::Installation& installation);
/// The same for an installation of which only its id is known.
boost::json::object unknown_installation_fields(const std::string& project, const std::string& id);
/// What of them tells whose connection it is.
boost::json::object connection_fields(const std::string& project, const config::Installation& installation);

}  // namespace syncd
