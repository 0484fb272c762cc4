#include "tests/sandbox/call.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace syncd::sandbox {

std::string percent_decode(std::string_view text) {
    const auto nibble = [](char c) -> int {
        if (c >= '0' && c <= '9') return c - '0';
        const int lower = std::tolower(static_cast<unsigned char>(c));
        return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    };
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? nibble(text[i + 1]) : -1;
        const int low = high >= 0 ? nibble(text[i + 2]) : -1;
        if (low < 0) {
            out += text[i];
            continue;
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::vector<Parameter> parse_parameters(std::string_view text) {
    const auto decode = [](std::string_view part) {
        std::string plain(part);
        std::ranges::replace(plain, '+', ' ');
        return percent_decode(plain);
    };
    std::vector<Parameter> found;
    while (!text.empty()) {
        const auto pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), pair.size() + 1));
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        const auto value = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
        found.push_back({decode(pair.substr(0, equals)), decode(value), std::string(pair)});
    }
    return found;
}

Call take_apart(http::Request request) {
    Call call;
    call.method = std::move(request.method);
    const std::string_view target = request.target;
    const auto mark = target.find('?');
    call.spelled_path = target.substr(0, mark);
    call.path = percent_decode(call.spelled_path);
    if (mark != std::string_view::npos) call.query = std::string(target.substr(mark + 1));
    call.parameters = parse_parameters(call.query);
    call.headers = std::move(request.headers);
    call.body = std::move(request.body);
    return call;
}

std::optional<std::string> Call::get(std::string_view name) const {
    const auto found = std::ranges::find_if(parameters, [&](const auto& each) { return same_text(each.name, name); });
    if (found == parameters.end()) return std::nullopt;
    return found->value;
}

std::optional<std::string> Call::get_spelled(std::string_view name) const {
    const auto found = std::ranges::find_if(parameters, [&](const auto& each) { return same_text(each.name, name); });
    if (found == parameters.end()) return std::nullopt;
    const auto equals = found->spelled.find('=');
    return equals == std::string::npos ? std::string() : found->spelled.substr(equals + 1);
}

std::optional<std::int64_t> parse_number(std::string_view text, std::int64_t low, std::int64_t high) {
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size() || value < low || value > high) return std::nullopt;
    return value;
}

bool same_text(std::string_view a, std::string_view b) { return http::Headers::same(a, b); }

std::vector<std::string_view> split_words(std::string_view words) {
    std::vector<std::string_view> found;
    while (!words.empty()) {
        const auto word = words.substr(0, words.find(' '));
        words.remove_prefix(std::min(words.size(), word.size() + 1));
        if (!word.empty()) found.push_back(word);
    }
    return found;
}

std::vector<std::string> split(std::string_view text, char mark) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto part = text.substr(0, text.find(mark));
        text.remove_prefix(std::min(text.size(), part.size() + 1));
        if (!part.empty()) parts.emplace_back(part);
    }
    return parts;
}

bool has_word(std::string_view words, std::string_view word) {
    return std::ranges::any_of(split_words(words), [&](auto each) { return same_text(each, word); });
}

bool takes_anything(std::string_view accept) {
    return accept.find("*/*") != std::string_view::npos && accept.find("/vnd.") == std::string_view::npos;
}

http::Response json_response(int status, std::string body) {
    return {status, {{"Content-Type", "application/json; charset=utf-8"}}, std::move(body)};
}

}  // namespace syncd::sandbox
