#include "tests/simulation/sign_in.hpp"

#include "connector/http/url.hpp"
#include "tests/simulation/secrets.hpp"

#include <fmt/format.h>

namespace syncd::simulation {
namespace {

using namespace std::chrono_literals;

constexpr Duration thinking_max = 5min;  // with what the network takes, less than a sign-in may take

/// Of an address at the daemon, what comes after its origin.
std::string path_of(const std::string& url) {
    const std::string_view origin = public_url;
    return url.starts_with(origin) ? url.substr(origin.size()) : url;
}

std::string unescape(std::string text) {
    for (auto at = text.find("&amp;"); at != std::string::npos; at = text.find("&amp;", at + 1))
        text.replace(at, 5, "&");
    return text;
}

/// The address of the page's one button.
std::string button_of(const std::string& page) {
    constexpr std::string_view opening = "<a class=\"button\" href=\"";
    const auto at = page.find(opening);
    if (at == std::string::npos) return {};
    const auto begin = at + opening.size();
    return unescape(page.substr(begin, page.find('"', begin) - begin));
}

}  // namespace

void SignIns::end(const On& visit, bool connected) {
    connected_ += connected;
    visit->done(connected);
}

void SignIns::go(const On& visit, http::Request request, std::function<void(const Heard&)> next) {
    request.headers.add("Host", "syncd.test");
    std::string cookies;
    for (const auto& [name, value] : visit->cookies) cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
    if (!cookies.empty()) request.headers.add("Cookie", cookies);
    machine_.network.port().call(request, [visit, next = std::move(next)](const Heard& heard) {
        for (const auto& [name, value] : heard.headers) {
            const auto equals = value.find('=');
            if (http::Headers::same(name, "Set-Cookie") && equals != std::string::npos)
                visit->cookies[value.substr(0, equals)] = value.substr(equals + 1, value.find(';') - equals - 1);
        }
        next(heard);
    });
}

/// Whether the answer is the one that leads on; one that did not come whole leads nowhere.
bool SignIns::is_expected(const On& visit, const Heard& heard, int status, const char* step) {
    if (!heard.whole) return false;
    journal_.note(fmt::format("sign-in of {}: {} is answered {}", visit->installation, step, heard.status));
    if (heard.status == status) return true;
    const bool hindered = heard.status >= 500 && troubled_();
    const bool session_over = visit->with_key && heard.status == 401;  // sessions end with the process
    const bool clock_jumped = machine_.skew != Duration{0};
    if (!hindered && !session_over && !clock_jumped)
        journal_.violate("sign-in", fmt::format("{}: {} is answered {} {}", visit->installation, step, heard.status,
                                                heard.body.substr(0, 200)));
    return false;
}

void SignIns::begin(const std::string& installation, const std::string& link, Done done) {
    const auto visit = std::make_shared<Visit>();
    visit->installation = installation;
    visit->with_key = link.empty();
    visit->strange = faults_.strike(Fault::strange_callback, chance_);
    visit->repeats = faults_.strike(Fault::repeated_callback, chance_);
    visit->denies = faults_.strike(Fault::consent_denied, chance_);
    visit->done = std::move(done);
    if (visit->with_key) return open_session(visit);
    open_page(visit, path_of(link));
}

void SignIns::open_session(const On& visit) {
    http::Request request{.method = "POST",
                          .target = "/session",
                          .body = fmt::format("key={}&next=%2Fconnect%2F{}", customers_key, visit->installation)};
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    go(visit, std::move(request), [this, visit](const Heard& heard) {
        if (!is_expected(visit, heard, 303, "the key")) return end(visit, false);
        open_page(visit, std::string(heard.headers.get("Location")));
    });
}

void SignIns::open_page(const On& visit, const std::string& path) {
    go(visit, {.target = path}, [this, visit](const Heard& heard) {
        if (!is_expected(visit, heard, 200, "the page")) return end(visit, false);
        start(visit, heard.body);
    });
}

void SignIns::start(const On& visit, const std::string& page) {
    const auto button = button_of(page);
    if (button.empty()) {
        journal_.violate("sign-in", "the page has no button");
        return end(visit, false);
    }
    go(visit, {.target = path_of(button)}, [this, visit](const Heard& heard) {
        if (!is_expected(visit, heard, 302, "the start")) return end(visit, false);
        visit->url = heard.headers.get("Location");
        machine_.loop.after(chance_.between(Duration{1s}, thinking_max), [this, visit] { consent(visit); });
    });
}

void SignIns::consent(const On& visit) {
    visit->back = path_of(users_.authorize(visit->url, visit->denies));
    if (visit->strange)
        come_strangely(visit);
    else
        come_back(visit);
}

/// Whoever learns the address that the provider gave must not end the sign-in with it.
void SignIns::come_strangely(const On& visit) {
    const auto stranger = std::make_shared<Visit>();
    if (chance_.one_in(2)) stranger->cookies["syncd-consent"] = "0123456789012345678901234567890123456789012";
    go(stranger, {.target = visit->back}, [this, visit](const Heard& heard) {
        if (heard.whole && heard.status / 100 == 2)
            journal_.violate("sign-in", "another browser ended the sign-in of " + visit->installation);
        come_back(visit);
    });
}

void SignIns::come_back(const On& visit) {
    go(visit, {.target = visit->back}, [this, visit](const Heard& heard) {
        bool connected = heard.whole && heard.status == 200;
        if (connected && visit->denies) journal_.violate("sign-in", "a user who refused is connected");
        // Its state is used up, by a stranger, too; or the provider gives no token now.
        const bool refused = heard.status == 400 && (visit->denies || visit->strange);
        if (!connected && !refused && heard.status != 502 && heard.status != 504)
            connected = is_expected(visit, heard, 200, "the way back");
        if (connected) journal_.note(visit->installation + " is connected");
        if (visit->repeats) return come_again(visit, connected);
        end(visit, connected);
    });
}

/// The same address again, or one that the provider gave at a second look.
void SignIns::come_again(const On& visit, bool connected) {
    if (chance_.one_in(2)) visit->back = path_of(users_.authorize(visit->url, visit->denies));
    go(visit, {.target = visit->back}, [this, visit, connected](const Heard& heard) {
        const bool again = heard.whole && heard.status == 200;
        if (again && connected) journal_.violate("state-once", "a sign-in ended twice: " + visit->installation);
        end(visit, connected || again);
    });
}

}  // namespace syncd::simulation
