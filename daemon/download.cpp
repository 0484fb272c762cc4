#include "daemon/download.hpp"

#include "daemon/signature.hpp"

#include <fmt/format.h>

#include <charconv>

namespace syncd {
namespace {

std::int64_t unix_seconds(Timestamp time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace

std::string Downloads::signature(const std::string& delivery_id, std::string_view expires) const {
    return hmac_hex(key_, fmt::format("download:{}:{}", delivery_id, expires));
}

std::string Downloads::link(const std::string& delivery_id, Timestamp now) const {
    const auto expires = std::to_string(unix_seconds(now + download_lifetime));
    return fmt::format("{}/downloads/{}?expires={}&signature={}", public_url_, delivery_id, expires,
                       signature(delivery_id, expires));
}

bool Downloads::is_valid(const std::string& delivery_id, std::string_view query, Timestamp now) const {
    constexpr std::string_view first = "expires=", second = "&signature=";
    const auto split = query.find(second);
    if (!query.starts_with(first) || split == std::string_view::npos) return false;
    const auto expires = query.substr(first.size(), split - first.size());
    std::int64_t seconds = 0;
    const auto [end, failure] = std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
    const bool number = failure == std::errc{} && end == expires.data() + expires.size();
    return number && unix_seconds(now) <= seconds &&
           equal_in_constant_time(query.substr(split + second.size()), signature(delivery_id, expires));
}

}  // namespace syncd
