// Which events there are to be told of, and which destination is told which.
#pragma once

#include "config/config.hpp"
#include "config/destinations.hpp"
#include "config/yaml.hpp"

#include <string>
#include <vector>

namespace syncd::config {

/// Every event that a notification may name: Ampersand's, then ours.
const std::vector<std::string>& notification_events();

/// One entry for each destination, in the order in which they are first named; several of one destination are one.
std::vector<Notification> read_notifications(const Value& value, const Destinations& destinations);

}  // namespace syncd::config
