#include "connector/bentley/lookup.hpp"

#include "sample_record.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace syncd::bentley {
namespace {

using namespace std::chrono_literals;
using What = Lookup::What;

constexpr auto base = "https://api.bentley.com";
const Timestamp sent = *parse_time("2026-11-22T08:00:00Z");
const std::string us = "client@apps.imsoidc.bentley.com";

std::string at(Duration offset) { return format_time(sent + offset); }
http::Response answer(std::string body, int status = 200) {
    return {.status = status, .headers = {}, .body = std::move(body)};
}
http::Response missing(std::string_view code = "ThingNotFound") {
    return answer(fmt::format(R"({{"error":{{"code":"{}","message":"no"}}}})", code), 404);
}

Lost create(std::string record, std::string marker = "") {
    return {.type = WriteType::create,
            .record = std::move(record),
            .id = {},
            .marker = std::move(marker),
            .creator = us,
            .first_sent_at = sent,
            .sent_at = sent + 1min};
}

struct Outcome {
    Lookup::Found found;
    std::vector<std::string> asked;
};
/// A lookup with these answers in order.
Outcome look(std::string_view object, Lost lost, const std::vector<http::Response>& answers) {
    Lookup lookup(object_of(object), base, std::move(lost));
    Outcome outcome;
    for (const auto& response : answers) {
        const auto request = lookup.next();
        if (!request) {
            ADD_FAILURE() << "asks less than expected: " << outcome.asked.size();
            break;
        }
        EXPECT_EQ(request->method, "GET");
        outcome.asked.push_back(request->url.substr(std::string_view(base).size()));
        const auto taken = lookup.take(response);
        EXPECT_TRUE(taken) << (taken ? "" : taken.error().message);
    }
    EXPECT_FALSE(lookup.next()) << lookup.next()->url;
    outcome.found = lookup.found();
    return outcome;
}

Error refusal(std::string_view object, Lost lost, const http::Response& response) {
    Lookup lookup(object_of(object), base, std::move(lost));
    const auto taken = lookup.take(response);
    EXPECT_FALSE(taken);
    EXPECT_TRUE(lookup.next()) << "it must not be over";
    return taken ? Error{} : taken.error();
}

/// Puts a value at a path of an object.
std::string put(std::string_view object, std::vector<std::string> path, std::string_view value) {
    const auto name = path.front();
    path.erase(path.begin());
    if (path.empty()) return with_member(object, name, value);
    const auto inner = json::find(object, name);
    const bool nested = inner && json::kind(*inner) == json::Kind::object;
    return with_member(object, name, put(nested ? *inner : "{}", path, value));
}

/// The row that the provider would show of a record of ours.
std::string row_of(const Object& object, std::string record, std::string_view marker) {
    const auto& facts = *object.write->lookup;
    if (const auto marked = with_marker(object, record, marker)) record = *marked;
    auto row = record;
    if (!json::find(record, facts.id.front())) row = put(row, {facts.id.front()}, R"("the id")");
    for (const auto& [field, path] : facts.same)
        if (const auto value = json::find(record, field)) row = put(row, path, *value);
    if (!facts.created.empty()) row = put(row, facts.created, json::quote(at(30s)));
    if (!facts.creator.empty()) row = put(row, facts.creator, json::quote(us));
    return row;
}

std::string complete_record(const Object& object) {
    auto record = sample(object.write->record);
    for (const auto* name : {"number", "iTwinId"})
        if (object.write->optional.contains(name)) record = with_member(record, name, R"("n'1 &")");
    return record;
}

std::vector<const Object*> with_lookup() {
    auto objects = writable_objects();
    std::erase_if(objects, [](const Object* object) { return !object->write->lookup; });
    return objects;
}

TEST(Lookup, EveryObjectThatCanBeLookedUpIsFoundAgain) {
    for (const auto* object : with_lookup()) {
        const auto& facts = *object->write->lookup;
        auto lost = create(complete_record(*object), facts.marker ? "the-marker" : "");
        if (!facts.creator.empty() && !facts.creator_is_email) lost.creator = "guid-of-ours";
        auto row = row_of(*object, lost.record, lost.marker);
        if (!facts.creator.empty() && !facts.creator_is_email)
            row = put(row, facts.creator, R"("https://x/users/guid-of-ours")");
        std::vector<http::Response> answers = {answer(facts.key.empty()
                                                          ? fmt::format(R"({{"{}":{}}})", facts.wrapper, row)
                                                          : fmt::format(R"({{"{}":[{}]}})", facts.key, row))};
        if (facts.inside)
            answers.push_back(
                answer(fmt::format(R"({{"{}":{}}})", facts.inside->key, *json::find(row, facts.inside->field))));
        EXPECT_NE(certainty(*object, lost), Certainty::none) << object->name;
        const auto found = look(object->name, lost, answers).found;
        EXPECT_EQ(found.what, What::ours) << object->name << ' ' << found.why;
        EXPECT_EQ(found.written.id, json::as_string(*json::find(row, facts.id))) << object->name;
        EXPECT_EQ(found.written.data, row) << object->name;
    }
}

TEST(Lookup, NothingIsFoundWhereNothingIs) {
    for (const auto* object : with_lookup()) {
        const auto& facts = *object->write->lookup;
        auto lost = create(complete_record(*object), facts.marker ? "the-marker" : "");
        if (!facts.creator.empty() && !facts.creator_is_email) lost.creator = "guid-of-ours";
        const auto nothing = facts.key.empty() ? missing() : answer(fmt::format(R"({{"{}":[]}})", facts.key));
        const auto outcome = look(object->name, lost, {nothing});
        EXPECT_EQ(outcome.found.what, What::nothing) << object->name << ' ' << outcome.found.why;
        EXPECT_EQ(outcome.asked[0].find_first_of("{} '\""), std::string::npos) << outcome.asked[0];
    }
}

TEST(Lookup, HowFarItCanTellDependsOnTheObjectAndTheRecord) {
    std::map<Certainty, std::set<std::string>> objects;
    for (const auto* object : writable_objects())
        objects[certainty(*object, create(complete_record(*object), "m"))].insert(object->name);
    EXPECT_EQ(objects[Certainty::unique],
              (std::set<std::string>{"changedelements/comparisonjob", "imodels", "itwins", "library/catalogs",
                                     "library/components", "named-groups", "reality-analysis/detectors",
                                     "reality-management/reality-data", "synchronization/imodels/manifestconnections",
                                     "synchronization/imodels/storageconnections"}));
    EXPECT_EQ(objects[Certainty::content],
              (std::set<std::string>{"contextcapture/jobs", "grouping-and-mapping/datasources/imodel-mappings",
                                     "insights/carbon-calculation/ec3/configurations", "itwins/exports",
                                     "reality-analysis/jobs", "realityconversion/jobs", "webhooks"}));
    EXPECT_EQ(certainty(object_of("itwins"), create(R"({"displayName":"d"})")), Certainty::none) << "no number";
    EXPECT_EQ(certainty(object_of("named-groups"), create(R"({"iTwinId":"i"})")), Certainty::none) << "no marker";
    auto nobody = create(R"({"iModelId":"m","mappingName":"n"})");
    nobody.creator.clear();
    EXPECT_EQ(certainty(object_of("grouping-and-mapping/datasources/imodel-mappings"), nobody), Certainty::none);
    EXPECT_EQ(certainty(object_of("webhooks"), nobody), Certainty::content) << "only ours are listed";
    auto remove = create("{}");
    remove.type = WriteType::remove;
    EXPECT_EQ(certainty(object_of("itwins"), remove), Certainty::none);
    EXPECT_EQ(look("schedules", create(R"({"name":"n","iTwinId":"i"})"), {}).found.what, What::unclear);
}

TEST(Lookup, AnITwinIsOursByItsNumberContentAndAge) {
    const std::string record = R"({"class":"Thing","subClass":"Asset","displayName":"Bridge","number":"B 1"})";
    const auto row = [](std::string_view number, std::string_view name, Duration offset) {
        return fmt::format(R"({{"id":"7","class":"Thing","subClass":"Asset","displayName":"{}","number":"{}",
            "createdDateTime":"{}"}})",
                           name, number, at(offset));
    };
    const auto what = [&](const std::string& rows) {
        return look("itwins", create(record), {answer(R"({"iTwins":[)" + rows + "]}")}).found.what;
    };
    EXPECT_EQ(what(row("B 1", "Bridge", 1s)), What::ours);
    EXPECT_EQ(what(row("B 1", "Bridge", -9min)), What::ours);
    EXPECT_EQ(what(row("B 1", "Bridge", -11min)), What::taken) << "it was there before";
    EXPECT_EQ(what(row("B 1", "Tunnel", 1s)), What::taken);
    EXPECT_EQ(what(row("b 1", "Bridge", 1s)), What::nothing) << "another number";
    EXPECT_EQ(what(row("B 2", "Bridge", 1s) + "," + row("B 1", "Bridge", 1s)), What::ours);
    EXPECT_EQ(what(R"({"id":"7","number":"B 1","displayName":"Bridge","createdDateTime":"2026-11-22T08:00:01Z"})"),
              What::unclear)
        << "its class is not told";
    EXPECT_EQ(look("itwins", create(record), {answer(R"({"iTwins":[]})")}).asked[0],
              "/itwins/?number=B%201&includeInactive=true&$top=1000");
}

TEST(Lookup, AnIModelWithAnotherDescriptionIsAnothers) {
    const auto record = R"({"iTwinId":"0F0E0D0C-0000-0000-0000-00000000000A","name":"m","description":"ours"})";
    const auto what = [&](std::string_view description, std::string_view itwin) {
        const auto row =
            fmt::format(R"({{"id":"1","name":"m","iTwinId":"{}","description":{},"createdDateTime":"{}"}})", itwin,
                        description, at(0s));
        return look("imodels", create(record), {answer(R"({"iModels":[)" + row + "]}")}).found.what;
    };
    EXPECT_EQ(what(R"("ours")", "0f0e0d0c-0000-0000-0000-00000000000a"), What::ours) << "GUIDs have no case";
    EXPECT_EQ(what(R"("theirs")", "0f0e0d0c-0000-0000-0000-00000000000a"), What::taken);
    EXPECT_EQ(what(R"("ours")", "another"), What::nothing);
}

TEST(Lookup, AComparisonIsReadByItsNameAndOursHoweverOld) {
    const auto lost = create(R"({"iTwinId":"t","iModelId":"m","startChangesetId":"a/","endChangesetId":"b"})");
    const auto outcome = look("changedelements/comparisonjob", lost,
                              {answer(R"({"comparisonJob":{"jobId":"a-b","status":"Completed"}})")});
    EXPECT_EQ(outcome.asked[0], "/changedelements/comparisonjob/a%2F-b/itwin/t/imodel/m");
    EXPECT_EQ(outcome.found.what, What::ours);
    EXPECT_EQ(outcome.found.written.id, "a-b");
}

TEST(Lookup, ADetectorOfOtherContentIsAnothers) {
    const auto lost = create(R"({"name":"@a/b","type":"PhotoObjectDetector","displayName":"D"})");
    const auto what = [&](std::string_view name) {
        return look("reality-analysis/detectors", lost,
                    {answer(fmt::format(
                        R"({{"detector":{{"name":"@a/b","type":"PhotoObjectDetector","displayName":"{}"}}}})", name))})
            .found.what;
    };
    EXPECT_EQ(what("D"), What::ours);
    EXPECT_EQ(what("E"), What::taken);
    EXPECT_EQ(look("reality-analysis/detectors", lost, {missing()}).asked[0], "/reality-analysis/detectors/%40a%2Fb");
}

std::string job(std::string_view id, std::string_view name, Duration offset) {
    return fmt::format(R"({{"id":"{}","name":"{}","type":"Full","workspaceId":"w","createdDateTime":"{}"}})", id, name,
                       at(offset));
}

TEST(Lookup, AJobIsOursWhenItIsTheOnlyOneOfThatContentAndTime) {
    const auto lost = create(R"({"name":"j","type":"Full","workspaceId":"w","inputs":[{"id":"1"}],"settings":{}})");
    const auto look_at = [&](const std::vector<std::string>& rows) {
        return look("contextcapture/jobs", lost, {answer(fmt::format(R"({{"jobs":[{}]}})", fmt::join(rows, ",")))});
    };
    EXPECT_EQ(look_at({}).asked[0],
              "/contextcapture/jobs?$filter=createdDateTime%20ge%202026-11-22T07:55:00Z&$top=1000");
    EXPECT_EQ(look_at({job("1", "j", 5s), job("2", "other", 5s)}).found.written.id, "1");
    EXPECT_EQ(look_at({job("1", "j", 5s), job("2", "j", 6s)}).found.what, What::unclear);
    EXPECT_EQ(look_at({job("1", "j", 5s), job("1", "j", 5s)}).found.what, What::ours) << "its page shifted";
    EXPECT_EQ(look_at({job("1", "j", 12min), job("2", "j", -6min)}).found.what, What::nothing);
    EXPECT_EQ(look_at({job("1", "j", 10min)}).found.what, What::ours) << "the last attempt was a minute later";
    EXPECT_EQ(look_at({R"({"id":"1","name":"j","type":"Full","workspaceId":"w"})"}).found.what, What::unclear);
    EXPECT_EQ(look_at({job("1", "j", 5s),
                       R"({"id":"2","type":"Full","workspaceId":"w","createdDateTime":"2026-11-22T08:00:00Z"})"})
                  .found.what,
              What::unclear);
}

TEST(Lookup, AMappingIsOursOnlyWithOurNameOnIt) {
    const auto what = [](std::string_view creator) {
        return look("grouping-and-mapping/datasources/imodel-mappings", create(R"({"iModelId":"m","mappingName":"n"})"),
                    {answer(fmt::format(
                        R"({{"mappings":[{{"id":"1","mappingName":"n","createdOn":"{}","createdBy":{}}}]}})", at(1s),
                        creator))})
            .found.what;
    };
    EXPECT_EQ(what(R"("Client@apps.imsoidc.bentley.com")"), What::ours);
    EXPECT_EQ(what(R"("somebody@else.com")"), What::nothing);
    EXPECT_EQ(what(R"("5d22aa94-cde5-48ec-afcc-6c4aca67d51b")"), What::unclear)
        << "an id says nothing to who has a name";
    EXPECT_EQ(what("null"), What::unclear);
}

TEST(Lookup, OrderAndSpellingDoNotCount) {
    const auto lost = create(R"({"callbackUrl":"https://a","scope":"Account","eventTypes":["a","b"]})");
    const auto what = [&](std::string_view types) {
        return look(
                   "webhooks", lost,
                   {answer(fmt::format(
                       R"({{"webhooks":[{{"id":"1","callbackUrl":"https:\/\/a","scope":"Account","eventTypes":{},"created":"{}",
            "secret":"hush"}}]}})",
                       types, at(1s)))})
            .found;
    };
    EXPECT_EQ(what(R"(["b","a"])").what, What::ours);
    EXPECT_EQ(what(R"(["b","a"])").written.data.find("hush"), std::string::npos);
    EXPECT_EQ(what(R"(["a"])").what, What::nothing);
}

std::string file(std::string_view id, std::string_view type) {
    return fmt::format(R"({{"storageFileId":"{}","connectorType":"{}"}})", id, type);
}

TEST(Lookup, AConnectionIsFoundByItsSourceFiles) {
    const std::string name = "synchronization/imodels/storageconnections";
    const auto lost = create(fmt::format(R"({{"iModelId":"m","displayName":"d","sourceFiles":[{},{}]}})",
                                         file("a", "DWG"), file("b", "IFC")));
    const auto list = answer(R"({"connections":[{"id":"1/","displayName":"x"},{"id":"2","displayName":"d"}]})");
    const auto files = [](const std::vector<std::string>& rows) {
        return answer(fmt::format(R"({{"sourceFiles":[{}]}})", fmt::join(rows, ",")));
    };
    const auto ours = look(name, lost, {list, files({file("z", "DWG")}), files({file("b", "IFC"), file("a", "DWG")})});
    EXPECT_EQ(ours.found.what, What::ours);
    EXPECT_EQ(ours.found.written.id, "2");
    EXPECT_EQ(ours.asked, (std::vector<std::string>{"/" + name + "?iModelId=m", "/" + name + "/1%2F/sourcefiles",
                                                    "/" + name + "/2/sourcefiles"}));
    EXPECT_EQ(look(name, lost, {list, files({}), files({file("a", "DWG")})}).found.what, What::taken);
    EXPECT_EQ(look(name, lost, {list, files({}), files({file("a", "DWG"), file("b", "DWG")})}).found.what, What::taken);
    EXPECT_EQ(look(name, lost, {list, files({file("a", "DWG"), file("b", "IFC")})}).found.what, What::taken)
        << "another name";
    EXPECT_EQ(
        look(name, lost, {list, files({}), files({file("a", "DWG"), file("b", "IFC"), file("c", "IFC")})}).found.what,
        What::taken);
    EXPECT_EQ(look(name, lost, {list, missing(), files({file("z", "IFC")})}).found.what, What::nothing);
    EXPECT_EQ(look(name, lost, {list, files({}), files({file("a", "DWG"), R"({"storageFileId":"b"})"})}).found.what,
              What::unclear);
}

TEST(Lookup, AMarkerTellsWhateverElseTheRecordSays) {
    const auto lost = create(R"({"displayName":"d","type":"LAS"})", "m-1");
    const auto what = [&](std::string_view tags) {
        return look(
            "reality-management/reality-data", lost,
            {answer(fmt::format(R"({{"realityData":[{{"id":"1","displayName":"renamed","tags":{}}}]}})", tags))});
    };
    EXPECT_EQ(what(R"(["x","m-1"])").found.what, What::ours);
    EXPECT_EQ(what(R"(["x","m-10"])").found.what, What::nothing);
    EXPECT_EQ(what("null").asked[0], "/reality-management/reality-data/?tag=m-1&$top=500");
}

TEST(Lookup, AMarkerGoesWhereTheObjectHasRoomForIt) {
    const auto marked = [](std::string_view object, std::string_view record) {
        return with_marker(object_of(object), record, "m\"1").value_or("none");
    };
    EXPECT_EQ(marked("reality-management/reality-data", "{}"), R"({"tags":["m\"1"]})");
    EXPECT_EQ(marked("reality-management/reality-data", R"({ "a": 1 })"), R"({ "a": 1 ,"tags":["m\"1"]})");
    EXPECT_EQ(marked("library/catalogs", R"({"hashtags":["x"],"a":1.0})"), R"({"hashtags":["x","m\"1"],"a":1.0})");
    EXPECT_EQ(marked("library/components", R"({"hashtags":[ ]})"), R"({"hashtags":[ "m\"1"]})");
    EXPECT_EQ(marked("library/components", R"({"hashtags":null})"), R"({"hashtags":["m\"1"]})");
    EXPECT_EQ(marked("library/components", R"({"hashtags":"x"})"), "none");
    EXPECT_EQ(marked("named-groups", R"({"metadata":[{"key":"k","value":"v"}]})"),
              R"({"metadata":[{"key":"k","value":"v"},{"key":"bentley-syncd","value":"m\"1"}]})");
    EXPECT_EQ(marked("named-groups", R"({"metadata":[{"key":"bentley-syncd","value":"v"}]})"), "none");
    EXPECT_EQ(marked("itwins", "{}"), "none");
    EXPECT_FALSE(with_marker(object_of("library/catalogs"), "{}", std::string(51, 'm')))
        << "hashtags are at most 50 long";
}

TEST(Lookup, ASubmittedJobHasMovedOn) {
    const auto lost = Lost{.type = WriteType::update,
                           .record = R"({"state":"Active"})",
                           .id = "a/b",
                           .first_sent_at = sent,
                           .sent_at = sent};
    const auto what = [&](std::string_view state) {
        return look("realityconversion/jobs", lost, {answer(fmt::format(R"({{"job":{{"id":"a/b"{}}}}})", state))})
            .found.what;
    };
    EXPECT_EQ(certainty(object_of("realityconversion/jobs"), lost), Certainty::unique);
    EXPECT_EQ(what(R"(,"state":"Unsubmitted")"), What::nothing);
    EXPECT_EQ(what(R"(,"state":"active")"), What::ours);
    EXPECT_EQ(what(R"(,"state":"success")"), What::ours);
    EXPECT_EQ(what(""), What::unclear);
    const auto gone = look("realityconversion/jobs", lost, {missing("JobNotFound")});
    EXPECT_EQ(gone.found.what, What::nothing);
    EXPECT_EQ(gone.asked[0], "/realityconversion/jobs/a%2Fb");
    auto cancel = lost;
    cancel.record = R"({"state":"cancelled"})";
    EXPECT_EQ(certainty(object_of("realityconversion/jobs"), cancel), Certainty::none) << "may simply be sent again";
}

TEST(Lookup, AllPagesAreReadButNoneElsewhere) {
    const auto lost = create(R"({"name":"j","type":"Full","workspaceId":"w"})");
    const auto page = [](const std::string& rows, std::string_view next) {
        return answer(fmt::format(R"({{"jobs":[{}],"_links":{{"next":{{"href":"{}"}}}}}})", rows, next));
    };
    const auto found =
        look("contextcapture/jobs", lost,
             {page(job("1", "j", 1s), "https://api.bentley.com/contextcapture/jobs?p=2"), page(job("2", "j", 1s), "")});
    EXPECT_EQ(found.found.what, What::unclear);
    EXPECT_EQ(found.asked[1], "/contextcapture/jobs?p=2");
    EXPECT_EQ(refusal("contextcapture/jobs", lost, page("", "https://evil.example/jobs")).code, errc::invalid_body);
    EXPECT_EQ(refusal("contextcapture/jobs", lost,
                      page("",
                           "https://api.bentley.com/contextcapture/jobs?$filter=createdDateTime%20ge%20"
                           "2026-11-22T07:55:00Z&$top=1000"))
                  .code,
              errc::invalid_body);
    Lookup endless(object_of("contextcapture/jobs"), base, lost);
    int asked = 0;
    while (endless.next() && asked < 1000)
        ASSERT_TRUE(endless.take(page("", fmt::format("https://api.bentley.com/contextcapture/jobs?p={}", ++asked))));
    EXPECT_EQ(asked, 50);
    EXPECT_EQ(endless.found().what, What::unclear);
}

TEST(Lookup, AnAnswerThatCannotBeReadIsNeverNothing) {
    const auto lost = create(R"({"iTwinId":"i","name":"n"})");
    for (const auto* body : {"", "<html>", "{}", R"({"iModels":null})", R"({"iModels":[{}]})", R"({"iModels":[)"})
        EXPECT_EQ(refusal("imodels", lost, answer(body)).code, errc::invalid_body) << body;
    EXPECT_EQ(refusal("imodels", lost, missing("ResourceNotFound")).code, errc::invalid_body);
    EXPECT_EQ(refusal("imodels", lost, answer("", 503)).code, errc::transient);
    EXPECT_EQ(refusal("imodels", lost, answer("", 401)).code, errc::unauthorized);
    EXPECT_EQ(look("imodels", lost, {missing("iTwinNotFound")}).found.what, What::unclear);
    const auto detector = create(R"({"name":"d"})");
    EXPECT_EQ(refusal("reality-analysis/detectors", detector, missing("OperationNotFound")).code, errc::invalid_body);
    EXPECT_EQ(refusal("reality-analysis/detectors", detector, answer("{}")).code, errc::invalid_body);
}

TEST(Lookup, AServiceApplicationHasAUserOfItsOwn) { EXPECT_EQ(service_user(Catalog::builtin(), "client"), us); }

}  // namespace
}  // namespace syncd::bentley
