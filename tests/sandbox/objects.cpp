#include "tests/sandbox/objects.hpp"

#include "tests/sandbox/call.hpp"
#include "tests/sandbox/templates.hpp"

#include <array>

namespace syncd::sandbox {
namespace {

constexpr std::string_view job_filters = "id iTwinId name email type state createdDateTime inputId outputId";
constexpr std::string_view analysis_filters =
    "id iTwinId name email type state createdDateTime=executionInfo/createdDateTime";
constexpr std::string_view library_minimal = "id displayName";

constexpr ObjectRow itwin_view(std::string_view name, std::string_view alias, std::string_view path) {
    return {.name = name, .alias = alias, .path = path, .key = "iTwins", .paging = Paging::offset, .self_link = true,
            .equals = "status type", .lists = "subClass", .inactive_hidden = true, .invalid = "InvalidiTwinsRequest",
            .minimal = templates::itwin_minimal, .renewed = "image", .view_of = "itwins", .absence_is_delete = false};
}

/// What the objects of the library have in common.
constexpr ObjectRow library(std::string_view name, std::string_view alias, std::string_view path,
                            std::string_view wrapper, std::string_view not_found, std::string_view invalid) {
    return {.name = name, .alias = alias, .path = path, .key = alias, .own_read = true, .own_wrapper = wrapper,
            .not_found = not_found, .invalid = invalid, .name_member = "displayName",
            .modified_member = "lastModifiedDateTime", .time_form = TimeForm::ticks};
}

/// 50 rows a page, always, and tokens in quotes.
constexpr ObjectRow library_by_token(ObjectRow row, std::size_t at_start, std::string_view record) {
    row.at_start = at_start;
    row.paging = Paging::token;
    row.top_default = 50;
    row.top_fixed = true;
    row.token_quoted = true;
    row.record = record;
    return row;
}

/// Links in another letter case, a prev link on the first page and a next link on the last one.
constexpr ObjectRow library_by_offset(ObjectRow row, std::size_t at_start, std::string_view link_path,
                                      std::string_view record) {
    row.at_start = at_start;
    row.paging = Paging::offset;
    row.self_link = true;
    row.prev_always = true;
    row.last_next = LastNext::self;
    row.link_path = link_path;
    row.minimal = library_minimal;
    row.record = record;
    return row;
}

constexpr ObjectRow in_offset_form(ObjectRow row) {
    row.time_form = TimeForm::ticks_offset;
    return row;
}

constexpr ObjectRow library_brands() {
    auto row = library("library/brands", "brands", "/library/brands", "brand", "BrandNotFound", "InvalidBrandsRequest");
    row.at_start = 10;
    row.minimal = library_minimal;
    row.record = templates::library_brand;
    return row;
}

constexpr ObjectRow recents() {
    auto row = itwin_view("itwins/recents", "recents", "/itwins/recents");
    row.rows_max = 25;
    return row;
}

// Records of later rows belong to iTwins: those stand first.
constexpr std::array rows = {
    ObjectRow{.name = "itwins", .alias = "itwins", .path = "/itwins/", .key = "iTwins",
              .paging = Paging::offset, .self_link = true, .max_return = true,
              .filters = "id displayName number status type subClass createdDateTime lastModifiedDateTime",
              .equals = "status type number displayName parentId iTwinAccountId", .lists = "subClass",
              .orders = "displayName number createdDateTime lastModifiedDateTime", .inactive_hidden = true,
              .own_read = true, .own_wrapper = "iTwin", .not_found = "iTwinNotFound",
              .invalid = "InvalidiTwinsRequest", .minimal = templates::itwin_minimal, .renewed = "image",
              .name_member = "displayName", .modified_member = "lastModifiedDateTime", .time_form = TimeForm::ticks,
              .record = templates::itwin},
    recents(),
    itwin_view("itwins/favorites", "favorites", "/itwins/favorites"),
    ObjectRow{.name = "itwins/exports", .alias = "exports", .path = "/itwins/exports", .key = "exports", .at_start = 3,
              .newest_first = true, .owner_member = "createdBy", .own_read = true, .own_wrapper = "export",
              .not_found = "ExportNotFound", .invalid = "InvalidiTwinsRequest", .renewed = "outputUrl",
              .name_member = "request/select", .state_member = "status", .states = "Queued InProgress Completed",
              .started_members = "startedDateTime", .ended_member = "completedDateTime", .result_member = "outputUrl",
              .settled_at_start = true, .time_form = TimeForm::milliseconds, .absence_is_delete = false,
              .record = templates::itwin_export},
    ObjectRow{.name = "curated-content/cesium", .alias = "cesium", .path = "/curated-content/cesium/", .key = "items",
              .numeric_id = true, .equals = "iTwinId", .invalid = "InvalidCesiumCuratedContentRequest",
              .record = templates::cesium_content},
    ObjectRow{.name = "contextcapture/jobs", .alias = "jobs", .path = "/contextcapture/jobs", .key = "jobs",
              .paging = Paging::token, .top_min = 2, .filter_required = true, .filters = job_filters,
              .owner_member = "email", .itwin_member = "iTwinId", .own_read = true, .own_wrapper = "job",
              .not_found = "JobNotFound", .invalid = "InvalidRealityModelingRequest",
              .modified_member = "lastModifiedDateTime", .state_member = "state", .states = "Queued Active Success",
              .absence_is_delete = false, .record = templates::modeling_job},
    ObjectRow{.name = "realityconversion/jobs", .alias = "conversion-jobs", .path = "/realityconversion/jobs",
              .key = "jobs", .at_start = 10, .paging = Paging::token, .top_min = 2, .filter_required = true,
              .filters = job_filters, .owner_member = "email", .itwin_member = "iTwinId", .own_read = true,
              .own_wrapper = "job", .not_found = "JobNotFound", .invalid = "InvalidRealityConversionRequest",
              .modified_member = "lastModifiedDateTime", .state_member = "state",
              .states = "unsubmitted active success",
              .started_members = "executionInformation/submissionDateTime executionInformation/startedDateTime",
              .ended_member = "executionInformation/endedDateTime", .absence_is_delete = false,
              .record = templates::conversion_job},
    ObjectRow{.name = "reality-analysis/jobs", .alias = "analysis-jobs", .path = "/reality-analysis/jobs",
              .key = "jobs", .at_start = 10, .version = "v2", .paging = Paging::token, .top_min = 2,
              .filter_required = true, .filters = analysis_filters, .filter_in = false, .owner_member = "userId",
              .itwin_member = "iTwinId", .own_read = true, .own_wrapper = "job", .not_found = "JobNotFound",
              .invalid = "InvalidRealityAnalysisRequest", .invalid_status = 400, .invalid_detail = "InvalidParameter",
              .state_member = "state", .states = "Queued Active Success",
              .started_members = "executionInfo/startedDateTime", .ended_member = "executionInfo/endedDateTime",
              .time_form = TimeForm::ticks_offset, .absence_is_delete = false, .record = templates::analysis_job},
    ObjectRow{.name = "reality-analysis/detectors", .alias = "detectors", .path = "/reality-analysis/detectors",
              .key = "detectors", .at_start = 8, .id_member = "name", .id_form = "@bentley/cracks-ortho-$n$",
              .version = "v2", .own_read = true, .own_wrapper = "detector", .own_added = templates::detector_own,
              .own_lacks = "latestVersionNumber", .not_found = "DetectorNotFound",
              .invalid = "InvalidRealityAnalysisRequest", .invalid_status = 400, .invalid_detail = "InvalidParameter",
              .name_member = "displayName", .record = templates::detector},
    ObjectRow{.name = "reality-analysis/files", .alias = "files", .path = "/reality-analysis/files", .key = "files",
              .at_start = 6, .id_form = "preset-$n$", .version = "v2", .invalid = "InvalidRealityAnalysisRequest",
              .invalid_status = 400, .invalid_detail = "InvalidParameter", .record = templates::preset_file},
    ObjectRow{.name = "reality-management/reality-data", .alias = "reality-data",
              .path = "/reality-management/reality-data/", .key = "realityData", .at_start = 30,
              .paging = Paging::offset_token, .top_name = "$Top", .last_next = LastNext::null,
              .link_path = "/reality-management/reality-data", .token_name = "ContinuationToken",
              .equals = "ownerId dataCenter=dataCenterLocation tag=tags", .lists = "types=type",
              .ranges = "acquisitionDateTime=acquisition/startDateTime createdDateTime modifiedDateTime "
                        "lastAccessedDateTime",
              .orders = "displayName createdDateTime modifiedDateTime", .owner_member = "ownerId",
              .itwin_parameter = "iTwinId", .no_itwin_status = 404, .own_read = true, .own_wrapper = "realityData",
              .not_found = "RealityDataNotFound", .invalid = "InvalidRealityDataRequest",
              .invalid_detail = "InvalidParameter", .minimal = "id displayName type",
              .renewed = "lastAccessedDateTime", .name_member = "displayName",
              .modified_member = "modifiedDateTime", .record = templates::reality_data},
    ObjectRow{.name = "edfs/packages", .alias = "packages", .path = "/edfs/packages", .key = "packages", .at_start = 4,
              .id_member = "uniqueName", .id_form = "Survey/data $n$", .own_read = true, .own_wrapper = "package",
              .own_added = templates::package_own, .not_found = "PackageNotFound", .time_form = TimeForm::eastern,
              .record = templates::package},
    library_by_token(library("library/applications", "applications", "/library/applications", "application",
                             "ApplicationNotFound", "InvalidApplicationsRequest"),
                     60, templates::library_application),
    library_brands(),
    library_by_offset(library("library/catalogs", "catalogs", "/library/catalogs", "catalog", "CatalogNotFound",
                              "InvalidCatalogsRequest"),
                      12, "/Library/catalogs", templates::library_catalog),
    library_by_token(library("library/categories", "categories", "/library/categories", "category", "CategoryNotFound",
                             "InvalidCategoriesRequest"),
                     15, templates::library_category),
    library_by_offset(library("library/components", "components", "/library/components", "component",
                              "ComponentNotFound", "InvalidComponentsRequest"),
                      120, "/Library/components", templates::library_component),
    in_offset_form(library_by_token(library("library/manufacturers", "manufacturers", "/library/manufacturers",
                                            "manufacturer", "ManufacturerNotFound", "InvalidManufacturersRequest"),
                                    55, templates::library_manufacturer)),
    ObjectRow{.name = "webhooks", .alias = "webhooks", .path = "/webhooks/", .key = "webhooks", .at_start = 3,
              .version = "v2", .own_read = true, .not_found = "WebhookNotFound", .invalid = "InvalidWebhooksRequest",
              .secret = "secret", .name_member = "callbackUrl", .modified_member = "modified", .time_form = TimeForm::milliseconds,
              .record = templates::webhook},
};

template <class Fits>
const ObjectRow* find_row(Fits fits) {
    for (const auto span : {objects(), write_only_objects()})
        for (const auto& row : span)
            if (fits(row)) return &row;
    return nullptr;
}

}  // namespace

std::span<const ObjectRow> objects() { return rows; }

const ObjectRow* find_object(std::string_view name) {
    return find_row([&](const ObjectRow& row) { return row.name == name || row.alias == name; });
}

const ObjectRow* find_list(std::string_view path) {
    const auto bare = [](std::string_view text) {
        return text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
    };
    return find_row([&](const ObjectRow& row) { return same_text(bare(row.path), bare(path)); });
}

std::optional<std::string_view> path_of(std::string_view words, std::string_view name) {
    for (const auto word : split_words(words))
        if (same_text(name_of(word), name)) return word.substr(word.find('=') + 1);
    return std::nullopt;
}

}  // namespace syncd::sandbox
