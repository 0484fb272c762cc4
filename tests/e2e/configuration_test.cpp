#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

namespace syncd::e2e {
namespace {

/// A folder with a configuration and a manifest; no sandbox, nothing is called.
class Etc {
public:
    Etc(const std::string& config, const std::string& manifest = Bench::manifest_of({{"itwins"}})) {
        write_text(folder_ / "config.yaml", config);
        write_text(folder_ / "amp.yaml", manifest);
    }
    Finished run(std::vector<std::string> arguments, const Variables& variables = {}) {
        arguments.insert(arguments.begin(), SYNCD_PROGRAM);
        return finish(Program(std::move(arguments), folder_ / "run", variables));
    }
    Finished check(const Variables& variables = {}) {
        return run({"--config", (folder_ / "config.yaml").string(), "check"}, variables);
    }

private:
    Folder folder_;
};

const std::string good = R"(project: acme
manifest: amp.yaml
storage: { path: syncd.db }
destinations:
  bentleyWebhook: { url: "https://example.com/hook", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw }
installations:
  - integration: bentley
    groupRef: acme
    connection: { grant: client_credentials, clientId: me, clientSecret: "${SECRET:-secret}", scopes: [itwin-platform] }
)";

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const auto at = text.find(what);
    if (at == std::string::npos) throw std::invalid_argument("no " + what);
    return text.replace(at, what.size(), with);
}

/// The configuration is refused with exit status 2 and an error at `place` (FILE:LINE:COLUMN) that says `why`.
void expect_error(const std::string& config, const std::string& place, const std::string& why,
                  const std::string& manifest = Bench::manifest_of({{"itwins"}})) {
    const auto checked = Etc(config, manifest).check();
    EXPECT_EQ(checked.exit, 2);
    EXPECT_NE(checked.err.find(place), std::string::npos) << checked.err;
    EXPECT_NE(checked.err.find(why), std::string::npos) << checked.err;
}

TEST(Configuration, AGoodOneIsValidAndShowsTheCallsAnHour) {
    const auto checked = Etc(good).check();
    EXPECT_EQ(checked.exit, 0) << checked.err;
    EXPECT_NE(checked.out.find("is valid"), std::string::npos) << checked.out;
    EXPECT_NE(checked.out.find("calls an hour"), std::string::npos) << checked.out;
}

TEST(Configuration, CheckSaysWhereAMarkerWouldMakeCreatesSafe) {
    const auto manifest = Bench::manifest_of({{"itwins"}}) +
                          "    write: { objects: [{ objectName: itwins }, { objectName: named-groups }] }\n";
    const auto marked = [](const std::string& objects) {
        return good + "    config: { write: { objects: { " + objects + " } } }\n";
    };
    const std::string advice = "marker: true would make creates of named-groups safe";

    EXPECT_NE(Etc(good, manifest).check().out.find(advice), std::string::npos) << Etc(good, manifest).check().out;
    EXPECT_EQ(Etc(marked("named-groups: { marker: true }"), manifest).check().out.find("marker"), std::string::npos);
    EXPECT_NE(Etc(marked("itwins: { marker: true }"), manifest).check().err.find("marker has no effect"),
              std::string::npos);
}

TEST(Configuration, AnUnknownKeyIsAnError) {
    expect_error(replaced(good, "manifest: amp.yaml", "manifest: amp.yaml\nprovidr: {}"),
                 "config.yaml:3:1:", "provider");
}

TEST(Configuration, ADuplicateKeyIsAnError) {
    expect_error(replaced(good, "manifest: amp.yaml", "manifest: amp.yaml\nproject: twice"),
                 "config.yaml:3:1:", "project");
}

TEST(Configuration, AWrongTypeIsAnError) {
    expect_error(replaced(good, "storage: { path: syncd.db }", "storage: { path: [a, b] }"),
                 "config.yaml:3:18:", "path");
}

TEST(Configuration, AnUnsetVariableIsAnError) {
    expect_error(replaced(good, "${SECRET:-secret}", "${SYNCD_E2E_UNSET}"), "config.yaml:9:", "SYNCD_E2E_UNSET");
}

TEST(Configuration, AVariableInBracesWithoutQuotesIsExplained) {
    expect_error(replaced(good, "\"${SECRET:-secret}\"", "${SECRET}"), "config.yaml:9:", "quotes");
}

TEST(Configuration, AnUnknownObjectIsAnErrorInTheManifest) {
    expect_error(good, "amp.yaml:8:", "itwinz", Bench::manifest_of({{"itwinz"}}));
}

TEST(Configuration, AnUnknownIntegrationIsAnError) {
    expect_error(replaced(good, "integration: bentley", "integration: bently"), "config.yaml:7:18:", "bentley");
}

TEST(Configuration, AnInvalidCronLineIsAnError) {
    expect_error(good, "amp.yaml:8:", "no minute", Bench::manifest_of({{"itwins", "99 * * * *"}}));
}

TEST(Configuration, BrokenYamlIsAnErrorWithItsPlace) {
    expect_error("project: acme\nmanifest: [amp.yaml\nstorage: {", "config.yaml:", "");
    expect_error(good, "amp.yaml:", "", "integrations: [\n");
}

TEST(Configuration, AListenAddressForEveryoneNeedsKeys) {
    expect_error(good + "server: { listen: 0.0.0.0:8710 }\n", "config.yaml:10:", "apiKeys");
}

TEST(Configuration, PlainHttpToAnotherHostIsAnError) {
    expect_error(replaced(good, "https://example.com", "http://example.com"), "config.yaml:5:", "insecure");
}

TEST(Configuration, AMissingFileIsAnErrorThatNamesIt) {
    const auto checked = Etc(good).run({"--config", "/no/such/config.yaml", "check"});
    EXPECT_EQ(checked.exit, 2);
    EXPECT_NE(checked.err.find("/no/such/config.yaml"), std::string::npos) << checked.err;
    expect_error(replaced(good, "amp.yaml", "nowhere.yaml"), "config.yaml:2:", "nowhere.yaml");
}

TEST(Configuration, AllErrorsAreListedInOneRun) {
    auto config = replaced(good, "manifest: amp.yaml", "manifest: amp.yaml\nprovidr: {}");
    config = replaced(config, "path: syncd.db", "path: syncd.db, retention: { operations: soon }");
    config = replaced(config, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "password");
    config = replaced(config, "${SECRET:-secret}", "${SYNCD_E2E_UNSET}");
    const auto checked = Etc(config + "project: twice\n", Bench::manifest_of({{"itwinz", "61 * * * *"}})).check();
    EXPECT_EQ(checked.exit, 2);
    for (const auto* place : {"config.yaml:3:1:", "config.yaml:4:", "config.yaml:6:", "config.yaml:10:",
                              "config.yaml:11:1:", "amp.yaml:8:"})
        EXPECT_NE(checked.err.find(place), std::string::npos) << place << " is not in\n" << checked.err;
    EXPECT_NE(checked.err.find("itwinz"), std::string::npos) << checked.err;
    EXPECT_NE(checked.err.find("no minute"), std::string::npos) << checked.err;
}

TEST(Configuration, EveryCommandRefusesABadOneWith2) {
    Etc setup("project: acme\nnonsense: 1\n");
    for (const auto* command : {"run", "sync", "status", "operations", "deliveries", "destinations", "deletes"})
        EXPECT_EQ(setup.run({"--config", "config.yaml", command}).exit, 2) << command;
}

TEST(Configuration, ItIsFoundByTheEnvironmentVariable) {
    EXPECT_EQ(Etc(good).run({"check"}, {{"BENTLEY_SYNCD_CONFIG", "config.yaml"}}).exit, 0);
}

TEST(Configuration, AFileHoldsASecret) {
    Folder secrets;
    write_text(secrets / "secret", "from a file\n");
    EXPECT_EQ(Etc(replaced(good, "${SECRET:-secret}", "${file:" + (secrets / "secret").string() + "}")).check().exit,
              0);
    expect_error(replaced(good, "${SECRET:-secret}", "${file:/no/such/secret}"), "config.yaml:9:", "/no/such/secret");
}

TEST(CommandLine, MistakesExitWith2) {
    Etc setup(good);
    const std::vector<std::vector<std::string>> mistakes = {
        {},
        {"no-such-command"},
        {"sync", "--no-such-option"},
        {"deliveries", "--status", "lost"},
        {"records"},
        {"operations", "--limit", "many"},
        {"deletes", "confirm"},
        {"destinations", "enable"},
        {"--config", "config.yaml", "sync", "--drain", "soon"},
        {"--config", "config.yaml", "records", "itwins", "--since", "yesterday"}};
    for (const auto& arguments : mistakes) {
        const auto done = setup.run(arguments);
        EXPECT_EQ(done.exit, 2) << (arguments.empty() ? "nothing" : arguments.back()) << "\n" << done.err;
        EXPECT_NE(done.err + done.out, "");
    }
}

TEST(CommandLine, HelpAndVersionExitWith0) {
    Etc setup(good);
    EXPECT_EQ(setup.run({"--help"}).exit, 0);
    EXPECT_EQ(setup.run({"sync", "--help"}).exit, 0);
    EXPECT_EQ(setup.run({"--version"}).exit, 0);
}

TEST(CommandLine, ReadingWithoutADatabaseFailsAndSaysWhatToDo) {
    Etc setup(good);
    for (const auto* command : {"status", "operations", "deliveries"}) {
        const auto done = setup.run({"--config", "config.yaml", command});
        EXPECT_EQ(done.exit, 1) << command;
        EXPECT_NE(done.err.find("no database"), std::string::npos) << done.err;
    }
}

}  // namespace
}  // namespace syncd::e2e
