#include "daemon/cli/commands.hpp"
#include "daemon/cli/process.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

namespace syncd::cli {
namespace {

std::string text(const boost::json::value& value) { return std::string(value.as_string()); }

int login(Context& context) {
    context.load();
    context.require_installation();
    const auto answer = execute(context, "auth", {{"action", "login"}, {"installation", context.installation}});
    const bool serves = answer.at("serves").as_bool();
    if (context.json)
        print_json(boost::json::object{{"installationId", answer.at("installationId")}, {"url", answer.at("url")}});
    else
        fmt::print("{}\n", text(answer.at("url")));
    if (!serves) fmt::print(stderr, "warning: the daemon does not run: start `run` before the link is opened\n");
    if (!context.json) fmt::print(stderr, "Open it in a browser within 15 minutes to sign in.\n");
    return exit_done;
}

int logout(Context& context) {
    context.load();
    context.require_installation();
    context.require_database();
    const auto answer = execute(context, "auth", {{"action", "logout"}, {"installation", context.installation}});
    if (context.json)
        print_json(answer);
    else if (answer.at("forgotten").as_bool())
        fmt::print(
            "the tokens of {} are forgotten; what the user allowed stays at the provider until it is revoked "
            "there\n",
            text(answer.at("installationId")));
    else
        fmt::print("no user was signed in to {}\n", text(answer.at("installationId")));
    return exit_done;
}

/// How an installation signs in, and whether it can.
struct Status {
    const config::Installation* installation;
    std::string grant = "client_credentials", state = "service";
    std::string consented_at, expires_at;
};

Status status_of(const config::Installation& installation, storage::Reader* reader) {
    Status status{.installation = &installation};
    if (installation.connection.grant == config::Grant::client_credentials) return status;
    status.grant = "authorization_code";
    status.state = "needs consent";
    const auto kept = reader ? reader->consent(installation.id) : std::nullopt;
    if (!kept || kept->client_id != installation.connection.client_id) return status;
    if (!kept->needs_consent) status.state = "signed in";
    status.consented_at = kept->consented_at;
    status.expires_at = kept->expires_at;
    return status;
}

int status(Context& context) {
    context.load();
    context.require_installation();
    std::optional<storage::Reader> reader;
    if (::access(context.config->storage.path.c_str(), F_OK) == 0) reader.emplace(context.reader());
    boost::json::array found;
    std::vector<std::vector<std::string>> rows = {
        {"INSTALLATION", "INTEGRATION", "GROUP", "GRANT", "STATE", "SIGNED IN", "TOKEN EXPIRES"}};
    const auto time = [](const std::string& at) { return at.empty() ? boost::json::value() : boost::json::value(at); };
    for (const auto& installation : context.config->installations) {
        if (!context.installation.empty() && installation.id != context.installation) continue;
        const auto each = status_of(installation, reader ? &*reader : nullptr);
        found.push_back({{"installationId", installation.id},
                         {"integration", installation.integration},
                         {"groupRef", installation.group_ref},
                         {"grant", each.grant},
                         {"state", each.state},
                         {"signedInAt", time(each.consented_at)},
                         {"expiresAt", time(each.expires_at)}});
        rows.push_back({installation.id, installation.integration, installation.group_ref, each.grant, each.state,
                        each.consented_at, each.expires_at});
    }
    if (context.json)
        print_json(found);
    else
        print_table(rows);
    return exit_done;
}

}  // namespace

void define_auth(CLI::App& app, Context& context, Chosen& chosen) {
    auto* command = app.add_subcommand("auth", "Users who let an installation read (grant authorization_code)");
    command->require_subcommand(1);
    const auto define = [&](const char* name, const char* does, int (*work)(Context&)) {
        command->add_subcommand(name, does)->callback([&context, &chosen, work] {
            chosen = [&context, work] { return work(context); };
        });
    };
    define("login", "Print a link, good for 15 minutes, where a user signs in", login);
    define("status", "Who signs in how, and whether the provider still knows them", status);
    define("logout", "Forget the tokens of a user", logout);
}

}  // namespace syncd::cli
