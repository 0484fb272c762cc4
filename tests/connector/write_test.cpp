#include "connector/bentley/write.hpp"

#include "sample_record.hpp"

#include <gtest/gtest.h>

namespace syncd::bentley {
namespace {

constexpr auto base = "https://api.bentley.com";
constexpr auto v1 = "application/vnd.bentley.itwin-platform.v1+json";

WriteRequest request(std::string_view object, WriteType type, std::string_view id, std::string_view record) {
    return write_request(object_of(object), type, base, id, record).value();
}

std::string refusal(std::string_view object, WriteType type, std::string_view id, std::string_view record) {
    const auto made = write_request(object_of(object), type, base, id, record);
    if (made) return "accepted";
    EXPECT_EQ(made.error().code, errc::invalid_input);
    return made.error().message;
}

http::Response answer(std::string body, int status = 200) {
    return {.status = status, .headers = {}, .body = std::move(body)};
}

TEST(Write, EveryObjectIsCreatedByAPostOfTheRecordAsItStands) {
    for (const auto* object : writable_objects()) {
        const auto record = sample(object->write->record);
        const auto made = write_request(*object, WriteType::create, base, "", record);
        ASSERT_TRUE(made) << object->name;
        EXPECT_EQ(made->method, "POST");
        EXPECT_EQ(made->url, base + object->write->create.path);
        EXPECT_EQ(made->headers.get("Accept"), object->write->create.accept);
        EXPECT_EQ(made->headers.get("Content-Type"), "application/json");
        EXPECT_EQ(made->body, record);
    }
}

TEST(Write, TheAnswersOfEveryObjectGiveItsIdAndItsRecordByteForByte) {
    for (const auto* object : writable_objects()) {
        const auto& call = object->write->create;
        const auto record = fmt::format(R"({{ "{}": "the id", "z":1.50 }})", call.id_at.back());
        const auto body = call.wrapper.empty() ? record : fmt::format(R"({{"{}": {}, "x": 1}})", call.wrapper, record);
        const auto written = parse_written(*object, WriteType::create, "", answer(body, *call.success.begin())).value();
        EXPECT_EQ(written.id, "the id") << object->name;
        EXPECT_EQ(written.data, record) << object->name;
    }
}

TEST(Write, UpdatesAndDeletesAddressTheRecordByItsEncodedId) {
    const auto update = request("itwins", WriteType::update, "1", R"({"id":"1","displayName":"x"})");
    EXPECT_EQ(update.method, "PATCH");
    EXPECT_EQ(update.url, "https://api.bentley.com/itwins/1");
    EXPECT_EQ(update.body, R"({"displayName":"x"})");
    const auto remove = request("itwins", WriteType::remove, "a/../b?c", R"({"id":"1"})");
    EXPECT_EQ(remove.method, "DELETE");
    EXPECT_EQ(remove.url, "https://api.bentley.com/itwins/a%2F..%2Fb%3Fc");
    EXPECT_EQ(remove.body, "");
    EXPECT_FALSE(remove.headers.has("Content-Type"));
    EXPECT_EQ(remove.headers.get("Accept"), v1);
    EXPECT_EQ(request("itwins", WriteType::remove, "..", "{}").url, "https://api.bentley.com/itwins/%2E%2E");
    const auto detector = request("reality-analysis/detectors", WriteType::update, "@acme/cracks",
                                  R"({"name":"@acme/cracks","displayName":"C"})");
    EXPECT_EQ(detector.url, "https://api.bentley.com/reality-analysis/detectors/%40acme%2Fcracks");
    EXPECT_EQ(detector.body, R"({"displayName":"C"})");
    EXPECT_EQ(request("transformations/configurations/createfork", WriteType::remove, "9", "{}").url,
              "https://api.bentley.com/transformations/configurations/9");
}

TEST(Write, AComparisonIsDeletedByThreeNames) {
    EXPECT_EQ(request("changedelements/comparisonjob", WriteType::remove, "a-{iTwinId}",
                      R"({"iTwinId":"t/1","iModelId":"m"})")
                  .url,
              "https://api.bentley.com/changedelements/comparisonjob/a-%7BiTwinId%7D/itwin/t%2F1/imodel/m");
    EXPECT_EQ(refusal("changedelements/comparisonjob", WriteType::remove, "a-b", R"({"iTwinId":"t"})"),
              "iModelId: is required, the address is made of it");
}

TEST(Write, WhatCannotBeARequestIsRefusedNamingTheField) {
    EXPECT_EQ(refusal("itwins", WriteType::update, "", R"({"displayName":"x"})"), "id: is required");
    EXPECT_EQ(refusal("itwins", WriteType::remove, "", "{}"), "id: is required");
    EXPECT_EQ(refusal("itwins/exports", WriteType::remove, "1", "{}"),
              "type: the provider has no delete of itwins/exports");
    EXPECT_EQ(refusal("library/brands", WriteType::create, "", "{}"),
              "type: the provider has no create of library/brands");
}

TEST(Write, QueueingOfATransformationIsAHeader) {
    const auto queued = request("transformations", WriteType::create, "",
                                R"({"configurationId":"c","Enable-Transformation-Queueing":true})");
    EXPECT_EQ(queued.headers.get("Enable-Transformation-Queueing"), "true");
    EXPECT_EQ(queued.body, R"({"configurationId":"c"})");
    EXPECT_FALSE(request("transformations", WriteType::create, "", R"({"configurationId":"c"})")
                     .headers.has("Enable-Transformation-Queueing"));
    EXPECT_EQ(refusal("transformations", WriteType::create, "", R"({"Enable-Transformation-Queueing":"a\r\nX: y"})"),
              "Enable-Transformation-Queueing: can't be a header");
}

TEST(Write, AnEmptyAnswerOrOneOfAnotherShapeIsASuccessAllTheSame) {
    const auto& object = object_of("itwins");
    for (const auto* body :
         {"", "\n", "[]", "{}", R"({"iTwin":null})", R"({"iTwin":[]})", R"({"iTwin":{"id":null}})"}) {
        EXPECT_EQ(parse_written(object, WriteType::create, "", answer(body, 201))->id, "") << body;
        const auto updated = parse_written(object, WriteType::update, "7", answer(body));
        EXPECT_EQ(updated->id, "7") << body;
        EXPECT_TRUE(json::validate(updated->data)) << body;
    }
    const auto removed = parse_written(object, WriteType::remove, "7", answer("", 204));
    EXPECT_EQ(removed->id, "7");
    EXPECT_EQ(removed->data, "{}");
    EXPECT_EQ(parse_written(object_of("reality-analysis/jobs"), WriteType::remove, "7", answer(R"({"job":{"id":"7"}})"))
                  ->data,
              R"({"id":"7"})");
}

TEST(Write, WhatIsNotTheProvidersAnswerIsNoSuccess) {
    const auto& object = object_of("itwins");
    for (const auto type : {WriteType::create, WriteType::update, WriteType::remove})
        for (const auto* body : {"<html>Sign in to the guest network</html>", R"({"iTwin":{"id":"7")", "ok"})
            for (const int status : {200, 201})
                EXPECT_EQ(parse_written(object, type, "7", answer(body, status)).error().code, errc::invalid_body)
                    << body;
    for (const auto* body : {"", "{}", R"({"iTwin":{}})"})
        EXPECT_EQ(parse_written(object, WriteType::create, "", answer(body, 200)).error().message,
                  "HTTP 200, but without the record's id");
    EXPECT_FALSE(parse_written(object, WriteType::create, "", answer("", 204)));
}

TEST(Write, OnlyWhatIsReplacedIsReadBefore) {
    for (const auto* object : writable_objects()) {
        const auto read = read_before_update(*object, base, "1/2");
        const bool replaced = object->write->update && object->write->update->method == "PUT";
        ASSERT_EQ(read.has_value(), replaced) << object->name;
        if (!read) continue;
        EXPECT_EQ(read->method, "GET");
        EXPECT_EQ(read->url, write_request(*object, WriteType::update, base, "1/2", "{}")->url);
        EXPECT_EQ(read->headers.get("Accept"), object->write->update->accept);
    }
}

TEST(Write, AReplacementKeepsWhatIsNotGiven) {
    EXPECT_EQ(overlay(object_of("library/manufacturers"), R"({"manufacturer":{"id":"1","displayName":"Old","phone":"5",
        "address":null,"createdDateTime":"2026-01-01T00:00:00Z","_links":{}}})",
                      R"({"displayName":"New","extra":[1.0]})")
                  .value(),
              R"({"displayName":"New","extra":[1.0],"phone":"5"})");
    EXPECT_EQ(
        overlay(object_of("synchronization/imodels/storageconnections"), R"({"connection":{"id":"1","iModelId":"m",
        "displayName":"d","authenticationType":"Service"}})",
                R"({"displayName":"e"})")
            .value(),
        R"({"authenticationType":"Service","displayName":"e"})");
}

TEST(Write, AComponentIsReplacedInTheWordsOfWrites) {
    const auto* read = R"({"component":{"id":"1","displayName":"c","state":"Draft","hashtags":["a"],
        "supportedFileTypes":["x"],"_links":{"catalogs":[{"href":"https://api.bentley.com/library/catalogs/k1"},
        {"href":"https://api.bentley.com/library/catalogs/k%202/"}],"application":{"href":"/library/applications/a1?x=1"},
        "category":null}}})";
    EXPECT_EQ(
        overlay(object_of("library/components"), read, R"({"description":null,"application":"a2"})").value(),
        R"({"application":"a2","catalogs":["k1","k 2"],"description":null,"displayName":"c","hashtags":["a"],"status":"Draft"})");
}

TEST(Write, NothingIsLaidOverAnAnswerThatCannotBeRead) {
    for (const auto* body : {"", "<html>", "{}", R"({"category":null})", R"({"catalog":{}})", "[]"}) {
        const auto made = overlay(object_of("library/categories"), body, R"({"displayName":"x"})");
        ASSERT_FALSE(made) << body;
        EXPECT_EQ(made.error().code, errc::invalid_body);
    }
}

TEST(Write, PaidWorkStartsWithTheseWritesOnly) {
    std::set<std::string> charged;
    for (const auto* object : writable_objects())
        if (starts_paid_work(*object, WriteType::create, sample(object->write->record))) charged.insert(object->name);
    EXPECT_EQ(charged, (std::set<std::string>{"insights/carbon-calculation/ec3/jobs",
                                              "insights/carbon-calculation/oneclicklca/jobs", "itwins/exports",
                                              "mesh-export", "reality-analysis/jobs", "transformations"}));
    for (const auto* object : {"contextcapture/jobs", "realityconversion/jobs"}) {
        EXPECT_TRUE(starts_paid_work(object_of(object), WriteType::update, R"({"state":"ACTIVE"})"));
        EXPECT_FALSE(starts_paid_work(object_of(object), WriteType::update, R"({"state":"cancelled"})"));
        EXPECT_FALSE(starts_paid_work(object_of(object), WriteType::update, R"({"type":"Full"})"));
        EXPECT_FALSE(starts_paid_work(object_of(object), WriteType::remove, R"({"state":"active"})"));
    }
    EXPECT_FALSE(starts_paid_work(object_of("itwins"), WriteType::update, R"({"state":"active"})"));
}

TEST(Write, TheIdOfARecordIsWhatTheObjectCallsIt) {
    EXPECT_EQ(record_id(object_of("itwins"), R"({"id":"1"})"), "1");
    EXPECT_EQ(record_id(object_of("itwins"), R"({"id":17})"), "17");
    EXPECT_EQ(record_id(object_of("itwins"), R"({"displayName":"x"})"), "");
    EXPECT_EQ(record_id(object_of("reality-analysis/detectors"), R"({"name":"@a/b"})"), "@a/b");
    EXPECT_EQ(record_id(object_of("changedelements/comparisonjob"), R"({"jobId":"a-b"})"), "a-b");
    EXPECT_EQ(record_id(object_of("changedelements/comparisonjob"), R"({"id":"a-b"})"), "a-b");
}

}  // namespace
}  // namespace syncd::bentley
