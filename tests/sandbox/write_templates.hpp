// The JSON of records that callers made, without what their bodies say; placeholders as in templates.hpp, and $home$:
// the first iTwin.
#pragma once

#include <string_view>

namespace syncd::sandbox::templates {

// Of objects that are read as well.
inline constexpr std::string_view new_itwin =
    R"({"id":"$id$","class":null,"subClass":null,"type":null,"number":null,"displayName":null,)"
    R"("geographicLocation":null,"ianaTimeZone":null,"dataCenterLocation":"East US","latitude":null,"longitude":null,)"
    R"("status":"Active","parentId":null,"iTwinAccountId":"$guid$","imageName":null,"image":null,)"
    R"("createdDateTime":"$created$","createdBy":"$owner$","lastModifiedDateTime":"$created$","lastModifiedBy":null})";
inline constexpr std::string_view new_itwin_export =
    R"({"id":"$id$","status":"Queued","createdBy":"$owner$","createdDateTime":"$created$","startedDateTime":null,)"
    R"("completedDateTime":null,"outputUrl":null,"request":{"queryScope":"MemberOfiTwin","subClass":null,)"
    R"("select":null,"filter":null,"includeInactive":false,"outputFormat":null}})";
inline constexpr std::string_view new_application =
    R"({"id":"$id$","displayName":null,"version":null,"createdDateTime":"$created$",)"
    R"("lastModifiedDateTime":"$created$"})";
inline constexpr std::string_view new_catalog =
    R"({"id":"$id$","displayName":null,"description":null,"region":null,"hashtags":[],)"
    R"("createdDateTime":"$created$","lastModifiedDateTime":"$created$"})";
inline constexpr std::string_view new_category =
    R"({"id":"$id$","displayName":null,"createdDateTime":"$created$","lastModifiedDateTime":"$created$"})";
inline constexpr std::string_view new_component =
    R"({"id":"$id$","displayName":null,"description":null,"hashtags":[],"state":null,"supportedFileTypes":[],)"
    R"("createdDateTime":"$created$","lastModifiedDateTime":"$created$",)"
    R"("_links":{"catalogs":[],"application":null,"category":null,"manufacturer":null}})";
inline constexpr std::string_view new_manufacturer =
    R"({"id":"$id$","displayName":null,"address":null,"phone":null,"website":null,)"
    R"("createdDateTime":"$created$","lastModifiedDateTime":"$created$"})";
inline constexpr std::string_view new_detector =
    R"({"name":"$id$","displayName":null,"description":null,"type":null,"documentationUrl":null,)"
    R"("latestVersionNumber":null})";
inline constexpr std::string_view new_analysis_job =
    R"({"id":"$id$","name":null,"type":null,"state":"Active","iTwinId":null,"userId":"$owner$","executionInfo":)"
    R"({"createdDateTime":"$created$","startedDateTime":"$created$","endedDateTime":null,"processingUnits":0},)"
    R"("specifications":{}})";
inline constexpr std::string_view new_modeling_job =
    R"({"id":"$id$","name":null,"type":null,"state":"unsubmitted","createdDateTime":"$created$",)"
    R"("lastModifiedDateTime":"$created$","iTwinId":"$home$","workspaceId":null,"location":"East US",)"
    R"("email":"$caller$","estimatedCost":0,"costEstimationParameters":null,"executionInformation":)"
    R"({"submittedDateTime":null,"estimatedUnits":0,"errors":[],"warnings":[]},"inputs":[],"jobSettings":{}})";
inline constexpr std::string_view new_conversion_job =
    R"({"id":"$id$","name":null,"type":"Conversion","state":"unsubmitted","createdDateTime":"$created$",)"
    R"("lastModifiedDateTime":"$created$","iTwinId":null,"ownerId":"$owner$","email":"$caller$",)"
    R"("dataCenter":"East US","executionInformation":{"submissionDateTime":null,"startedDateTime":null,)"
    R"("endedDateTime":null,"estimatedUnits":0},"inputs":[],"outputs":[],"options":null,"costEstimation":null})";
inline constexpr std::string_view new_reality_data =
    R"({"id":"$id$","displayName":null,"type":null,"description":null,"classification":"Undefined","tags":[],)"
    R"("dataset":null,"group":null,"rootDocument":null,"acquisition":null,"extent":null,"authoring":false,)"
    R"("ownerId":"$owner$","attribution":null,"termsOfUse":null,"crs":null,"createdDateTime":"$created$",)"
    R"("modifiedDateTime":"$created$","lastAccessedDateTime":"$created$","dataCenterLocation":"East US","size":0})";
inline constexpr std::string_view new_webhook =
    R"({"id":"$id$","scope":null,"scopeId":null,"active":false,"callbackUrl":null,"eventTypes":[],)"
    R"("created":"$created$","modified":"$created$"})";

// Of objects that are written only.
inline constexpr std::string_view workspace =
    R"({"id":"$id$","name":null,"iTwinId":"$home$","contextCaptureVersion":null,"createdDateTime":"$created$"})";
inline constexpr std::string_view mapping =
    R"({"id":"$id$","mappingName":null,"description":null,"extractionEnabled":false,"createdBy":"$caller$",)"
    R"("createdOn":"$created$","modifiedBy":"$caller$","modifiedOn":"$created$","iModelId":null})";
inline constexpr std::string_view imodel =
    R"({"id":"$id$","displayName":null,"dataCenterLocation":"East US","name":null,"description":null,)"
    R"("state":"initialized","createdDateTime":"$created$","lastChangesetPushDateTime":null,"iTwinId":null,)"
    R"("isSecured":false,"extent":null,"containersEnabled":0,"_links":{"creator":{"href":)"
    R"("https://api.sandbox.invalid/imodels/$id$/users/$caller$"}}})";
inline constexpr std::string_view named_group =
    R"({"id":"$id$","displayName":null,"description":null,"query":null,"metadata":[],"iTwinId":null,)"
    R"("createdDateTime":"$created$","createdBy":"$caller$","lastModifiedDateTime":"$created$",)"
    R"("lastModifiedBy":"$caller$"})";
inline constexpr std::string_view view_group =
    R"({"id":"$id$","displayName":null,"shared":false,"readOnly":false,"iTwinId":null,"iModelId":null,"_links":)"
    R"({"creator":{"href":"https://api.sandbox.invalid/accesscontrol/members/$caller$"}}})";
inline constexpr std::string_view saved_view =
    R"({"id":"$id$","displayName":null,"shared":false,"creationTime":"$created$","lastModified":"$created$",)"
    R"("iTwinId":null,"iModelId":null,"groupId":null,"tagIds":[],"extensions":[],"savedViewData":{},"_links":)"
    R"({"creator":{"href":"https://api.sandbox.invalid/accesscontrol/members/$caller$"}}})";
inline constexpr std::string_view view_tag =
    R"({"id":"$id$","displayName":null,"iTwinId":null,"iModelId":null,"_links":)"
    R"({"creator":{"href":"https://api.sandbox.invalid/accesscontrol/members/$caller$"}}})";
inline constexpr std::string_view schedule =
    R"({"id":"$id$","name":null,"iTwinId":null,"iModelId":null,"type":"nextGen","version":"v10"})";
inline constexpr std::string_view report =
    R"({"id":"$id$","displayName":null,"description":null,"deleted":false,"projectId":null,"createdBy":"$caller$",)"
    R"("createdOn":"$created$","modifiedBy":"$caller$","modifiedOn":"$created$"})";
inline constexpr std::string_view ec3_configuration =
    R"({"id":"$id$","displayName":null,"description":null,"labels":[],"reportId":null,"iTwinId":"$home$",)"
    R"("iModelId":null,"createdBy":"$caller$","createdOn":"$created$","modifiedBy":"$caller$",)"
    R"("modifiedOn":"$created$"})";
inline constexpr std::string_view carbon_job = R"({"id":"$id$","status":"Queued"})";
inline constexpr std::string_view comparison =
    R"({"jobId":"$id$","status":"Queued","iTwinId":null,"iModelId":null,"startChangesetId":null,)"
    R"("endChangesetId":null})";
inline constexpr std::string_view form =
    R"({"id":"$id$","displayName":"Form $n$","formId":null,"type":"Issue","iTwinId":"$home$","status":"Open",)"
    R"("subject":null,"description":null,"dueDate":null,"assignee":null,"assignees":[],"sourceEntity":null,)"
    R"("boundingBox":null,"modelPin":null,"modelView":null,"elementId":null,"location":null,"properties":{},)"
    R"("createdBy":"$caller$","createdDateTime":"$created$","lastModifiedDateTime":"$created$"})";
inline constexpr std::string_view export_connection =
    R"({"id":"$id$","displayName":null,"iModelId":null,"authenticationType":"User"})";
inline constexpr std::string_view sync_connection =
    R"({"id":"$id$","displayName":null,"iModelId":null,"authenticationType":"User","sourceFiles":[]})";
inline constexpr std::string_view inference =
    R"({"id":"$id$","modelVersion":null,"iTwinId":null,"state":"Created","createdBy":"$caller$",)"
    R"("createdDateTime":"$created$"})";
inline constexpr std::string_view transformation =
    R"({"id":"$id$","configurationId":null,"status":"Created","createdDateTime":"$created$","endDateTime":null,)"
    R"("_links":{"creator":{"href":"https://api.sandbox.invalid/accesscontrol/members/$caller$"}}})";
inline constexpr std::string_view fork_configuration =
    R"({"id":"$id$","name":null,"comment":null,"transformType":"CreateFork","projectId":"$home$",)"
    R"("createdDateTime":"$created$","_links":)"
    R"({"creator":{"href":"https://api.sandbox.invalid/accesscontrol/members/$caller$"}}})";
inline constexpr std::string_view mesh_export =
    R"({"id":"$id$","displayName":"Export $n$","status":"NotStarted","createdBy":"$caller$",)"
    R"("lastModified":"$created$","request":{"iModelId":null,"changesetId":"","exportType":"3DTiles"}})";

}  // namespace syncd::sandbox::templates
