#include "tests/sandbox/samples.hpp"

#include "tests/sandbox/writes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace syncd::sandbox {
namespace {

struct Sample {
    std::string_view object, record, update{};
};

// $n$: the number; $i$: the iTwin; $m$: an iModel, another for each number; $f$: something that is there.
constexpr std::array samples = {
    Sample{"contextcapture/jobs",
           R"({"type":"Full","name":"Job $n$","workspaceId":"$f$","inputs":[{"id":"$m$"}],)"
           R"("settings":{"quality":"Extra","processingEngines":2,"outputs":["OBJ"]}})",
           R"({"state":"Active"})"},
    Sample{"contextcapture/workspaces", R"({"name":"Workspace $n$","iTwinId":"$i$"})"},
    Sample{"itwins",
           R"({"class":"Endeavor","subClass":"Project","displayName":"Written iTwin $n$","number":"WRITTEN-$n$"})",
           R"({"displayName":"Renamed iTwin $n$"})"},
    Sample{"itwins/exports", R"({"outputFormat":"Csv","select":"id,displayName","filter":"number eq '$n$'"})"},
    Sample{"grouping-and-mapping/datasources/imodel-mappings", R"({"iModelId":"$m$","mappingName":"mapping_$n$"})",
           R"({"description":"Changed $n$"})"},
    Sample{"imodels", R"({"iTwinId":"$i$","name":"iModel $n$"})", R"({"description":"Changed $n$"})"},
    Sample{"library/applications", R"({"displayName":"Application no $n$","version":"1.0"})",
           R"({"displayName":"Application no $n$","version":"2.0"})"},
    Sample{"library/catalogs", R"({"displayName":"Catalog no $n$","region":"Europe","hashtags":["steel"]})",
           R"({"displayName":"Catalog no $n$","description":"Changed"})"},
    Sample{"library/categories", R"({"displayName":"Category no $n$"})", R"({"displayName":"Category changed $n$"})"},
    Sample{"library/components", R"({"displayName":"Component no $n$","status":"Draft","hashtags":["pump"]})",
           R"({"displayName":"Component no $n$","status":"Published"})"},
    Sample{"library/manufacturers", R"({"displayName":"Manufacturer no $n$","phone":"1"})",
           R"({"displayName":"Manufacturer no $n$","website":"https://m.sandbox.invalid"})"},
    Sample{"named-groups",
           R"({"iTwinId":"$i$","displayName":"Group $n$","query":"SELECT ECInstanceId FROM bis.Element"})",
           R"({"description":"Changed $n$"})"},
    Sample{"savedviews/groups", R"({"iTwinId":"$i$","displayName":"Group $n$"})", R"({"shared":true})"},
    Sample{"savedviews",
           R"({"iTwinId":"$i$","displayName":"View $n$","savedViewData":{"itwin3dView":{"origin":[0,0,0]}}})",
           R"({"displayName":"View changed $n$"})"},
    Sample{"savedviews/tags", R"({"iTwinId":"$i$","displayName":"Tag $n$"})", R"({"displayName":"Tag changed $n$"})"},
    Sample{"schedules", R"({"name":"Schedule $n$","iTwinId":"$i$"})"},
    Sample{"reality-management/reality-data",
           R"({"displayName":"Reality data no $n$","type":"OPC","iTwinId":"$i$","tags":["written-$n$"]})",
           R"({"description":"Changed $n$","iTwinId":"$i$"})"},
    Sample{"reality-analysis/detectors", R"({"name":"@acme/cracks-$n$","type":"PhotoObjectDetector"})",
           R"({"displayName":"Cracks $n$"})"},
    Sample{"reality-analysis/jobs", R"({"type":"Objects2D","name":"Analysis no $n$","iTwinId":"$i$","specifications":)"
                                    R"({"inputs":{"photos":"$m$"},"outputs":["objects2D"]}})"},
    Sample{
        "realityconversion/jobs",
        R"({"type":"Conversion","name":"Conversion no $n$","iTwinId":"$i$","inputs":[{"id":"$m$"}],"outputs":["OPC"]})",
        R"({"state":"active"})"},
    Sample{"insights/reporting/reports", R"({"displayName":"Report $n$","projectId":"$i$"})",
           R"({"description":"Changed $n$"})"},
    Sample{
        "insights/carbon-calculation/ec3/configurations",
        R"({"displayName":"Configuration $n$","reportId":"report-$n$","labels":[{"name":"Walls","elementNameColumn":"a",)"
        R"("elementQuantityColumn":"b","reportTable":"walls","materials":[{"nameColumn":"c"}]}]})",
        R"({"displayName":"Configuration changed $n$","labels":[{"name":"Walls","elementNameColumn":"a",)"
        R"("elementQuantityColumn":"b","reportTable":"walls","materials":[{"nameColumn":"d"}]}]})"},
    Sample{"insights/carbon-calculation/ec3/jobs",
           R"({"configurationId":"$f$","projectName":"Project $n$","ec3BearerToken":"secret-$n$"})"},
    Sample{"insights/carbon-calculation/oneclicklca/jobs", R"({"reportId":"report-$n$","token":"secret-$n$"})"},
    Sample{"changedelements/comparisonjob",
           R"({"iTwinId":"$i$","iModelId":"$m$","startChangesetId":"a$n$","endChangesetId":"b$n$"})"},
    Sample{"forms", R"({"formId":"$f$","subject":"Form $n$"})", R"({"description":"Changed $n$"})"},
    Sample{"export/connections", R"({"iModelId":"$m$","displayName":"Export $n$"})"},
    Sample{"synchronization/imodels/manifestconnections",
           R"({"iModelId":"$m$","displayName":"Manifest $n$","sourceFiles":[{"sourceFileId":"file-$n$"}]})",
           R"({"displayName":"Manifest changed $n$","authenticationType":"Service"})"},
    Sample{"synchronization/imodels/storageconnections",
           R"({"iModelId":"$m$","displayName":"Storage $n$","sourceFiles":[{"storageFileId":"file-$n$",)"
           R"("connectorType":"IFC"}]})",
           R"({"displayName":"Storage changed $n$","authenticationType":"Service"})"},
    Sample{"synchronization/pnidtoitwin/inferences", R"({"modelVersion":"1.$n$","iTwinId":"$i$"})"},
    Sample{"transformations", R"({"configurationId":"$f$"})"},
    Sample{"transformations/configurations/createfork",
           R"({"sourceProjectId":"$i$","sourceIModelId":"$m$","targetProjectId":"$i$","targetIModelId":"$f$",)"
           R"("transformName":"Fork $n$"})"},
    Sample{"mesh-export", R"({"iModelId":"$m$","changesetId":"c$n$","exportType":"3DTiles"})"},
    Sample{"webhooks",
           R"({"callbackUrl":"https://hooks.sandbox.invalid/written/$n$","scope":"iTwin","scopeId":"$i$",)"
           R"("eventTypes":["iModels.iModelDeleted.v1"],"secret":"0123456789012345678901234567890$n$"})",
           R"({"active":true})"},
};

std::string filled(std::string_view text, std::uint64_t n, std::string_view itwin) {
    std::string out;
    for (auto at = text.find('$'); at != std::string_view::npos; at = text.find('$')) {
        out += text.substr(0, at);
        const char what = text[at + 1];
        if (what == 'n')
            out += std::to_string(n);
        else if (what == 'i')
            out += itwin;
        else if (what == 'm')
            out += fmt::format("1b0de100-0000-4000-8000-{:012x}", n);
        else
            out += fmt::format("{}8000-{:012x}", furniture, n);
        text.remove_prefix(at + 3);
    }
    return out += text;
}

const Sample* find_sample(std::string_view object) {
    const auto found = std::ranges::find(samples, object, &Sample::object);
    return found == samples.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> written_objects() {
    std::vector<std::string> names;
    for (const auto& write : writes()) names.emplace_back(write.object);
    return names;
}

std::string sample_record(std::string_view object, std::uint64_t n, std::string_view itwin) {
    const auto* sample = find_sample(object);
    return sample ? filled(sample->record, n, itwin) : std::string();
}

std::string sample_update(std::string_view object, std::uint64_t n) {
    const auto* sample = find_sample(object);
    return sample ? filled(sample->update, n, sample_itwin) : std::string();
}

std::string_view deletable_state(std::string_view object) { return object == "mesh-export" ? "Complete" : ""; }

}  // namespace syncd::sandbox
