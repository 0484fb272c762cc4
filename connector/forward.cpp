// Requests of others, passed on with our token.
#include "connector/bentley/problem.hpp"
#include "connector/connector.hpp"

#include <fmt/format.h>

namespace syncd {
namespace {

constexpr Duration longest_wait = std::chrono::seconds{60};  // for the budget, while somebody waits for the answer
constexpr std::chrono::seconds limited_default{2};           // 429 without a Retry-After

Error too_early(Duration wait, std::string_view why) {
    const auto seconds = std::max(std::chrono::ceil<std::chrono::seconds>(wait), std::chrono::seconds{1});
    return {.code = errc::rate_limited,
            .message = fmt::format("{}: not sent; try again in {}", why, format_duration(seconds)),
            .retry_after = seconds,
            .sent = false};
}

/// Without a token: not the caller's fault, whatever the token endpoint said.
Error unhealthy(Error error) {
    const auto code = error.code == errc::timed_out ? errc::timed_out : errc::refused;
    return {.code = code, .message = "the connection is unhealthy, it gets no token: " + error.message, .sent = false};
}

bool is_repeatable(std::string_view method) { return method != "POST" && method != "PATCH"; }

}  // namespace

awaitable<result<Forwarded>> Connector::forward(ForwardOrder order) {
    auto url = http::parse_url(provider_.base_url);
    if (!url) co_return url.error();
    url->target = order.request.target;  // the connection goes to the provider, whatever stands in there
    if (const auto held = budget_.held_for(); order.throttle && held > Duration::zero())
        co_return too_early(held, "the provider has asked to wait");
    if (const auto wait = budget_.wait_time(); order.throttle && wait > Duration::zero())
        co_return too_early(wait, "the budget of this client is used up");
    for (bool refreshed = false;;) {
        if (auto got = co_await tokens_.token(); !got) co_return unhealthy(no_token(got.error()));
        auto permit = co_await budget_.acquire_within(http::Priority::proxy, longest_wait);
        if (!permit) co_return too_early(budget_.wait_time(), "the budget of this client is used up");
        auto token = co_await tokens_.token();
        if (!token) {
            permit->give_back();
            co_return unhealthy(no_token(token.error()));
        }

        auto request = order.request;
        request.headers.add("Authorization", "Bearer " + token->reveal());
        auto answer = co_await client_.open(
            *url, std::move(request), order.body,
            {.step_timeout = provider_.timeout, .ca_file = provider_.ca_file, .proxy = provider_.base_proxy});
        budget_.count_answer(answer ? answer->status() : 0);
        if (!answer && !answer.error().sent) permit->give_back();
        // Another request, as the provider counts; but what is not to be done twice may have been done.
        if (!answer && answer.error().stale && is_repeatable(order.request.method)) continue;
        if (!answer) co_return answer.error();
        if (answer->status() == 401 && !refreshed) {
            tokens_.reject(*token);
            refreshed = true;
            if (!order.body) continue;
        } else {
            tell({answer->status(), answer->headers(), ""});
        }
        Forwarded out{std::move(*permit), std::move(*answer), {}};
        if (out.answer.status() == 429) {
            const auto failure = bentley::error_of({429, out.answer.headers(), ""});
            out.retry_after = failure.retry_after.value_or(limited_default);
            budget_.hold(out.retry_after);
        }
        co_return std::move(out);
    }
}

}  // namespace syncd
