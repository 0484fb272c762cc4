// Signed links to the results of messages that are too big to be sent inline.
#pragma once

#include "config/core/secret.hpp"
#include "config/core/time.hpp"

#include <string>
#include <string_view>

namespace syncd {

inline constexpr Duration download_lifetime = std::chrono::minutes{15};

class Downloads {
public:
    Downloads(std::string public_url, Secret key) : public_url_(std::move(public_url)), key_(std::move(key)) {}

    void set_public_url(std::string url) { public_url_ = std::move(url); }
    const std::string& public_url() const { return public_url_; }
    /// `PUBLIC_URL/downloads/ID?expires=SECONDS&signature=HEX`, good for download_lifetime from `now`.
    std::string link(const std::string& delivery_id, Timestamp now) const;
    /// Whether the query of such a link was signed by us and is still good.
    bool is_valid(const std::string& delivery_id, std::string_view query, Timestamp now) const;

private:
    std::string signature(const std::string& delivery_id, std::string_view expires) const;

    std::string public_url_;
    Secret key_;
};

}  // namespace syncd
