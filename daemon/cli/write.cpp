#include "config/core/json.hpp"
#include "daemon/cli/commands.hpp"
#include "daemon/cli/process.hpp"
#include "daemon/lock.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

namespace syncd::cli {
namespace {

namespace bj = boost::json;

struct Options {
    std::string object, type, record, mode = "synchronous";
    std::vector<std::string> resolve;  // a write's id, and retry or abandon
};

std::string read_record(const std::string& given) {
    std::string text = given;
    if (given == "-") {
        text.assign(std::istreambuf_iterator<char>(std::cin), {});
    } else if (given.starts_with('@')) {
        std::ifstream file(given.substr(1), std::ios::binary);
        if (!file) throw Exit{exit_usage, "--record: the file " + given.substr(1) + " can't be read"};
        text.assign(std::istreambuf_iterator<char>(file), {});
    }
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
    if (auto valid = json::validate(text); !valid)
        throw Exit{exit_usage, "--record is not JSON: " + valid.error().message};
    return text;
}

/// The installation that is meant: the one given, or the only one that writes the object.
const config::Installation& choose(const Context& context, const std::string& object) {
    std::vector<const config::Installation*> found;
    for (const auto& each : context.config->installations) {
        const auto writes = [&](const auto& one) { return one.object == object || one.mapped_name == object; };
        const bool meant = context.installation.empty() || context.installation == each.id;
        if (meant && std::ranges::any_of(each.writes, writes)) found.push_back(&each);
    }
    if (found.empty())
        throw Exit{exit_usage,
                   fmt::format("no installation writes {}: name it under write.objects in the manifest", object)};
    if (found.size() > 1)
        throw Exit{exit_usage,
                   fmt::format("{} installations write {}: say which by --installation", found.size(), object)};
    return *found.front();
}

void print_errors(const bj::object& reply) {
    const auto* errors = reply.if_contains("errors");
    if (!errors || !errors->is_array()) return;
    for (const auto& error : errors->as_array()) {
        const auto* field = error.as_object().if_contains("field");
        const auto* message = error.as_object().if_contains("message");
        fmt::print(stderr, "error: {}{}\n",
                   field && !field->as_string().empty() ? std::string(field->as_string()) + ": " : "",
                   message ? std::string(message->as_string()) : "");
    }
}

int report(const Context& context, const Options& options, int status, const bj::object& reply) {
    const auto* result = reply.if_contains("result");
    const auto text = [&](const char* name) {
        const auto* value = result ? result->as_object().if_contains(name) : nullptr;
        return value && value->is_string() ? std::string(value->as_string()) : std::string();
    };
    const auto* operation = reply.if_contains("operationId");
    const auto id = operation ? std::string(operation->as_string()) : std::string();
    if (context.json) {
        print_json(reply);
    } else if (status == 422) {
        print_errors(reply);
    } else if (status == 202) {
        const bool unknown = text("status") == "unknown";
        if (unknown) print_errors(result->as_object());
        const bool runs = DatabaseLock::holder(context.config->storage.path).has_value();
        fmt::print(stderr, "{} of {} {} (write {}); see `operations {}`\n", options.type, options.object,
                   unknown ? "has an unknown outcome"
                   : runs  ? "goes on"
                           : "is not done yet: it goes on when `run` runs",
                   text("writeId"), id);
    } else {
        fmt::print("{} of {} {} done (operation {})\n", options.type, options.object, text("recordId"), id);
    }
    return status == 202 ? exit_unknown : status == 422 ? exit_failed : exit_done;
}

int resolve(Context& context, const Options& options) {
    context.load();
    const auto answer =
        execute(context, "resolve-write", {{"id", options.resolve.front()}, {"to", options.resolve.back()}});
    if (context.json)
        print_json(answer);
    else
        fmt::print("write {}: {}\n", options.resolve.front(),
                   options.resolve.back() == "retry" ? "sent again" : "given up");
    return exit_done;
}

int write(Context& context, const Options& options) {
    if (!options.resolve.empty()) return resolve(context, options);
    if (options.object.empty() || options.type.empty() || options.record.empty())
        throw Exit{exit_usage, "write takes an object, --type and --record; or --resolve"};
    context.load();
    context.require_installation();
    const auto record = read_record(options.record);
    const auto& installation = choose(context, options.object);
    const auto request = fmt::format(R"({{"groupRef":{},"type":"{}","mode":"{}","record":{}}})",
                                     json::quote(installation.group_ref), options.type, options.mode, record);
    const auto answer = execute(context, "write",
                                {{"installation", installation.id}, {"object", options.object}, {"request", request}});
    const auto reply = bj::parse(std::string(answer.at("reply").as_string())).as_object();
    const auto status = answer.at("status").to_number<int>();
    if (options.mode == "asynchronous" && status != 422) {
        if (context.json)
            print_json(bj::object{{"operationId", reply.at("operationId")}});
        else
            fmt::print("queued as operation {}\n", std::string(reply.at("operationId").as_string()));
        return exit_done;
    }
    return report(context, options, status, reply);
}

}  // namespace

void define_write(CLI::App& app, Context& context, Chosen& chosen) {
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("write", "Create, update or delete one record");
    command->add_option("object", options->object, "Object, such as itwins");
    command->add_option("--type", options->type, "What to do")->check(CLI::IsMember({"create", "update", "delete"}));
    command->add_option("--record", options->record, "The record as JSON, @FILE, or - for standard input");
    command->add_option("--mode", options->mode, "synchronous waits for the outcome")
        ->check(CLI::IsMember({"synchronous", "asynchronous"}))
        ->capture_default_str();
    command->add_option("--resolve", options->resolve, "WRITE-ID retry|abandon: of one whose outcome is unknown")
        ->expected(2);
    command->callback(
        [&context, &chosen, options] { chosen = [&context, options] { return write(context, *options); }; });
}

}  // namespace syncd::cli
