#include "tests/simulation/passages.hpp"

#include "tests/simulation/secrets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace syncd::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view own_header = "X-Passage", answer_header = "X-Answer", path = "/passed/";
constexpr std::int64_t body_bytes_max = 3000, large_body_bytes = 90'000;  // more than the daemon keeps to send again
constexpr Duration slow_max = 45s;                                        // beyond what the daemon waits for

bool is_repeatable(const std::string& method) { return method != "POST" && method != "PATCH"; }

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

}  // namespace

void Passages::violate(std::size_t number, const std::string& which, const std::string& how) {
    const auto& asked = all_[number].asked;
    journal_.violate(which, fmt::format("{} {} of {}: {}", asked.method, asked.target, all_[number].installation, how));
}

std::string Passages::some_text(std::int64_t bytes_max) {
    std::string text;
    for (auto bytes = chance_.between(0, bytes_max); bytes > 0; --bytes) text += char(chance_.between(' ', '}'));
    std::ranges::replace(text, '"', '\n');
    std::ranges::replace(text, '\\', '\r');
    return text;
}

std::size_t Passages::begin(const std::string& installation, http::Request& request) {
    constexpr std::array<const char*, 5> methods{"GET", "GET", "POST", "PUT", "DELETE"};
    const auto number = all_.size();
    auto& passage = all_.emplace_back();
    passage.installation = installation;
    auto& asked = passage.asked;
    asked.method = methods[std::size_t(chance_.between(0, 4))];
    asked.target = fmt::format("{}{}?a={:x}&b=%2F", path, number, chance_.draw());
    if (asked.method == "POST" || asked.method == "PUT")
        asked.body = chance_.one_in(8) ? std::string(std::size_t(large_body_bytes), 'b') : some_text(body_bytes_max);
    passage.may_ask = !faults_.strike(Fault::wrong_key, chance_);
    passage.throttles = chance_.one_in(4);
    passage.rewrites = chance_.one_in(2);

    request = asked;
    request.target = "/proxy" + asked.target;
    const std::string key = passage.may_ask ? customers_key : wrong_key;
    request.headers = {{"Host", "syncd.test"},
                       {std::string(own_header), asked.target},
                       {"Cookie", other_customers_key},
                       {"x-amp-project-id", scenario_.config.project},
                       {"x-amp-installation-id", installation}};
    if (passage.rewrites)
        request.headers.add("Authorization", "Bearer " + key);
    else
        request.headers.add("X-Api-Key", key);
    if (passage.throttles) request.headers.add("x-amp-rate-limiter-mode", "throttle");
    return number;
}

/// It is the customer's, byte for byte, and nothing that is between the customer and the daemon comes along.
void Passages::check_request(std::size_t number, const Arrival& arrival, const std::string& installation) {
    const auto& passage = all_[number];
    const auto& got = arrival.request;
    if (!passage.may_ask) violate(number, "api-key", "it reached the provider without a key");
    if (installation != passage.installation) violate(number, "token", "it came with the token of " + installation);
    if (got.method != passage.asked.method || got.target != passage.asked.target || got.body != passage.asked.body ||
        got.headers.get(own_header) != passage.asked.target)
        violate(number, "passed-as-is",
                fmt::format("it reached the provider as {} {} with {} bytes", got.method, got.target, got.body.size()));
    for (const auto& [name, value] : got.headers)
        if (name.starts_with("x-amp-") || http::Headers::same(name, "Cookie"))
            violate(number, "passed-as-is", "the provider got the header " + name);
}

/// Once, but after one 401, and where a resting connection turned out to be closed: then for what may be repeated.
void Passages::check_repetition(std::size_t number, const Arrival& arrival) {
    const auto& passage = all_[number];
    if (passage.exchanges.empty()) return;
    const auto refused = std::ranges::count_if(
        passage.exchanges, [](const auto& each) { return each.answer.status == 401 && each.begun; });
    const auto& last = passage.exchanges.back();
    const bool after_refusal = last.answer.status == 401 && last.begun && refused == 1;
    const bool after_closing = last.reused && !last.begun && is_repeatable(arrival.request.method);
    if (!after_refusal && !after_closing)
        violate(number, "passed-once",
                fmt::format("it reached the provider {} times, the last answer was {}", passage.exchanges.size() + 1,
                            last.answer.status));
}

http::Response Passages::some_answer(std::size_t number) {
    http::Response answer;
    if (faults_.strike(Fault::passed_unauthorized, chance_)) {
        answer = {401, {}, "{\"error\":{\"code\":\"HeaderNotFound\",\"message\":\"as the plan has it\"}}"};
    } else if (faults_.strike(Fault::passed_limited, chance_)) {
        answer = {429, {}, "{}"};
        if (chance_.one_in(2)) answer.headers.add("Retry-After", std::to_string(chance_.between(1, 40)));
    } else if (faults_.strike(Fault::passed_error, chance_)) {
        constexpr std::array<int, 5> statuses{302, 404, 409, 500, 503};
        answer = {statuses[std::size_t(chance_.between(0, 4))], {}, some_text(200)};
        if (answer.status == 302) answer.headers.add("Location", "https://elsewhere.test/");
    } else {
        answer.status = chance_.one_in(4) ? 201 : 200;
        const bool json = chance_.one_in(2);
        answer.headers.add("Content-Type", json ? "application/json; charset=utf-8" : "application/octet-stream");
        answer.body = json ? fmt::format(R"({{"links":[{{"href":"https://{}/passed/next?{:x}"}}],"number":{}}})",
                                         api_host, chance_.draw(), number)
                           : some_text(6000);
    }
    answer.headers.add(std::string(answer_header), fmt::format("{}-{}", number, all_[number].exchanges.size()));
    return answer;
}

Reply Passages::answer(const Arrival& arrival, const std::string& installation, std::optional<Reply> refused) {
    const auto& target = arrival.request.target;
    std::size_t number = all_.size();
    std::from_chars(target.data() + path.size(), target.data() + target.size(), number);
    if (number >= all_.size()) {
        journal_.violate("passed-as-is", "nobody asked for " + target);
        return {.response = {404, {}, ""}};
    }
    check_request(number, arrival, installation);
    check_repetition(number, arrival);
    auto& exchanges = all_[number].exchanges;
    Reply reply{.response = some_answer(number)};
    if (refused) {
        refused->response.headers.add(std::string(answer_header), fmt::format("{}-{}", number, exchanges.size()));
        reply.response = refused->response;
    }
    if (faults_.strike(Fault::passed_cut, chance_)) reply.way = Reply::Way::cut;
    if (faults_.strike(Fault::passed_lost, chance_)) reply.way = Reply::Way::lost;
    if (faults_.strike(Fault::passed_slow, chance_)) reply.delay = chance_.between(Duration{1s}, slow_max);
    const auto at = exchanges.size();
    exchanges.push_back({.answer = reply.response, .reused = arrival.reused});
    reply.begun = [this, number, at] { all_[number].exchanges[at].begun = true; };
    reply.received = [this, number, at, heard = refused ? refused->received : nullptr] {
        all_[number].exchanges[at].ended = true;
        if (heard) heard();
    };
    return reply;
}

void Passages::check_answer(std::size_t number, const Heard& heard) {
    const auto& passage = all_[number];
    const auto& last = passage.exchanges.back().answer;
    if (heard.headers.get(answer_header) != fmt::format("{}-{}", number, passage.exchanges.size() - 1))
        return violate(number, "passed-answer",
                       fmt::format("it is answered with {}, asked {} times", heard.headers.get(answer_header),
                                   passage.exchanges.size()));
    auto body = last.body;
    if (passage.rewrites && last.headers.get("Content-Type").starts_with("application/json"))
        body = replaced(body, std::string("https://") + api_host, std::string(public_url) + "/proxy");
    const bool same = heard.whole ? heard.body == body : body.starts_with(heard.body);
    if (heard.status != last.status || !same || heard.headers.get("Content-Type") != last.headers.get("Content-Type"))
        violate(number, "passed-answer",
                fmt::format("the provider said {} with {} bytes, the customer has {} with {}, not the same",
                            last.status, body.size(), heard.status, heard.body.size()));
}

void Passages::heard(std::size_t number, const Heard& heard, bool troubled) {
    const auto& passage = all_[number];
    if (heard.status == 0) return;
    journal_.note(fmt::format("passage {} is answered {}{}", number, heard.status, heard.whole ? "" : ", in part"));
    if (heard.headers.has(answer_header)) {
        if (passage.exchanges.empty()) return violate(number, "passed-answer", "nobody answered it");
        answered_ += heard.whole;
        return check_answer(number, heard);
    }
    if (!heard.whole) return;
    ++failed_;
    if (!passage.may_ask) {
        if (heard.status != 401) violate(number, "api-key", fmt::format("it is answered {}", heard.status));
        return;
    }
    const bool says_so = heard.headers.get("Content-Type") == "application/problem+json";
    const bool gateway = heard.status == 502 || heard.status == 503 || heard.status == 504 || heard.status == 429 ||
                         (heard.status == 500 && troubled);
    if (!says_so || !gateway)
        violate(number, "passed-answer", fmt::format("the daemon itself answers {} {}", heard.status, heard.body));
    const bool answered =
        !passage.exchanges.empty() && passage.exchanges.back().ended && passage.exchanges.back().answer.status != 401;
    if (answered && !troubled)
        violate(number, "passed-answer",
                fmt::format("the provider answered {}, the daemon says {}", passage.exchanges.back().answer.status,
                            heard.body));
}

}  // namespace syncd::simulation
