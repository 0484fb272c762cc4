#include "daemon/auth_command.hpp"

#include "daemon/consent.hpp"
#include "daemon/daemon.hpp"

#include <boost/json.hpp>

namespace syncd {
namespace {

namespace bj = boost::json;

result<const config::Installation*> choose(const config::Config& config, const std::string& id) {
    if (!id.empty()) {
        const auto* found = find_user_installation(config, id);
        if (found) return found;
        return Error{errc::invalid_input,
                     "the configuration has no installation " + id + " with grant authorization_code"};
    }
    std::string choices;
    const config::Installation* only = nullptr;
    for (const auto& each : config.installations) {
        if (each.connection.grant != config::Grant::authorization_code) continue;
        choices += "\n  " + each.id + "  " + each.integration + " of " + each.group_ref;
        only = &each;
    }
    if (!only)
        return Error{errc::invalid_input, "no installation has grant authorization_code: there is no user to sign in"};
    if (choices.find('\n', 1) != std::string::npos)
        return Error{errc::invalid_input, "several installations have users: choose one by --installation" + choices};
    return only;
}

}  // namespace

awaitable<result<std::string>> auth_login(Daemon& daemon, std::string installation_id) {
    const auto chosen = choose(daemon.config(), installation_id);
    if (!chosen) co_return chosen.error();
    if (daemon.public_url().ends_with(":0"))
        co_return Error{errc::refused,
                        "the daemon does not run, and its port is not known before it does: start `run`"};
    const auto& id = (*chosen)->id;
    const auto url = daemon.links().connect_link(daemon.public_url(), id, daemon.world().now());
    co_return bj::serialize(bj::object{{"installationId", id}, {"url", url}, {"serves", daemon.serves()}});
}

awaitable<result<std::string>> auth_logout(Daemon& daemon, std::string installation_id) {
    const auto chosen = choose(daemon.config(), installation_id);
    if (!chosen) co_return chosen.error();
    const auto& id = (*chosen)->id;
    const bool forgotten = co_await daemon.installation(id)->sign_out();
    co_return bj::serialize(bj::object{{"installationId", id}, {"forgotten", forgotten}});
}

}  // namespace syncd
