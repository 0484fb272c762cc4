// Reads the configuration file and the manifests it names.
#pragma once

#include "config/config.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace syncd::config {

/// What the loader asks of its surroundings, so that tests need no environment and no disk.
struct Surroundings {
    std::function<std::optional<std::string>(const std::string& name)> environment;
    /// The file's content; empty when it can't be read, with the reason in `why`.
    std::function<std::optional<std::string>(const std::string& path, std::string& why)> read_file;
};
/// The process's own environment and disk.
Surroundings real_surroundings();

/// What the provider has, as far as checking names needs it: the catalog lies above this folder.
struct KnownObjects {
    std::set<std::string> readable, writable;
    /// Fields that the catalog has for a readable object; empty: unknown, everything goes.
    std::function<std::set<std::string>(const std::string& object)> fields;
    std::set<std::string> per_itwin{};  // objects that can be read for one iTwin
    /// The same as `fields` of a writable object: what a create takes.
    std::function<std::set<std::string>(const std::string& object)> write_fields{};
};

struct Problem {
    std::string file;
    int line = 0, column = 0;  // from 1; 0: the file as a whole
    std::string message;       // says what is wrong and what is allowed
    std::string text() const;  // file:line:column: message
};

struct Loaded {
    std::optional<Config> config;           // absent when there are errors
    std::vector<Problem> errors, warnings;  // all of them, in file order
};

/// `path` is the configuration file; relative paths in a file are relative to that file.
Loaded load(const std::string& path, const KnownObjects& known, const Surroundings& surroundings);

}  // namespace syncd::config
