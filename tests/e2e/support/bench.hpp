// The product and the sandbox as two programs, wired to each other: what every end-to-end test starts with.
#pragma once

#include "tests/e2e/support/database.hpp"
#include "tests/e2e/support/http.hpp"
#include "tests/e2e/support/program.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace syncd::e2e {

namespace bj = boost::json;

inline std::int64_t number(const bj::value& value, const std::string& pointer) {
    return value.at_pointer(pointer).to_number<std::int64_t>();
}
inline std::string text(const bj::value& value, const std::string& pointer) {
    return std::string(value.at_pointer(pointer).as_string());
}
/// A counter that is only there once something was counted.
inline std::int64_t counted(const bj::value& value, const std::string& group, const std::string& name) {
    const auto* found = value.at(group).as_object().if_contains(name);
    return found ? found->to_number<std::int64_t>() : 0;
}

/// bentley-sandbox and its control API.
class Sandbox {
public:
    Sandbox(const Folder& folder, std::vector<std::string> flags) : program_(start(folder, std::move(flags))) {
        const bool ready = eventually([&] { return program_.out().find("/hooks/bentley\n") != std::string::npos; });
        if (!ready) throw std::runtime_error("the sandbox does not start: " + program_.err());
        const auto out = program_.out();
        provider = word_after(out, "provider ");
        hook = word_after(out, "receiver ");
    }
    std::string provider, hook;  // addresses

    bj::value get(const std::string& path) const { return ask("GET", path, ""); }
    bj::value post(const std::string& path, const std::string& body = {}) const { return ask("POST", path, body); }
    bj::value remove(const std::string& path) const { return ask("DELETE", path, ""); }

    bj::value stats() const { return get("stats"); }
    bj::value receiver() const { return get("receiver"); }
    std::int64_t messages() const { return number(receiver(), "/messages"); }
    std::int64_t violations() const { return number(receiver(), "/violationCount"); }
    std::int64_t requests(const std::string& path) const { return counted(stats(), "requests", path); }
    /// Empty when the receiver holds exactly what the provider has of every object that was delivered; else why not.
    std::string difference() const {
        const auto compared = get("receiver/compare");
        return compared.at("equal").as_bool() ? "" : bj::serialize(compared);
    }
    void fault(const std::string& json) const { post("faults", json); }
    void receiver_fault(const std::string& json) const { post("receiver/faults", json); }

private:
    static Program start(const Folder& folder, std::vector<std::string> flags) {
        std::vector<std::string> arguments = {SANDBOX_PROGRAM, "--listen",    "127.0.0.1:0",
                                              "--receiver",    "127.0.0.1:0", "--quiet"};
        arguments.insert(arguments.end(), flags.begin(), flags.end());
        return Program(std::move(arguments), folder / "sandbox");
    }
    static std::string word_after(const std::string& out, const std::string& name) {
        const auto at = out.find(name) + name.size();
        return out.substr(at, out.find('\n', at) - at);
    }
    bj::value ask(const std::string& method, const std::string& path, const std::string& body) const {
        const auto answer = fetch(method, provider + "/_sandbox/" + path, body);
        if (answer.status != 200)
            throw std::runtime_error(fmt::format("{} {}: {} {}", method, path, answer.status, answer.body));
        return bj::parse(answer.body);
    }
    Program program_;
};

struct ObjectSpec {
    std::string name;
    std::string schedule = "0 0 1 1 *";  // never, as far as a test goes
    std::string more{};                  // further lines of the manifest's entry, as flow YAML members
};

struct Settings {
    std::vector<ObjectSpec> objects = {{"itwins"}};
    std::string manifest{};  // a file to use instead of `objects`
    std::string url{};       // of the destination; empty: the sandbox's receiver
    std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    std::string destination{};  // further members, each followed by a comma
    std::string retry_schedule = "100ms, 100ms";
    std::string server{};               // likewise
    std::string events{};               // of `notifications`, told to destination `alerts`; empty: none
    std::string read{};                 // config.read.objects of the installation, flow YAML
    std::vector<std::string> writes{};  // write objects of the manifest
    std::string write{};                // config.write.objects of the installation, flow YAML
    bool proxy = false;                 // of the manifest
    bool user = false;                  // whose connection it is; else a service's
    std::string more{};                 // further lines of the configuration
    std::string log_level = "info";
};

/// A database's process that answers: `run`, until it is told to stop.
class Daemon {
public:
    Daemon(Program program, std::filesystem::path lock) : program(std::move(program)), lock_(std::move(lock)) {
        const bool ready = eventually([&] { return !this->program.running() || !address().empty(); });
        if (!ready || !this->program.running())
            throw std::runtime_error("`run` does not start: " + this->program.err());
    }
    Program program;
    std::string url(const std::string& path) const { return "http://" + address() + path; }
    int stop() {
        program.kill(SIGTERM);
        return program.wait();
    }
    void crash() {
        program.kill(SIGKILL);
        program.wait();
    }

private:
    std::string address() const {
        const auto held = read_text(lock_);
        const auto mine = std::to_string(program.pid()) + " ";
        if (!held.starts_with(mine) || !held.ends_with('\n')) return {};
        return held.substr(mine.size(), held.size() - mine.size() - 1);
    }
    std::filesystem::path lock_;
};

class Bench {
public:
    explicit Bench(std::vector<std::string> sandbox_flags = {}, const Settings& settings = {})
        : sandbox(folder, std::move(sandbox_flags)) {
        configure(settings);
    }
    Folder folder;
    Sandbox sandbox;

    void configure(const Settings& settings) {
        write_text(folder / "amp.yaml", settings.manifest.empty() ? whole_manifest_of(settings) : settings.manifest);
        write_text(folder / "config.yaml", config_of(settings));
    }
    std::filesystem::path database() const { return folder / "syncd.db"; }
    Program start(std::vector<std::string> arguments, const Variables& variables = {}) {
        arguments.insert(arguments.begin(), {SYNCD_PROGRAM, "--config", (folder / "config.yaml").string()});
        return Program(std::move(arguments), folder / ("syncd-" + std::to_string(++programs_)), variables);
    }
    Finished run(std::vector<std::string> arguments, const Variables& variables = {}) {
        return finish(start(std::move(arguments), variables));
    }
    /// One pass; it and its exit status.
    Finished sync(std::vector<std::string> more = {}) {
        more.insert(more.begin(), "sync");
        return run(std::move(more));
    }
    Daemon daemon(const Variables& variables = {}) {
        return Daemon(start({"run"}, variables), database().string() + ".lock");
    }
    bj::value json(std::vector<std::string> arguments) {
        arguments.push_back("--json");
        const auto done = run(arguments);
        if (done.exit != 0) throw std::runtime_error(fmt::format("{}: {} {}", arguments.front(), done.exit, done.err));
        return bj::parse(done.out);
    }
    /// Everything that any program of ours printed.
    std::string printed() const {
        std::string all;
        for (int i = 1; i <= programs_; ++i)
            for (const auto* end : {".out", ".err"}) all += read_text(folder / fmt::format("syncd-{}{}", i, end));
        return all;
    }

    static std::string whole_manifest_of(const Settings& settings) {
        auto text = manifest_of(settings.objects);
        if (!settings.writes.empty()) text += "    write:\n      objects:\n";
        for (const auto& object : settings.writes) text += fmt::format("        - objectName: {}\n", object);
        if (settings.proxy) text += "    proxy: { enabled: true }\n";
        return text;
    }
    static std::string manifest_of(const std::vector<ObjectSpec>& objects) {
        std::string list =
            "specVersion: 1.0.0\nintegrations:\n  - name: bentley\n    displayName: Bentley\n"
            "    provider: bentley\n    read:\n      objects:\n";
        for (const auto& object : objects)
            list += fmt::format(
                "        - {{ objectName: {}, destination: bentleyWebhook, schedule: \"{}\", "
                "requiredFields: [{{ fieldName: id }}], optionalFieldsAuto: all{}{} }}\n",
                object.name, object.schedule, object.more.empty() ? "" : ", ", object.more);
        return list;
    }
    std::string config_of(const Settings& settings) const {
        const bool sample = !settings.manifest.empty();
        std::string text = "project: acme\nmanifest: amp.yaml\nprovider:\n";
        text += fmt::format("  baseUrl: {0}\n  tokenUrl: {0}/connect/token\n", sandbox.provider);
        if (settings.user) text += fmt::format("  authorizeUrl: {}/connect/authorize\n", sandbox.provider);
        text += "  requestsPerMinute: 0\n  requestsPerHour: 0\nstorage: { path: syncd.db }\n";
        text += fmt::format("server: {{ {}listen: 127.0.0.1:0 }}\n", settings.server);
        text += fmt::format("destinations:\n  bentleyWebhook: {{ {}retrySchedule: [{}], url: \"{}\", ",
                            settings.destination, settings.retry_schedule,
                            settings.url.empty() ? sandbox.hook : settings.url);
        text += fmt::format("secret: {} }}\n", settings.secret);
        if (!settings.events.empty())
            text += fmt::format(
                "  alerts: {{ retrySchedule: [100ms, 100ms], url: \"{}/hooks/alerts\", secret: {} }}\n"
                "notifications: [{{ destination: alerts, events: [{}] }}]\n",
                sandbox.hook.substr(0, sandbox.hook.find("/hooks/")), settings.secret, settings.events);
        text += fmt::format("installations:\n  - integration: {}\n", sample ? "readAndWriteBentley" : "bentley");
        text +=
            fmt::format("    groupRef: acme\n    connection: {{ {}, scopes: [itwin-platform] }}\n",
                        settings.user ? "grant: authorization_code, clientId: sandbox-native"
                                      : "grant: client_credentials, clientId: sandbox, clientSecret: sandbox-secret");
        if (!settings.read.empty() || !settings.write.empty())
            text += fmt::format("    config: {{ read: {{ objects: {{ {} }} }}, write: {{ objects: {{ {} }} }} }}\n",
                                settings.read, settings.write);
        text += settings.more;
        return text + fmt::format("log: {{ level: {} }}\n", settings.log_level);
    }

private:
    int programs_ = 0;
};

}  // namespace syncd::e2e
