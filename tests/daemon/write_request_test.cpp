#include "daemon/write_request.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace syncd {
namespace {

namespace bj = boost::json;
using storage::Write;
using storage::WriteStatus;

Write a_write(WriteStatus status, std::string record_id = "", std::string error = "", std::string problem = "") {
    Write write;
    write.id = "w1";
    write.status = status;
    write.record_id = std::move(record_id);
    write.error = std::move(error);
    write.problem = std::move(problem);
    return write;
}

bj::value body_of(const WriteReply& reply) { return bj::parse(reply.body); }

TEST(WriteRequest, KeepsARecordsBytesAndHasAmpersandsDefaults) {
    const auto request =
        parse_write_request(R"({"groupRef":"acme","type":"update","record":{ "id":"1",  "n":1.50 }})").value();
    EXPECT_EQ(request.group_ref, "acme");
    EXPECT_EQ(request.order.type, WriteType::update);
    EXPECT_FALSE(request.order.asynchronous);
    EXPECT_FALSE(request.order.batch);
    EXPECT_EQ(request.order.deadline_hours, 1);
    EXPECT_EQ(request.order.records, std::vector<std::string>{R"({ "id":"1",  "n":1.50 })"});
}

TEST(WriteRequest, TakesWhatAmpersandsClientsSendBesides) {
    const auto request = parse_write_request(
        R"({"groupRef":"a","type":"create","mode":"asynchronous","retryPolicy":{"deadlineHours":48},"headers":[],
            "autoBatchPolicy":{"maxDelayMinutes":5},"associations":[],"batchPolicy":{"allOrNone":true},
            "batch":[{"record":{"a":1}},{"record":{"a":2},"associations":[]}]})");
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_TRUE(request->order.asynchronous);
    EXPECT_TRUE(request->order.all_or_none);
    EXPECT_EQ(request->order.deadline_hours, 48);
    EXPECT_EQ(request->order.records.size(), 2u);
}

TEST(WriteRequest, OfAnAutoBatchedWriteItsOwnDeadlineCounts) {
    const auto hours = [](const std::string& policies) {
        return parse_write_request(R"({"groupRef":"a","type":"create","record":{},)" + policies + "}")
            .value()
            .order.deadline_hours;
    };
    EXPECT_EQ(
        hours(R"("autoBatchPolicy":{"maxDelayMinutes":5,"retryDeadlineHours":24},"retryPolicy":{"deadlineHours":3})"),
        24);
    EXPECT_EQ(hours(R"("autoBatchPolicy":null,"retryPolicy":{"deadlineHours":3})"), 3);
}

TEST(WriteRequest, PoliciesOfAnotherShapeAreRefused) {
    for (const auto* policy :
         {R"("autoBatchPolicy":{"maxDelayMinutes":0})", R"("autoBatchPolicy":"x")", R"("retryPolicy":5)",
          R"("retryPolicy":{"deadlineHours":49})", R"("batchPolicy":"z")", R"("batchPolicy":{"allOrNone":1})"})
        EXPECT_FALSE(parse_write_request(std::string(R"({"groupRef":"a","type":"create","record":{},)") + policy + "}"))
            << policy;
}

TEST(WriteReply, OfASuccess) {
    const auto reply = write_reply("op", false, {a_write(WriteStatus::done, "r1")}, {R"({"id":"r1"})"});
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(body_of(reply),
              bj::parse(R"({"operationId":"op","result":{"success":true,"recordId":"r1","data":{"id":"r1"}}})"));
}

TEST(WriteReply, OfAFailureHasWhatTheProviderSaid) {
    const std::string problem =
        R"({"error":{"code":"InvalidX","message":"m","details":[{"code":"InvalidValue","message":"d","target":"t"}]}})";
    const auto reply =
        write_reply("op", false, {a_write(WriteStatus::failed, "", "HTTP 422, InvalidX: m", problem)}, {""});
    EXPECT_EQ(reply.status, 422);
    const auto body = body_of(reply);
    EXPECT_EQ(body.at_pointer("/errors/0/message"), "HTTP 422, InvalidX: m");
    EXPECT_EQ(body.at_pointer("/errors/0/code"), "InvalidX");
    EXPECT_EQ(body.at_pointer("/errors/0/details/0/target"), "t");
    EXPECT_EQ(body.at_pointer("/result/success"), false);
    EXPECT_EQ(body.at("rawResponse"), bj::value(problem));
}

TEST(WriteReply, OfOneThatGoesOnOrWhoseOutcomeIsUnknownSaysSo) {
    for (const auto status : {WriteStatus::pending, WriteStatus::sending, WriteStatus::unknown}) {
        const auto reply = write_reply("op", false, {a_write(status, "", "why")}, {""});
        EXPECT_EQ(reply.status, 202);
        EXPECT_EQ(body_of(reply).at_pointer("/result/status"), bj::value(storage::to_string(status)));
        EXPECT_EQ(body_of(reply).at_pointer("/result/writeId"), "w1");
        EXPECT_EQ(body_of(reply).at_pointer("/result/success"), false);
    }
}

TEST(WriteReply, OfABatchCounts) {
    const auto reply =
        write_reply("op", true, {a_write(WriteStatus::done, "r1"), a_write(WriteStatus::failed, "", "no")}, {"", ""});
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(body_of(reply).at("successCount"), 1);
    EXPECT_EQ(body_of(reply).at("failureCount"), 1);
    EXPECT_EQ(body_of(reply).at_pointer("/errors/0/message"), "batch[1]: no");
    EXPECT_EQ(write_reply("op", true, {a_write(WriteStatus::failed, "", "no")}, {""}).status, 422);
}

TEST(WriteReply, OfARefusalNamesEveryField) {
    const auto reply = write_refusal("op", {{"a", "is missing"}, {"b[0].c", "is \"wrong\""}});
    EXPECT_EQ(reply.status, 422);
    EXPECT_EQ(body_of(reply).at("operationId"), "op");
    EXPECT_EQ(body_of(reply).at_pointer("/result/success"), false);
    EXPECT_EQ(body_of(reply).at_pointer("/errors/1/field"), "b[0].c");
    EXPECT_EQ(body_of(reply).at_pointer("/errors/1/message"), "is \"wrong\"");
}

TEST(WriteReply, OfARefusedBatchCountsItsRecords) {
    const auto reply = write_refusal("op", {{"batch[1].record.a", "is missing"}}, 2);
    EXPECT_EQ(body_of(reply).at("successCount"), 0);
    EXPECT_EQ(body_of(reply).at("failureCount"), 2);
    EXPECT_EQ(body_of(reply).at("results").as_array().size(), 2u);
    EXPECT_FALSE(body_of(reply).as_object().contains("result"));
}

}  // namespace
}  // namespace syncd
