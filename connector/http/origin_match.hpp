// Whether a text is a URL of one origin, told while its characters come. Pure.
#pragma once

#include "connector/http/url.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace syncd::http {

/// Scheme and host compare without case; the scheme's own port may be written or not. `https://api.example.com.evil`
/// and `https://api.example.com@evil` are not of the origin `https://api.example.com`.
class OriginMatch {
public:
    enum class Verdict { undecided, no, yes };

    explicit OriginMatch(const Url& origin);
    /// From the beginning of the text.
    void restart() { seen_.clear(); }
    /// The next character, with which the rest of the URL may begin: then `yes`, and it belongs to the rest.
    Verdict next(char character);
    /// The text has ended: whether it is the origin.
    bool is_whole() const;

private:
    std::vector<std::string> spellings_;
    std::string seen_;
};

/// How many bytes at the beginning of the URL spell the origin; 0: it is of another.
std::size_t origin_bytes(std::string_view url, const Url& origin);

}  // namespace syncd::http
