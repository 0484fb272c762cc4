#include "daemon/mask.hpp"

#include "config/core/json.hpp"

namespace syncd {
namespace {

constexpr std::string_view hidden = "***";

/// The position after the string literal that begins at `at`.
std::size_t end_of_literal(std::string_view json, std::size_t at) {
    for (++at; at < json.size() && json[at] != '"'; ++at)
        if (json[at] == '\\') ++at;
    return std::min(at + 1, json.size());
}

}  // namespace

std::string mask_text(std::string_view text, const std::vector<std::string>& secrets) {
    std::string masked(text);
    for (const auto& secret : secrets)
        for (std::size_t at = 0; !secret.empty() && (at = masked.find(secret, at)) != std::string::npos;) {
            masked.replace(at, secret.size(), hidden);
            at += hidden.size();
        }
    return masked;
}

std::string mask_json(std::string_view json, const std::vector<std::string>& secrets) {
    std::string masked;
    for (std::size_t at = 0; at < json.size();) {
        if (json[at] != '"') {
            masked += json[at++];
            continue;
        }
        const auto end = end_of_literal(json, at);
        const auto literal = json.substr(at, end - at);
        const auto plain = json::as_string(literal).value_or("");
        const auto clean = mask_text(plain, secrets);
        masked += clean == plain ? std::string(literal) : json::quote(clean);
        at = end;
    }
    return masked;
}

}  // namespace syncd
