#include "daemon/cli/commands.hpp"
#include "daemon/cli/list_options.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace syncd::cli {
namespace {

boost::json::value text_or_null(const std::string& text) {
    return text.empty() ? boost::json::value(nullptr) : boost::json::value(text);
}

boost::json::object json_of(const storage::DeliveryRow& row) {
    return {{"id", row.id},
            {"destination", row.destination},
            {"installationId", row.installation_id},
            {"object", row.object},
            {"operationId", row.operation_id},
            {"streamId", row.stream_id},
            {"sequence", row.sequence},
            {"numRecords", row.num_records},
            {"status", row.status},
            {"attempts", row.attempts},
            {"nextAttemptAt", text_or_null(row.next_attempt_at)},
            {"createTime", row.created_at},
            {"updateTime", row.updated_at}};
}

int one(const Context& context, const std::string& id) {
    auto reader = context.reader();
    const auto row = reader.delivery(id);
    if (!row) throw Exit{exit_failed, "no delivery has the id " + id};
    const auto attempts = reader.attempts(id);
    if (context.json) {
        auto out = json_of(*row);
        boost::json::array lines;
        for (const auto& attempt : attempts)
            lines.push_back({{"at", attempt.at},
                             {"status", attempt.status},
                             {"error", attempt.error},
                             {"durationMs", attempt.duration_ms}});
        out["attemptLog"] = std::move(lines);
        boost::system::error_code not_json;
        out["body"] = boost::json::parse(reader.body(id), not_json);
        print_json(out);
        return exit_done;
    }
    fmt::print("{}\n  {} to {}: {} records of {}, sequence {} of stream {}\n  operation {}, made {}\n", row->id,
               row->status, row->destination, row->num_records, row->object, row->sequence, row->stream_id,
               row->operation_id, row->created_at);
    if (!row->next_attempt_at.empty()) fmt::print("  next attempt {}\n", row->next_attempt_at);
    for (const auto& attempt : attempts)
        fmt::print("  {} {:<3} {} ms {}\n", attempt.at, attempt.status, attempt.duration_ms, attempt.error);
    return exit_done;
}

int list(const Context& context, const storage::ListFilter& filter) {
    const auto found = context.reader().deliveries(filter);
    if (context.json) {
        boost::json::array rows;
        for (const auto& row : found) rows.push_back(json_of(row));
        print_json(rows);
        return exit_done;
    }
    std::vector<std::vector<std::string>> rows = {
        {"ID", "DESTINATION", "OBJECT", "SEQUENCE", "RECORDS", "STATUS", "ATTEMPTS", "NEXT ATTEMPT", "CREATED"}};
    for (const auto& row : found)
        rows.push_back({row.id, row.destination, row.object, std::to_string(row.sequence),
                        std::to_string(row.num_records), row.status, std::to_string(row.attempts),
                        row.next_attempt_at.empty() ? "-" : row.next_attempt_at, row.created_at});
    print_table(rows);
    return exit_done;
}

}  // namespace

void define_deliveries(CLI::App& app, Context& context, Chosen& chosen) {
    auto* command = app.add_subcommand("deliveries", "Messages, newest first; one in full with its attempts");
    auto options = add_list_options(*command, {"pending", "delivered", "dead", "held"});
    command->callback([&context, &chosen, options] {
        chosen = [&context, options] {
            context.load(false);
            if (!options->id.empty()) return one(context, options->id);
            return list(context, options->filter(context));
        };
    });
}

}  // namespace syncd::cli
