// Links to the provider, bent to the proxy's address. Pure.
#pragma once

#include "connector/http/message.hpp"
#include "connector/http/origin_match.hpp"

#include <string>
#include <string_view>

namespace syncd {

struct Links {
    http::Url provider;
    std::string address;  // what stands for the provider's origin: `PUBLIC_URL/proxy`
};

/// An absolute link to the provider, or one relative to its origin, as a link to the proxy; any other as it is.
std::string rewrite_link(std::string_view link, const Links& links);
/// The value of a `Link` field: each `<…>` in it.
std::string rewrite_link_field(std::string_view value, const Links& links);

/// JSON that passes through in pieces: strings that begin with the provider's origin, however they are escaped, get the
/// proxy's address in its place; all else stays byte for byte. Holds back at most the beginning of one string.
class LinkRewriter {
public:
    explicit LinkRewriter(const Links& links) : address_(links.address), match_(links.provider) {}
    /// What can be passed on after this piece.
    std::string feed(std::string_view piece);
    /// What was held back.
    std::string finish() { return std::exchange(held_, {}); }

private:
    enum class State { outside, beginning, inside };

    /// Takes the run of characters up to the next one that matters off the front.
    void pass(std::string_view& piece, std::string& out);
    void begin_string(char character, std::string& out);
    /// The character that an escape stands for, once it is complete; '\0': none that an origin could have.
    static bool decode(std::string_view escape, char& character);

    std::string address_;
    http::OriginMatch match_;
    State state_ = State::outside;
    std::string held_;           // of the string at whose beginning we are, as it came
    std::size_t escape_at_ = 0;  // where in `held_` the escape under way begins
    bool escaping_ = false;
};

}  // namespace syncd
