#include "config/suggest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace syncd::config {
namespace {

constexpr std::size_t compared_bytes_max = 64;
constexpr std::size_t shown_bytes_max = 60;

char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; }

/// How many single-character edits lie between the two, a swap of neighbours counting as one; case does not count.
std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        current[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same ? 0 : 1)});
            const bool swapped =
                i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
        }
        before.swap(previous);
        previous.swap(current);
    }
    return previous[b.size()];
}

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& allowed) {
    if (name.empty() || name.size() > compared_bytes_max) return {};
    std::string found;
    std::size_t fewest = std::max<std::size_t>(1, name.size() / 3) + 1;
    for (const auto& candidate : allowed) {
        if (candidate.size() > compared_bytes_max) continue;
        const std::size_t count = edits(name, candidate);
        if (count < fewest) {
            fewest = count;
            found = candidate;
        }
    }
    return found;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& allowed) {
    if (allowed.empty()) return "; there are none";
    const auto meant = nearest(name, allowed);
    const auto list = fmt::format("llowed: {}", fmt::join(allowed, ", "));
    return meant.empty() ? "; a" + list : fmt::format("; did you mean '{}'? A{}", meant, list);
}

std::string shown(std::string_view text) {
    std::string out = "'";
    for (const char c : text.substr(0, shown_bytes_max)) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
            out += ' ';
        else
            out += c;
    }
    while (text.size() > shown_bytes_max && !out.empty() && (out.back() & 0x80)) out.pop_back();  // no half a character
    return out + (text.size() > shown_bytes_max ? "…'" : "'");
}

}  // namespace syncd::config
