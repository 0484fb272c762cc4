#include "daemon/views.hpp"

#include <algorithm>

namespace syncd {

std::vector<storage::ViewDefinition> views_of(const bentley::Catalog& catalog) {
    std::vector<storage::ViewDefinition> views;
    for (const auto& [name, object] : catalog.objects()) {
        if (!object.read) continue;
        auto& view = views.emplace_back(storage::ViewDefinition{.name = name, .object = name});
        std::ranges::replace_if(view.name, [](char c) { return c == '/' || c == '-'; }, '_');
        for (const auto& [field, type] : object.read->fields) view.fields.push_back(field);
    }
    return views;
}

}  // namespace syncd
