// bentley-sandbox: a provider and a webhook receiver on loopback, to try bentley-syncd without an account.
#include "connector/http/server.hpp"
#include "connector/world/real_world.hpp"
#include "tests/sandbox/blob.hpp"
#include "tests/sandbox/call.hpp"
#include "tests/sandbox/sandbox.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>

namespace {

using namespace syncd;

struct Settings {
    std::string listen = "127.0.0.1:8720", receiver = "127.0.0.1:8721", hook = "bentley", lifetime = "3600s";
    bool quiet = false;
    sandbox::Options options;
};

Endpoint parse_endpoint(const std::string& text) {
    const auto colon = text.rfind(':');
    const auto digits = colon == std::string::npos ? std::string() : text.substr(colon + 1);
    const auto port = sandbox::parse_number(digits, 0, 65535);
    if (!port) throw std::invalid_argument(text + ": not HOST:PORT");
    return {.host = text.substr(0, colon), .port = static_cast<std::uint16_t>(*port)};
}

/// `OBJECT=N` each.
std::map<std::string, std::size_t> parse_counts(const std::vector<std::string>& texts) {
    std::map<std::string, std::size_t> counts;
    for (const auto& text : texts) {
        const auto equals = std::min(text.find('='), text.size());
        const auto number = sandbox::parse_number(std::string_view(text).substr(std::min(equals + 1, text.size())), 0,
                                                  10'000'000);
        if (!number) throw std::invalid_argument(text + ": not OBJECT=N");
        counts[text.substr(0, equals)] = std::size_t(*number);
    }
    return counts;
}

/// Fills `settings`; a status when the program is to end at once.
std::optional<int> parse_arguments(int argc, char** argv, Settings& settings) {
    auto& options = settings.options;
    std::vector<std::string> counts, others;
    CLI::App app{"bentley-sandbox: an imitation of the iTwin Platform and of a webhook receiver"};
    app.option_defaults()->always_capture_default();
    app.add_option("--listen", settings.listen, "the provider's address; port 0: any free one");
    app.add_option("--receiver", settings.receiver, "the receiver's address; port 0: any free one");
    app.add_option("--itwins", options.itwins, "iTwins to begin with");
    app.add_option("--jobs", options.jobs, "reality modeling jobs to begin with");
    app.add_option("--cesium", options.cesium, "Cesium contents to begin with");
    app.add_option("--recents", options.recents, "recently used iTwins to begin with");
    app.add_option("--favorites", options.favorites, "favorite iTwins to begin with");
    app.add_option("--count", counts, "OBJECT=N: records of any object to begin with; may be repeated");
    app.add_option("--others", others, "OBJECT=N: how many of them belong to somebody else; may be repeated");
    app.add_option("--client-id", options.client_id, "client that gets tokens");
    app.add_option("--client-secret", options.client_secret, "its secret");
    app.add_option("--webhook-secret", options.webhook_secrets, "what signs webhooks; may be repeated");
    app.add_option("--seed", options.seed, "of all ids and contents");
    app.add_option("--token-lifetime", settings.lifetime, "500ms, 15s, 5m, 2h, 7d");
    app.add_option("--hook", settings.hook, "name in the receiver's address that is printed");
    app.add_flag("--quiet", settings.quiet, "no line for each delivery");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const auto lifetime = parse_duration(settings.lifetime);
    if (!lifetime) throw std::invalid_argument(settings.lifetime + ": not a duration");
    options.token_lifetime = *lifetime;
    options.counts = parse_counts(counts);
    options.others = parse_counts(others);
    return std::nullopt;
}

void rethrow(std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
}

int serve(Settings settings) {
    asio::io_context context;
    const auto world = make_real_world(context);
    auto receiver_door = world->listen(parse_endpoint(settings.receiver));
    auto provider_door = world->listen(parse_endpoint(settings.listen));
    const auto url = [](const std::string& address, const Acceptor& door) {
        return "http://" + parse_endpoint(address).host + ":" + std::to_string(door.port());
    };
    const auto provider_url = url(settings.listen, *provider_door);
    const auto receiver_url = url(settings.receiver, *receiver_door);
    settings.options.foreign_origin = receiver_url;  // a token that follows such a link is seen there
    if (!settings.quiet) settings.options.log = [](const std::string& line) { std::cout << line << std::endl; };

    sandbox::Sandbox box(*world, std::move(settings.options));
    http::ServerLimits limits;
    limits.body_bytes_max = 256u << 20;
    limits.connections_max = 4096;
    http::Server provider(*world, std::move(provider_door),
                          [&box](http::Request request) { return box.provider(std::move(request)); }, limits, {},
                          sandbox::make_blobs());
    http::Server receiver(*world, std::move(receiver_door),
                          [&box](http::Request request) { return box.receiver(std::move(request)); }, limits);

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([](const boost::system::error_code& failure, int) {
        if (failure) return;
        std::cout.flush();
        std::_Exit(0);  // at once: hanging requests are part of the trade, and nothing here outlives the process
    });
    asio::co_spawn(context, provider.run(), rethrow);
    asio::co_spawn(context, receiver.run(), rethrow);
    std::cout << "provider " << provider_url << '\n'
              << "receiver " << receiver_url << "/hooks/" << settings.hook << std::endl;
    context.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        Settings settings;
        if (const auto status = parse_arguments(argc, argv, settings)) return *status;
        return serve(std::move(settings));
    } catch (const std::invalid_argument& error) {
        std::cerr << "bentley-sandbox: " << error.what() << '\n';
        return 2;
    } catch (const std::exception& error) {
        std::cerr << "bentley-sandbox: " << error.what() << '\n';
        return 1;
    }
}
