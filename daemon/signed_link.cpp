#include "daemon/signed_link.hpp"

#include "connector/http/url.hpp"
#include "daemon/http/form.hpp"
#include "daemon/signature.hpp"

#include <fmt/format.h>

#include <charconv>

namespace syncd {
namespace {

std::int64_t unix_seconds(Timestamp time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string signature(const Secret& key, std::string_view subject, std::string_view expires) {
    return hmac_hex(key, fmt::format("link:{}:{}", subject, expires));
}

}  // namespace

std::string connect_subject(const std::string& installation_id) { return "connect:" + installation_id; }

std::string SignedLinks::sign(std::string_view subject, Timestamp now, Duration lifetime) const {
    const auto expires = std::to_string(unix_seconds(now + lifetime));
    return fmt::format("expires={}&signature={}", expires, signature(key_, subject, expires));
}

bool SignedLinks::is_valid(std::string_view subject, std::string_view query, Timestamp now) const {
    const Form form(query);
    const auto expires = form.get("expires");
    std::int64_t seconds = 0;
    const auto [end, failure] = std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
    const bool number = failure == std::errc{} && end == expires.data() + expires.size();
    return number && unix_seconds(now) <= seconds &&
           equal_in_constant_time(form.get("signature"), signature(key_, subject, expires));
}

std::string SignedLinks::connect_link(const std::string& public_url, const std::string& installation_id,
                                      Timestamp now) const {
    return fmt::format("{}/connect/{}?{}", public_url, http::percent_encode(installation_id),
                       sign(connect_subject(installation_id), now, connect_link_lifetime));
}

}  // namespace syncd
