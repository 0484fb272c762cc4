#include "daemon/cli/commands.hpp"
#include "daemon/cli/list_options.hpp"
#include "daemon/message.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <memory>

namespace syncd::cli {
namespace {

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

void print_as_json(const storage::KnownRecord& record, const std::string& object,
                   const std::vector<Telling>& tellings) {
    boost::json::array deliveries;
    for (const auto& telling : tellings) deliveries.push_back(json_of(telling));
    const auto quote_or_null = [](const std::string& text) { return text.empty() ? "null" : json::quote(text); };
    // By hand: raw stays as the provider spelled it.
    fmt::print(
        "{{\"installationId\":{},\"object\":{},\"recordId\":{},\"record\":{{\"createdAt\":\"{}\",\"updatedAt\":\"{}\","
        "\"deletedAt\":{},\"deleteWaits\":{},\"recheckAt\":{},\"raw\":{}}},\"deliveries\":{}}}\n",
        json::quote(record.installation_id), json::quote(object), json::quote(record.row.id), record.row.created_at,
        record.row.updated_at, quote_or_null(record.row.deleted_at), quote_or_null(record.delete_waits),
        quote_or_null(record.recheck_at), record.row.raw, boost::json::serialize(deliveries));
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

int explain(Context& context, const Options& options) {
    context.load(false);
    const auto object = find_object(context, options.object).value_or(options.object);  // one that left is still kept
    auto reader = context.reader();
    const auto records = reader.find_record(context.installation, object, options.id);
    if (records.empty())
        throw Exit{exit_failed, fmt::format("no record {} of {} is known{}", options.id, object,
                                            context.installation.empty() ? "" : " in " + context.installation)};
    for (const auto& record : records) {
        const auto tellings = tellings_of(reader, record, object);
        context.json ? print_as_json(record, object, tellings) : print_as_text(record, object, tellings);
    }
    return exit_done;
}

}  // namespace

void define_explain(CLI::App& app, Context& context, Chosen& chosen) {
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("explain", "The life of one record: reads, deliveries, attempts");
    command->add_option("object", options->object, "Object")->required();
    command->add_option("id", options->id, "The record's id")->required();
    command->callback(
        [&context, &chosen, options] { chosen = [&context, options] { return explain(context, *options); }; });
}

}  // namespace syncd::cli
