// The effective configuration of an installation, in the shape of Ampersand's config content. Pure.
#pragma once

#include "config/config.hpp"

#include <boost/json/object.hpp>

namespace syncd {

/// What is read, written and passed through: the manifest, overridden by the installation. Without credentials.
boost::json::object config_content(const config::Installation& installation);

}  // namespace syncd
