// What an installation's `config` says about one object, laid over what the manifest says.
#pragma once

#include "config/config.hpp"
#include "config/destinations.hpp"
#include "config/load.hpp"
#include "config/yaml.hpp"

namespace syncd::config {

/// The object as the manifest alone has it.
ReadObject from_manifest(const ManifestReadObject& manifest);

/// A read object of the manifest and where it names its destination.
struct WrittenRead {
    const ManifestReadObject& object;
    Value destination;
};

/// Lays `value`, one member of `read.objects`, over the object; it may be absent.
void read_read_settings(const Value& value, const WrittenRead& manifest, const Destinations& destinations,
                        const KnownObjects& known, ReadObject& object);

/// `objectName`, which may only repeat the key that it stands under.
void check_object_name(const Value& value, const std::vector<std::string>& names);

}  // namespace syncd::config
