#include "daemon/http/lists.hpp"

#include "config/core/base64.hpp"
#include "config/core/json.hpp"
#include "daemon/http/problem.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace syncd {
namespace {

namespace bj = boost::json;
constexpr std::size_t key_digits = 16, seal_digits = 16;

template <class Number>
std::optional<Number> number_in(std::string_view text, int base) {
    Number number = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (wrong != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

result<ListPage> ListPage::of(const Call& call, std::string list, const std::vector<std::string>& filters) {
    ListPage page;
    page.scope_ = std::move(list);
    for (const auto& [name, value] : call.path) page.scope_ += "\n" + name + "=" + value;
    for (const auto& name : filters) page.scope_ += "\n" + name + "=" + call[name];
    if (const auto& wanted = call["pageSize"]; !wanted.empty()) {
        const auto size = number_in<std::int64_t>(wanted, 10);
        if (!size || *size < 1 || *size > page_size_max)
            return Error{errc::invalid_input, fmt::format("pageSize must be a number from 1 to {}", page_size_max)};
        page.size_ = *size;
    }
    if (const auto& token = call["pageToken"]; !token.empty()) {
        const auto key = number_in<std::uint64_t>(token.substr(0, key_digits), 16);
        if (!key || page.token(std::int64_t(*key)) != token)
            return Error{errc::invalid_input, "pageToken is damaged, or of a list with other filters"};
        page.after_ = std::int64_t(*key);
    }
    return page;
}

std::string ListPage::token(std::int64_t after) const {
    auto text = fmt::format("{:016x}", std::uint64_t(after));
    return text + json::digest(json::quote(base64_encode(scope_ + "\n" + text))).hex().substr(0, seal_digits);
}

http::Response ListPage::respond(bj::array results, std::optional<std::int64_t> next) const {
    bj::object pagination{{"done", !next.has_value()}};
    if (next) pagination["nextPageToken"] = token(*next);
    return json_response(200, bj::object{{"results", std::move(results)}, {"pagination", std::move(pagination)}});
}

result<void> check_filter(const Call& call, std::string_view name, const std::vector<std::string>& allowed) {
    const auto& value = call[name];
    if (value.empty() || std::ranges::find(allowed, value) != allowed.end()) return {};
    return Error{errc::invalid_input, fmt::format("{} must be one of {}", name, fmt::join(allowed, ", "))};
}

http::Response json_response(int status, const bj::value& value) { return json_response(status, bj::serialize(value)); }

bj::value text_or_null(const std::string& text) { return text.empty() ? bj::value(nullptr) : bj::value(text); }

}  // namespace syncd
