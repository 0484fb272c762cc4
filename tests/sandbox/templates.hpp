// The JSON of each object's records, with the fields and the time forms of the provider's documentation.
#pragma once

#include <string_view>

namespace syncd::sandbox::templates {

// $id$, $n$ (counts from 1), $created$, $guid$, $itwin$ (some iTwin's id), $caller$ and $owner$ (e-mail address and id
// of whom the record belongs to) and $pick:a|b$ (by n) are filled in.

inline constexpr std::string_view itwin =
    R"({"id":"$id$","class":"Endeavor","subClass":"$pick:Project|Asset|Program$","type":"$pick:Road|Bridge|Rail$",)"
    R"("number":"SBX-$n$","displayName":"iTwin $n$","geographicLocation":"$pick:Exton, PA|Helsinki|Łódź$",)"
    R"("ianaTimeZone":"$pick:America/New_York|Europe/Helsinki|Europe/Warsaw$","dataCenterLocation":"East US",)"
    R"("latitude":$pick:40.0|60.17|51.759$,"longitude":$pick:-75.62|24.94|19.456$,)"
    R"("status":"$pick:Active|Active|Active|Trial|Active|Inactive|Active$","parentId":null,"iTwinAccountId":"$guid$",)"
    R"("imageName":"photo$n$.jpg","image":"https://images.sandbox.invalid/$id$?sv=1&sig=0000000000000000&sp=r",)"
    R"("createdDateTime":"$created$","createdBy":"$guid$","lastModifiedDateTime":"$created$","lastModifiedBy":null})";
inline constexpr std::string_view itwin_minimal =
    "id class subClass type number displayName status iTwinAccountId";

inline constexpr std::string_view itwin_export =
    R"({"id":"$id$","status":"Queued","createdBy":"$owner$","createdDateTime":"$created$","startedDateTime":null,)"
    R"("completedDateTime":null,"outputUrl":null,"request":{"queryScope":"$pick:MemberOfiTwin|OrganizationAdmin$",)"
    R"("subClass":"Project","select":"id,displayName","filter":$pick:null|"status in ['Active']"$,)"
    R"("includeInactive":false,"outputFormat":"$pick:JsonGZip|Csv|CsvGZip$"}})";

inline constexpr std::string_view cesium_content =
    R"({"id":$id$,"type":"$pick:3DTILES|TERRAIN|IMAGERY|GLTF$","name":"Content $n$","description":"*Sample* no. $n$",)"
    R"("attribution":"Sandbox","status":"COMPLETE"})";

// All rows have the same subscription: only the unique name tells them apart.
inline constexpr std::string_view package =
    R"({"subscriptionId":"00000000-0000-0000-0000-000000000000","uniqueName":"$id$","name":"Survey data $n$",)"
    R"("description":"Package no. $n$","version":"1.$n$","projectStage":"$pick:Current|Preview$",)"
    R"("subscribedBy":"$owner$","subscribedByName":"Sam Sandbox","subscribedOn":"$created$",)"
    R"("isOdata":$pick:true|false$})";
inline constexpr std::string_view package_own =
    R"("lastChange":"2024-05-02T09:15:00.50-04:00","inputExample":"{}","responseExample":"{\"value\":[]}")";

inline constexpr std::string_view library_application =
    R"({"id":"$id$","displayName":"Application $n$","version":"$n$.0","createdDateTime":"$created$",)"
    R"("lastModifiedDateTime":"$created$"})";
inline constexpr std::string_view library_category =
    R"({"id":"$id$","displayName":"Category $n$","createdDateTime":"$created$","lastModifiedDateTime":"$created$"})";
inline constexpr std::string_view library_manufacturer =
    R"({"id":"$id$","displayName":"Manufacturer $n$","address":$pick:"1 Sand Street"|null$,"phone":null,)"
    R"("website":"https://m.sandbox.invalid/$n$","createdDateTime":"$created$","lastModifiedDateTime":"$created$"})";
inline constexpr std::string_view library_brand =
    R"({"id":"$id$","displayName":"Brand $n$","description":"Brand no. $n$","isAvailable":true,)"
    R"("isOwned":$pick:false|true$,"isPartnership":false,"createdDateTime":"$created$",)"
    R"("lastModifiedDateTime":"$created$"})";
inline constexpr std::string_view library_catalog =
    R"({"id":"$id$","displayName":"Catalog $n$","description":"Catalog no. $n$","region":"$pick:Europe|America$",)"
    R"("hashtags":["steel","n$n$"],"createdDateTime":"$created$","lastModifiedDateTime":"$created$"})";
inline constexpr std::string_view library_component =
    R"({"id":"$id$","displayName":"Component $n$","description":"Pump \"$n$\"","hashtags":["pump"],)"
    R"("state":"$pick:Draft|Published$","supportedFileTypes":["dgn","rfa"],"createdDateTime":"$created$",)"
    R"("lastModifiedDateTime":"$created$","_links":{"catalogs":[{"href":"https://api.sandbox.invalid/library/catalogs/)"
    R"($guid$"}],"application":{"href":"https://api.sandbox.invalid/library/applications/$guid$"},)"
    R"("category":{"href":"https://api.sandbox.invalid/library/categories/$guid$"},)"
    R"("manufacturer":{"href":"https://api.sandbox.invalid/library/manufacturers/$guid$"}}})";

inline constexpr std::string_view detector =
    R"({"name":"$id$","displayName":"Cracks $n$","description":"Finds cracks","type":"$pick:PhotoObjectDetector|)"
    R"(PhotoSegmentationDetector|OrthophotoSegmentationDetector|PointCloudSegmentationDetector$",)"
    R"("documentationUrl":"https://docs.sandbox.invalid/detectors/$n$","latestVersionNumber":"1.$n$"})";
inline constexpr std::string_view detector_own =
    R"("versions":[{"versionNumber":"1.0","status":"Ready","creationDate":"2025-03-01T08:00:00.0000000+00:00",)"
    R"("capabilities":{"labels":["crack"],"exports":["Objects2D"]}}])";
inline constexpr std::string_view preset_file =
    R"({"id":"$id$","name":"Preset $n$","type":"Preset","description":"For samples","deprecated":$pick:false|true$})";

inline constexpr std::string_view analysis_job =
    R"({"id":"$id$","name":"Analysis $n$","type":"$pick:Objects2D|Segmentation3D|ChangeDetection$","state":"Queued",)"
    R"("iTwinId":"$itwin$","userId":"$owner$","executionInfo":{"createdDateTime":"$created$","startedDateTime":null,)"
    R"("endedDateTime":null,"processingUnits":$pick:0.5|2$},"specifications":{"inputs":{"photos":"$guid$"},)"
    R"("outputs":["objects2D"],"options":{}}})";
inline constexpr std::string_view modeling_job =
    R"({"id":"$id$","name":"Job $n$","type":"$pick:Full|Calibration|Reconstruction$","state":"Queued",)"
    R"("createdDateTime":"$created$","lastModifiedDateTime":"$created$","iTwinId":"$itwin$","workspaceId":"$guid$",)"
    R"("location":"East US","email":"$caller$","estimatedCost":$pick:1.5|0|12.25$,)"
    R"("costEstimationParameters":{"gigaPixels":$n$,"megaPoints":0,"meshQuality":"Medium"},)"
    R"("executionInformation":{"submittedDateTime":"$created$","estimatedUnits":$pick:1.5|0.1|3$,"errors":[],)"
    R"("warnings":[]},"inputs":[{"id":"$guid$","description":"photos \"$n$\""}],)"
    R"("jobSettings":{"quality":"Medium","processingEngines":3,"outputs":[{"format":"3MX","id":"$n$"}]}})";
inline constexpr std::string_view conversion_job =
    R"({"id":"$id$","name":"Conversion $n$","type":"Conversion","state":"unsubmitted","createdDateTime":"$created$",)"
    R"("lastModifiedDateTime":"$created$","iTwinId":"$itwin$","ownerId":"$owner$","email":"$caller$",)"
    R"("dataCenter":"East US","executionInformation":{"submissionDateTime":null,"startedDateTime":null,)"
    R"("endedDateTime":null,"estimatedUnits":$pick:0.1|2$},"inputs":[{"id":"$guid$","type":"LAS"}],)"
    R"("outputs":[{"id":"$guid$","type":"OPC"}],"options":{"processingEngines":8,"merge":true},)"
    R"("costEstimation":{"estimatedCost":1.25,"gigaPixels":0,"megaPoints":$n$}})";

inline constexpr std::string_view reality_data =
    R"({"id":"$id$","displayName":"Reality data $n$","type":"$pick:3MX|Cesium3DTiles|OPC|CCImageCollection$",)"
    R"("description":"No. $n$","classification":"$pick:Model|Terrain|Imagery|Undefined$","tags":["sample","n$n$"],)"
    R"("dataset":"Sandbox","group":"Samples","rootDocument":"root.3mx","acquisition":{"startDateTime":)"
    R"("2019-05-10T09:46:16Z","endDateTime":"2019-05-10T17:00:00Z","acquirer":"Sam"},"extent":{"southWest":)"
    R"({"latitude":1.5,"longitude":2.5},"northEast":{"latitude":3.25,"longitude":4.0}},"authoring":false,)"
    R"("ownerId":"$owner$","attribution":"Sandbox","termsOfUse":"None","crs":{"id":"EPSG:3857","verticalId":null},)"
    R"("createdDateTime":"$created$","modifiedDateTime":"$created$","lastAccessedDateTime":"$created$",)"
    R"("dataCenterLocation":"East US","size":4294967296$n$})";

// The secret is not documented in lists, yet it was seen there.
inline constexpr std::string_view webhook =
    R"({"id":"$id$","scope":"$pick:Account|iTwin$","scopeId":"$itwin$","active":$pick:true|false$,)"
    R"("callbackUrl":"https://hooks.sandbox.invalid/$n$","eventTypes":["iTwins.iTwinCreated.v1",)"
    R"("iTwins.iTwinDeleted.v1"],"secret":"$guid$$guid$","created":"$created$","modified":"$created$"})";

}  // namespace syncd::sandbox::templates
