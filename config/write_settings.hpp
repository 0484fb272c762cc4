// What an installation's `config` says about one object that it writes, laid over what the manifest says.
#pragma once

#include "config/config.hpp"
#include "config/load.hpp"
#include "config/yaml.hpp"

namespace syncd::config {

/// A write object of the manifest, with the read object of the same name, where there is one.
struct WrittenWrite {
    const ManifestWriteObject& object;
    const ManifestReadObject* manifest_read = nullptr;
    const ReadObject* read = nullptr;  // of this installation
};

/// The object, with what `value`, one member of `write.objects`, says of it; it may be absent.
WriteObject read_write_settings(const Value& value, const WrittenWrite& written, const KnownObjects& known);

}  // namespace syncd::config
