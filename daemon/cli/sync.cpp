#include "config/core/log.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/process.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <memory>
#include <optional>

namespace syncd::cli {
namespace {

struct Options {
    std::vector<std::string> objects;
    bool full = false, all = false;
    std::string since, until;
    std::string drain = "60s";
};

/// One line on the terminal that is written over and over: records read, messages still to go.
class ProgressLine {
public:
    explicit ProgressLine(const Context& context) : context_(context) {}
    void show() {
        try {
            if (!reader_) reader_.emplace(context_.reader());
            std::string line;
            for (const auto& operation :
                 reader_->operations({.installation_id = context_.installation, .status = "in_progress"}))
                line += describe(operation) + "  ";
            std::int64_t pending = 0;
            for (const auto& destination : reader_->destinations()) pending += destination.pending;
            line += fmt::format("{} messages to deliver", pending);
            fmt::print(stderr, "\r\x1b[K{}", line);
            shown_ = true;
        } catch (const std::exception&) {  // the database is just being made
        }
    }
    void clear() const {
        if (shown_) fmt::print(stderr, "\r\x1b[K");
    }

private:
    static std::string describe(const storage::OperationRow& operation) {
        constexpr std::int64_t width = 20;
        if (!operation.estimated || *operation.estimated == 0)
            return fmt::format("{} {} records", operation.object, operation.processed);
        const auto filled = std::min(width, operation.processed * width / *operation.estimated);
        return fmt::format("{} [{:#<{}}{:.<{}}] {}/{}", operation.object, "", filled, "", width - filled,
                           operation.processed, *operation.estimated);
    }
    const Context& context_;
    std::optional<storage::Reader> reader_;
    bool shown_ = false;
};

int sync(Context& context, const Options& options) {
    const auto drain = parse_duration(options.drain);
    if (!drain) throw Exit{exit_usage, "--drain is not a duration like 60s: " + options.drain};
    context.load();
    context.require_installation();
    ProgressLine line(context);
    const Progress progress = stderr_is_terminal() ? Progress([&] { line.show(); }) : Progress();
    auto report = execute(context, "sync",
                          {{"installation", context.installation},
                           {"objects", boost::json::value_from(options.objects)},
                           {"full", options.full},
                           {"all", options.all},
                           {"since", options.since},
                           {"until", options.until},
                           {"drain_ms", *drain / std::chrono::milliseconds{1}}},
                          progress);
    line.clear();
    const bool finished = report["finished"].as_bool();
    if (context.json) {
        print_json(report["reads"]);
    } else {
        std::vector<std::vector<std::string>> rows = {{"OBJECT", "STATUS", "RESULT"}};
        for (const auto& read : report["reads"].as_array())
            rows.push_back({std::string(read.at("object").as_string()), std::string(read.at("status").as_string()),
                            std::string(read.at("result").as_string())});
        print_table(rows);
    }
    if (const auto pending = report["pending"].to_number<std::int64_t>(); pending > 0)
        fmt::print(stderr, "{} messages are not accepted yet: see `deliveries --status pending`\n", pending);
    return finished ? exit_done : exit_unfinished;
}

}  // namespace

void define_sync(CLI::App& app, Context& context, Chosen& chosen) {
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("sync", "One pass now: read, deliver, exit");
    command->add_option("--object", options->objects, "Only this object; may be repeated");
    command->add_flag("--full", options->full, "Read incremental objects in full");
    command->add_flag("--all", options->all, "Deliver every record read, unchanged ones too");
    command->add_option("--since", options->since, "Only records from this time on (RFC 3339), each delivered anew");
    command->add_option("--until", options->until, "Only records up to this time");
    command->add_option("--drain", options->drain, "How long to wait for messages to be accepted")
        ->capture_default_str();
    command->callback(
        [&context, &chosen, options] { chosen = [&context, options] { return sync(context, *options); }; });
}

}  // namespace syncd::cli
