// Links that we sign for ourselves: whoever has one may do what it says, for a while.
#pragma once

#include "config/core/secret.hpp"
#include "config/core/time.hpp"

#include <string>
#include <string_view>

namespace syncd {

inline constexpr Duration connect_link_lifetime = std::chrono::minutes{15};

class SignedLinks {
public:
    explicit SignedLinks(Secret key) : key_(std::move(key)) {}

    /// `expires=SECONDS&signature=HEX`: the query of a link that means `subject`, good for `lifetime` from `now`.
    std::string sign(std::string_view subject, Timestamp now, Duration lifetime) const;
    bool is_valid(std::string_view subject, std::string_view query, Timestamp now) const;

    /// `PUBLIC_URL/connect/ID?…`: the page where a user lets the installation read.
    std::string connect_link(const std::string& public_url, const std::string& installation_id, Timestamp now) const;

private:
    Secret key_;
};

/// What a connect_link() means.
std::string connect_subject(const std::string& installation_id);

}  // namespace syncd
