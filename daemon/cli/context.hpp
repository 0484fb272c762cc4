// What every command has: the configuration, and how to show what it found.
#pragma once

#include "config/config.hpp"
#include "config/core/error.hpp"
#include "storage/reader.hpp"

#include <boost/json/fwd.hpp>

#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace syncd::cli {

inline constexpr int exit_done = 0, exit_failed = 1, exit_usage = 2, exit_unfinished = 3, exit_unknown = 4;

/// Ends a command with a status and a sentence on standard error.
struct Exit : std::exception {
    Exit(int ends_with, std::string says) : status(ends_with), message(std::move(says)) {}
    const char* what() const noexcept override { return message.c_str(); }
    int status;
    std::string message;
};

struct Context {
    std::string config_path;  // as given, from the environment, or the default
    bool json = false;
    std::string installation;  // id; empty: all
    std::unique_ptr<config::Config> config;

    /// Loads the configuration, printing all errors and warnings; throws Exit{2} when there are errors.
    void load(bool show_warnings = true);
    /// For commands that need --installation to be one of the configuration; throws Exit{2}.
    void require_installation() const;
    /// Throws Exit{1} with what to do when there is no database.
    void require_database() const;
    /// Opens the database to look only; throws Exit{1} when it can't.
    storage::Reader reader() const;
};

/// Columns as wide as their widest cell, two spaces apart; the first row is the header.
void print_table(const std::vector<std::vector<std::string>>& rows);
/// One value and a newline on standard output.
void print_json(const boost::json::value& value);

}  // namespace syncd::cli
