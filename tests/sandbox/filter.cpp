#include "tests/sandbox/filter.hpp"

#include "config/core/json.hpp"
#include "tests/sandbox/call.hpp"
#include "tests/sandbox/objects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <compare>

namespace syncd::sandbox {
namespace {

using Op = Condition::Op;

constexpr std::string_view signs = "()[],";

struct Token {
    std::string text;
    bool quoted = false;
    std::size_t at = 0;
};

/// Words, quoted texts (a doubled quote stands for one) and the signs ( ) [ ] and comma.
result<std::vector<Token>> tokenize(std::string_view text) {
    std::vector<Token> tokens;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t start = i;
        if (text[i] == ' ') {
            ++i;
        } else if (signs.find(text[i]) != std::string_view::npos) {
            tokens.push_back({std::string(1, text[i++]), false, start});
        } else if (text[i] == '\'') {
            std::string value;
            for (++i; i < text.size() && (text[i] != '\'' || (i + 1 < text.size() && text[i + 1] == '\'')); ++i) {
                if (text[i] == '\'') ++i;
                value += text[i];
            }
            if (i == text.size())
                return Error{errc::invalid_input, fmt::format("There is an unterminated string at {}", start)};
            ++i;
            tokens.push_back({std::move(value), true, start});
        } else {
            i = std::min(text.find_first_of(" ()[],'", i), text.size());
            tokens.push_back({std::string(text.substr(start, i - start)), false, start});
        }
    }
    return tokens;
}

class Parser {
public:
    Parser(std::vector<Token> tokens, std::string_view properties, bool with_in)
        : tokens_(std::move(tokens)), properties_(properties), with_in_(with_in) {}

    result<Filter> parse() {
        Filter filter;
        filter.any_of.emplace_back();
        for (;;) {
            auto condition = comparison();
            if (!condition) return condition.error();
            filter.any_of.back().push_back(std::move(*condition));
            if (done()) return filter;
            const bool either = word("or");
            if (!either && !word("and")) return wrong("'and' or 'or'");
            if (either) filter.any_of.emplace_back();
        }
    }

private:
    bool done() const { return at_ == tokens_.size(); }
    bool word(std::string_view text) {
        if (done() || tokens_[at_].quoted || !same_text(tokens_[at_].text, text)) return false;
        ++at_;
        return true;
    }
    Error wrong(std::string_view wanted) const {
        if (done()) return {errc::invalid_input, fmt::format("Expected {} at the end of the filter", wanted)};
        return {errc::invalid_input,
                fmt::format("Expected {} instead of '{}' at position {}", wanted, tokens_[at_].text, tokens_[at_].at)};
    }

    result<Condition> comparison() {
        static constexpr std::array<std::pair<std::string_view, Op>, 7> operators = {
            {{"eq", Op::eq}, {"ne", Op::ne}, {"lt", Op::lt}, {"le", Op::le}, {"gt", Op::gt}, {"ge", Op::ge},
             {"in", Op::in}}};
        const auto path = done() || tokens_[at_].quoted ? std::nullopt : path_of(properties_, tokens_[at_].text);
        if (!path) return wrong("a property");
        const std::string property = tokens_[at_++].text;
        for (const auto& [name, op] : operators) {
            if ((op == Op::in && !with_in_) || !word(name)) continue;
            auto values = op == Op::in ? list() : single();
            if (!values) return values.error();
            return make_condition(property, *path, op, std::move(*values));
        }
        return wrong("an operator");
    }

    result<std::vector<std::string>> single() {
        if (done() || is_sign()) return wrong("a value");
        return std::vector<std::string>{tokens_[at_++].text};
    }

    result<std::vector<std::string>> list() {
        if (!word("(") && !word("[")) return wrong("'('");
        std::vector<std::string> values;
        do {
            if (done() || is_sign()) return wrong("a value");
            values.push_back(tokens_[at_++].text);
        } while (word(","));
        if (!word(")") && !word("]")) return wrong("')'");
        return values;
    }

    bool is_sign() const {
        const auto& token = tokens_[at_];
        return !token.quoted && token.text.size() == 1 && signs.find(token.text[0]) != std::string_view::npos;
    }

    std::vector<Token> tokens_;
    std::string_view properties_;
    bool with_in_;
    std::size_t at_ = 0;
};

bool holds(Op op, std::strong_ordering order) {
    switch (op) {
        case Op::eq:
        case Op::in: return order == 0;
        case Op::ne: return order != 0;
        case Op::lt: return order < 0;
        case Op::le: return order <= 0;
        case Op::gt: return order > 0;
        case Op::ge: return order >= 0;
    }
    return false;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return out;
}

/// Empty: the text has to say.
std::optional<bool> meets(const Condition& condition, const Known& known) {
    if (condition.time && known.created && same_text(condition.name, "createdDateTime"))
        return holds(condition.op, *known.created <=> *condition.time);
    if (condition.op != Op::eq && condition.op != Op::in) return std::nullopt;
    const auto text = same_text(condition.name, "id")        ? known.id
                      : same_text(condition.name, "iTwinId") ? known.itwin
                                                             : std::string_view{};
    if (text.empty()) return std::nullopt;
    return std::ranges::any_of(condition.values, [&](const auto& value) { return same_text(text, value); });
}

bool meets(const Condition& condition, std::string_view record) {
    const auto slice = json::find(record, condition.property);
    if (slice && json::kind(*slice) == json::Kind::array)  // one of its elements
        return std::ranges::any_of(json::elements(*slice), [&](std::string_view element) {
            return json::as_text(element) == condition.values.front();
        });
    const auto text = slice ? json::as_text(*slice) : std::nullopt;
    if (!text) return condition.op == Op::ne;
    if (const auto time = condition.time ? parse_time(*text) : std::nullopt)
        return holds(condition.op, *time <=> *condition.time);
    const std::string plain = lower(*text);
    return std::ranges::any_of(condition.values,
                               [&](const auto& value) { return holds(condition.op, plain <=> lower(value)); });
}

}  // namespace

Condition make_condition(std::string_view name, std::string_view path, Op op, std::vector<std::string> values) {
    Condition condition{.name = std::string(name), .property = split(path, '/'), .op = op, .values = std::move(values)};
    if (op != Op::in && condition.values.size() == 1) condition.time = parse_time(condition.values.front());
    return condition;
}

bool Filter::matches(std::string_view record, const Known& known) const {
    const auto holds_here = [&](const Condition& condition) {
        const auto quick = meets(condition, known);
        return quick ? *quick : meets(condition, record);
    };
    const auto all = [&](const auto& group) { return std::ranges::all_of(group, holds_here); };
    return any_of.empty() || std::ranges::any_of(any_of, all);
}

std::vector<std::string> Filter::pinned(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& group : any_of) {
        const auto pin = std::ranges::find_if(group, [&](const Condition& each) {
            return (each.op == Condition::Op::eq || each.op == Condition::Op::in) && same_text(each.name, name);
        });
        if (pin == group.end()) return {};
        values.insert(values.end(), pin->values.begin(), pin->values.end());
    }
    return values;
}

void Filter::require(Condition condition) {
    if (any_of.empty()) any_of.emplace_back();
    for (auto& group : any_of) group.push_back(condition);
}

result<Filter> parse_filter(std::string_view text, std::string_view properties, bool with_in) {
    auto tokens = tokenize(text);
    if (!tokens) return tokens.error();
    return Parser(std::move(*tokens), properties, with_in).parse();
}

}  // namespace syncd::sandbox
