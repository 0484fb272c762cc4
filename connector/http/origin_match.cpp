#include "connector/http/origin_match.hpp"

#include <algorithm>
#include <cctype>

namespace syncd::http {

OriginMatch::OriginMatch(const Url& origin) {
    spellings_.push_back(origin.origin());
    const std::string own_port = origin.tls ? ":443" : ":80";
    if (origin.port == (origin.tls ? 443 : 80)) spellings_.push_back(origin.origin() + own_port);
}

bool OriginMatch::is_whole() const { return std::ranges::find(spellings_, seen_) != spellings_.end(); }

OriginMatch::Verdict OriginMatch::next(char character) {
    const bool ends = character == '/' || character == '?' || character == '#';
    if (ends && is_whole()) return Verdict::yes;
    seen_ += char(std::tolower(static_cast<unsigned char>(character)));
    const bool may = std::ranges::any_of(spellings_, [this](const auto& each) { return each.starts_with(seen_); });
    return may ? Verdict::undecided : Verdict::no;
}

std::size_t origin_bytes(std::string_view url, const Url& origin) {
    OriginMatch match(origin);
    for (std::size_t i = 0; i < url.size(); ++i) {
        const auto verdict = match.next(url[i]);
        if (verdict != OriginMatch::Verdict::undecided) return verdict == OriginMatch::Verdict::yes ? i : 0;
    }
    return match.is_whole() ? url.size() : 0;
}

}  // namespace syncd::http
