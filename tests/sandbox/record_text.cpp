#include "tests/sandbox/record_text.hpp"

#include "config/core/json.hpp"
#include "tests/sandbox/call.hpp"

#include <fmt/format.h>

namespace syncd::sandbox {

std::optional<std::string_view> json_at(std::string_view text, std::string_view path) {
    return json::find(text, split(path, '/'));
}

std::optional<std::string> text_at(std::string_view text, std::string_view path) {
    const auto slice = json_at(text, path);
    return slice ? json::as_text(*slice) : std::nullopt;
}

void set_at(std::string& text, std::string_view path, std::string value) {
    const auto slash = path.find('/');
    const auto member = path.substr(0, slash);
    const auto slice = json::find(text, member);
    if (slash != std::string_view::npos) {
        std::string inner(slice && json::kind(*slice) == json::Kind::object ? *slice : "{}");
        set_at(inner, path.substr(slash + 1), std::move(value));
        value = std::move(inner);
    }
    if (slice) {
        text.replace(std::size_t(slice->data() - text.data()), slice->size(), value);
    } else {
        const bool empty = json::members(text).empty();
        text.insert(text.rfind('}'), fmt::format("{}{}:{}", empty ? "" : ",", json::quote(member), value));
    }
}

}  // namespace syncd::sandbox
