// HTTP requests and responses as plain values: no Beast in here.
#pragma once

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncd::http {

/// Header fields in order; names compare without case.
class Headers {
public:
    Headers() = default;
    Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

    void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
    /// The first field of that name; empty when there is none.
    std::string_view get(std::string_view name) const {
        for (const auto& [field, value] : fields_)
            if (same(field, name)) return value;
        return {};
    }
    bool has(std::string_view name) const {
        return std::ranges::any_of(fields_, [&](const auto& field) { return same(field.first, name); });
    }
    auto begin() const { return fields_.begin(); }
    auto end() const { return fields_.end(); }

    static bool same(std::string_view a, std::string_view b) {
        return std::ranges::equal(a, b,
                                  [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
    }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
    std::string method = "GET";
    std::string target = "/";  // path and query, byte for byte
    Headers headers{};
    std::string body{};
};

struct Response {
    int status = 0;
    Headers headers{};
    std::string body{};
};

}  // namespace syncd::http
