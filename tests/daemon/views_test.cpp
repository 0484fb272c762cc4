#include "daemon/views.hpp"

#include "tests/support/open_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace syncd {
namespace {

TEST(ViewsOf, TheCatalogAreOnePerReadableObjectWithItsFields) {
    const auto views = views_of(bentley::Catalog::builtin());

    EXPECT_EQ(views.size(), 19u);
    const auto jobs = std::ranges::find(views, "contextcapture_jobs", &storage::ViewDefinition::name);
    ASSERT_NE(jobs, views.end());
    EXPECT_EQ(jobs->object, "contextcapture/jobs");
    EXPECT_NE(std::ranges::find(jobs->fields, "createdDateTime"), jobs->fields.end());
    EXPECT_NE(std::ranges::find(views, "curated_content_cesium", &storage::ViewDefinition::name), views.end());
}

TEST(ViewsOf, TheCatalogCanAllBeMadeAndQueried) {
    testing::OpenStore store;
    const auto views = views_of(bentley::Catalog::builtin());

    EXPECT_EQ(store.run(store->define_views(views)), std::vector<std::string>{});

    for (const auto& view : views) EXPECT_NO_THROW(store.column("SELECT * FROM " + view.name)) << view.name;
}

}  // namespace
}  // namespace syncd
