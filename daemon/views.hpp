// The views of the database that its users query: one per object that the catalog can read. Pure.
#pragma once

#include "connector/bentley/catalog.hpp"
#include "storage/store.hpp"

#include <vector>

namespace syncd {

/// `contextcapture/jobs` is the view contextcapture_jobs.
std::vector<storage::ViewDefinition> views_of(const bentley::Catalog& catalog);

}  // namespace syncd
