#include "connector/bentley/catalog.hpp"

#include "config/core/json.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace syncd::embedded {
extern const std::string_view catalog_json;
}

namespace syncd::bentley {
namespace {

using Paths = std::vector<std::string>;

const std::string media_type_v1 = "application/vnd.bentley.itwin-platform.v1+json";
const std::string media_type_v2 = "application/vnd.bentley.itwin-platform.v2+json";

const ReadFacts& read_of(std::string_view name) { return Catalog::builtin().find(name)->read.value(); }
const WriteFacts& write_of(std::string_view name) { return Catalog::builtin().find(name)->write.value(); }

std::vector<std::string> names(bool (*wanted)(const Object&)) {
    std::vector<std::string> result;
    for (const auto& [name, object] : Catalog::builtin().objects()) {
        if (wanted(object)) result.push_back(name);
    }
    return result;
}
std::vector<std::string> readable() {
    return names([](const Object& object) { return object.read.has_value(); });
}
std::vector<std::string> writable() {
    return names([](const Object& object) { return object.write.has_value(); });
}

/// A small catalog that is accepted, with the first `what` in it replaced.
std::string with(std::string_view what, std::string_view replacement) {
    std::string text = R"({"things": {"read": {"path": "/things", "accept": "v1", "key": "things", "id": ["id"],
        "paging": "token", "pageParameter": "$top", "pageMax": 10, "state": ["state"], "terminalStates": ["done"],
        "incremental": {"style": "filter", "parameter": "$filter", "expression": "at ge {since}",
            "until": "at le {until}", "at": ["at"], "required": true},
        "absence": "nothing", "own": {"path": "/things/{id}", "wrapper": "thing"}, "scope": "any",
        "fields": {"id": "string"}, "confidence": "documented"},
      "write": {"create": {"method": "POST", "path": "/things", "accept": "v2", "success": [201], "wrapper": "thing",
            "idAt": ["thing", "id"]},
        "update": {"method": "PATCH", "path": "/things/{id}", "accept": "v2", "success": [200], "wrapper": "thing",
            "fields": ["name"]},
        "required": {"name": "string"}, "optional": {}}}})";
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return at == std::string::npos ? text : text.replace(at, what.size(), replacement);
}

std::string defect(std::string_view what, std::string_view replacement) {
    const result<Catalog> catalog = Catalog::parse(with(what, replacement));
    if (catalog) return "accepted";
    EXPECT_EQ(catalog.error().code, errc::invalid_input);
    return catalog.error().message;
}

TEST(Catalog, KnowsAllNineteenReadableObjects) { EXPECT_EQ(readable().size(), 19u); }

TEST(Catalog, KnowsAllThirtyFourWritableObjects) { EXPECT_EQ(writable().size(), 34u); }

TEST(Catalog, FindsAnObjectByItsExactNameOnly) {
    EXPECT_EQ(Catalog::builtin().find("itwins/recents")->name, "itwins/recents");
    EXPECT_EQ(Catalog::builtin().find("iTwins"), nullptr);
    EXPECT_EQ(Catalog::builtin().find("note"), nullptr);
}

TEST(Catalog, RecordsAreAskedForInFullWhereTheProviderShortensThem) {
    const std::vector<std::string> shortened = {"itwins", "itwins/favorites", "itwins/recents", "library/brands",
        "library/catalogs", "library/components", "reality-management/reality-data"};

    for (const std::string& name : readable()) {
        const bool expected = std::find(shortened.begin(), shortened.end(), name) != shortened.end();
        EXPECT_EQ(read_of(name).headers.contains("Prefer"), expected) << name;
        if (expected) {
            EXPECT_EQ(read_of(name).headers.at("Prefer"), "return=representation") << name;
        }
    }
}

TEST(Catalog, ItwinsAreReadUpToTheProvidersOwnLimitAndInactiveOnesToo) {
    const ReadFacts& read = read_of("itwins");

    EXPECT_EQ(read.headers.at("X-Max-Return"), "10000");
    EXPECT_EQ(read.rows_max, 10000);
    EXPECT_EQ(read.query, (std::map<std::string, std::string>{{"includeInactive", "true"}}));
    EXPECT_EQ(read.page_max, 1000);
    EXPECT_EQ(read.volatile_fields, (Paths{"image"}));
    EXPECT_FALSE(read.incremental) << "every read is a full one";
    EXPECT_EQ(read.slices->from, "createdDateTime ge {from}");
    EXPECT_EQ(read.slices->until, "createdDateTime lt {until}");
}

TEST(Catalog, OnlyJobsMustHaveTheirFilterAndHaveItAlways) {
    const std::set<std::string> jobs = {"contextcapture/jobs", "reality-analysis/jobs", "realityconversion/jobs"};

    for (const std::string& name : readable()) {
        const ReadFacts& read = read_of(name);
        const bool required = read.incremental && read.incremental->required;
        EXPECT_EQ(required, jobs.contains(name)) << name;
        EXPECT_EQ(!read.state.empty(), jobs.contains(name)) << name;
        if (!required) continue;
        EXPECT_EQ(read.incremental->until, "createdDateTime le {until}") << name;
        EXPECT_EQ(read.per_itwin->expression, "iTwinId eq {iTwinId}") << name;
        EXPECT_TRUE(read.by_ids) << name;
        EXPECT_EQ(read.incremental->style, Incremental::Style::filter) << name;
        EXPECT_EQ(read.incremental->parameter, "$filter") << name;
        EXPECT_EQ(read.incremental->expression, "createdDateTime ge {since}") << name;
        EXPECT_EQ(read.page_min, 2) << name;
        EXPECT_EQ(read.absence, Absence::nothing) << name;
        EXPECT_EQ(read.own->wrapper, "job") << name;
    }
}

TEST(Catalog, TheTimeOfARealityAnalysisJobStandsDeeperThanItsFilterSays) {
    const Paths expected = {"executionInfo", "createdDateTime"};

    EXPECT_EQ(read_of("reality-analysis/jobs").incremental->at, expected);
    EXPECT_EQ(read_of("reality-analysis/jobs").created, expected);
    EXPECT_EQ(read_of("contextcapture/jobs").incremental->at, (Paths{"createdDateTime"}));
}

TEST(Catalog, JobsEndInTheSameThreeStatesWrittenInLowerCase) {
    const std::set<std::string> expected = {"success", "failed", "cancelled"};

    for (const char* name : {"contextcapture/jobs", "reality-analysis/jobs", "realityconversion/jobs"}) {
        EXPECT_EQ(read_of(name).terminal_states, expected) << name;
    }
}

TEST(Catalog, RealityDataIsNarrowedByARangeOfItsTimeOfModification) {
    const ReadFacts& read = read_of("reality-management/reality-data");

    EXPECT_EQ(read.incremental->style, Incremental::Style::range);
    EXPECT_EQ(read.incremental->parameter, "modifiedDateTime");
    EXPECT_EQ(read.per_itwin->parameter, "iTwinId");
    EXPECT_EQ(read.page_max, 500);
    EXPECT_EQ(read.volatile_fields, (Paths{"lastAccessedDateTime"}));
}

TEST(Catalog, IdentitiesAreTheIdButForDetectorsAndPackages) {
    for (const std::string& name : readable()) {
        Paths expected = {"id"};
        if (name == "reality-analysis/detectors") expected = {"name"};
        if (name == "edfs/packages") expected = {"uniqueName"};
        EXPECT_EQ(read_of(name).id, expected) << name;
        EXPECT_TRUE(read_of(name).fields.contains(expected[0])) << name;
    }
}

TEST(Catalog, SecondVersionsAreAskedForWhereTheFirstHasOtherFields) {
    const std::set<std::string> second = {"webhooks", "reality-analysis/detectors", "reality-analysis/files",
        "reality-analysis/jobs"};

    for (const std::string& name : readable()) {
        EXPECT_EQ(read_of(name).accept, second.contains(name) ? media_type_v2 : media_type_v1) << name;
    }
}

TEST(Catalog, WhatVanishesFromAListOfPassingThingsIsNotDeleted) {
    for (const char* name : {"itwins/recents", "itwins/favorites", "itwins/exports"}) {
        EXPECT_EQ(read_of(name).absence, Absence::nothing) << name;
    }
    EXPECT_EQ(read_of("itwins").absence, Absence::deleted);
}

TEST(Catalog, EveryPathIsAbsoluteAndOneRecordIsNamedByItsId) {
    for (const std::string& name : readable()) {
        const ReadFacts& read = read_of(name);
        EXPECT_TRUE(read.path.starts_with('/')) << name;
        if (!read.own) continue;
        EXPECT_TRUE(read.own->path.starts_with('/')) << name;
        EXPECT_NE(read.own->path.find("{id}"), std::string::npos) << name;
    }
    for (const std::string& name : writable()) {
        const WriteFacts& write = write_of(name);
        EXPECT_TRUE(write.create.path.starts_with('/')) << name;
        if (write.update) EXPECT_NE(write.update->path.find("{id}"), std::string::npos) << name;
        if (write.remove) EXPECT_NE(write.remove->path.find("{id}"), std::string::npos) << name;
    }
}

TEST(Catalog, TimesAndVolatileFieldsAreFieldsOfTheirObject) {
    for (const std::string& name : readable()) {
        const ReadFacts& read = read_of(name);
        Paths outermost = read.volatile_fields;
        for (const Paths& path : {read.created, read.modified, read.state}) {
            if (!path.empty()) outermost.push_back(path[0]);
        }
        if (read.incremental) outermost.push_back(read.incremental->at[0]);
        for (const std::string& field : outermost) EXPECT_TRUE(read.fields.contains(field)) << name << ' ' << field;
    }
}

TEST(Catalog, FieldsBeginWithATypeThatTheProgramKnows) {
    const std::set<std::string> types = {"string", "number", "integer", "boolean", "timestamp", "object", "array"};
    for (const std::string& name : readable()) {
        for (const auto& [field, type] : read_of(name).fields) {
            EXPECT_TRUE(types.contains(type)) << name << ' ' << field;
        }
    }
    for (const std::string& name : writable()) {
        const WriteFacts& write = write_of(name);
        EXPECT_EQ(write.record.members.size(), write.required.size() + write.optional.size()) << name;
        for (const auto& member : write.record.members) EXPECT_NE(member.shape.type, Shape::Type::any) << name;
    }
}

TEST(Catalog, AnswersToCreatesHoldTheIdWhereTheProviderPutsIt) {
    EXPECT_EQ(write_of("itwins").create.id_at, (Paths{"iTwin", "id"}));
    EXPECT_EQ(write_of("changedelements/comparisonjob").create.id_at, (Paths{"comparisonJob", "jobId"}));
    EXPECT_EQ(write_of("reality-analysis/detectors").create.id_at, (Paths{"detector", "name"}));
    EXPECT_EQ(write_of("webhooks").create.id_at, (Paths{"id"}));
    EXPECT_EQ(write_of("webhooks").create.wrapper, "");
}

TEST(Catalog, EightObjectsAreReplacedByTheirUpdate) {
    std::set<std::string> replaced;
    for (const std::string& name : writable()) {
        const WriteFacts& write = write_of(name);
        if (write.update && write.update->method == "PUT") replaced.insert(name);
    }

    EXPECT_EQ(replaced, (std::set<std::string>{"insights/carbon-calculation/ec3/configurations",
                            "library/applications", "library/catalogs", "library/categories", "library/components",
                            "library/manufacturers", "synchronization/imodels/manifestconnections",
                            "synchronization/imodels/storageconnections"}));
}

TEST(Catalog, ObjectsThatTheProviderDoesNotUpdateOrDeleteHaveNoSuchCall) {
    EXPECT_FALSE(write_of("itwins/exports").update);
    EXPECT_FALSE(write_of("itwins/exports").remove);
    EXPECT_FALSE(write_of("reality-analysis/jobs").update);
    EXPECT_FALSE(write_of("contextcapture/workspaces").update);
    EXPECT_TRUE(write_of("contextcapture/workspaces").remove);
    EXPECT_EQ(names([](const Object& object) { return object.write && object.write->update; }).size(), 22u);
    EXPECT_EQ(names([](const Object& object) { return object.write && object.write->remove; }).size(), 31u);
}

TEST(Catalog, SubmittingAJobIsAnUpdateOfItsState) {
    const WriteFacts& write = write_of("contextcapture/jobs");

    EXPECT_EQ(write.update->fields, (Paths{"state", "settings", "type", "costEstimationParameters"}));
    EXPECT_FALSE(write.required.contains("state"));
}

TEST(Catalog, FieldsDeeperDownStandInTheShapeOfTheRecord) {
    const Shape& record = write_of("synchronization/imodels/storageconnections").record;
    const auto files = std::find_if(record.members.begin(), record.members.end(),
        [](const Shape::Member& member) { return member.name == "sourceFiles"; });

    ASSERT_NE(files, record.members.end());
    EXPECT_TRUE(files->required);
    EXPECT_EQ(files->shape.min, 1u);
    ASSERT_EQ(files->shape.element.size(), 1u);
    const Shape::Member& connector = files->shape.element[0].members.at(0);
    EXPECT_EQ(connector.name, "connectorType");
    EXPECT_TRUE(connector.required);
    EXPECT_EQ(connector.shape.values.size(), 17u);
}

TEST(Catalog, SecretsOfWritesAreNamed) {
    std::map<std::string, Paths> secrets;
    for (const std::string& name : writable())
        if (!write_of(name).secrets.empty()) secrets[name] = write_of(name).secrets;

    EXPECT_EQ(secrets, (std::map<std::string, Paths>{{"insights/carbon-calculation/ec3/jobs", {"ec3BearerToken"}},
                           {"insights/carbon-calculation/oneclicklca/jobs", {"token"}}, {"webhooks", {"secret"}}}));
    EXPECT_EQ(read_of("webhooks").secret_fields, write_of("webhooks").secrets);
}

TEST(Catalog, AStateThatStartsPaidWorkIsSeenInTheRecord) {
    for (const char* name : {"contextcapture/jobs", "realityconversion/jobs"}) {
        EXPECT_EQ(write_of(name).update->starts->field, "state") << name;
        EXPECT_TRUE(read_of(name).own) << name;
        EXPECT_FALSE(read_of(name).state.empty()) << name;
    }
}

TEST(Catalog, WhatALookupComparesIsAFieldOfWrites) {
    for (const std::string& name : writable()) {
        const WriteFacts& write = write_of(name);
        if (!write.lookup) continue;
        Paths fields = write.lookup->unique;
        for (const auto& [field, path] : write.lookup->same) fields.push_back(field);
        if (write.lookup->marker) fields.push_back(write.lookup->marker->field);
        if (write.lookup->inside) fields.push_back(write.lookup->inside->field);
        for (const std::string& field : fields)
            EXPECT_TRUE(write.required.contains(field) || write.optional.contains(field)) << name << ' ' << field;
    }
    EXPECT_FALSE(write_of("contextcapture/workspaces").lookup) << "there is no list of them";
    EXPECT_FALSE(write_of("insights/carbon-calculation/ec3/jobs").lookup);
}

TEST(Catalog, NoFactIsStatedTwice) {
    ASSERT_TRUE(json::validate(embedded::catalog_json));
    std::vector<std::string_view> open = {embedded::catalog_json};

    while (!open.empty()) {
        const std::vector<json::Member> members = json::members(open.back());
        open.pop_back();
        std::set<std::string> keys;
        for (const json::Member& member : members) {
            EXPECT_TRUE(keys.insert(member.key).second) << member.key;
            if (json::kind(member.value) == json::Kind::object) open.push_back(member.value);
        }
    }
}

TEST(CatalogParse, AcceptsTheSmallCatalogOfTheseTestsAndExpandsItsMediaTypes) {
    const result<Catalog> catalog = Catalog::parse(with("things", "things"));

    ASSERT_TRUE(catalog) << catalog.error().message;
    EXPECT_EQ(catalog->find("things")->read->accept, media_type_v1);
    EXPECT_EQ(catalog->find("things")->write->create.accept, media_type_v2);
    EXPECT_EQ(catalog->find("things")->read->page_min, 1);
}

TEST(CatalogParse, IgnoresNotesEverywhere) {
    EXPECT_EQ(defect(R"({"things")", R"({"note": ["a", "b"], "things")"), "accepted");
    EXPECT_EQ(defect(R"("key")", R"("note": "why", "key")"), "accepted");
    EXPECT_EQ(defect(R"("method")", R"("note": "why", "method")"), "accepted");
}

TEST(CatalogParse, NamesTheEntryAndMemberOfADefect) {
    EXPECT_EQ(defect(R"("token")", R"("tokens")"),
        "things.read.paging: is \"tokens\", must be one of none, offset, token");
    EXPECT_EQ(defect(R"("key")", R"("keys")"), "things.read.key: is missing");
    EXPECT_EQ(defect(R"("key")", R"("keys": 1, "key")"), "things.read.keys: is not known");
    EXPECT_EQ(defect(R"("v1")", R"("1")"), "things.read.accept: must be v1, v2 or a later version");
    EXPECT_EQ(defect(R"("/things")", R"("things")"), "things.read.path: must start with /");
    EXPECT_EQ(defect(R"(/things/{id})", R"(/things)"), "things.read.own.path: must contain {id}");
    EXPECT_EQ(defect(R"(["id"])", R"("id")"), "things.read.id: must be a list of strings, not empty");
    EXPECT_EQ(defect(R"("pageMax": 10)", R"("pageMax": 1.5)"),
        "things.read.pageMax: must be a whole number from 1 to 100000");
    EXPECT_EQ(defect(R"("write": {)", R"("writes": {)"), "things.writes: is not known");
    EXPECT_EQ(defect("[201]", "[404]"), "things.write.create.success: must be a whole number from 200 to 299");
    EXPECT_EQ(defect("POST", "PUT"), "things.write.create.method: does not fit what the call does");
}

TEST(CatalogParse, RefusesFactsThatContradictEachOther) {
    EXPECT_EQ(defect(R"("done")", R"("Done")"), "things.read.terminalStates: must be in lower case");
    EXPECT_EQ(defect(R"("state": ["state"], )", ""), "things.read.terminalStates: goes with a state");
    EXPECT_EQ(defect(R"("$top")", R"("")"), "things.read.pageMax: goes with a pageParameter");
    EXPECT_EQ(defect(R"("pageMax": 10)", R"("pageMax": 1, "pageMin": 2)"), "things.read.pageMin: is more than pageMax");
    EXPECT_EQ(defect(R"("own": {"path": "/things/{id}", "wrapper": "thing"}, )", ""),
        "things.read.own: is missing: a state is followed by own reads");
    EXPECT_EQ(defect("{since}", "now"), "things.read.incremental.expression: must contain {since}");
    EXPECT_EQ(defect(R"("filter", "parameter")", R"("range", "parameter")"),
        "things.read.incremental.expression: is not known");
    EXPECT_EQ(defect(R"(["name"])", R"(["title"])"),
        "things.write.update.fields: title is neither in required nor in optional");
    EXPECT_EQ(defect(R"("optional": {})", R"("optional": {"name": "string"})"),
        "things.write.optional: name is required too");
}

TEST(CatalogParse, RefusesShapesAndLookupsThatItDoesNotUnderstand) {
    const auto required = [](std::string_view text) { return defect(R"("name": "string")", text); };
    EXPECT_EQ(required(R"("name": "strin")"), "things.write.required: name has no known type: strin");
    EXPECT_EQ(required(R"("name": "enum A||B")"), "things.write.required: name has no known type: enum A||B");
    EXPECT_EQ(required(R"("name": "string, at most many")"),
        "things.write.required: name has an unknown limit: at most many");
    EXPECT_EQ(required(R"("name": "string, optional")"), "things.write.required: name has an unknown limit: optional");
    EXPECT_EQ(required(R"("name": "array of string or null, not empty; for people, all of them")"), "accepted");

    const auto more = [](std::string_view text) { return defect(R"("optional": {})", text); };
    EXPECT_EQ(more(R"("optional": {}, "inside": {"name.x": "string"})"),
        "things.write.inside: name.x is in nothing that could hold it");
    EXPECT_EQ(more(R"("optional": {"list": "array"}, "inside": {"list[].x": "string, optional"})"), "accepted");
    EXPECT_EQ(more(R"("optional": {}, "needs": [{"anyOf": [["title"]]}])"),
        "things.write.needs[0].anyOf: title is no field there");
    EXPECT_EQ(more(R"("optional": {}, "lookup": {"path": "/things", "accept": "v1", "key": "things", "id": ["id"],
        "same": ["name"]})"), "things.write.lookup: can tell no record from another");
    EXPECT_EQ(more(R"("optional": {}, "lookup": {"path": "/things", "accept": "v1", "wrapper": "thing", "id": ["id"],
        "same": ["name"], "created": ["at"], "own": true})"), "things.write.lookup.unique: is missing: one record is read");
    EXPECT_EQ(defect(R"({"things")", R"({"serviceUser": "x", "things")"), "serviceUser: must contain {clientId}");
}

TEST(CatalogParse, RefusesWhatIsNoCatalogAtAll) {
    for (const char* text : {"", "{", "[]", "{}", "null", "{\"note\": \"\"}", "{} {}", "{\"things\": {\"read\": "}) {
        const result<Catalog> catalog = Catalog::parse(text);
        ASSERT_FALSE(catalog) << text;
        EXPECT_EQ(catalog.error().code, errc::invalid_input) << text;
        EXPECT_TRUE(catalog.error().message.starts_with("catalog: ")) << catalog.error().message;
    }
    EXPECT_EQ(Catalog::parse(R"({"things": 1})").error().message, "things: must be an object");
    EXPECT_EQ(Catalog::parse(R"({"things": {}})").error().message, "things: has neither read nor write");
}

}  // namespace
}  // namespace syncd::bentley
