#include "daemon/cli/commands.hpp"
#include "daemon/cli/list_options.hpp"
#include "daemon/message.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace syncd::cli {
namespace {

constexpr std::int64_t writes_max = 1000;

struct Options {
    std::string object, id;
};

/// A delivery that told of the record, the read that it came from, and how it went.
struct Telling {
    storage::TellingDelivery told;
    std::optional<storage::OperationRow> read;
    std::vector<storage::AttemptRow> attempts;
};

std::vector<Telling> tellings_of(storage::Reader& reader, const storage::KnownRecord& record,
                                 const std::string& object) {
    const auto change_in = [&](std::string_view message) { return change_of(message, record.row.id); };
    std::vector<Telling> tellings;
    for (auto& told : reader.deliveries_of(record.installation_id, object, record.row.id, change_in)) {
        auto read = reader.operation(told.delivery.operation_id);
        auto attempts = reader.attempts(told.delivery.id);
        tellings.push_back({std::move(told), std::move(read), std::move(attempts)});
    }
    return tellings;
}

boost::json::value text_or_null(const std::string& text) {
    return text.empty() ? boost::json::value(nullptr) : boost::json::value(text);
}

boost::json::object json_of(const Telling& telling) {
    const auto& [delivery, change] = telling.told;
    boost::json::array attempts;
    for (const auto& attempt : telling.attempts)
        attempts.push_back({{"at", attempt.at},
                            {"status", attempt.status},
                            {"error", attempt.error},
                            {"durationMs", attempt.duration_ms}});
    return {{"id", delivery.id},
            {"sequence", delivery.sequence},
            {"destination", delivery.destination},
            {"changeType", change},
            {"operationId", delivery.operation_id},
            {"readType", telling.read ? boost::json::value(telling.read->read_type) : nullptr},
            {"readTime", telling.read ? boost::json::value(telling.read->created_at) : nullptr},
            {"createTime", delivery.created_at},
            {"status", delivery.status},
            {"nextAttemptAt", text_or_null(delivery.next_attempt_at)},
            {"attempts", attempts}};
}

boost::json::object json_of(const storage::WriteRow& write) {
    return {{"id", write.id},
            {"operationId", write.operation_id},
            {"type", write.type},
            {"status", write.status},
            {"attempts", write.attempts},
            {"error", text_or_null(write.error)},
            {"createTime", write.created_at},
            {"updateTime", write.updated_at}};
}

template <class Rows>
std::string json_list(const Rows& rows) {
    boost::json::array list;
    for (const auto& row : rows) list.push_back(json_of(row));
    return boost::json::serialize(list);
}

void print_as_json(const storage::KnownRecord& record, const std::string& object, const std::vector<Telling>& tellings,
                   const std::vector<storage::WriteRow>& writes) {
    const auto quote_or_null = [](const std::string& text) { return text.empty() ? "null" : json::quote(text); };
    // By hand: raw stays as the provider spelled it.
    fmt::print(
        "{{\"installationId\":{},\"object\":{},\"recordId\":{},\"record\":{{\"createdAt\":\"{}\",\"updatedAt\":\"{}\","
        "\"deletedAt\":{},\"deleteWaits\":{},\"recheckAt\":{},\"raw\":{}}},\"deliveries\":{},\"writes\":{}}}\n",
        json::quote(record.installation_id), json::quote(object), json::quote(record.row.id), record.row.created_at,
        record.row.updated_at, quote_or_null(record.row.deleted_at), quote_or_null(record.delete_waits),
        quote_or_null(record.recheck_at), record.row.raw, json_list(tellings), json_list(writes));
}

std::string waiting_text(const std::string& delete_waits) {
    if (delete_waits == "once") return "missing in the last full read: another one that misses it too deletes it";
    if (delete_waits == "held") return "missing, its delete held by the fuse: see `deletes`";
    return "missing, its delete confirmed: the next full read that misses it too deletes it";
}

void print_as_text(const storage::KnownRecord& record, const std::string& object,
                   const std::vector<Telling>& tellings) {
    const auto& row = record.row;
    fmt::print("{} of {} in installation {}\n  first seen {}\n", row.id, object, record.installation_id,
               row.created_at);
    if (!row.deleted_at.empty())
        fmt::print("  deleted {}\n", row.deleted_at);
    else if (row.updated_at != row.created_at)
        fmt::print("  changed {}\n", row.updated_at);
    if (!record.delete_waits.empty()) fmt::print("  {}\n", waiting_text(record.delete_waits));
    if (!record.recheck_at.empty() && row.deleted_at.empty())
        fmt::print("  not finished: read again by its id at {}\n", record.recheck_at);
    if (tellings.empty()) fmt::print("  no delivery that is kept tells of it\n");
    for (const auto& telling : tellings) {
        const auto& [delivery, change] = telling.told;
        const auto& read = telling.read;
        fmt::print("{} {}: {} read {}\n  {} to {}, sequence {}: {}\n", delivery.created_at, change,
                   read ? read->read_type : "a", delivery.operation_id, delivery.id, delivery.destination,
                   delivery.sequence, delivery.status);
        for (const auto& attempt : telling.attempts)
            fmt::print("  {} {:<3} {} ms {}\n", attempt.at, attempt.status, attempt.duration_ms, attempt.error);
    }
}

void print_writes(const std::vector<storage::WriteRow>& writes) {
    for (const auto& write : writes)
        fmt::print("{} {} by write {}, operation {}: {} after {} attempts{}\n", write.created_at, write.type, write.id,
                   write.operation_id, write.status, write.attempts, write.error.empty() ? "" : ": " + write.error);
}

/// Oldest first.
std::vector<storage::WriteRow> writes_of(storage::Reader& reader, const std::string& installation_id,
                                         const std::string& object, const std::string& record_id) {
    auto writes = reader.writes(
        {.installation_id = installation_id, .object = object, .record_id = record_id, .limit = writes_max});
    std::ranges::reverse(writes);
    return writes;
}

/// Of an object that is only written, or before a read has seen the record.
int explain_writes(const Context& context, const std::string& object, const std::string& id,
                   const std::vector<storage::WriteRow>& writes) {
    if (context.json)
        fmt::print(
            "{{\"installationId\":{},\"object\":{},\"recordId\":{},\"record\":null,\"deliveries\":[],\"writes\":{}}}\n",
            json::quote(writes.front().installation_id), json::quote(object), json::quote(id), json_list(writes));
    else
        fmt::print("{} of {}: no read has seen it\n", id, object);
    if (!context.json) print_writes(writes);
    return exit_done;
}

int explain(Context& context, const Options& options) {
    context.load(false);
    const auto object = find_object(context, options.object).value_or(options.object);  // one that left is still kept
    auto reader = context.reader();
    const auto records = reader.find_record(context.installation, object, options.id);
    const auto written = records.empty() ? writes_of(reader, context.installation, object, options.id)
                                         : std::vector<storage::WriteRow>();
    if (!written.empty()) return explain_writes(context, object, options.id, written);
    if (records.empty())
        throw Exit{exit_failed, fmt::format("no record {} of {} is known{}", options.id, object,
                                            context.installation.empty() ? "" : " in " + context.installation)};
    for (const auto& record : records) {
        const auto tellings = tellings_of(reader, record, object);
        const auto writes = writes_of(reader, record.installation_id, object, record.row.id);
        if (context.json) {
            print_as_json(record, object, tellings, writes);
        } else {
            print_as_text(record, object, tellings);
            print_writes(writes);
        }
    }
    return exit_done;
}

}  // namespace

void define_explain(CLI::App& app, Context& context, Chosen& chosen) {
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("explain", "The life of one record: reads, deliveries, attempts, writes");
    command->add_option("object", options->object, "Object")->required();
    command->add_option("id", options->id, "The record's id")->required();
    command->callback(
        [&context, &chosen, options] { chosen = [&context, options] { return explain(context, *options); }; });
}

}  // namespace syncd::cli
