#include "config/interpolate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace syncd::config {
namespace {

constexpr std::size_t file_bytes_max = 64 * 1024;  // keys, tokens, certificates: anything larger is the wrong file
constexpr std::string_view file_prefix = "file:";
constexpr std::string_view forms = "allowed are ${NAME}, ${NAME:-default}, ${file:PATH} and $${ for a literal ${";

bool is_name(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && letter(text.front()) &&
           std::ranges::all_of(text, [&](char c) { return letter(c) || digit(c); });
}

result<std::string> file_content(const std::string& path, const std::string& folder, const Surroundings& surroundings) {
    if (path.empty()) return Error{errc::invalid_input, "${file:} names no file; write ${file:PATH}"};
    const auto full = path_in(folder, path);
    std::string why;
    auto content = surroundings.read_file(full, why);
    if (!content) return Error{errc::invalid_input, fmt::format("${{file:{}}}: can't read {}: {}", path, full, why)};
    if (content->size() > file_bytes_max)
        return Error{errc::invalid_input,
                     fmt::format("${{file:{}}}: {} is larger than {} bytes", path, full, file_bytes_max)};
    const std::size_t newline_bytes = content->ends_with("\r\n") ? 2 : content->ends_with('\n') ? 1 : 0;
    content->resize(content->size() - newline_bytes);
    return *content;
}

/// What stands between `${` and `}`.
result<std::string> resolve(std::string_view inner, const std::string& folder, const Surroundings& surroundings) {
    if (inner.starts_with(file_prefix))
        return file_content(std::string(inner.substr(file_prefix.size())), folder, surroundings);
    const std::size_t dash = inner.find(":-");
    const std::string name(inner.substr(0, dash));
    if (!is_name(name)) return Error{errc::invalid_input, fmt::format("'${{{}}}' names no variable; {}", inner, forms)};
    auto value = surroundings.environment(name);
    if (dash == std::string_view::npos) {
        if (value) return *value;
        return Error{
            errc::invalid_input,
            fmt::format("the environment variable {} is not set; set it, or write ${{{}:-default}}", name, name)};
    }
    const auto fallback = inner.substr(dash + 2);
    if (fallback.find("${") != std::string_view::npos)
        return Error{errc::invalid_input, fmt::format("the default of ${{{}:-…}} can't hold another ${{…}}", name)};
    return value && !value->empty() ? *value : std::string(fallback);
}

}  // namespace

result<std::string> interpolate(std::string_view text, const std::string& folder, const Surroundings& surroundings) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto rest = text.substr(at);
        if (rest.starts_with("$${")) {
            out += "${";
            at += 3;
        } else if (rest.starts_with("${")) {
            const std::size_t end = text.find('}', at);
            if (end == std::string_view::npos)
                return Error{errc::invalid_input, fmt::format("'${{' without its '}}'; {}", forms)};
            const auto value = resolve(text.substr(at + 2, end - at - 2), folder, surroundings);
            if (!value) return value.error();
            out += *value;
            at = end + 1;
        } else {
            out += text[at++];
        }
    }
    return out;
}

std::string path_in(const std::string& folder, const std::string& path) {
    return (std::filesystem::path(folder) / path).lexically_normal().string();
}

}  // namespace syncd::config
