#include "daemon/message.hpp"

#include "tests/support/builders.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

const std::string stream = "6f1c0000-0000-4000-8000-000000000001";

Envelope envelope() {
    return {.project = "acme",
            .group_ref = "g",
            .group_name = "Acme \"Corp\"",
            .consumer_ref = "",
            .consumer_name = "",
            .installation_id = "inst",
            .installation_updated_at = testing::at(1),
            .operation_id = "op",
            .operation_time = testing::at(2),
            .read_type = ReadType::backfill};
}
config::ReadObject itwins(std::int64_t records_max = 0) {
    config::ReadObject object;
    object.object = "itwins";
    object.mapped_name = "projects";
    object.page_records_max = records_max;
    return object;
}
Change change(std::size_t number, std::size_t bytes = 10) {
    return {ChangeType::create, std::to_string(number), "{\"t\":\"" + std::string(bytes, 'x') + "\"}"};
}
std::vector<Message> build(const std::vector<Change>& changes, std::int64_t bytes_max = 300'000,
                           const config::ReadObject& object = itwins()) {
    return build_messages(envelope(), object, bytes_max, changes, stream, 41);
}
std::string text(const std::string& body, std::vector<std::string> path) {
    const auto value = json::find(body, std::span<const std::string>(path));
    return value ? json::as_text(*value).value_or(std::string(*value)) : "absent";
}

TEST(Message, HasAllThatTheContractNames) {
    const auto body = build({change(1)}).at(0).body;

    const std::pair<const char*, std::string> members[] = {{"action", "read"},
                                                           {"projectId", "acme"},
                                                           {"provider", "bentley"},
                                                           {"groupRef", "g"},
                                                           {"groupName", "Acme \"Corp\""},
                                                           {"consumerRef", ""},
                                                           {"consumerName", ""},
                                                           {"installationId", "inst"},
                                                           {"installationUpdateTime", "2026-11-21T00:00:01.000Z"},
                                                           {"objectName", "projects"},
                                                           {"rawObjectName", "itwins"},
                                                           {"operationId", "op"},
                                                           {"operationTime", "2026-11-21T00:00:02.000Z"},
                                                           {"readType", "backfill"},
                                                           {"streamId", stream},
                                                           {"sequence", "41"}};
    for (const auto& [name, value] : members) EXPECT_EQ(text(body, {name}), value) << name;
    EXPECT_EQ(text(body, {"resultInfo", "type"}), "inline");
    EXPECT_EQ(text(body, {"resultInfo", "numRecords"}), "1");
    EXPECT_EQ(json::elements(*json::find(body, "result")).size(), 1u);
}

TEST(Message, NoChangesAreNoMessage) { EXPECT_TRUE(build({}).empty()); }

TEST(Message, SequencesCountUpOverInlineAndUrl) {
    std::vector<Change> changes;
    for (std::size_t i = 0; i < 20; ++i) changes.push_back(change(i, i % 3 == 2 ? 5000 : 300));
    const auto messages = build(changes, 3000);

    std::int64_t sequence = 41;
    std::size_t records = 0, by_url = 0;
    for (const auto& message : messages) {
        EXPECT_EQ(text(message.body, {"sequence"}), std::to_string(sequence++));
        EXPECT_EQ(text(message.body, {"resultInfo", "numRecords"}), std::to_string(message.records));
        records += message.records;
        by_url += message.by_url;
    }
    EXPECT_EQ(records, 20u);
    EXPECT_EQ(by_url, 6u);
}

TEST(Message, RecordsKeepTheirOrderOverMessages) {
    std::vector<Change> changes;
    for (std::size_t i = 0; i < 50; ++i) changes.push_back(change(i, 100 + 97 * i % 2500));
    std::size_t next = 0;

    for (const auto& message : build(changes, 4000)) {
        const std::string list(message.by_url ? std::string_view(message.results)
                                              : *json::find(message.body, "result"));
        for (const auto entry : json::elements(list))
            EXPECT_EQ(json::as_string(*json::find(entry, "id")), std::to_string(next++));
    }

    EXPECT_EQ(next, 50u);
}

TEST(Message, NeverExceedsTheLimitAndIsAlwaysValidJson) {
    for (std::int64_t bytes_max = 1000; bytes_max < 2600; bytes_max += 7) {
        std::vector<Change> changes;
        for (std::size_t i = 0; i < 30; ++i) changes.push_back(change(i, (i * 53) % 900));
        for (const auto& message : build(changes, bytes_max)) {
            EXPECT_LE(std::int64_t(message.body.size()), bytes_max);
            EXPECT_TRUE(json::validate(message.body).has_value()) << message.body;
            if (message.by_url) EXPECT_TRUE(json::validate(message.results).has_value());
        }
    }
}

TEST(Message, ARecordIsInlineUpToItsLimitAndByUrlBeyond) {
    std::size_t largest_inline = 0, smallest_by_url = 100'000;
    for (std::size_t bytes = 0; bytes < 3000; ++bytes) {
        const auto messages = build({change(1, bytes)}, 2000);
        ASSERT_EQ(messages.size(), 1u);
        EXPECT_LE(messages[0].body.size(), 2000u) << bytes;
        auto& bound = messages[0].by_url ? smallest_by_url : largest_inline;
        bound = messages[0].by_url ? std::min(bound, bytes) : std::max(bound, bytes);
    }
    EXPECT_EQ(largest_inline + 1, smallest_by_url) << "one border";
    EXPECT_GE(build({change(1, largest_inline)}, 2000)[0].body.size(), 1850u) << "little is wasted";
}

TEST(Message, TakesAsManyRecordsAsFit) {
    std::vector<Change> changes;
    for (std::size_t i = 0; i < 1000; ++i) changes.push_back(change(i, 100));

    const auto messages = build(changes, 20'000);

    for (std::size_t i = 0; i + 1 < messages.size(); ++i) EXPECT_GT(messages[i].body.size(), 19'000u);
}

TEST(Message, HoldsNoMoreRecordsThanThePageSize) {
    std::vector<Change> changes;
    for (std::size_t i = 0; i < 10; ++i) changes.push_back(change(i));
    std::vector<std::size_t> counts;

    for (const auto& message : build(changes, 300'000, itwins(4))) counts.push_back(message.records);

    EXPECT_EQ(counts, (std::vector<std::size_t>{4, 4, 2}));
}

TEST(Message, ByUrlItHasALinkInsteadOfAResult) {
    const auto message = build({change(1, 100'000)}, 2000).at(0);

    EXPECT_TRUE(message.by_url);
    EXPECT_EQ(text(message.body, {"resultInfo", "type"}), "url");
    EXPECT_EQ(text(message.body, {"resultInfo", "downloadUrl"}), "");
    EXPECT_FALSE(json::find(message.body, "result"));
    const auto sent = with_download_url(message.body, "https://h/downloads/x?expires=1&signature=\"");
    EXPECT_TRUE(json::validate(sent).has_value());
    EXPECT_EQ(text(sent, {"resultInfo", "downloadUrl"}), "https://h/downloads/x?expires=1&signature=\"");
    EXPECT_EQ(json::elements(message.results).size(), 1u);
}

TEST(Message, TheLinkGoesWhereItBelongsWhateverTheNamesSay) {
    auto tricky = envelope();
    tricky.group_name = "\"downloadUrl\":\"\"";
    const auto message = build_messages(tricky, itwins(), 2000, {change(1, 100'000)}, stream, 1).at(0);

    const auto sent = with_download_url(message.body, "https://h/x");

    EXPECT_EQ(text(sent, {"groupName"}), tricky.group_name);
    EXPECT_EQ(text(sent, {"resultInfo", "downloadUrl"}), "https://h/x");
}

TEST(Message, ALimitSmallerThanTheEnvelopeStillSendsEverythingByUrl) {
    const auto messages = build({change(1), change(2)}, 10);

    EXPECT_EQ(messages.size(), 2u);
    for (const auto& message : messages) EXPECT_TRUE(message.by_url && json::validate(message.body).has_value());
}

TEST(FieldMessage, IsARecordsMessageOfAnotherActionWithTheChangesAsItsResult) {
    const std::vector<FieldChange> changes = {
        {FieldChangeType::created, "a \"1\"", {"string", "array"}, {}},
        {FieldChangeType::changed, "b", {"number"}, {"string"}},
        {FieldChangeType::deleted, "c", {}, {"object"}},
    };
    const auto messages = build_field_messages(envelope(), itwins(1), 300'000, changes, stream, 41);

    ASSERT_EQ(messages.size(), 1u) << "the page size is of records";
    EXPECT_EQ(messages[0].records, 3u);
    std::string expected = build({change(1)}).at(0).body;
    const auto replace = [&](const std::string& from, const std::string& to) {
        ASSERT_NE(expected.find(from), std::string::npos) << from;
        expected.replace(expected.find(from), from.size(), to);
    };
    replace(R"("action":"read")", R"("action":"watchSchema")");
    replace(R"("readType":"backfill",)", "");
    replace(R"("numRecords":1)", R"("numRecords":3)");
    expected.erase(expected.find("\"result\":"));
    EXPECT_EQ(
        messages[0].body,
        expected +
            R"("result":[)"
            R"({"changeType":"fieldCreated","fieldName":"a \"1\"","types":["array","string"],"previousTypes":[]},)"
            R"({"changeType":"fieldChanged","fieldName":"b","types":["number"],"previousTypes":["string"]},)"
            R"({"changeType":"fieldDeleted","fieldName":"c","types":[],"previousTypes":["object"]}]})");
    EXPECT_EQ(change_of(messages[0].body, "b"), "") << "it tells of no record";
}

TEST(FieldMessage, KeepsToTheLimitOfItsDestination) {
    std::vector<FieldChange> changes;
    for (int i = 0; i < 200; ++i) changes.push_back({FieldChangeType::created, fmt::format("field {}", i), {}, {}});
    std::size_t told = 0;
    std::int64_t sequence = 41;

    for (const auto& message : build_field_messages(envelope(), itwins(), 2000, changes, stream, 41)) {
        EXPECT_LE(message.body.size(), 2000u);
        EXPECT_EQ(text(message.body, {"sequence"}), std::to_string(sequence++));
        told += json::elements(*json::find(message.body, "result")).size();
    }

    EXPECT_EQ(told, 200u);
    EXPECT_GT(sequence, 43);
}

TEST(ChangeOf, IsWhatTheEntryOfThatVeryRecordSays) {
    const std::string odd = "a \"1\" \u00e9\n";
    const std::vector<Change> changes = {{ChangeType::create, "1", R"({"id":"2","changeType":"update"})"},
                                         {ChangeType::update, odd, R"({"parentId":"3"})"},
                                         {ChangeType::remove, "4", "{}"},
                                         {ChangeType::none, "5", "{}"}};
    const auto body = build(changes).at(0).body;

    EXPECT_EQ(change_of(body, "1"), "create");
    EXPECT_EQ(change_of(body, odd), "update");
    EXPECT_EQ(change_of(body, "4"), "delete");
    EXPECT_EQ(change_of(body, "5"), "none");
    for (const auto* other : {"2", "3", "", "op", "inst"}) EXPECT_EQ(change_of(body, other), "") << other;
}

TEST(ChangeOf, LooksIntoTheListOfAMessageByUrl) {
    const auto message = build({change(1, 5000)}, 2000).at(0);

    EXPECT_EQ(change_of(message.results, "1"), "create");
    EXPECT_EQ(change_of(message.results, "2"), "");
    EXPECT_EQ(change_of(message.body, "1"), "") << "only its list says it";
    EXPECT_EQ(change_of("no JSON", "1"), "");
}

}  // namespace
}  // namespace syncd
