#include "connector/world/real_world.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/scheduler.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

namespace syncd::cli {
namespace {

/// What `status` says of one object of one installation.
struct Line {
    const config::Installation* installation = nullptr;
    const config::ReadObject* object = nullptr;  // none: the installation reads nothing
    storage::ObjectRow row;                      // empty when it was never read
    storage::HealthRow health;
    std::string next_read;
    std::int64_t lag_seconds = -1;  // since the start of the last successful read; -1: none yet
};

std::vector<Line> lines_of(const Context& context, Timestamp now) {
    auto reader = context.reader();
    const auto rows = reader.objects("");
    std::vector<Line> lines;
    for (const auto& installation : context.config->installations) {
        if (!context.installation.empty() && context.installation != installation.id) continue;
        const auto health = reader.health(installation.id);
        for (const auto& object : installation.objects) {
            Line line{&installation, &object, {}, health, "", -1};
            for (const auto& row : rows)
                if (row.installation_id == installation.id && row.object == object.object) line.row = row;
            const bool scheduled = !line.row.paused && !object.disabled;
            if (scheduled) line.next_read = format_time(next_due(object.schedule, line.row.last_due_at, now));
            if (const auto success = parse_time(line.row.last_success_at))
                line.lag_seconds = std::max<std::int64_t>(0, (now - *success) / std::chrono::seconds{1});
            lines.push_back(std::move(line));
        }
        if (installation.objects.empty()) lines.push_back({&installation, nullptr, {}, health, "", -1});
    }
    return lines;
}

boost::json::value text_or_null(const std::string& text) {
    return text.empty() ? boost::json::value(nullptr) : boost::json::value(text);
}

boost::json::object json_of(const Line& line) {
    boost::json::value last_read = nullptr;
    if (!line.row.last_operation_id.empty())
        last_read = boost::json::object{
            {"operationId", line.row.last_operation_id},
            {"status", line.row.last_status},
            {"at", line.row.last_at},
            {"processed", line.row.last_processed},
            {"pages", line.row.last_pages},
            {"estimated", line.row.last_estimated ? boost::json::value(*line.row.last_estimated) : nullptr}};
    return {{"installationId", line.installation->id},
            {"integration", line.installation->integration},
            {"groupRef", line.installation->group_ref},
            {"health", line.health.healthy ? "healthy" : "unhealthy"},
            {"healthReason", line.health.reason},
            {"paused", line.row.paused},
            {"object", line.object ? line.object->object : ""},
            {"records", line.row.records},
            {"heldDeletes", line.row.held_deletes},
            {"backfill", line.row.backfill.empty() ? "pending" : line.row.backfill},
            {"cursor", text_or_null(line.row.cursor)},
            {"lastRead", last_read},
            {"nextRead", text_or_null(line.next_read)},
            {"lagSeconds", line.lag_seconds < 0 ? boost::json::value(nullptr) : boost::json::value(line.lag_seconds)}};
}

/// How the last read ended, or how far the running one is.
std::string progress_of(const storage::ObjectRow& row) {
    if (row.last_status.empty()) return "-";
    if (row.last_status != "in_progress") return row.last_status;
    const auto of = row.last_estimated ? fmt::format("/{}", *row.last_estimated) : "";
    return fmt::format("reading: {}{} records, {} pages", row.last_processed, of, row.last_pages);
}

void print_lines(const std::vector<Line>& lines) {
    std::vector<std::vector<std::string>> rows = {
        {"INTEGRATION", "GROUP", "OBJECT", "RECORDS", "LAST READ", "STATUS", "NEXT READ", "CURSOR", "LAG", "HEALTH"}};
    for (const auto& line : lines) {
        const auto lag = line.lag_seconds < 0 ? "-" : std::to_string(line.lag_seconds) + "s";
        auto health = line.health.healthy ? std::string("healthy") : "unhealthy: " + line.health.reason;
        if (line.row.held_deletes > 0) health += fmt::format(", {} deletes held", line.row.held_deletes);
        rows.push_back({line.installation->integration, line.installation->group_ref,
                        line.object ? line.object->object : "-", std::to_string(line.row.records),
                        line.row.last_at.empty() ? "never" : line.row.last_at, progress_of(line.row),
                        !line.object            ? "-"
                        : line.row.paused       ? "paused"
                        : line.object->disabled ? "disabled"
                                                : line.next_read,
                        line.row.cursor.empty() ? "-" : line.row.cursor, lag, health});
    }
    print_table(rows);
}

void print_destinations(storage::Reader reader) {
    std::vector<std::vector<std::string>> rows = {
        {"DESTINATION", "STATE", "PENDING", "HELD", "DEAD", "LAST ACCEPTED", "REASON"}};
    for (const auto& row : reader.destinations())
        rows.push_back(
            {row.name, row.state, std::to_string(row.pending), std::to_string(row.held), std::to_string(row.dead),
             row.last_accepted_at.empty() ? "-" : row.last_accepted_at,
             row.reason.empty() && !row.failing_since.empty() ? "failing since " + row.failing_since : row.reason});
    fmt::print("\n");
    print_table(rows);
}

int status(Context& context) {
    context.load(false);
    context.require_installation();
    boost::asio::io_context io;
    const auto lines = lines_of(context, make_real_world(io)->now());
    if (context.json) {
        boost::json::array rows;
        for (const auto& line : lines) rows.push_back(json_of(line));
        print_json(rows);
        return exit_done;
    }
    print_lines(lines);
    print_destinations(context.reader());
    return exit_done;
}

}  // namespace

void define_status(CLI::App& app, Context& context, Chosen& chosen) {
    auto* command = app.add_subcommand("status", "Last and next read, records, lag, health; destinations");
    command->callback([&] { chosen = [&] { return status(context); }; });
}

}  // namespace syncd::cli
