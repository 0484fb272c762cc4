// A user's browser as far as it matters here: cookies with SameSite, redirects, links and forms of plain pages.
#pragma once

#include "connector/http/client.hpp"
#include "tests/support/run.hpp"

#include <fmt/format.h>

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace syncd {

class Browser {
public:
    Browser(testing::asio::io_context& context, http::Client& client) : context_(context), client_(client) {}

    /// What it was shown last, and where.
    http::Response page;
    std::string url;
    std::vector<std::string> visited;  // every address, redirects included

    /// Types an address, or clicks a link on the present page.
    Browser& open(const std::string& address) { return visit("GET", absolute(address), "", {}); }
    Browser& click(const std::string& text) {
        const auto end = page.body.find("\">" + text + "</a>");
        const auto begin = page.body.rfind("href=\"", end);
        if (end == std::string::npos) throw std::runtime_error("no link " + text + " in: " + page.body);
        return visit("GET", absolute(unescape(page.body.substr(begin + 6, end - begin - 6))), "", site_of(url));
    }
    /// Submits the form of the present page: its hidden fields, and these.
    Browser& submit(const std::string& fields) {
        std::string body = fields;
        for (std::size_t at = 0; (at = page.body.find("type=\"hidden\" name=\"", at)) != std::string::npos; ++at)
            body += "&" + attribute(at, "name") + "=" + http::percent_encode(unescape(attribute(at, "value")));
        return visit("POST", absolute(unescape(attribute(page.body.find("<form"), "action"))), body, site_of(url));
    }
    std::map<std::string, std::string> cookies;  // `NAME` or, for SameSite=Strict, `NAME!`
    bool accepts_redirects = true;

private:
    std::string attribute(std::size_t at, const std::string& name) const {
        const auto begin = page.body.find(" " + name + "=\"", at) + name.size() + 3;
        return page.body.substr(begin, page.body.find('"', begin) - begin);
    }
    static std::string unescape(std::string text) {
        for (std::size_t at; (at = text.find("&amp;")) != std::string::npos;) text.erase(at + 1, 4);
        return text;
    }
    /// Ports count here, as if the provider were another site.
    static std::string site_of(const std::string& address) { return http::parse_url(address).value().origin(); }
    std::string absolute(const std::string& address) const {
        return address.starts_with('/') ? site_of(url) + address : address;
    }
    Browser& visit(std::string method, std::string address, std::string body, std::string initiator) {
        for (int hops = 0; hops < 10; ++hops) {
            go(method, address, body, initiator);
            const bool moved = page.status == 302 || page.status == 303;
            if (!moved || !accepts_redirects) return *this;
            initiator = initiator.empty() ? site_of(url) : initiator;
            if (site_of(url) != initiator) initiator = "cross-site";
            method = "GET", body.clear();
            address = absolute(std::string(page.headers.get("Location")));
        }
        throw std::runtime_error("too many redirects");
    }
    void go(const std::string& method, const std::string& address, const std::string& body,
            const std::string& initiator) {
        const auto target = http::parse_url(address).value();
        const bool same_site = initiator.empty() || initiator == target.origin();
        http::Request request{.method = method, .target = target.target, .body = body};
        std::string sent;
        for (const auto& [name, value] : cookies) {
            const bool strict = name.ends_with('!');
            if (strict && !same_site) continue;
            sent += (sent.empty() ? "" : "; ") + name.substr(0, name.size() - (strict ? 1 : 0)) + "=" + value;
        }
        if (!sent.empty()) request.headers.add("Cookie", sent);
        if (method == "POST") {
            request.headers.add("Content-Type", "application/x-www-form-urlencoded");
            const bool hides = page.headers.get("Referrer-Policy") == "no-referrer";
            request.headers.add("Origin", hides ? "null" : initiator);
        }
        page = testing::run(context_, client_.send(target, std::move(request), {})).value();
        url = address;
        visited.push_back(address);
        for (const auto& [name, value] : page.headers)
            if (http::Headers::same(name, "Set-Cookie")) {
                const auto equals = value.find('=');
                const bool strict = value.find("SameSite=Strict") != std::string::npos;
                cookies[value.substr(0, equals) + (strict ? "!" : "")] =
                    value.substr(equals + 1, value.find(';') - equals - 1);
            }
    }
    testing::asio::io_context& context_;
    http::Client& client_;
};

}  // namespace syncd
