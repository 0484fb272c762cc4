// Objects that can be written and looked up, but that are nothing to keep a copy of.
#include "tests/sandbox/objects.hpp"
#include "tests/sandbox/write_templates.hpp"

#include <array>

namespace syncd::sandbox {
namespace {

constexpr std::string_view continuation = "$continuationToken";

constexpr ObjectRow saved(ObjectRow row) {
    row.own_read = true;
    row.invalid = "InvalidSavedviewsRequest";
    row.name_member = "displayName";
    row.needs = "iTwinId iModelId groupId";
    row.absence_is_delete = false;
    return row;
}

constexpr ObjectRow connection(std::string_view name, std::string_view path, std::string_view not_found,
                               std::string_view invalid) {
    return {.name = name, .alias = name, .path = path, .key = "connections", .paging = Paging::offset,
            .equals = "iModelId", .needs = "iModelId", .hidden = "sourceFiles", .own_read = true,
            .own_wrapper = "connection", .not_found = not_found, .invalid = invalid, .minimal = "id displayName",
            .name_member = "displayName", .absence_is_delete = false, .record = templates::sync_connection};
}

constexpr ObjectRow carbon_job(std::string_view name, std::string_view path) {
    return {.name = name, .alias = name, .path = path, .key = "jobs", .listed = false, .own_read = true,
            .own_wrapper = "job", .not_found = "JobNotFound", .invalid = "InvalidCarbonCalculationRequest",
            .state_member = "status", .states = "Queued Running Succeeded", .absence_is_delete = false,
            .record = templates::carbon_job};
}

constexpr std::array rows = {
    ObjectRow{.name = "contextcapture/workspaces", .alias = "workspaces", .path = "/contextcapture/workspaces",
              .key = "workspaces", .listed = false, .own_read = true, .own_wrapper = "workspace",
              .not_found = "WorkspaceNotFound", .invalid = "InvalidContextCaptureRequest",
              .record = templates::workspace},
    ObjectRow{.name = "grouping-and-mapping/datasources/imodel-mappings", .alias = "mappings",
              .path = "/grouping-and-mapping/datasources/imodel-mappings", .key = "mappings", .paging = Paging::token,
              .self_link = true, .token_name = continuation, .equals = "iModelId", .needs = "iModelId",
              .own_read = true, .own_wrapper = "mapping", .not_found = "MappingNotFound",
              .invalid = "InvalidGroupingAndMappingRequest", .name_member = "mappingName",
              .modified_member = "modifiedOn", .record = templates::mapping},
    ObjectRow{.name = "imodels", .alias = "imodels", .path = "/imodels/", .key = "iModels", .version = "v2",
              .paging = Paging::offset, .self_link = true, .equals = "iTwinId name", .orders = "name createdDateTime",
              .needs = "iTwinId", .own_read = true, .own_wrapper = "iModel", .not_found = "iModelNotFound",
              .invalid = "InvalidiModelsRequest", .minimal = "id displayName dataCenterLocation",
              .record = templates::imodel},
    ObjectRow{.name = "named-groups", .alias = "named-groups", .path = "/named-groups/", .key = "groups",
              .paging = Paging::token, .self_link = true, .equals = "iTwinId", .needs = "iTwinId", .own_read = true,
              .own_wrapper = "group", .not_found = "GroupNotFound", .invalid = "InvalidNamedGroupsRequest",
              .minimal = "id displayName description", .name_member = "displayName",
              .modified_member = "lastModifiedDateTime", .record = templates::named_group},
    saved({.name = "savedviews/groups", .alias = "view-groups", .path = "/savedviews/groups", .key = "groups",
           .self_link = true, .equals = "iTwinId iModelId", .own_wrapper = "group", .not_found = "GroupNotFound",
           .record = templates::view_group}),
    saved({.name = "savedviews/tags", .alias = "view-tags", .path = "/savedviews/tags", .key = "tags",
           .self_link = true, .equals = "iTwinId iModelId", .own_wrapper = "tag", .not_found = "TagNotFound",
           .record = templates::view_tag}),
    saved({.name = "savedviews", .alias = "savedviews", .path = "/savedviews/", .key = "savedViews",
           .paging = Paging::offset, .self_link = true, .equals = "iTwinId iModelId groupId", .orders = "displayName",
           .default_order = "displayName", .own_wrapper = "savedView", .not_found = "SavedViewNotFound",
           .minimal = "id displayName shared creationTime lastModified _links", .modified_member = "lastModified",
           .record = templates::saved_view}),
    ObjectRow{.name = "schedules", .alias = "schedules", .path = "/schedules/", .key = "schedules",
              .paging = Paging::token, .top_max = 10'000, .equals = "iTwinId", .list_segment = "itwinid",
              .own_read = true, .own_wrapper = "schedule", .not_found = "ScheduleNotFound",
              .invalid = "InvalidSchedulesRequest", .invalid_status = 400, .record = templates::schedule},
    ObjectRow{.name = "insights/reporting/reports", .alias = "reports", .path = "/insights/reporting/reports/",
              .key = "reports", .paging = Paging::token, .self_link = true, .token_name = continuation,
              .equals = "projectId deleted", .needs = "projectId", .own_read = true, .own_wrapper = "report",
              .not_found = "ReportNotFound", .invalid = "InvalidInsightsRequest", .name_member = "displayName",
              .modified_member = "modifiedOn", .record = templates::report},
    ObjectRow{.name = "insights/carbon-calculation/ec3/configurations", .alias = "ec3-configurations",
              .path = "/insights/carbon-calculation/ec3/configurations", .key = "configurations",
              .paging = Paging::token, .self_link = true, .token_name = continuation, .equals = "iTwinId",
              .needs = "iTwinId", .own_read = true, .own_wrapper = "configuration",
              .not_found = "ConfigurationNotFound", .invalid = "InvalidCarbonCalculationRequest",
              .name_member = "displayName", .modified_member = "modifiedOn", .record = templates::ec3_configuration},
    carbon_job("insights/carbon-calculation/ec3/jobs", "/insights/carbon-calculation/ec3/jobs"),
    carbon_job("insights/carbon-calculation/oneclicklca/jobs", "/insights/carbon-calculation/oneclicklca/jobs"),
    ObjectRow{.name = "changedelements/comparisonjob", .alias = "comparisons", .path = "/changedelements/comparisonjob",
              .key = "comparisonJobs", .id_member = "jobId", .version = "v2", .listed = false,
              .own_wrapper = "comparisonJob", .not_found = "ComparisonNotFound",
              .invalid = "InvalidChangedElementsRequest", .state_member = "status",
              .states = "Queued Started Completed", .absence_is_delete = false, .record = templates::comparison},
    ObjectRow{.name = "forms", .alias = "forms", .path = "/forms/", .key = "formDataInstances", .version = "v2",
              .paging = Paging::token, .top_max = 50, .top_default = 50, .equals = "iTwinId projectId=iTwinId type",
              .needs = "iTwinId projectId", .own_read = true, .own_wrapper = "form", .not_found = "FormDataNotFound",
              .invalid = "InvalidFormsRequest", .minimal = "id displayName type status", .name_member = "subject",
              .modified_member = "lastModifiedDateTime", .record = templates::form},
    ObjectRow{.name = "export/connections", .alias = "export/connections", .path = "/export/connections",
              .key = "connections", .paging = Paging::offset, .top_default = 50, .self_link = true,
              .equals = "imodelId=iModelId", .needs = "imodelId", .own_read = true, .own_wrapper = "connection",
              .not_found = "ExportConnectionNotFound", .invalid = "InvalidExportConnectionRequest",
              .name_member = "displayName", .record = templates::export_connection},
    connection("synchronization/imodels/manifestconnections", "/synchronization/imodels/manifestconnections",
               "ManifestConnectionNotFound", "InvalidManifestConnectionRequest"),
    connection("synchronization/imodels/storageconnections", "/synchronization/imodels/storageconnections",
               "StorageConnectionNotFound", "InvalidStorageConnectionRequest"),
    ObjectRow{.name = "synchronization/pnidtoitwin/inferences", .alias = "inferences",
              .path = "/synchronization/pnidtoitwin/inferences", .key = "inferences", .version = "v2",
              .paging = Paging::token, .self_link = true, .token_name = continuation, .equals = "iTwinId",
              .needs = "iTwinId", .own_read = true, .own_wrapper = "inference", .not_found = "PnIDInferenceNotFound",
              .invalid = "InvalidPnIDToiTwinRequest", .name_member = "modelVersion", .record = templates::inference},
    ObjectRow{.name = "transformations/configurations/createfork", .alias = "fork-configurations",
              .path = "/transformations/configurations", .key = "configurations", .paging = Paging::offset,
              .self_link = true, .equals = "projectId", .needs = "projectId", .own_read = true,
              .own_wrapper = "configuration", .not_found = "ConfigurationNotFound",
              .invalid = "InvalidTransformationsRequest", .minimal = "id name transformType",
              .record = templates::fork_configuration},
    ObjectRow{.name = "transformations", .alias = "transformations", .path = "/transformations/",
              .key = "transformations", .paging = Paging::offset, .self_link = true, .equals = "configurationId",
              .own_read = true, .own_wrapper = "transformation", .not_found = "TransformationNotFound",
              .invalid = "InvalidTransformationsRequest", .minimal = "id", .state_member = "status",
              .states = "Created Initializing Started Succeeded", .ended_member = "endDateTime",
              .absence_is_delete = false, .record = templates::transformation},
    ObjectRow{.name = "mesh-export", .alias = "mesh-export", .path = "/mesh-export/", .key = "exports",
              .paging = Paging::offset, .self_link = true, .newest_first = true,
              .equals = "iModelId=request/iModelId changesetId=request/changesetId exportType=request/exportType",
              .needs = "iModelId", .own_read = true, .own_wrapper = "export", .not_found = "ExportNotFound",
              .invalid = "InvalidMeshExportRequest", .minimal = "id displayName status",
              .name_member = "displayName", .modified_member = "lastModified", .state_member = "status",
              .states = "NotStarted InProgress Complete", .absence_is_delete = false,
              .record = templates::mesh_export},
};

}  // namespace

std::span<const ObjectRow> write_only_objects() { return rows; }

}  // namespace syncd::sandbox
