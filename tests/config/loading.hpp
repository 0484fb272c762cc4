// Loads a configuration from texts, in an environment and on a disk that exist in the test only.
#pragma once

#include "config/load.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace syncd::config::testing {

/// What a test's configuration finds around it. The configuration is /etc/syncd/config.yaml.
struct Disk {
    std::map<std::string, std::string> files;
    std::map<std::string, std::string> variables = {{"SYNCD_API_KEY", "key-1"}, {"BENTLEY_CLIENT_SECRET", "s3cret"}};

    Disk& file(const std::string& path, const std::string& text) {
        files[path] = text;
        return *this;
    }
};

inline const KnownObjects& known_objects() {
    static const KnownObjects known = {{"itwins", "itwins/recents", "curated-content/cesium", "contextcapture/jobs"},
                                       {"itwins", "imodels"},
                                       [](const std::string& object) {
                                           return object == "itwins"
                                                      ? std::set<std::string>{"id",          "class",  "subClass",
                                                                              "displayName", "number", "status"}
                                                      : std::set<std::string>();
                                       },
                                       {"contextcapture/jobs"},
                                       [](const std::string& object) {
                                           return object == "itwins" ? std::set<std::string>{"displayName", "parentId"}
                                                                     : std::set<std::string>{"name"};
                                       }};
    return known;
}

inline Loaded load_from(const Disk& disk) {
    const Surroundings surroundings = {
        [&](const std::string& name) {
            const auto found = disk.variables.find(name);
            return found == disk.variables.end() ? std::nullopt : std::optional(found->second);
        },
        [&](const std::string& path, std::string& why) {
            const auto found = disk.files.find(path);
            if (found == disk.files.end()) why = "No such file or directory";
            return found == disk.files.end() ? std::nullopt : std::optional(found->second);
        }};
    return load("/etc/syncd/config.yaml", known_objects(), surroundings);
}

/// As the user sees them, the folder left out.
inline std::vector<std::string> texts(const std::vector<Problem>& problems) {
    std::vector<std::string> all;
    for (const auto& problem : problems) {
        auto text = problem.text();
        const std::string folder = "/etc/syncd/";
        if (text.starts_with(folder)) text.erase(0, folder.size());
        all.push_back(std::move(text));
    }
    return all;
}

/// One integration `sync` that reads itwins to `hook`; `more` follows, from line 10 on.
inline std::string small_manifest(const std::string& more = "") {
    return "specVersion: 1.0.0\n"
           "integrations:\n"
           "  - name: sync\n"
           "    provider: bentley\n"
           "    read:\n"
           "      objects:\n"
           "        - objectName: itwins\n"
           "          destination: hook\n"
           "          schedule: '@hourly'\n" +
           more;
}

/// Lines 1 to 12 of a configuration with one installation of `sync`; what follows begins at line 13.
inline std::string small_config(const std::string& more = "") {
    return "project: acme\n"
           "manifest: amp.yaml\n"
           "destinations:\n"
           "  hook:\n"
           "    url: http://localhost:9000/\n"
           "    secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"
           "installations:\n"
           "  - integration: sync\n"
           "    groupRef: acme\n"
           "    connection:\n"
           "      clientId: service-1\n"
           "      clientSecret: s3cret\n" +
           more;
}

inline Disk disk(const std::string& config, const std::string& manifest = small_manifest()) {
    return Disk{}.file("/etc/syncd/config.yaml", config).file("/etc/syncd/amp.yaml", manifest);
}

using Texts = std::vector<std::string>;

inline Texts errors(const std::string& config, const std::string& manifest = small_manifest()) {
    return texts(load_from(disk(config, manifest)).errors);
}

/// The configuration, which must be free of errors.
inline Config good(const Disk& from) {
    auto loaded = load_from(from);
    EXPECT_EQ(texts(loaded.errors), Texts());
    return loaded.config.value_or(Config{});
}
inline Config good(const std::string& config) { return good(disk(config)); }

}  // namespace syncd::config::testing
