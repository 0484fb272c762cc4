#include "config/yaml.hpp"

#include "config/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace syncd::config {
namespace {

Place place_of(const YAML::Mark& mark, Place fallback = {}) {
    return mark.is_null() ? fallback : Place{mark.line + 1, mark.column + 1};
}

std::string_view line_of(std::string_view text, int line) {
    for (; line > 1; --line) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    return text.substr(0, text.find('\n'));
}

/// Whether yaml-cpp stumbled over the brace of an unquoted ${…} inside { } or [ ]: to YAML it opens a map.
bool is_unquoted_replacement(std::string_view text, Place place, std::string_view message) {
    const auto line = line_of(text, place.line);
    const auto column = std::size_t(place.column);
    return message.find("flow") != std::string_view::npos && column >= 2 && column <= line.size() &&
           line.substr(column - 2, 2) == "${";
}

bool is_quoted(const YAML::Node& node) { return node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str"; }

/// `-?digits`, without leading zeros, and with a fraction and exponent when `real`.
bool is_decimal(std::string_view text, bool real) {
    const auto digits = [&] {
        const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
        text.remove_prefix(end);
        return end;
    };
    const auto skip = [&](std::string_view any) {
        const bool there = !text.empty() && any.find(text.front()) != std::string_view::npos;
        if (there) text.remove_prefix(1);
        return there;
    };
    skip("-");
    const bool zero = text.starts_with('0');
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (real && skip(".") && digits() == 0) return false;
    if (real && skip("eE")) {
        skip("+-");
        if (digits() == 0) return false;
    }
    return text.empty();
}

}  // namespace

Source::Source(std::string file, Findings& findings, Replace replace)
    : file_(std::move(file)), findings_(findings), replace_(std::move(replace)) {}

std::optional<YAML::Node> Source::parse(const std::string& text) {
    try {
        const auto documents = YAML::LoadAll(text);
        if (documents.size() > 1) {
            error(place_of(documents[1].Mark()), "a second YAML document; the file holds one");
            return std::nullopt;
        }
        return documents.empty() ? YAML::Node() : documents[0];
    } catch (const YAML::Exception& failure) {
        auto place = place_of(failure.mark);
        std::string message = "this is not YAML: " + failure.msg;
        if (is_unquoted_replacement(text, place, failure.msg)) {
            --place.column;
            message = "inside { } or [ ] a scalar that holds ${…} needs quotes: \"${NAME}\"";
        } else if (line_of(text, place.line).find('\t') != std::string_view::npos) {
            message += " (a tab can't indent YAML; use spaces)";
        }
        error(place, std::move(message));
        return std::nullopt;
    }
}

void Source::error(Place place, std::string message) {
    findings_.errors.push_back({file_, place.line, place.column, std::move(message)});
}

void Source::warning(Place place, std::string message) {
    findings_.warnings.push_back({file_, place.line, place.column, std::move(message)});
}

Value::Value(Source& source, YAML::Node node, Place fallback, std::string name)
    : source_(&source), node_(std::move(node)), name_(std::move(name)), present_(true) {
    place_ = node_.IsNull() ? fallback : place_of(node_.Mark(), fallback);
}

bool Value::is_null() const { return present_ && node_.IsNull(); }

void Value::error(std::string message) const {
    if (source_) source_->error(place_, std::move(message));
}

void Value::warning(std::string message) const {
    if (source_) source_->warning(place_, std::move(message));
}

std::string Value::written() const { return node_.IsScalar() ? shown(node_.Scalar()) : std::string("''"); }

void Value::expected(std::string_view what, bool show) const {
    if (is_null()) return error(fmt::format("{} is empty (null); allowed: {}", name_, what));
    if (is_map()) return error(fmt::format("{} is a map; allowed: {}", name_, what));
    if (is_list()) return error(fmt::format("{} is a list; allowed: {}", name_, what));
    error(fmt::format("{} is {}; allowed: {}", name_, show ? written() : "a single value", what));
}

std::optional<Value::Scalar> Value::read_scalar(std::string_view what) const {
    if (!present_) return std::nullopt;
    if (!node_.IsScalar()) {
        expected(what);
        return std::nullopt;
    }
    const auto& text = node_.Scalar();
    if (!source_->replace() || text.find("${") == std::string::npos) return Scalar{text, is_quoted(node_)};
    const auto replaced = source_->replace()(text);
    if (!replaced) {
        error(fmt::format("{}: {}", name_, replaced.error().message));
        return std::nullopt;
    }
    return Scalar{*replaced, false};  // YAML may have needed the quotes: they say nothing about the value
}

std::optional<std::string> Value::text() const {
    auto scalar = read_scalar("text");
    return scalar ? std::optional(std::move(scalar->text)) : std::nullopt;
}

std::optional<std::string> Value::filled() const {
    auto value = text();
    if (value && value->empty()) {
        error(fmt::format("{} is empty; allowed: any text but this", name_));
        return std::nullopt;
    }
    return value;
}

std::optional<bool> Value::boolean() const {
    constexpr std::string_view what = "true or false, without quotes";
    const auto scalar = read_scalar(what);
    if (!scalar) return std::nullopt;
    if (!scalar->quoted && scalar->text == "true") return true;
    if (!scalar->quoted && scalar->text == "false") return false;
    expected(what);
    return std::nullopt;
}

std::optional<std::int64_t> Value::integer(std::int64_t least, std::int64_t most) const {
    const auto what = fmt::format("a whole number{}{}, in plain decimal digits without quotes",
                                  least == -any_number ? "" : fmt::format(" from {}", least),
                                  most == any_number ? "" : fmt::format(" to {}", most));
    const auto scalar = read_scalar(what);
    if (!scalar) return std::nullopt;
    std::int64_t number = 0;
    const auto& text = scalar->text;
    const bool fits = !scalar->quoted && is_decimal(text, false) &&
                      std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc{};
    if (fits && number >= least && number <= most) return number;
    expected(what);
    return std::nullopt;
}

std::optional<Duration> Value::duration(Duration least) const {
    const auto what = least == Duration::zero() ? std::string("a duration such as 500ms, 15s, 5m, 2h, 7d, or 0")
                                                : fmt::format("a duration such as 500ms, 15s, 5m, 2h, 7d, from {} on",
                                                              format_duration(least));
    const auto scalar = read_scalar(what);
    if (!scalar) return std::nullopt;
    const auto duration = scalar->text == "0" ? std::optional(Duration::zero()) : parse_duration(scalar->text);
    if (duration && *duration >= least) return duration;
    expected(what);
    return std::nullopt;
}

std::optional<std::string> Value::word(const std::vector<std::string>& allowed) const {
    std::string what;
    for (const auto& name : allowed) what += (what.empty() ? "" : ", ") + name;
    const auto value = read_scalar(what);
    if (!value) return std::nullopt;
    if (std::ranges::find(allowed, value->text) != allowed.end()) return value->text;
    error(fmt::format("{} is {}{}", name_, written(), suggestion(value->text, allowed)));
    return std::nullopt;
}

std::optional<FilterValue> Value::scalar() const {
    const auto scalar = read_scalar("text, a number, true or false");
    if (!scalar) return std::nullopt;
    if (scalar->quoted) return FilterValue(scalar->text);
    if (scalar->text == "true" || scalar->text == "false") return FilterValue(scalar->text == "true");
    if (is_decimal(scalar->text, true)) return FilterValue(std::strtod(scalar->text.c_str(), nullptr));
    return FilterValue(scalar->text);
}

std::vector<Value> Value::list() const {
    if (!present_ || is_null()) return {};
    if (!node_.IsSequence()) {
        expected("a list", false);
        return {};
    }
    std::vector<Value> elements;
    for (const auto& element : node_) elements.emplace_back(*source_, element, place_, "an entry of " + name_);
    return elements;
}

Map::Map(const Value& value) : value_(value) {
    if (!value.present_ || value.is_null()) return;
    if (!value.node_.IsMap()) {
        value.expected("a map of keys and values", false);
        return;
    }
    for (const auto& entry : value.node_) {
        const auto place = place_of(entry.first.Mark(), value.place_);
        if (!entry.first.IsScalar()) {
            value.source_->error(place, fmt::format("a key of {} is no text", value.name_));
            continue;
        }
        const auto& key = entry.first.Scalar();
        const auto first = std::ranges::find(members_, key, &Member::key);
        if (key == "<<" && !is_quoted(entry.first)) {
            value.source_->error(place, "merge keys (<<) are not supported; write the members out");
        } else if (first != members_.end()) {
            value.source_->error(
                place, fmt::format("duplicate key {}; it stands at line {} already", shown(key), first->place.line));
        } else {
            members_.push_back({key, place, Value(*value.source_, entry.second, place, key)});
        }
    }
}

Value Map::operator[](std::string_view key) {
    if (std::ranges::find(asked_, key) == asked_.end()) asked_.emplace_back(key);
    const auto member = std::ranges::find(members_, key, &Member::key);
    if (member != members_.end()) return member->value;
    Value absent;
    absent.source_ = value_.source_;
    absent.place_ = value_.place_;
    absent.name_ = key;
    return absent;
}

Value Map::required(std::string_view key) {
    auto value = (*this)[key];
    const bool map = value_.is_null() || value_.is_map();  // else that is the error
    if (!value.present() && map) value.error(fmt::format("{} has no {}, which is required", value_.name(), key));
    return value;
}

void Map::close() {
    for (const auto& member : members_)
        if (std::ranges::find(asked_, member.key) == asked_.end())
            error_at(member, fmt::format("unknown key {} in {}{}", shown(member.key), value_.name(),
                                         suggestion(member.key, asked_)));
}

void Map::error_at(const Member& member, std::string message) const {
    value_.source_->error(member.place, std::move(message));
}

void Map::warning_at(const Member& member, std::string message) const {
    value_.source_->warning(member.place, std::move(message));
}

}  // namespace syncd::config
