#include "connector/bentley/same.hpp"

#include "config/core/json.hpp"
#include "connector/http/message.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace syncd::bentley {
namespace {

constexpr std::size_t guid_length = 36;

bool is_guid(std::string_view text) {
    return text.size() == guid_length && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-';
}

std::optional<double> number(std::string_view text) {
    double value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failure == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

bool is_nothing(std::string_view value) {
    switch (json::kind(value)) {
        case json::Kind::null: return true;
        case json::Kind::boolean: return value == "false";
        case json::Kind::string: return json::as_string(value) == "";
        case json::Kind::array: return json::elements(value).empty();
        case json::Kind::object: return json::members(value).empty();
        case json::Kind::number: return false;
    }
    return false;
}

/// The digests of an array's elements, in an order of their own.
std::vector<std::string> digests(std::string_view array) {
    std::vector<std::string> out;
    for (const auto element : json::elements(array)) out.push_back(json::digest(element).hex());
    std::ranges::sort(out);
    return out;
}

bool equal(std::string_view a, std::string_view b) {
    const auto kind = json::kind(a);
    if (kind != json::kind(b)) return false;
    if (kind == json::Kind::number && number(a) && number(b)) return *number(a) == *number(b);
    if (kind == json::Kind::array) return digests(a) == digests(b);
    if (kind == json::Kind::string) {
        const auto x = json::as_string(a).value_or(""), y = json::as_string(b).value_or("");
        return x == y || (is_guid(x) && http::Headers::same(x, y));
    }
    return json::digest(a) == json::digest(b);
}

}  // namespace

Alike worse(Alike a, Alike b) { return std::max(a, b); }

Alike alike(std::optional<std::string_view> sent, std::optional<std::string_view> read) {
    if (!sent || json::kind(*sent) == json::Kind::null) return Alike::yes;
    if (!read || json::kind(*read) == json::Kind::null) return is_nothing(*sent) ? Alike::yes : Alike::unknown;
    return equal(*sent, *read) || (is_nothing(*sent) && is_nothing(*read)) ? Alike::yes : Alike::no;
}

}  // namespace syncd::bentley
