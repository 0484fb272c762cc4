#include "connector/bentley/rules.hpp"

#include "sample_record.hpp"

#include <gtest/gtest.h>

namespace syncd::bentley {
namespace {

using Faults = std::vector<std::string>;

Faults check(const Object& object, WriteType type, std::string_view record) {
    Faults out;
    for (const auto& [field, message] : check_record(object, type, record)) out.push_back(field + " " + message);
    return out;
}
Faults check(std::string_view object, WriteType type, std::string_view record) {
    return check(object_of(object), type, record);
}
Faults created(std::string_view object, std::string_view record) { return check(object, WriteType::create, record); }
Faults updated(std::string_view object, std::string_view record) { return check(object, WriteType::update, record); }
Faults removed(std::string_view object, std::string_view record) { return check(object, WriteType::remove, record); }

Faults fields(std::string_view object, WriteType type, std::string_view record) {
    Faults out;
    for (const auto& fault : check_record(object_of(object), type, record)) out.push_back(fault.field);
    return out;
}

TEST(Rules, TheSmallestRecordOfEveryObjectMayBeSent) {
    for (const auto* object : writable_objects()) {
        const auto record = sample(object->write->record);
        EXPECT_EQ(check(*object, WriteType::create, record), Faults{}) << object->name << ' ' << record;
    }
}

TEST(Rules, WhatIsRequiredIsMissedByName) {
    for (const auto* object : writable_objects()) {
        const auto record = sample(object->write->record);
        for (const auto& [name, text] : object->write->required) {
            const auto faults = check_record(*object, WriteType::create, without(record, name));
            ASSERT_FALSE(faults.empty()) << object->name << ' ' << name;
            EXPECT_EQ(faults.front().field, name) << object->name;
            EXPECT_TRUE(faults.front().message.starts_with("is required")) << faults.front().message;
        }
        const auto all = check_record(*object, WriteType::create, "{}");
        EXPECT_GE(all.size(), object->write->required.size()) << object->name;
    }
}

TEST(Rules, AValueOfAnotherTypeIsAFaultOfItsField) {
    for (const auto* object : writable_objects()) {
        for (const auto& member : object->write->record.members) {
            const bool array = member.shape.type == Shape::Type::array;
            const auto record = with_member(sample(object->write->record), member.name, array ? "{}" : "[]");
            const auto faults = check_record(*object, WriteType::create, record);
            EXPECT_TRUE(std::ranges::any_of(faults,
                                            [&](const Fault& fault) {
                                                return fault.field == member.name &&
                                                       fault.message.starts_with("must be ");
                                            }))
                << object->name << ' ' << record;
        }
    }
}

TEST(Rules, ABrokenConnectionShowsAllItsFaultsAtOnce) {
    EXPECT_EQ(
        created("synchronization/imodels/storageconnections", R"({"displayName": 1,
        "authenticationType": "Robot", "sourceFiles": [{"storageFileId": "a", "connectorType": "MSTN"},
        {"connectorType": "mstn", "new": 1}, 3, {"storageFileId": " ", "connectorType": null}]})"),
        (Faults{"iModelId is required: a string", "displayName must be a string, not a number",
                "authenticationType is \"Robot\", must be one of User, Service",
                "sourceFiles[1].storageFileId is required: a string",
                "sourceFiles[1].connectorType is \"mstn\", must be one of AUTOPLANT, CIVIL, CIVIL3D, DACQJSON, DWG, "
                "GEOSPATIAL, IFC, INTELLIPID, MSTN, NWD, OBD, OPENTOWER, PROSTRUCTURES, PSEXCEL, REVIT, SPPID, "
                "SPXREVIEW",
                "sourceFiles[2] must be an object, not a number", "sourceFiles[3].storageFileId must not be empty",
                "sourceFiles[3].connectorType must be a string, not null"}));
    EXPECT_EQ(created("synchronization/imodels/storageconnections", R"({"sourceFiles": []})"),
              (Faults{"iModelId is required: a string", "sourceFiles must not be empty"}));
    EXPECT_EQ(created("synchronization/imodels/manifestconnections", R"({"iModelId": "", "sourceFiles": [{}]})"),
              (Faults{"iModelId must not be empty", "sourceFiles[0].sourceFileId is required: a string"}));
}

TEST(Rules, FieldsThatNobodyKnowsAndNullsOfOptionalOnesAreNoFaults) {
    EXPECT_EQ(created("contextcapture/workspaces", R"({"name": "w", "brandNew": {"a": 1}, "iTwinId": null})"),
              Faults{});
    EXPECT_EQ(created("transformations/configurations/createfork", R"({"sourceIModelId": "s"})"), Faults{});
    EXPECT_EQ(created("reality-management/reality-data", R"({"displayName": "d", "type": "A format of next year"})"),
              Faults{});
}

TEST(Rules, WhatDependsOnAnotherFieldIsRequiredWithIt) {
    const std::string webhook = R"({"callbackUrl": "https://a", "eventTypes": ["e"], "scope": "Account"})";
    EXPECT_EQ(created("webhooks", webhook), Faults{});
    const auto of_itwin = with_member(webhook, "scope", R"("iTwin")");
    EXPECT_EQ(created("webhooks", of_itwin), (Faults{"scopeId is required where scope is iTwin"}));
    EXPECT_EQ(created("webhooks", with_member(of_itwin, "scopeId", "null")).size(), 1u);
    EXPECT_EQ(created("webhooks", with_member(of_itwin, "scopeId", R"("i")")), Faults{});
}

TEST(Rules, AConfigurationIsOverAReportOrAnIModel) {
    const auto labels = [](std::string_view rest) {
        return fmt::format(R"({{"name": "n", "elementNameColumn": "e", "elementQuantityColumn": "q",
            "materials": [{{"nameColumn": "m"}}]{}}})",
                           rest);
    };
    const auto record = [&](std::string_view form, std::string_view label) {
        return fmt::format(R"({{"displayName": "d", "labels": [{}]{}}})", labels(label), form);
    };
    const auto* name = "insights/carbon-calculation/ec3/configurations";
    EXPECT_EQ(created(name, record(R"(, "reportId": "r")", R"(, "reportTable": "t")")), Faults{});
    EXPECT_EQ(created(name, record(R"(, "iTwinId": "i", "iModelId": "m")", R"(, "mappingId": "m", "groupName": "g")")),
              Faults{});
    EXPECT_EQ(created(name, record(R"(, "iTwinId": "i")", R"(, "mappingId": "m")")),
              (Faults{"reportId is required: reportId, or iTwinId and iModelId",
                      "labels[0].reportTable is required: reportTable, or mappingId and groupName"}));
    EXPECT_EQ(
        fields(name, WriteType::create, R"({"displayName": "d", "reportId": "r", "labels": [{"materials": []}]})"),
        (Faults{"labels[0].elementNameColumn", "labels[0].elementQuantityColumn", "labels[0].name",
                "labels[0].reportTable", "labels[0].materials"}));
}

TEST(Rules, ASavedViewHoldsOneViewAndNoForbiddenCharacters) {
    const auto record = [](std::string_view name, std::string_view view) {
        return fmt::format(R"({{"iTwinId": "i", "displayName": {}, "savedViewData": {{{}}}}})", json::quote(name),
                           view);
    };
    EXPECT_EQ(created("savedviews", record("Plan 1", R"("itwin3dView": {})")), Faults{});
    EXPECT_EQ(
        created("savedviews", record("v1.0 \"x\"", "")),
        (Faults{"displayName holds \" .; it may not hold any of < > & \" ' .",
                "savedViewData must have exactly one of itwin3dView, itwinDrawingView, itwinSheetView, legacyView"}));
    EXPECT_EQ(fields("savedviews", WriteType::create, record("P", R"("itwin3dView": {}, "itwinSheetView": {})")),
              (Faults{"savedViewData"}));
    for (const char c : std::string_view("<>&\"'."))
        for (const auto* object : {"savedviews", "savedviews/groups", "savedviews/tags"})
            EXPECT_EQ(fields(object, WriteType::update, fmt::format(R"({{"displayName": {}}})", json::quote({&c, 1}))),
                      (Faults{"displayName"}))
                << object << c;
    for (const auto* text : {">", "<", "^", "$", "?", "||"})
        EXPECT_EQ(fields("library/categories", WriteType::update, fmt::format(R"({{"displayName": "a{}"}})", text)),
                  (Faults{"displayName"}))
            << text;
    EXPECT_EQ(updated("library/categories", R"({"displayName": "a|b.c & d"})"), Faults{});
}

TEST(Rules, LengthsAreCountedInCharacters) {
    const auto named = [](std::size_t length) {
        std::string name;
        for (std::size_t i = 0; i < length; ++i) name += "ä";
        return fmt::format(R"({{"iTwinId": "i", "name": "{}"}})", name);
    };
    EXPECT_EQ(created("imodels", named(255)), Faults{});
    EXPECT_EQ(created("imodels", named(256)), (Faults{"name has 256 characters, at most 255 are allowed"}));
    EXPECT_EQ(fields("library/catalogs", WriteType::create,
                     fmt::format(R"({{"displayName": "d", "hashtags": ["a", "{}", 1]}})", std::string(51, 'h'))),
              (Faults{"hashtags[1]", "hashtags[2]"}));
    EXPECT_EQ(created("imodels", R"({"iTwinId": "i", "name": "n", "containersEnabled": 1.5})"),
              (Faults{"containersEnabled must be a whole number, not a number"}));
}

TEST(Rules, OfAnUpdateNothingIsRequiredButOneField) {
    for (const auto* object : writable_objects()) {
        if (!object->write->update) continue;
        for (const auto* record : {"{}", R"({"id": "1"})"}) {
            const auto faults = check_record(*object, WriteType::update, record);
            ASSERT_EQ(faults.size(), 1u) << object->name;
            EXPECT_EQ(faults[0].field, "record") << object->name;
        }
        const auto& fields = object->write->update->fields;
        for (const auto& member : object->write->record.members) {
            const auto record = fmt::format(R"({{"id": "1", "{}": {}}})", member.name, sample(member.shape));
            const bool taken = fields.empty() || std::ranges::find(fields, member.name) != fields.end();
            const bool address = member.name == object->write->create.id_at.back();
            const auto faults = check(*object, WriteType::update, record);
            EXPECT_EQ(faults.size(), taken && !address ? 0u : 1u) << object->name << ' ' << record;
        }
    }
    EXPECT_EQ(updated("imodels", R"({"id": "1", "iTwinId": "2", "name": null})"),
              (Faults{"iTwinId can't be changed by an update, which takes name, description, extent",
                      "name must be a string, not null"}));
    EXPECT_EQ(updated("reality-analysis/detectors", R"({"name": "@acme/d", "displayName": "D"})"), Faults{});
}

TEST(Rules, AJobIsSubmittedInAnySpelling) {
    for (const auto* state : {"Active", "active", "ACTIVE", "Cancelled", "cancelled"})
        for (const auto* object : {"contextcapture/jobs", "realityconversion/jobs"})
            EXPECT_EQ(updated(object, fmt::format(R"({{"state": "{}"}})", state)), Faults{}) << object;
    EXPECT_EQ(updated("contextcapture/jobs", R"({"state": "started"})"),
              (Faults{"state is \"started\", must be one of Active, Cancelled"}));
    EXPECT_EQ(created("itwins", R"({"class": "thing", "subClass": "Asset", "displayName": "d"})"),
              (Faults{"class is \"thing\", must be one of Thing, Endeavor"}));
}

TEST(Rules, OfADeleteOnlyWhatAddressesItIsRequired) {
    for (const auto* object : writable_objects()) {
        if (!object->write->remove || object->name == "changedelements/comparisonjob") continue;
        EXPECT_EQ(check(*object, WriteType::remove, R"({"id": "1", "other": 1})"), Faults{}) << object->name;
    }
    EXPECT_EQ(fields("changedelements/comparisonjob", WriteType::remove, R"({"id": "a-b", "iModelId": ""})"),
              (Faults{"iTwinId", "iModelId"}));
    EXPECT_EQ(removed("changedelements/comparisonjob", R"({"jobId": "a-b", "iModelId": "m", "iTwinId": "i"})"),
              Faults{});
}

TEST(Rules, WhatTheProviderDoesNotDoIsSaidSo) {
    EXPECT_EQ(updated("export/connections", R"({"displayName": "d"})"),
              (Faults{"type the provider has no update of export/connections; delete it and create it anew"}));
    EXPECT_EQ(updated("itwins/exports", "{}"), (Faults{"type the provider has no update of itwins/exports"}));
    EXPECT_EQ(removed("itwins/exports", "{}"), (Faults{"type the provider has no delete of itwins/exports"}));
    EXPECT_EQ(created("library/brands", "{}"), (Faults{"type library/brands can't be written"}));
    EXPECT_EQ(created("itwins", "[]"), (Faults{"record must be an object"}));
}

TEST(Rules, ValuesOfSecretsAreNotShown) {
    for (const auto* value : {"31337", "[\"hidden31337\"]", "\"hidden31337\""})
        for (const auto& fault : created("webhooks", fmt::format(R"({{"secret": {}}})", value)))
            EXPECT_EQ(fault.find("31337"), std::string::npos) << fault;
}

}  // namespace
}  // namespace syncd::bentley
