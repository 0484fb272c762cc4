// Fields of a query, of an application/x-www-form-urlencoded body, or of cookies.
#pragma once

#include "connector/http/message.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncd {

class Form {
public:
    /// `name=value&…`; a plus sign is a space.
    explicit Form(std::string_view text);
    /// Decoded; empty when it is not there, or there twice.
    std::string get(std::string_view name) const;

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// The first cookie of that name; empty when there is none.
std::string cookie_of(const http::Request& request, std::string_view name);

}  // namespace syncd
