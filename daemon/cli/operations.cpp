#include "daemon/cli/commands.hpp"
#include "daemon/cli/list_options.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace syncd::cli {
namespace {

boost::json::object json_of(const storage::OperationRow& row) {
    return {{"id", row.id},
            {"installationId", row.installation_id},
            {"actionType", row.action_type},
            {"object", row.object},
            {"readType", row.read_type},
            {"status", row.status},
            {"result", row.result},
            {"pages", row.pages},
            {"recordsProcessed", row.processed},
            {"recordsEstimatedTotal", row.estimated ? boost::json::value(*row.estimated) : boost::json::value(nullptr)},
            {"creates", row.creates},
            {"updates", row.updates},
            {"deletes", row.deletes},
            {"createTime", row.created_at},
            {"updateTime", row.updated_at}};
}

/// backfill, scheduled or triggered for a read; else write.
std::string type_of(const storage::OperationRow& row) {
    return row.action_type == "read" ? row.read_type : row.action_type;
}

int one(const Context& context, const std::string& id) {
    auto reader = context.reader();
    const auto row = reader.operation(id);
    if (!row) throw Exit{exit_failed, "no operation has the id " + id};
    const auto log = reader.operation_log(id);
    if (context.json) {
        auto out = json_of(*row);
        boost::json::array lines;
        for (const auto& line : log)
            lines.push_back({{"timestamp", line.at}, {"severity", line.level}, {"message", line.message}});
        out["logs"] = std::move(lines);
        print_json(out);
        return exit_done;
    }
    fmt::print("{}\n  {} {} of {}, installation {}\n  {} to {}\n", row->id, row->status, type_of(*row), row->object,
               row->installation_id, row->created_at, row->updated_at);
    if (row->action_type == "read")
        fmt::print("  {} pages, {} records: {} created, {} updated, {} deleted\n", row->pages, row->processed,
                   row->creates, row->updates, row->deletes);
    if (!row->result.empty()) fmt::print("  {}\n", row->result);
    for (const auto& line : log) fmt::print("  {} {:<5} {}\n", line.at, line.level, line.message);
    return exit_done;
}

int list(const Context& context, const storage::ListFilter& filter) {
    const auto found = context.reader().operations(filter);
    if (context.json) {
        boost::json::array rows;
        for (const auto& row : found) rows.push_back(json_of(row));
        print_json(rows);
        return exit_done;
    }
    std::vector<std::vector<std::string>> rows = {
        {"ID", "OBJECT", "TYPE", "STATUS", "STARTED", "PAGES", "RECORDS", "RESULT"}};
    for (const auto& row : found)
        rows.push_back({row.id, row.object, type_of(row), row.status, row.created_at, std::to_string(row.pages),
                        row.estimated && row.status == "in_progress"
                            ? fmt::format("{}/{}", row.processed, *row.estimated)
                            : std::to_string(row.processed),
                        row.result});
    print_table(rows);
    return exit_done;
}

}  // namespace

void define_operations(CLI::App& app, Context& context, Chosen& chosen) {
    auto* command = app.add_subcommand("operations", "Reads and writes, newest first; one in full with its log");
    auto options = add_list_options(*command, {"in_progress", "success", "failure"});
    command->callback([&context, &chosen, options] {
        chosen = [&context, options] {
            context.load(false);
            if (!options->id.empty()) return one(context, options->id);
            return list(context, options->filter(context));
        };
    });
}

}  // namespace syncd::cli
