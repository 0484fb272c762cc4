// The sections of the configuration that are about the program itself: provider, storage, server, log.
#pragma once

#include "config/config.hpp"
#include "config/yaml.hpp"

#include <string>

namespace syncd::config {

/// Where the configuration file lies, and what it names files of.
struct Folder {
    std::string path;
    const Surroundings& surroundings;

    /// The absolute path that `value` names, relative to the folder. Empty when absent or wrong.
    std::optional<std::string> absolute(const Value& value) const;
    /// The same, of a file that can be read.
    std::optional<std::string> readable(const Value& value) const;
};

void read_provider(const Value& value, const Folder& folder, Provider& provider);
void read_storage(const Value& value, const Folder& folder, Storage& storage);
void read_server(const Value& value, const Folder& folder, Server& server);
void read_logging(const Value& value, Logging& logging);

/// A URL with https, or with http to this machine; with `insecure` http to anywhere.
std::optional<std::string> read_url(const Value& value, bool insecure, std::string_view remedy);

}  // namespace syncd::config
