// A real browser, driven as the WebDriver standard says (W3C); Chromium and its driver must be installed.
#pragma once

#include "tests/e2e/support/http.hpp"
#include "tests/e2e/support/program.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace syncd::e2e {

class Browser {
public:
    /// Whether there is one.
    static bool installed(const Folder& folder) {
        return finish(Program({"chromedriver", "--version"}, folder / "chromedriver-version")).exit == 0 &&
               finish(Program({"chromium", "--version"}, folder / "chromium-version")).exit == 0;
    }
    explicit Browser(const Folder& folder) : driver_({"chromedriver", "--port=0"}, folder / "chromedriver") {
        const std::string word = "started successfully on port ";
        const auto port = [&] {
            const auto out = driver_.out();
            const auto at = out.find(word);
            return at == std::string::npos ? 0 : std::atoi(out.c_str() + at + word.size());
        };
        if (!eventually([&] { return port() != 0; })) throw std::runtime_error("chromedriver: " + driver_.out());
        session_ = fmt::format("http://127.0.0.1:{}/session", port());
        const auto opened = ask("POST", "",
                                R"({"capabilities":{"alwaysMatch":{"goog:chromeOptions":{"args":)"
                                R"(["--headless=new","--no-sandbox","--disable-gpu"]}}}})");
        session_ += "/" + std::string(opened.at("sessionId").as_string());
    }
    ~Browser() {
        try {
            ask("DELETE", "", "{}");  // else its processes stay
        } catch (const std::exception&) {
        }
    }
    Browser(const Browser&) = delete;
    Browser& operator=(const Browser&) = delete;

    void open(const std::string& url) { ask("POST", "/url", object({{"url", url}})); }
    void reload() { ask("POST", "/refresh", "{}"); }
    void type(const std::string& css, const std::string& text) {
        ask("POST", element(css) + "/value", object({{"text", text}}));
    }
    /// Waits for what it loads.
    void click(const std::string& css) { ask("POST", element(css) + "/click", "{}"); }
    std::string address() const { return std::string(ask("GET", "/url").as_string()); }
    /// What a user reads on the page.
    std::string text() const {
        return std::string(
            ask("POST", "/execute/sync", R"({"script":"return document.body.innerText","args":[]})").as_string());
    }
    /// A property as the browser has computed it.
    std::string style(const std::string& css, const std::string& property) const {
        return std::string(ask("GET", element(css) + "/css/" + property).as_string());
    }
    bool shows(const std::string& words) const {
        return eventually([&] { return text().find(words) != std::string::npos; });
    }

private:
    static std::string object(boost::json::object members) { return boost::json::serialize(members); }
    std::string element(const std::string& css) const {
        const auto found = ask("POST", "/element", object({{"using", "css selector"}, {"value", css}}));
        return "/element/" + std::string(found.as_object().begin()->value().as_string());
    }
    boost::json::value ask(const std::string& method, const std::string& path, const std::string& body = {}) const {
        const auto answer = fetch(method, session_ + path, body, {"Content-Type: application/json"});
        if (answer.status != 200)
            throw std::runtime_error(fmt::format("{} {}: {} {}", method, path, answer.status, answer.body));
        return boost::json::parse(answer.body).at("value");
    }
    Program driver_;
    std::string session_;
};

}  // namespace syncd::e2e
