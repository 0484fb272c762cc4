// What single objects have of their own: conflicts, states, replacement, and what may not be said.
#include "tests/sandbox/bench.hpp"
#include "tests/sandbox/samples.hpp"

#include <gtest/gtest.h>

namespace syncd::sandbox {
namespace {

struct Answer {
    int status;
    bj::value body;
    std::string code() const { return text("/error/code"); }
    std::string detail(const std::string& member, int at = 0) const {
        return text(fmt::format("/error/details/{}/{}", at, member));
    }
    std::string text(const std::string& pointer) const {
        boost::system::error_code missing;
        const auto* found = body.find_pointer(pointer, missing);
        return found && found->is_string() ? std::string(found->as_string()) : std::string();
    }
};

class WriteRules : public testing::Test {
protected:
    Answer ask(std::string method, std::string target, const std::string& body = "", int version = 1) {
        bench.version = version;
        const auto response = bench.write(std::move(method), std::move(target), body);
        bench.version = 1;
        return {response.status, response.body.empty() ? bj::value() : bj::parse(response.body)};
    }
    Answer create(const std::string& object, std::uint64_t n = 1, int version = 1) {
        const auto path = object == "transformations/configurations/createfork" ? object : object + "/";
        return ask("POST", "/" + path, sample_record(object, n), version);
    }
    Bench bench;
};

TEST_F(WriteRules, UniqueKeysConflict) {
    ASSERT_EQ(create("itwins").status, 201);
    const auto number = create("itwins");
    ASSERT_EQ(create("imodels", 1, 2).status, 201);
    const auto name = create("imodels", 1, 2);
    ASSERT_EQ(create("synchronization/imodels/storageconnections").status, 201);
    const auto file = create("synchronization/imodels/storageconnections");
    ASSERT_EQ(create("synchronization/imodels/manifestconnections").status, 201);
    const auto manifest = create("synchronization/imodels/manifestconnections");
    ASSERT_EQ(create("changedelements/comparisonjob", 1, 2).status, 202);
    const auto comparison = create("changedelements/comparisonjob", 1, 2);
    ASSERT_EQ(create("reality-analysis/detectors", 1, 2).status, 201);
    const auto detector = create("reality-analysis/detectors", 1, 2);

    EXPECT_EQ(number.status, 409);
    EXPECT_EQ(number.code(), "iTwinExists");
    EXPECT_EQ(number.detail("code"), "InvalidValue");
    EXPECT_EQ(number.detail("target"), "number");
    EXPECT_EQ(name.status, 409);
    EXPECT_EQ(name.code(), "iModelExists");
    EXPECT_EQ(file.status, 409);
    EXPECT_EQ(file.code(), "FileMappingToTheIModelAlreadyExists");
    EXPECT_EQ(manifest.status, 409);
    EXPECT_EQ(manifest.code(), "FileMappingToTheIModelAlreadyExists");
    EXPECT_EQ(comparison.status, 409);
    EXPECT_EQ(comparison.code(), "ComparisonExists");
    EXPECT_EQ(detector.status, 409);
}

TEST_F(WriteRules, UpdatesMayNotTakeAnothersKey) {
    const auto first = create("itwins", 1), second = create("itwins", 2);
    const auto path = "/itwins/" + second.text("/iTwin/id");

    EXPECT_EQ(ask("PATCH", path, R"({"number":"WRITTEN-1"})").code(), "iTwinExists");
    EXPECT_EQ(ask("PATCH", path, R"({"number":"WRITTEN-2"})").status, 200) << "its own";
}

TEST_F(WriteRules, PutLosesWhatIsLeftOut) {
    const auto made = create("library/catalogs");
    const auto path = "/library/catalogs/" + made.text("/catalog/id");

    const auto replaced = ask("PUT", path, R"({"displayName":"New","description":"d"})");
    const auto defective = ask("PUT", path, R"({"description":"only"})");

    EXPECT_EQ(made.text("/catalog/region"), "Europe");
    const auto catalog = bench.json(path).at("catalog");
    EXPECT_EQ(catalog.at("displayName"), "New");
    EXPECT_TRUE(catalog.at("region").is_null());
    EXPECT_TRUE(catalog.at("hashtags").as_array().empty());
    EXPECT_EQ(defective.status, 422);
    EXPECT_EQ(defective.detail("target"), "displayName");
}

TEST_F(WriteRules, PutOfAConnectionKeepsItsFiles) {
    const auto made = create("synchronization/imodels/storageconnections");
    const auto path = "/synchronization/imodels/storageconnections/" + made.text("/connection/id");

    const auto replaced = ask("PUT", path, R"({"authenticationType":"Service","sourceFiles":[]})");

    EXPECT_EQ(replaced.status, 200);
    EXPECT_TRUE(replaced.body.at("connection").at("displayName").is_null());
    EXPECT_FALSE(replaced.body.at("connection").as_object().contains("sourceFiles"));
    const auto files = bench.json(path + "/sourcefiles").at("sourceFiles").as_array();
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(files[0].at("storageFileId"), "file-1");
    EXPECT_EQ(files[0].at("connectorType"), "IFC");
}

TEST_F(WriteRules, StorageConnectionsNameEveryDefect) {
    const auto path = "/synchronization/imodels/storageconnections";
    const auto answer =
        ask("POST", path, R"({"iModelId":"m","sourceFiles":[{"connectorType":"PAPER"},{"storageFileId":"f"}]})");

    EXPECT_EQ(answer.status, 422);
    EXPECT_EQ(answer.code(), "InvalidStorageConnectionRequest");
    ASSERT_EQ(answer.body.at("error").at("details").as_array().size(), 4u) << answer.body;
    const std::vector<std::pair<std::string, std::string>> wanted = {{"InvalidValue", "imodelId"},
                                                                     {"MissingRequiredProperty", "storageFileId"},
                                                                     {"InvalidValue", "connectorType"},
                                                                     {"MissingRequiredProperty", "connectorType"}};
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(answer.detail("code", i), wanted[std::size_t(i)].first);
        EXPECT_EQ(answer.detail("target", i), wanted[std::size_t(i)].second);
    }
}

TEST_F(WriteRules, JobsStartWhenTheyAreSubmittedAndStayThen) {
    for (const std::string object : {"contextcapture/jobs", "realityconversion/jobs"}) {
        const auto made = create(object);
        const auto path = "/" + object + "/" + made.text("/job/id");
        EXPECT_EQ(made.text("/job/state"), "unsubmitted");
        EXPECT_EQ(made.text("/job/email"), "sandbox@apps.imsoidc.bentley.com");

        EXPECT_EQ(ask("PATCH", path, R"({"state":"paused"})").status, 422);
        const auto submitted = ask("PATCH", path, sample_update(object, 1));
        const auto again = ask("PATCH", path, sample_update(object, 1)), removed = ask("DELETE", path);

        EXPECT_TRUE(http::Headers::same(submitted.text("/job/state"), "active"));
        EXPECT_EQ(again.detail("code"), "InvalidChange");
        EXPECT_EQ(removed.status, 422);
        EXPECT_EQ(removed.detail("code"), "InvalidChange");
        EXPECT_TRUE(
            http::Headers::same(ask("PATCH", path, R"({"state":"Cancelled"})").text("/job/state"), "cancelled"));
    }
}

TEST_F(WriteRules, ADeletedAnalysisJobIsCancelled) {
    const auto made = create("reality-analysis/jobs", 1, 2);
    const auto path = "/reality-analysis/jobs/" + made.text("/job/id");

    const auto removed = ask("DELETE", path, "", 2), again = ask("DELETE", path, "", 2);

    EXPECT_EQ(made.text("/job/state"), "Active");
    EXPECT_EQ(removed.status, 200);
    EXPECT_EQ(removed.text("/job/state"), "TerminatingOnCancel");
    EXPECT_EQ(again.status, 422);
}

TEST_F(WriteRules, SavedViewsTakeNoSpecialCharacters) {
    for (const std::string character : {"<", ">", "&", "\\\"", "'", "."}) {
        const auto body = fmt::format(R"({{"iTwinId":"{}","displayName":"a{}b"}})", sample_itwin, character);
        EXPECT_EQ(ask("POST", "/savedviews/tags", body).status, 422) << character;
        EXPECT_EQ(ask("POST", "/savedviews/groups", body).status, 422) << character;
    }
}

TEST_F(WriteRules, LibraryNamesTakeNoSpecialCharacters) {
    for (const std::string part : {">", "<", "^", "$", "?", "||"})
        EXPECT_EQ(ask("POST", "/library/categories", fmt::format(R"({{"displayName":"a{}"}})", part)).status, 422)
            << part;
    EXPECT_EQ(ask("POST", "/library/categories", R"({"displayName":"a|b"})").status, 201);
}

TEST_F(WriteRules, ATagInUseStays) {
    const auto tag = create("savedviews/tags").text("/tag/id");
    auto body = bj::parse(sample_record("savedviews", 1)).as_object();
    body["tagIds"] = {tag};
    const auto view = ask("POST", "/savedviews/", bj::serialize(body)).text("/savedView/id");

    const auto refused = ask("DELETE", "/savedviews/tags/" + tag);
    ask("DELETE", "/savedviews/" + view);

    EXPECT_EQ(refused.detail("code"), "InvalidChange");
    EXPECT_EQ(ask("DELETE", "/savedviews/tags/" + tag).status, 204);
}

TEST_F(WriteRules, LegacyViewsCannotBeChanged) {
    const auto made = ask("POST", "/savedviews/",
                          fmt::format(R"({{"iTwinId":"{}","displayName":"Old","savedViewData":)"
                                      R"({{"legacyView":{{}}}}}})",
                                      sample_itwin));
    const auto path = "/savedviews/" + made.text("/savedView/id");

    EXPECT_EQ(ask("PATCH", path, R"({"displayName":"New"})").detail("code"), "InvalidChange");
    EXPECT_EQ(ask("DELETE", path).detail("code"), "InvalidChange");
}

TEST_F(WriteRules, ADeletedReportIsMarkedAndRestored) {
    const auto path = "/insights/reporting/reports/" + create("insights/reporting/reports").text("/report/id");
    const auto shown = "/insights/reporting/reports?projectId=" + std::string(sample_itwin) + "&deleted=false";

    EXPECT_EQ(ask("DELETE", path).status, 204);
    EXPECT_EQ(bench.json(path).at("report").at("deleted"), true);
    EXPECT_TRUE(bench.json(shown).at("reports").as_array().empty());
    EXPECT_EQ(ask("PATCH", path, R"({"deleted":false})").status, 200);
    EXPECT_EQ(bench.json(shown).at("reports").as_array().size(), 1u);
}

TEST_F(WriteRules, AScheduleTellsWhereItIs) {
    bench.version = 1;
    const auto response = bench.write("POST", "/schedules/", sample_record("schedules", 1));
    const std::string location(response.headers.get("Location"));

    ASSERT_TRUE(location.starts_with("http://api.test/schedules/")) << location;
    EXPECT_EQ(bench.get(location.substr(std::string("http://api.test").size())).status, 200);
    EXPECT_EQ(bench.get("/schedules/").status, 404) << "there is no list without an iTwin";
}

TEST_F(WriteRules, SchedulesAreListedInPages) {
    for (std::uint64_t n = 1; n <= 5; ++n) create("schedules", n);

    const auto rows = bench.all("/schedules/itwinid/" + std::string(sample_itwin) + "?$top=2", "schedules");

    EXPECT_EQ(rows.size(), 5u);
    EXPECT_TRUE(bench.json("/schedules/itwinid/nobody").at("schedules").as_array().empty());
}

TEST_F(WriteRules, ListsOfOneModelLeaveOthersOut) {
    const std::string path = "/grouping-and-mapping/datasources/imodel-mappings";
    create(path.substr(1), 1);
    for (int i = 0; i < 4; ++i)
        ask("POST", path,
            fmt::format(R"({{"iModelId":"1b0de100-0000-4000-8000-000000000007","mappingName":"m{}"}})", i));

    EXPECT_EQ(bench.all(path + "?iModelId=1b0de100-0000-4000-8000-000000000007&$top=3", "mappings").size(), 4u);
    EXPECT_EQ(bench.get(path).status, 422) << "the iModel must be named";
}

TEST_F(WriteRules, ATargetThatIsBusyTakesNoOtherTransformation) {
    EXPECT_EQ(create("transformations").status, 201);
    EXPECT_EQ(create("transformations").status, 409);
    auto queued = bench.writing("POST", "/transformations/", sample_record("transformations", 1));
    queued.headers.add("Enable-Transformation-Queueing", "true");
    EXPECT_EQ(bench.finish(bench.box.provider(std::move(queued))).status, 201);
    bench.control("POST", "transformations/advance?state=Succeeded");
    EXPECT_EQ(create("transformations").status, 201);
    EXPECT_EQ(ask("POST", "/transformations/", R"({"configurationId":"nobody"})").status, 404);
}

TEST_F(WriteRules, ASecretIsShownOnce) {
    const auto made = create("webhooks", 1, 2);
    bench.version = 2;

    EXPECT_EQ(made.text("/secret").size(), 32u);
    EXPECT_EQ(made.body.at("active"), false);
    EXPECT_FALSE(bench.json("/webhooks/" + made.text("/id")).as_object().contains("secret"));
}

TEST_F(WriteRules, AnIncompleteExportStays) {
    const auto path = "/mesh-export/" + create("mesh-export").text("/export/id");

    EXPECT_EQ(ask("DELETE", path).detail("code"), "InvalidParameter");
    bench.control("POST", "mesh-export/advance?state=Complete");
    EXPECT_EQ(ask("DELETE", path).status, 204);
}

TEST_F(WriteRules, ComponentsAreLinkedToWhatIsThere) {
    const auto application = create("library/applications").text("/application/id");
    const auto body = [](const std::string& id) {
        return fmt::format(R"({{"displayName":"Pump","status":"Draft","application":"{}"}})", id);
    };

    const auto linked = ask("POST", "/library/components", body(application));

    EXPECT_EQ(linked.status, 201);
    EXPECT_TRUE(linked.text("/component/_links/application/href").ends_with("/library/applications/" + application));
    EXPECT_EQ(ask("POST", "/library/components", body("nobody")).detail("target"), "application");
}

TEST_F(WriteRules, ITwinsThatAreNotThereTakeNothing) {
    const std::string nobody = "00000000-0000-4000-8000-000000000000";

    EXPECT_EQ(ask("POST", "/imodels/", sample_record("imodels", 1, nobody), 2).code(), "iTwinNotFound");
    EXPECT_EQ(ask("POST", "/realityconversion/jobs", sample_record("realityconversion/jobs", 1, nobody)).status, 403);
}

TEST_F(WriteRules, BodiesAreJson) {
    auto request = bench.writing("POST", "/itwins/", sample_record("itwins", 1));
    http::Headers headers;
    for (const auto& [name, value] : request.headers)
        if (name != "Content-Type") headers.add(name, value);
    request.headers = headers;

    EXPECT_EQ(bench.finish(bench.box.provider(std::move(request))).status, 415);
    EXPECT_EQ(ask("POST", "/imodels/", "", 2).status, 415);
    EXPECT_EQ(ask("PATCH", "/itwins/x", "{}").status, 404);
}

TEST_F(WriteRules, ResetForgetsWhatWasWritten) {
    const auto made = create("imodels", 1, 2);
    bench.control("POST", "reset");
    bench.version = 2;

    EXPECT_EQ(bench.get("/imodels/" + made.text("/iModel/id")).status, 404);
    EXPECT_TRUE(bench.control("GET", "writes").as_array().empty());
}

}  // namespace
}  // namespace syncd::sandbox
