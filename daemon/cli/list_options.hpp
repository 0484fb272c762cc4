// The options that `operations` and `deliveries` share.
#pragma once

#include "daemon/cli/context.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace syncd::cli {

struct ListOptions {
    std::string id, status, object;
    std::int64_t limit = 50;

    /// `object` may be a mapped name.
    storage::ListFilter filter(const Context& context) const;
};

std::shared_ptr<ListOptions> add_list_options(CLI::App& command, const std::vector<std::string>& statuses);

/// The provider's name of an object that was given by that or by its mapped name; empty for one nobody reads.
std::optional<std::string> find_object(const Context& context, const std::string& given);
/// The same; throws Exit{2} for one nobody reads.
std::string object_name(const Context& context, const std::string& given);

}  // namespace syncd::cli
