// JSON that is handed on byte for byte: validate once, then cut the text into slices instead of building trees.
#pragma once

#include "config/core/error.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncd::json {

inline constexpr std::size_t depth_max = 64;  // nesting that we follow; deeper is refused by validate()

/// Checks that `text` is one JSON value in valid UTF-8, at most depth_max deep. The error says at which byte it is not.
result<void> validate(std::string_view text);

enum class Kind { object, array, string, number, boolean, null };

/// What a validated value is, by its first byte.
Kind kind(std::string_view value);

struct Member {
    std::string key;         // unescaped
    std::string_view value;  // as it stands in the text, without surrounding white space
};

// All of these REQUIRE text that validate() accepted; slices refer to it.

/// Members in order; empty when the value is not an object.
std::vector<Member> members(std::string_view object);
/// Elements in order; empty when the value is not an array.
std::vector<std::string_view> elements(std::string_view array);
/// The value of the last member of that name; empty when there is none.
std::optional<std::string_view> find(std::string_view object, std::string_view key);
/// Follows names down nested objects.
std::optional<std::string_view> find(std::string_view object, std::span<const std::string> path);
/// The text of a JSON string; empty when the value is not a string.
std::optional<std::string> as_string(std::string_view value);
/// A string's text, a number as it is spelled, `true`, `false`; empty for null, objects and arrays.
std::optional<std::string> as_text(std::string_view value);

/// `"text"` with everything escaped that has to be.
std::string quote(std::string_view text);
/// Appends quote(text).
void append_quoted(std::string& out, std::string_view text);

/// 128 bits of a value's content: key order, white space and the spelling of strings do not count, the spelling of
/// numbers does. `ignore` names members of the outermost object that are left out.
struct Digest {
    std::uint64_t low = 0, high = 0;
    bool operator==(const Digest&) const = default;
    std::string hex() const;
};
Digest digest(std::string_view value, std::span<const std::string> ignore = {});

}  // namespace syncd::json
