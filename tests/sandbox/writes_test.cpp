// Every object that can be written, as the documentation has it; the rows of write_rows.cpp are not asked here.
#include "tests/sandbox/bench.hpp"
#include "tests/sandbox/samples.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <set>

namespace syncd::sandbox {
namespace {

struct Documented {
    const char *object, *create;      // name, and path of the POST
    int version, created;             // of Accept, and the status of a create
    const char *wrapper, *id = "id";  // "" for none; member that is the record's key
    const char* update = "";          // method; empty: none
    int removed = 204;                // status of a delete; 0: there is none
    const char* missing = "";         // targets of what an empty object lacks
    const char* invalid = "";         // its error code
    int invalid_status = 422;
    const char* list = "";  // query or path by which the new record is looked up; empty: there is no list
    const char* key = "";
    bool stays = false;  // a delete leaves the record readable
};

const std::vector<Documented> documented = {
    {"contextcapture/jobs", "/contextcapture/jobs", 1, 201, "job", "id", "PATCH", 204,
     "type name workspaceId inputs settings", "InvalidContextCaptureRequest", 422,
     "/contextcapture/jobs?$filter=name%20eq%20'Job%201'%20and%20iTwinId%20eq%20ITWIN", "jobs"},
    {"contextcapture/workspaces", "/contextcapture/workspaces", 1, 201, "workspace", "id", "", 204, "name",
     "InvalidContextCaptureRequest"},
    {"itwins", "/itwins/", 1, 201, "iTwin", "id", "PATCH", 204, "class subClass displayName", "InvalidiTwinsRequest",
     422, "/itwins?number=WRITTEN-1&includeInactive=true", "iTwins"},
    {"itwins/exports", "/itwins/exports", 1, 201, "export", "id", "", 0, "outputFormat", "InvalidiTwinsRequest", 422,
     "/itwins/exports", "exports"},
    {"grouping-and-mapping/datasources/imodel-mappings", "/grouping-and-mapping/datasources/imodel-mappings", 1, 201,
     "mapping", "id", "PATCH", 204, "iModelId mappingName", "InvalidGroupingAndMappingRequest", 422,
     "/grouping-and-mapping/datasources/imodel-mappings?iModelId=IMODEL", "mappings"},
    {"imodels", "/imodels/", 2, 201, "iModel", "id", "PATCH", 204, "iTwinId name", "InvalidiModelsRequest", 422,
     "/imodels?iTwinId=ITWIN&name=iModel%201", "iModels"},
    {"library/applications", "/library/applications", 1, 201, "application", "id", "PUT", 204, "displayName version",
     "InvalidApplicationsRequest", 422, "/library/applications", "applications"},
    {"library/catalogs", "/library/catalogs", 1, 201, "catalog", "id", "PUT", 204, "displayName",
     "InvalidCatalogsRequest", 422, "/library/catalogs", "catalogs"},
    {"library/categories", "/library/categories", 1, 201, "category", "id", "PUT", 204, "displayName",
     "InvalidCategoriesRequest", 422, "/library/categories", "categories"},
    {"library/components", "/library/components", 1, 201, "component", "id", "PUT", 204, "displayName status",
     "InvalidComponentsRequest", 422, "/library/components", "components"},
    {"library/manufacturers", "/library/manufacturers", 1, 201, "manufacturer", "id", "PUT", 204, "displayName",
     "InvalidManufacturersRequest", 422, "/library/manufacturers", "manufacturers"},
    {"named-groups", "/named-groups/", 1, 201, "group", "id", "PATCH", 204, "iTwinId displayName query",
     "InvalidNamedGroupsRequest", 422, "/named-groups/?iTwinId=ITWIN", "groups"},
    {"savedviews/groups", "/savedviews/groups", 1, 201, "group", "id", "PATCH", 204, "iTwinId displayName",
     "InvalidSavedviewsRequest", 422, "/savedviews/groups?iTwinId=ITWIN", "groups"},
    {"savedviews", "/savedviews/", 1, 201, "savedView", "id", "PATCH", 204, "iTwinId displayName savedViewData",
     "InvalidSavedviewsRequest", 422, "/savedviews/?iTwinId=ITWIN&$top=10&$skip=0", "savedViews"},
    {"savedviews/tags", "/savedviews/tags", 1, 201, "tag", "id", "PATCH", 204, "displayName",
     "InvalidSavedviewsRequest", 422, "/savedviews/tags?iTwinId=ITWIN", "tags"},
    {"schedules", "/schedules/", 1, 201, "schedule", "id", "", 204, "name iTwinId", "InvalidSchedulesRequest", 400,
     "/schedules/itwinid/ITWIN", "schedules"},
    {"reality-management/reality-data", "/reality-management/reality-data/", 1, 201, "realityData", "id", "PATCH", 204,
     "displayName type", "InvalidRealityDataRequest", 422,
     "/reality-management/reality-data?iTwinId=ITWIN&tag=written-1", "realityData"},
    {"reality-analysis/detectors", "/reality-analysis/detectors", 2, 201, "detector", "name", "PATCH", 204,
     "Detector.Name Detector.Type", "InvalidRealityAnalysisRequest", 400, "/reality-analysis/detectors", "detectors"},
    {"reality-analysis/jobs", "/reality-analysis/jobs", 2, 201, "job", "id", "", 200, "type specifications iTwinId",
     "InvalidRealityAnalysisRequest", 400,
     "/reality-analysis/jobs?$filter=name%20eq%20'Analysis%20no%201'%20and%20iTwinId%20eq%20ITWIN", "jobs", true},
    {"realityconversion/jobs", "/realityconversion/jobs", 1, 201, "job", "id", "PATCH", 204, "type name inputs outputs",
     "InvalidRealityConversionRequest", 422,
     "/realityconversion/jobs?$filter=name%20eq%20'Conversion%20no%201'%20and%20iTwinId%20eq%20ITWIN", "jobs"},
    {"insights/reporting/reports", "/insights/reporting/reports/", 1, 200, "report", "id", "PATCH", 204,
     "displayName projectId", "InvalidInsightsRequest", 422,
     "/insights/reporting/reports?projectId=ITWIN&deleted=false", "reports", true},
    {"insights/carbon-calculation/ec3/configurations", "/insights/carbon-calculation/ec3/configurations", 1, 201,
     "configuration", "id", "PUT", 204, "displayName labels reportId", "InvalidCarbonCalculationRequest", 422,
     "/insights/carbon-calculation/ec3/configurations?iTwinId=ITWIN", "configurations"},
    {"insights/carbon-calculation/ec3/jobs", "/insights/carbon-calculation/ec3/jobs", 1, 200, "job", "id", "", 0,
     "configurationId projectName ec3BearerToken", "InvalidCarbonCalculationRequest"},
    {"insights/carbon-calculation/oneclicklca/jobs", "/insights/carbon-calculation/oneclicklca/jobs", 1, 200, "job",
     "id", "", 0, "reportId token", "InvalidCarbonCalculationRequest"},
    {"changedelements/comparisonjob", "/changedelements/comparisonjob", 2, 202, "comparisonJob", "jobId", "", 204,
     "iTwinId iModelId startChangesetId endChangesetId", "InvalidChangedElementsRequest"},
    {"forms", "/forms/", 2, 201, "form", "id", "PATCH", 204, "formId", "InvalidFormsRequest", 422,
     "/forms/?iTwinId=ITWIN&type=Issue", "formDataInstances"},
    {"export/connections", "/export/connections", 1, 201, "connection", "id", "", 204, "imodelId",
     "InvalidExportConnectionRequest", 422, "/export/connections?imodelId=IMODEL&$top=5&$skip=0", "connections"},
    {"synchronization/imodels/manifestconnections", "/synchronization/imodels/manifestconnections", 1, 201,
     "connection", "id", "PUT", 204, "imodelId sourceFiles", "InvalidManifestConnectionRequest", 422,
     "/synchronization/imodels/manifestconnections?iModelId=IMODEL", "connections"},
    {"synchronization/imodels/storageconnections", "/synchronization/imodels/storageconnections", 1, 201, "connection",
     "id", "PUT", 204, "imodelId sourceFiles", "InvalidStorageConnectionRequest", 422,
     "/synchronization/imodels/storageconnections?iModelId=IMODEL&$top=5&$skip=0", "connections"},
    {"synchronization/pnidtoitwin/inferences", "/synchronization/pnidtoitwin/inferences", 2, 201, "inference", "id", "",
     204, "modelVersion iTwinId", "InvalidPnIDToiTwinRequest", 422,
     "/synchronization/pnidtoitwin/inferences?iTwinId=ITWIN&$top=5", "inferences"},
    {"transformations", "/transformations/", 1, 201, "transformation", "id", "", 204, "configurationId",
     "InvalidTransformationsRequest", 422, "/transformations/?configurationId=CONFIGURATION", "transformations", true},
    {"transformations/configurations/createfork", "/transformations/configurations/createfork", 1, 201, "configuration",
     "id", "", 200, "", "", 422, "/transformations/configurations?projectId=ITWIN", "configurations"},
    {"mesh-export", "/mesh-export/", 1, 202, "export", "id", "", 204, "iModelId", "InvalidMeshExportRequest", 422,
     "/mesh-export/?iModelId=IMODEL&changesetId=c1&exportType=3DTiles&$orderBy=date:desc", "exports"},
    {"webhooks", "/webhooks/", 2, 201, "", "id", "PATCH", 204, "callbackUrl scope eventTypes", "InvalidWebhooksRequest",
     422, "/webhooks/", "webhooks"},
};

void PrintTo(const Documented& row, std::ostream* out) { *out << row.object; }

std::string text(const bj::value& value, const std::string& member) {
    return std::string(value.at(member).as_string());
}

class Writes : public testing::TestWithParam<Documented> {
protected:
    Writes() { bench.version = row.version; }

    bj::value record_of(const http::Response& response) {
        const auto body = bj::parse(response.body);
        return *row.wrapper ? body.at(row.wrapper) : body;
    }
    http::Response create(std::uint64_t n = 1) { return bench.write("POST", row.create, sample_record(row.object, n)); }
    std::string own_path(const bj::value& record) {
        const auto id = text(record, row.id);
        const std::string object = row.object;
        if (object == "changedelements/comparisonjob")
            return fmt::format("/{}/{}/itwin/{}/imodel/{}", object, id, text(record, "iTwinId"),
                               text(record, "iModelId"));
        if (object == "transformations/configurations/createfork") return "/transformations/configurations/" + id;
        std::string encoded;
        for (const char c : id) encoded += c == '/' ? "%2F" : std::string(1, c);
        return fmt::format("/{}/{}", object, encoded);
    }
    std::vector<std::string> details_of(const http::Response& response, const char* member) {
        std::vector<std::string> found;
        const auto body = bj::parse(response.body);
        for (const auto& detail : body.at("error").at("details").as_array()) found.push_back(text(detail, member));
        return found;
    }
    /// The keys of the records that its list shows.
    std::set<std::string> listed() {
        std::string target = row.list;
        const auto put = [&](std::string_view name, std::string_view value) {
            if (const auto at = target.find(name); at != std::string::npos) target.replace(at, name.size(), value);
        };
        put("ITWIN", sample_itwin);
        put("IMODEL", "1b0de100-0000-4000-8000-000000000001");
        put("CONFIGURATION", "5a5d0000-0000-4000-8000-000000000001");
        std::set<std::string> ids;
        for (const auto& each : bench.all(target, row.key, everything)) ids.insert(text(each, row.id));
        return ids;
    }

    Documented row = GetParam();
    Bench bench;
};

TEST_P(Writes, AreCreatedAndRead) {
    const auto response = create();

    ASSERT_EQ(response.status, row.created) << response.body;
    const auto record = record_of(response);
    const auto id = text(record, row.id);
    EXPECT_FALSE(id.empty());
    const auto own = bench.get(own_path(record));
    ASSERT_EQ(own.status, 200) << own.body;
    EXPECT_EQ(text(record_of(own), row.id), id);
    if (*row.list) EXPECT_TRUE(listed().contains(id));
}

TEST_P(Writes, AreUpdatedWhereThatIsServed) {
    const auto record = record_of(create());
    const std::string method = row.update;
    bench.world.pass(std::chrono::minutes{1});

    const auto body = method.empty() ? std::string(R"({"displayName":"x"})") : sample_update(row.object, 1);
    const auto response = bench.write(method == "PUT" ? "PUT" : "PATCH", own_path(record), body);
    const auto other = bench.write(method == "PUT" ? "PATCH" : "PUT", own_path(record), body);

    EXPECT_EQ(other.status, 404);
    ASSERT_EQ(response.status, method.empty() ? 404 : 200) << response.body;
    if (method.empty()) return;
    const auto answered = record_of(response).as_object();
    EXPECT_NE(answered, record);
    const auto now = record_of(bench.get(own_path(record)));
    for (const auto& [name, value] : answered) {
        if (name != "lastAccessedDateTime" && name != "latestVersionNumber") EXPECT_EQ(now.at(name), value) << name;
    }
}

TEST_P(Writes, AreDeletedWhereThatIsServed) {
    const auto record = record_of(create());
    if (const auto state = deletable_state(row.object); !state.empty())
        bench.control("POST", fmt::format("{}/advance?state={}", row.object, state));

    const auto response = bench.write("DELETE", own_path(record));

    ASSERT_EQ(response.status, row.removed == 0 ? 404 : row.removed) << response.body;
    if (row.removed == 204) EXPECT_EQ(response.body, "");
    if (row.removed == 200) EXPECT_EQ(text(record_of(response), row.id), text(record, row.id));
    const bool gone = row.removed != 0 && !row.stays;
    EXPECT_EQ(bench.get(own_path(record)).status, gone ? 404 : 200);
    if (gone) EXPECT_EQ(bench.write("DELETE", own_path(record)).status, 404);
    if (gone && *row.list) EXPECT_FALSE(listed().contains(text(record, row.id)));
}

TEST_P(Writes, TellEverythingThatIsMissing) {
    const auto response = bench.write("POST", row.create, "{}");

    if (!*row.missing) {
        EXPECT_EQ(response.status, row.created);
        return;
    }
    ASSERT_EQ(response.status, row.invalid_status) << response.body;
    EXPECT_EQ(text(bj::parse(response.body).at("error"), "code"), row.invalid);
    const auto targets = details_of(response, "target");
    std::string all;
    for (const auto& target : targets) all += (all.empty() ? "" : " ") + target;
    EXPECT_EQ(all, row.missing);
}

TEST_P(Writes, RefuseWrongTypes) {
    auto body = bj::parse(sample_record(row.object, 1)).as_object();
    std::size_t spoilt = 0;
    for (auto& [name, value] : body) {
        if (name == "sourceProjectId" || name.starts_with("source") || name.starts_with("target")) continue;
        value = bj::object{};
        ++spoilt;
        if (name == "settings" || name == "specifications" || name == "savedViewData") value = 1;
    }

    const auto response = bench.write("POST", row.create, bj::serialize(body));

    ASSERT_EQ(response.status, row.invalid_status) << response.body;
    EXPECT_GE(details_of(response, "code").size(), std::min<std::size_t>(spoilt, 1));
    EXPECT_EQ(bench.write("POST", row.create, "{").status, row.invalid_status);
    EXPECT_EQ(bench.write("POST", row.create, "[]").status, row.invalid_status);
}

TEST_P(Writes, TakeNoOtherVersion) {
    bench.version = row.version == 1 ? 2 : 1;
    const auto other = create();
    bench.version = row.version;
    auto request = bench.writing("POST", row.create, sample_record(row.object, 1));
    request.headers = {{"Authorization", std::string(request.headers.get("Authorization"))},
                       {"Content-Type", "application/json"}};
    const auto none = bench.finish(bench.box.provider(std::move(request)));

    EXPECT_EQ(other.status, 404);
    EXPECT_EQ(none.status, 404);
    EXPECT_EQ(details_of(other, "code"), std::vector<std::string>{"OperationNotFound"});
    EXPECT_EQ(bench.control("GET", "writes/created").as_array().size(), 0u);
}

TEST_P(Writes, AnswerForWhatIsNotThere) {
    auto record = record_of(create()).as_object();
    record[row.id] = "nobody";

    if (row.removed != 0) EXPECT_EQ(bench.write("DELETE", own_path(record)).status, 404);
    if (*row.update) EXPECT_EQ(bench.write(row.update, own_path(record), sample_update(row.object, 1)).status, 404);
}

TEST_P(Writes, KeepSamplesApart) {
    std::set<std::string> ids;
    for (std::uint64_t n = 1; n <= 5; ++n) {
        const auto response = create(n);
        ASSERT_EQ(response.status, row.created) << response.body;
        ids.insert(text(record_of(response), row.id));
    }

    EXPECT_EQ(ids.size(), 5u);
    EXPECT_EQ(bench.control("GET", "writes/duplicates").as_array().size(), 0u);
    EXPECT_EQ(bench.control("GET", "writes/counts").at(row.object).at("created"), 5);
}

std::string test_name(const testing::TestParamInfo<Documented>& info) {
    std::string name = info.param.object;
    for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(Sandbox, Writes, testing::ValuesIn(documented), test_name);

TEST(WrittenObjects, AreAllInTheTable) {
    std::set<std::string> here;
    for (const auto& row : documented) here.insert(row.object);
    const auto served = written_objects();

    EXPECT_EQ(here, std::set<std::string>(served.begin(), served.end()));
    EXPECT_EQ(here.size(), 34u);
}

}  // namespace
}  // namespace syncd::sandbox
