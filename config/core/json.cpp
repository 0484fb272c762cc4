#include "config/core/json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>

namespace syncd::json {
namespace {

namespace bj = boost::json;

/// Takes every event of the parser and keeps nothing: we want the verdict only.
struct Ignore {
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);
    using ec = bj::error_code;
    bool on_document_begin(ec&) { return true; }
    bool on_document_end(ec&) { return true; }
    bool on_object_begin(ec&) { return true; }
    bool on_object_end(std::size_t, ec&) { return true; }
    bool on_array_begin(ec&) { return true; }
    bool on_array_end(std::size_t, ec&) { return true; }
    bool on_key_part(bj::string_view, std::size_t, ec&) { return true; }
    bool on_key(bj::string_view, std::size_t, ec&) { return true; }
    bool on_string_part(bj::string_view, std::size_t, ec&) { return true; }
    bool on_string(bj::string_view, std::size_t, ec&) { return true; }
    bool on_number_part(bj::string_view, ec&) { return true; }
    bool on_int64(std::int64_t, bj::string_view, ec&) { return true; }
    bool on_uint64(std::uint64_t, bj::string_view, ec&) { return true; }
    bool on_double(double, bj::string_view, ec&) { return true; }
    bool on_bool(bool, ec&) { return true; }
    bool on_null(ec&) { return true; }
    bool on_comment_part(bj::string_view, ec&) { return true; }
    bool on_comment(bj::string_view, ec&) { return true; }
};

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

/// The index of the quote that closes the string opening at `at`.
std::size_t string_end(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
    return at;
}

/// The index of the first `,`, `:` or closing bracket at this nesting, from `at` on.
std::size_t value_end(std::string_view text, std::size_t at) {
    for (std::size_t depth = 0; at < text.size(); ++at) {
        switch (text[at]) {
            case '"': at = string_end(text, at); break;
            case '{':
            case '[': ++depth; break;
            case '}':
            case ']':
                if (depth-- == 0) return at;
                break;
            case ',':
            case ':':
                if (depth == 0) return at;
                break;
            default: break;
        }
    }
    return at;
}

void append_utf8(std::string& out, std::uint32_t point) {
    if (point < 0x80) {
        out += char(point);
    } else if (point < 0x800) {
        out += char(0xC0 | (point >> 6));
        out += char(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        out += char(0xE0 | (point >> 12));
        out += char(0x80 | ((point >> 6) & 0x3F));
        out += char(0x80 | (point & 0x3F));
    } else {
        out += char(0xF0 | (point >> 18));
        out += char(0x80 | ((point >> 12) & 0x3F));
        out += char(0x80 | ((point >> 6) & 0x3F));
        out += char(0x80 | (point & 0x3F));
    }
}

std::uint32_t hex4(std::string_view text, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4 && i < text.size(); ++i) {
        const char c = text[i];
        value = value * 16 + std::uint32_t(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

/// The text between the quotes of a validated JSON string.
std::string unescape(std::string_view inner) {
    if (inner.find('\\') == std::string_view::npos) return std::string(inner);
    std::string out;
    out.reserve(inner.size());
    for (std::size_t i = 0; i < inner.size(); ++i) {
        if (inner[i] != '\\' || i + 1 == inner.size()) {
            out += inner[i];
            continue;
        }
        switch (inner[++i]) {
            case 'b': out += '\b'; break;
            case 'f': out += '\f'; break;
            case 'n': out += '\n'; break;
            case 'r': out += '\r'; break;
            case 't': out += '\t'; break;
            case 'u': {
                std::uint32_t point = hex4(inner, i + 1);
                i += 4;
                const bool pair = point >= 0xD800 && point < 0xDC00 && i + 6 < inner.size() && inner[i + 1] == '\\';
                if (pair) {
                    point = 0x10000 + ((point - 0xD800) << 10) + (hex4(inner, i + 3) - 0xDC00);
                    i += 6;
                }
                append_utf8(out, point);
                break;
            }
            default: out += inner[i]; break;  // quote, backslash, slash
        }
    }
    return out;
}

std::string_view inside_quotes(std::string_view value) { return value.substr(1, value.size() - 2); }

/// Calls `use(key, value)` for every member, with the key as it is spelled, still in quotes.
template <class Use>
void each_member(std::string_view object, Use use) {
    object = trim(object);
    if (object.empty() || object.front() != '{') return;
    for (std::size_t at = 1; at < object.size();) {
        const std::size_t colon = value_end(object, at);
        if (colon >= object.size() || object[colon] != ':') return;  // the closing bracket
        const std::size_t end = value_end(object, colon + 1);
        use(trim(object.substr(at, colon - at)), trim(object.substr(colon + 1, end - colon - 1)));
        at = end + 1;
    }
}

Digest mix(char tag, std::string_view text) {
    const auto hash = XXH3_128bits_withSeed(text.data(), text.size(), XXH64_hash_t(tag));
    return {hash.low64, hash.high64};
}

Digest mix(char tag, Digest first, Digest second) {
    const std::uint64_t words[4] = {first.low, first.high, second.low, second.high};
    return mix(tag, std::string_view(reinterpret_cast<const char*>(words), sizeof words));
}

Digest scalar_digest(std::string_view value) {
    if (value.front() != '"') return mix('v', value);
    const auto inner = inside_quotes(value);
    return inner.find('\\') == std::string_view::npos ? mix('s', inner) : mix('s', unescape(inner));
}

/// An open object or array while its content is being hashed.
struct Open {
    bool object = false;
    Digest sum;  // object: the sum over members, so that their order does not count; array: a chain
    std::uint64_t count = 0;
    Digest key;         // of the member whose value is being read
    bool skip = false;  // that member is left out
};

void add(Open& open, Digest value) {
    if (open.object) {
        if (open.skip) return;
        const Digest member = mix('m', open.key, value);
        open.sum.low += member.low;
        open.sum.high += member.high;
    } else {
        open.sum = mix('e', open.sum, value);
    }
    ++open.count;
}

Digest close(const Open& open) { return mix(open.object ? 'o' : 'a', open.sum, Digest{open.count, 0}); }

}  // namespace

result<void> validate(std::string_view text) {
    bj::parse_options options;
    options.max_depth = depth_max;
    bj::basic_parser<Ignore> parser(options);
    bj::error_code failure;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), failure);
    if (!failure && read < text.size() && !trim(text.substr(read)).empty()) failure = bj::error::extra_data;
    if (!failure && trim(text).empty()) failure = bj::error::incomplete;
    if (failure) return Error{errc::invalid_body, fmt::format("not JSON at byte {}: {}", read, failure.message())};
    return {};
}

Kind kind(std::string_view value) {
    value = trim(value);
    switch (value.empty() ? 'n' : value.front()) {
        case '{': return Kind::object;
        case '[': return Kind::array;
        case '"': return Kind::string;
        case 't':
        case 'f': return Kind::boolean;
        case 'n': return Kind::null;
        default: return Kind::number;
    }
}

std::vector<Member> members(std::string_view object) {
    std::vector<Member> found;
    each_member(object, [&](std::string_view key, std::string_view value) {
        found.push_back({unescape(inside_quotes(key)), value});
    });
    return found;
}

std::vector<std::string_view> elements(std::string_view array) {
    std::vector<std::string_view> found;
    array = trim(array);
    if (array.empty() || array.front() != '[') return found;
    for (std::size_t at = 1; at < array.size();) {
        const std::size_t end = value_end(array, at);
        const auto value = trim(array.substr(at, end - at));
        if (!value.empty()) found.push_back(value);
        at = end + 1;
    }
    return found;
}

std::optional<std::string_view> find(std::string_view object, std::string_view key) {
    std::optional<std::string_view> found;
    each_member(object, [&](std::string_view name, std::string_view value) {
        const auto inner = inside_quotes(name);
        if (inner == key || (inner.find('\\') != std::string_view::npos && unescape(inner) == key)) found = value;
    });
    return found;
}

std::optional<std::string_view> find(std::string_view object, std::span<const std::string> path) {
    std::optional<std::string_view> value = object;
    for (const auto& name : path) {
        value = find(*value, name);
        if (!value) return std::nullopt;
    }
    return value;
}

std::optional<std::string> as_string(std::string_view value) {
    value = trim(value);
    if (kind(value) != Kind::string) return std::nullopt;
    return unescape(inside_quotes(value));
}

std::optional<std::string> as_text(std::string_view value) {
    value = trim(value);
    switch (kind(value)) {
        case Kind::string: return unescape(inside_quotes(value));
        case Kind::number:
        case Kind::boolean: return std::string(value);
        case Kind::object:
        case Kind::array:
        case Kind::null: return std::nullopt;
    }
    return std::nullopt;
}

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default:
                if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
                    fmt::format_to(std::back_inserter(out), "\\u{:04x}", unsigned(c));
                else
                    out += c;
        }
    }
    out += '"';
}

std::string quote(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 2);
    append_quoted(out, text);
    return out;
}

std::string Digest::hex() const { return fmt::format("{:016x}{:016x}", high, low); }

Digest digest(std::string_view value, std::span<const std::string> ignore) {
    std::vector<Open> stack;
    for (std::size_t at = 0; at < value.size(); ++at) {
        const char c = value[at];
        if (is_space(c) || c == ',' || c == ':') continue;
        if (c == '{' || c == '[') {
            stack.emplace_back().object = c == '{';
            continue;
        }
        Digest done;
        if (c == '}' || c == ']') {
            done = close(stack.back());
            stack.pop_back();
        } else {
            const std::size_t end = c == '"' ? string_end(value, at) + 1 : value.find_first_of(",:]} \n\r\t", at);
            const auto token = value.substr(at, end == std::string_view::npos ? end : end - at);
            at += token.size() - 1;
            std::size_t next = at + 1;
            while (next < value.size() && is_space(value[next])) ++next;
            if (next < value.size() && value[next] == ':') {  // a member's name
                Open& open = stack.back();
                open.key = scalar_digest(token);
                open.skip = stack.size() == 1 && !ignore.empty() &&
                            std::ranges::find(ignore, unescape(inside_quotes(token))) != ignore.end();
                continue;
            }
            done = scalar_digest(token);
        }
        if (stack.empty()) return done;
        add(stack.back(), done);
    }
    return {};
}

}  // namespace syncd::json
