// `forget`: removes what is kept of installations, objects and destinations that left the configuration.
#pragma once

#include "connector/world/world.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syncd {

class Daemon;

struct ForgetReport {
    struct Object {
        std::string installation_id, object;
        std::int64_t records = 0, messages = 0;
    };
    std::vector<Object> objects;
    std::vector<std::string> installations, destinations;
};

/// Of one installation, or of all and of the destinations too. Nothing that is configured is touched. What a crash or
/// stop() leaves of it, the next call removes.
awaitable<ForgetReport> forget(Daemon& daemon, std::string installation_id);

}  // namespace syncd
