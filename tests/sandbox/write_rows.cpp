#include "tests/sandbox/write_rules.hpp"
#include "tests/sandbox/write_templates.hpp"

#include <algorithm>
#include <array>

namespace syncd::sandbox {
namespace {

constexpr std::string_view patch = "PATCH", put = "PUT";

constexpr WriteRow library(std::string_view object, std::string_view fields, std::string_view skeleton) {
    return {.object = object, .fields = fields, .update = put, .skeleton = skeleton};
}

constexpr WriteRow component() {
    auto row = library("library/components",
                       "displayName*:name(150);status*:enum(Draft|Published|Checked|Approved|Archived)>state;"
                       "description:text(250);catalogs:texts>_links/catalogs~links(library/catalogs);"
                       "application:text>_links/application~link(library/applications);"
                       "category:text>_links/category~link(library/categories);"
                       "manufacturer:text>_links/manufacturer~link(library/manufacturers);hashtags:texts(50)",
                       templates::new_component);
    row.guard = rules::guard_component;
    return row;
}

/// Connections are replaced in their name and authentication only.
constexpr WriteRow connection(std::string_view object, void (*check)(const Writing&, Defects&)) {
    return {
        .object = object,
        .fields = "iModelId*:guid;sourceFiles*:array(1)~files;displayName:text;authenticationType:enum(User|Service)",
        .update = put,
        .updates = "displayName authenticationType",
        .check = check,
        .guard = rules::guard_files};
}

constexpr WriteRow view(std::string_view object, std::string_view fields, std::string_view updates,
                        std::optional<http::Response> (*guard)(const Writing&) = nullptr) {
    return {.object = object,
            .fields = fields,
            .update = patch,
            .updates = updates,
            .missing_code = "InvalidRequestBody",
            .wrong_code = "InvalidRequestBody",
            .guard = guard};
}

constexpr std::array rows = {
    WriteRow{.object = "contextcapture/jobs",
             .fields = "type*:enum(Full|Calibration|Reconstruction);name*:filled;workspaceId*:filled;inputs*:array(1);"
                       "settings*:object>jobSettings~settings;costEstimationParameters:object;state+:state",
             .update = patch,
             .updates = "state settings type costEstimationParameters",
             .invalid = "InvalidContextCaptureRequest",
             .skeleton = templates::new_modeling_job,
             .check = rules::check_modeling_job,
             .guard = rules::guard_job,
             .finish = rules::finish_modeling_job},
    WriteRow{.object = "contextcapture/workspaces", .fields = "name*:filled;iTwinId:guid;contextCaptureVersion:text"},
    WriteRow{.object = "itwins",
             .fields =
                 "class*:enum(Thing|Endeavor);subClass*:enum(Asset|Project|Portfolio|Program|WorkPackage);"
                 "displayName*:filled(255);number:text(255);type:text;parentId:guid;dataCenterLocation:enum(East US|"
                 "North Europe|West Europe|Southeast Asia|Australia East|UK South|Canada Central|Central India|"
                 "Japan East);ianaTimeZone:text;geographicLocation:text;latitude:number;longitude:number;"
                 "status:enum(Active|Inactive|Trial)",
             .update = patch,
             .unique = "number",
             .taken = "iTwinExists",
             .taken_target = "number",
             .skeleton = templates::new_itwin},
    WriteRow{.object = "itwins/exports",
             .fields = "outputFormat*:enum(JsonGZip|JsonZipArchive|CsvGZip|Csv)>request/outputFormat;queryScope:"
                       "enum(MemberOfiTwin|OrganizationAdmin)>request/queryScope;subClass:text>request/subClass;"
                       "select:text>request/select;filter:text>request/filter;includeInactive:bool>"
                       "request/includeInactive",
             .removed = 0,
             .missing_code = "InvalidValue",
             .skeleton = templates::new_itwin_export},
    WriteRow{.object = "grouping-and-mapping/datasources/imodel-mappings",
             .fields = "iModelId*:guid;mappingName*:filled(128);description:text;extractionEnabled:bool;"
                       "sourceMappingId:text>-",
             .update = patch,
             .updates = "mappingName description extractionEnabled",
             .update_needs_one = true,
             .check = rules::check_mapping},
    WriteRow{.object = "imodels",
             .fields = "iTwinId*:guid;name*:filled(255);description:text;extent:object;creationMode:enum(empty|"
                       "fromiModelVersion|fromIModelVersion|fromBaseline)>-;template:object>-;baselineFile:object>-;"
                       "geographicCoordinateSystem:object>-;containersEnabled:int",
             .update = patch,
             .updates = "name description extent",
             .update_needs_one = true,
             .unique = "iTwinId name",
             .taken = "iModelExists",
             .no_itwin_status = 404},
    library("library/applications", "displayName*:name(250);version*:text(250)", templates::new_application),
    library("library/catalogs", "displayName*:name(250);description:text(250);region:text(250);hashtags:texts(50)",
            templates::new_catalog),
    library("library/categories", "displayName*:name(250)", templates::new_category),
    component(),
    library("library/manufacturers", "displayName*:name(250);phone:text(250);address:text(250);website:text(250)",
            templates::new_manufacturer),
    WriteRow{.object = "named-groups",
             .fields = "iTwinId*:guid;displayName*:filled(512);query*:filled;description:text;metadata:array",
             .update = patch,
             .updates = "displayName description query metadata",
             .update_needs_one = true,
             .check = rules::check_metadata},
    view("savedviews/groups", "iTwinId*:guid;displayName*:label;iModelId:guid;shared:bool;readOnly:bool",
         "displayName shared readOnly"),
    []() constexpr {
        auto row =
            view("savedviews",
                 "iTwinId*:guid;displayName*:label;savedViewData*:object;iModelId:guid;groupId:label;shared:bool;"
                 "tagIds:texts;extensions:array",
                 "savedViewData groupId displayName shared tagIds", rules::guard_view);
        row.check = rules::check_view;
        return row;
    }(),
    view("savedviews/tags", "displayName*:label;iTwinId:guid;iModelId:guid", "displayName", rules::guard_tag),
    WriteRow{.object = "schedules", .fields = "name*:filled;iTwinId*:guid;iModelId:guid", .location = true},
    WriteRow{.object = "reality-management/reality-data",
             .fields =
                 "displayName*:filled;type*:filled;iTwinId:guid>-;classification:enum(Terrain|Imagery|Pinned|Model|"
                 "Undefined);description:text;dataset:text;group:text;rootDocument:text;tags:texts;acquisition:object;"
                 "extent:object;authoring:bool;attribution:text;termsOfUse:text;crs:object;ownerId:guid",
             .update = patch,
             .missing_code = "InvalidParameter",
             .wrong_code = "InvalidParameter",
             .no_itwin_status = 404,
             .skeleton = templates::new_reality_data,
             .guard = rules::guard_reality_data},
    WriteRow{.object = "reality-analysis/detectors",
             .fields =
                 "name*:filled;type*:enum(PhotoObjectDetector|PhotoSegmentationDetector|"
                 "OrthophotoSegmentationDetector|PointCloudSegmentationDetector);displayName:text;description:text;"
                 "documentationUrl:text",
             .update = patch,
             .updates = "displayName description documentationUrl",
             .missing_code = "InvalidProperty",
             .target_prefix = "Detector.",
             .unique = "name",
             .taken = "DetectorExists",
             .skeleton = templates::new_detector,
             .check = rules::check_detector},
    WriteRow{.object = "reality-analysis/jobs",
             .fields =
                 "type*:enum(Objects2D|Segmentation2D|Segmentation3D|SegmentationOrthophoto|ChangeDetection|EvalO2D|"
                 "EvalO3D|EvalS2D|EvalS3D|EvalSOrtho|TrainingS3D);specifications*:object~specifications;"
                 "iTwinId*:guid;name:text",
             .removed = 200,
             .remove_sets = R"(state="TerminatingOnCancel")",
             .missing_code = "InvalidProperty",
             .no_itwin_status = 403,
             .skeleton = templates::new_analysis_job,
             .check = rules::check_analysis_job,
             .guard = rules::guard_analysis_job},
    WriteRow{.object = "realityconversion/jobs",
             .fields = "type*:enum(Conversion);name*:filled;inputs*:array(1);outputs*:array(1)~typed;iTwinId:guid;"
                       "options:object;costEstimationParameters:object>costEstimation;state+:state",
             .update = patch,
             .updates = "state options costEstimationParameters",
             .no_itwin_status = 403,
             .skeleton = templates::new_conversion_job,
             .check = rules::check_conversion_job,
             .guard = rules::guard_job,
             .finish = rules::finish_started_job},
    WriteRow{.object = "insights/reporting/reports",
             .fields = "displayName*:filled;projectId*:guid;description:text;deleted+:bool",
             .created = 200,
             .update = patch,
             .updates = "displayName description deleted",
             .remove_sets = "deleted=true"},
    WriteRow{.object = "insights/carbon-calculation/ec3/configurations",
             .fields = "displayName*:filled;labels*:array(1);reportId:text;iTwinId:guid;iModelId:guid;description:text",
             .update = put,
             .updates = "displayName description labels",
             .check = rules::check_labels},
    WriteRow{.object = "insights/carbon-calculation/ec3/jobs",
             .fields = "configurationId*:filled>-;projectName*:filled>-;ec3BearerToken*:filled>-;extractionId:text>-",
             .created = 200,
             .removed = 0},
    WriteRow{.object = "insights/carbon-calculation/oneclicklca/jobs",
             .fields = "reportId*:filled>-;token*:filled>-",
             .created = 200,
             .removed = 0,
             .finish = rules::finish_lca_job},
    WriteRow{.object = "changedelements/comparisonjob",
             .fields = "iTwinId*:guid;iModelId*:guid;startChangesetId*:filled;endChangesetId*:filled",
             .created = 202,
             .unique = "iTwinId iModelId startChangesetId endChangesetId",
             .taken = "ComparisonExists",
             .finish = rules::finish_comparison},
    WriteRow{.object = "forms",
             .fields = "formId*:filled;subject:text;description:text;dueDate:time;status:text;assignee:object;"
                       "assignees:array;sourceEntity:object;boundingBox:object;modelPin:object;modelView:object;"
                       "elementId:text;location:object;properties:object",
             .update = patch,
             .updates = "subject description dueDate status assignee assignees sourceEntity boundingBox modelPin "
                        "modelView elementId location properties",
             .guard = rules::guard_form},
    WriteRow{.object = "export/connections",
             .fields = "iModelId*:guid;displayName:text;authenticationType:enum(User|Service)"},
    connection("synchronization/imodels/manifestconnections", rules::check_manifest_files),
    connection("synchronization/imodels/storageconnections", rules::check_storage_files),
    WriteRow{.object = "synchronization/pnidtoitwin/inferences", .fields = "modelVersion*:filled;iTwinId*:guid"},
    WriteRow{.object = "transformations",
             .fields = "configurationId*:filled",
             .remove_sets = R"(status="Cancelled")",
             .guard = rules::guard_transformation},
    WriteRow{.object = "transformations/configurations/createfork",
             .fields = "transformName:text>name;comment:text",
             .create_path = "/transformations/configurations/createfork",
             .removed = 200,
             .finish = rules::finish_fork},
    WriteRow{.object = "mesh-export",
             .fields =
                 "iModelId*:guid>request/iModelId;changesetId:text>request/changesetId;exportType:enum(3DFT|CESIUM|"
                 "IMODEL|3DTiles)>request/exportType;lastModified:time>-",
             .created = 202,
             .missing_code = "InvalidParameter",
             .wrong_code = "InvalidParameter",
             .guard = rules::guard_mesh_export,
             .finish = rules::finish_mesh_export},
    WriteRow{.object = "webhooks",
             .fields = "callbackUrl*:url;scope*:enum(Account|iTwin);scopeId:guid;eventTypes*:array(1);secret:text>-;"
                       "active+:bool",
             .update = patch,
             .updates = "active callbackUrl eventTypes secret",
             .skeleton = templates::new_webhook,
             .check = rules::check_webhook},
};

}  // namespace

std::string_view to_string(Operation operation) {
    switch (operation) {
        case Operation::create: return "create";
        case Operation::update: return "update";
        case Operation::remove: return "delete";
    }
    return "";
}

std::span<const WriteRow> writes() { return rows; }

const WriteRow* find_write(std::string_view object) {
    const auto found = std::ranges::find(rows, object, &WriteRow::object);
    return found == rows.end() ? nullptr : &*found;
}

}  // namespace syncd::sandbox
