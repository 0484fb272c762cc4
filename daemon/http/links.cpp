#include "daemon/http/links.hpp"

namespace syncd {

std::string rewrite_link(std::string_view link, const Links& links) {
    std::string absolute(link);
    if (link.starts_with("//"))
        absolute.insert(0, links.provider.tls ? "https:" : "http:");
    else if (link.starts_with("/"))
        return links.address + absolute;
    const auto bytes = http::origin_bytes(absolute, links.provider);
    return bytes == 0 ? std::string(link) : links.address + absolute.substr(bytes);
}

std::string rewrite_link_field(std::string_view value, const Links& links) {
    std::string out;
    for (;;) {
        const auto open = value.find('<');
        const auto close = open == std::string_view::npos ? open : value.find('>', open);
        if (close == std::string_view::npos) return out + std::string(value);
        out += value.substr(0, open + 1);
        out += rewrite_link(value.substr(open + 1, close - open - 1), links) + ">";
        value.remove_prefix(close + 1);
    }
}

std::string LinkRewriter::feed(std::string_view piece) {
    std::string out;
    out.reserve(piece.size() + held_.size());
    while (!piece.empty()) {
        if (state_ == State::beginning) {
            begin_string(piece.front(), out);
            piece.remove_prefix(1);
        } else {
            pass(piece, out);
        }
    }
    return out;
}

void LinkRewriter::pass(std::string_view& piece, std::string& out) {
    if (state_ == State::inside && std::exchange(escaping_, false)) {
        out += piece.front();
        piece.remove_prefix(1);
        return;
    }
    const auto at = state_ == State::outside ? piece.find('"') : piece.find_first_of("\"\\");
    const auto bytes = at == std::string_view::npos ? piece.size() : at + 1;
    out += piece.substr(0, bytes);
    if (at != std::string_view::npos) {
        escaping_ = piece[at] == '\\';
        if (state_ == State::outside) {
            state_ = State::beginning;
            match_.restart();
        } else if (!escaping_) {
            state_ = State::outside;
        }
    }
    piece.remove_prefix(bytes);
}

void LinkRewriter::begin_string(char character, std::string& out) {
    held_ += character;
    if (!escaping_ && character == '"') {
        out += match_.is_whole() ? address_ + "\"" : held_;
        held_.clear();
        state_ = State::outside;
        return;
    }
    if (!escaping_ && character == '\\') {
        escaping_ = true;
        escape_at_ = held_.size() - 1;
        return;
    }
    std::size_t at = held_.size() - 1;
    if (escaping_) {
        at = escape_at_;
        if (!decode(std::string_view(held_).substr(at), character)) return;
        escaping_ = false;
    }
    const auto verdict = match_.next(character);
    if (verdict == http::OriginMatch::Verdict::undecided) return;
    out += verdict == http::OriginMatch::Verdict::yes ? address_ + held_.substr(at) : held_;
    held_.clear();
    state_ = State::inside;
}

bool LinkRewriter::decode(std::string_view escape, char& character) {
    if (escape[1] != 'u') {
        character = escape[1] == '/' ? '/' : '\0';
        return true;
    }
    constexpr std::size_t whole = 6;  // \u002F
    if (escape.size() < whole) return false;
    unsigned value = 0;
    for (const char digit : escape.substr(2)) {
        const char lower = char(digit | 0x20);
        const bool is_digit = digit >= '0' && digit <= '9', is_letter = lower >= 'a' && lower <= 'f';
        if (!is_digit && !is_letter) value = 0x10000;
        value = value * 16 + unsigned(is_digit ? digit - '0' : is_letter ? lower - 'a' + 10 : 0);
    }
    character = value < 0x80 ? char(value) : '\0';
    return true;
}

}  // namespace syncd
