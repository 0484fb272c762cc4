#include "tests/sandbox/objects.hpp"

#include "tests/sandbox/call.hpp"

#include <array>

namespace syncd::sandbox {
namespace {

constexpr std::string_view itwin_record =
    R"({"id":"$id$","class":"Endeavor","subClass":"$pick:Project|Asset|Program$","type":"$pick:Road|Bridge|Rail$",)"
    R"("number":"SBX-$n$","displayName":"iTwin $n$","geographicLocation":"$pick:Exton, PA|Helsinki|Łódź$",)"
    R"("ianaTimeZone":"$pick:America/New_York|Europe/Helsinki|Europe/Warsaw$","dataCenterLocation":"East US",)"
    R"("latitude":$pick:40.0|60.17|51.759$,"longitude":$pick:-75.62|24.94|19.456$,)"
    R"("status":"$pick:Active|Active|Active|Trial|Active|Inactive|Active$","parentId":null,"iTwinAccountId":"$guid$",)"
    R"("imageName":"photo$n$.jpg","image":"https://images.sandbox.invalid/$id$?sv=1&sig=0000000000000000&sp=r",)"
    R"("createdDateTime":"$created$","createdBy":"$guid$","lastModifiedDateTime":"$modified$","lastModifiedBy":null})";
constexpr std::string_view itwin_minimal = "id class subClass type number displayName status iTwinAccountId";

constexpr std::string_view cesium_record =
    R"({"id":$id$,"type":"$pick:3DTILES|TERRAIN|IMAGERY|GLTF$","name":"Content $n$","description":"*Sample* no. $n$",)"
    R"("attribution":"Sandbox","status":"COMPLETE"})";

constexpr std::string_view modeling_job_record =
    R"({"id":"$id$","name":"Job $n$","type":"$pick:Full|Calibration|Reconstruction$","state":"Queued",)"
    R"("createdDateTime":"$created$","lastModifiedDateTime":"$modified$","iTwinId":"$itwin$","workspaceId":"$guid$",)"
    R"("location":"East US","email":"$caller$","estimatedCost":$pick:1.5|0|12.25$,)"
    R"("executionInformation":{"submittedDateTime":"$created$","estimatedUnits":$pick:1.5|0.1|3$,"errors":[],)"
    R"("warnings":[]},"inputs":[{"id":"$guid$","description":"photos \"$n$\""}],)"
    R"("jobSettings":{"quality":"Medium","processingEngines":3,"outputs":[{"format":"3MX","id":"$n$"}]}})";

constexpr std::array rows = {
    ObjectRow{.name = "itwins", .alias = "itwins", .path = "/itwins/", .key = "iTwins", .paging = Paging::offset,
              .self_link = true, .max_return = true,
              .filters = "id displayName number status type subClass createdDateTime lastModifiedDateTime",
              .equals = "subClass status type number displayName parentId iTwinAccountId",
              .orders = "displayName number createdDateTime lastModifiedDateTime", .inactive_hidden = true,
              .own_wrapper = "iTwin", .not_found = "iTwinNotFound", .invalid = "InvalidiTwinsRequest",
              .minimal = itwin_minimal, .image = "image", .name_member = "displayName",
              .modified_member = "lastModifiedDateTime", .time_form = TimeForm::ticks, .record = itwin_record},
    ObjectRow{.name = "itwins/recents", .alias = "recents", .path = "/itwins/recents", .key = "iTwins",
              .paging = Paging::offset, .self_link = true, .equals = "subClass status type", .inactive_hidden = true,
              .invalid = "InvalidiTwinsRequest", .minimal = itwin_minimal, .image = "image", .view_of = "itwins",
              .rows_max = 25, .absence_is_delete = false},
    ObjectRow{.name = "itwins/favorites", .alias = "favorites", .path = "/itwins/favorites", .key = "iTwins",
              .paging = Paging::offset, .self_link = true, .equals = "subClass status type", .inactive_hidden = true,
              .invalid = "InvalidiTwinsRequest", .minimal = itwin_minimal, .image = "image", .view_of = "itwins",
              .absence_is_delete = false},
    ObjectRow{.name = "curated-content/cesium", .alias = "cesium", .path = "/curated-content/cesium/", .key = "items",
              .numeric_id = true, .equals = "iTwinId", .invalid = "InvalidCesiumCuratedContentRequest",
              .record = cesium_record},
    ObjectRow{.name = "contextcapture/jobs", .alias = "jobs", .path = "/contextcapture/jobs", .key = "jobs",
              .paging = Paging::token, .top_min = 2, .filter_required = true,
              .filters = "id iTwinId name email type state createdDateTime inputId outputId", .owner_member = "email",
              .own_wrapper = "job", .not_found = "JobNotFound", .invalid = "InvalidRealityModelingRequest",
              .modified_member = "lastModifiedDateTime", .state_member = "state", .states = "Queued Active Success",
              .absence_is_delete = false, .record = modeling_job_record},
};

}  // namespace

std::span<const ObjectRow> objects() { return rows; }

const ObjectRow* find_object(std::string_view name) {
    for (const auto& row : rows)
        if (row.name == name || row.alias == name) return &row;
    return nullptr;
}

const ObjectRow* find_list(std::string_view path) {
    const auto bare = [](std::string_view text) {
        return text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
    };
    for (const auto& row : rows)
        if (same_text(bare(row.path), bare(path))) return &row;
    return nullptr;
}

}  // namespace syncd::sandbox
