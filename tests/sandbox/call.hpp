// A request taken apart: path, query parameters, headers. What every part of the sandbox reads instead of raw targets.
#pragma once

#include "connector/http/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncd::sandbox {

struct Parameter {
    std::string name, value;               // decoded
    std::string spelled;                   // `name=value` byte for byte as it came
};

struct Call {
    std::string method, path;              // path decoded, without the query
    std::string spelled_path;              // byte for byte: an id may hold a slash
    std::vector<Parameter> parameters;
    std::string query;                     // byte for byte, without the question mark
    http::Headers headers;
    std::string body;

    /// The first parameter of that name, letter case aside.
    std::optional<std::string> get(std::string_view name) const;
    /// The same as it was spelled, not decoded.
    std::optional<std::string> get_spelled(std::string_view name) const;
};

Call take_apart(http::Request request);

/// `a=1&b=x%20y` as in queries and form bodies; `+` is a space.
std::vector<Parameter> parse_parameters(std::string_view text);
std::string percent_decode(std::string_view text);

/// Digits only, within [low, high].
std::optional<std::int64_t> parse_number(std::string_view text, std::int64_t low, std::int64_t high);

bool same_text(std::string_view a, std::string_view b);        // letter case aside
bool has_word(std::string_view words, std::string_view word);  // in a list parted by spaces
std::vector<std::string_view> split_words(std::string_view words);
/// The parts that `mark` parts; `a/b` with '/' is a, b.
std::vector<std::string> split(std::string_view text, char mark);

/// Whether an Accept names no version but lets any type come: `application/json, text/plain, */*`.
bool takes_anything(std::string_view accept);

http::Response json_response(int status, std::string body);

}  // namespace syncd::sandbox
