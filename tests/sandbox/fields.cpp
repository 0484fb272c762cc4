#include "tests/sandbox/fields.hpp"

#include "config/core/ids.hpp"
#include "config/core/json.hpp"
#include "config/core/time.hpp"
#include "tests/sandbox/call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace syncd::sandbox {
namespace {

/// Cuts `word(argument)` in two.
void cut(std::string_view text, std::string& word, std::string& argument) {
    const auto open = text.find('(');
    word = text.substr(0, open);
    if (open != std::string_view::npos) argument = text.substr(open + 1, text.rfind(')') - open - 1);
}

FieldRule parse_field(std::string_view text) {
    FieldRule rule;
    if (const auto at = text.rfind('~'); at != std::string_view::npos) {
        cut(text.substr(at + 1), rule.shape, rule.shape_argument);
        text = text.substr(0, at);
    }
    if (const auto at = text.rfind('>'); at != std::string_view::npos) {
        rule.path = text.substr(at + 1);
        text = text.substr(0, at);
    }
    const auto colon = text.find(':');
    cut(text.substr(colon + 1), rule.type, rule.argument);
    rule.name = text.substr(0, colon);
    rule.required = rule.name.back() == '*';
    rule.update_only = rule.name.back() == '+';
    if (rule.required || rule.update_only) rule.name.pop_back();
    if (rule.path.empty()) rule.path = rule.name;
    return rule;
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

std::string too_long(std::string_view text, const std::string& limit) {
    const auto most = parse_number(limit, 1, std::numeric_limits<std::int32_t>::max());
    return most && text.size() > std::size_t(*most) ? fmt::format("Must not be longer than {} characters.", limit) : "";
}

std::string misfit_of_text(const FieldRule& rule, std::string_view value) {
    const auto text = json::as_string(value);
    if (!text) return "Must be a string.";
    const auto holds = [&](std::string_view characters) {
        return text->find_first_of(characters) != std::string::npos;
    };
    if (rule.type != "text" && blank(*text)) return "Must not be empty.";
    if (rule.type == "guid" && !is_uuid(*text)) return "Must be a GUID.";
    if (rule.type == "url" && !text->starts_with("https://")) return "Must be an https URL.";
    if (rule.type == "time" && !parse_time(*text)) return "Must be a date and time.";
    if (rule.type == "name" && (holds("><^$?") || text->find("||") != std::string::npos))
        return "Must not hold any of > < ^ $ ? ||.";
    if (rule.type == "label" && holds("<>&\"'.")) return "Must not hold any of < > & \" ' .";
    const auto allowed = split(rule.type == "enum" ? std::string_view(rule.argument) : std::string_view{}, '|');
    if (!allowed.empty() && std::ranges::find(allowed, *text) == allowed.end())
        return "Must be one of " + rule.argument + ".";
    if (rule.type == "state" && !same_text(*text, "active") && !same_text(*text, "cancelled"))
        return "Must be active or cancelled.";
    return rule.type == "enum" ? "" : too_long(*text, rule.argument);
}

std::string misfit_of_list(const FieldRule& rule, std::string_view value) {
    if (json::kind(value) != json::Kind::array) return "Must be an array.";
    const auto elements = json::elements(value);
    if (rule.type == "array") return !rule.argument.empty() && elements.empty() ? "Must not be empty." : "";
    for (const auto element : elements) {
        const auto text = json::as_string(element);
        if (!text) return "Must be an array of strings.";
        if (auto why = too_long(*text, rule.argument); !why.empty()) return why;
    }
    return "";
}

}  // namespace

std::vector<FieldRule> parse_fields(std::string_view spec) {
    std::vector<FieldRule> rules;
    for (const auto& part : split(spec, ';'))
        if (const auto start = part.find_first_not_of(' '); start != std::string::npos)
            rules.push_back(parse_field(std::string_view(part).substr(start)));
    return rules;
}

std::string misfit(const FieldRule& rule, std::string_view value) {
    const auto kind = json::kind(value);
    if (rule.type == "bool") return kind == json::Kind::boolean ? "" : "Must be true or false.";
    if (rule.type == "number") return kind == json::Kind::number ? "" : "Must be a number.";
    if (rule.type == "object") return kind == json::Kind::object ? "" : "Must be an object.";
    if (rule.type == "int") {
        const bool whole = kind == json::Kind::number && value.find_first_of(".eE") == std::string_view::npos;
        return whole ? "" : "Must be an integer.";
    }
    if (rule.type == "array" || rule.type == "texts") return misfit_of_list(rule, value);
    return misfit_of_text(rule, value);
}

}  // namespace syncd::sandbox
