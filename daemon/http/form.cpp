#include "daemon/http/form.hpp"

#include "connector/http/url.hpp"

#include <algorithm>

namespace syncd {
namespace {

std::string decode(std::string_view text) {
    std::string spaced(text);
    std::ranges::replace(spaced, '+', ' ');
    return http::percent_decode(spaced);
}

}  // namespace

Form::Form(std::string_view text) {
    while (!text.empty()) {
        const auto pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), pair.size() + 1));
        const auto equals = std::min(pair.find('='), pair.size());
        const auto value = pair.substr(std::min(pair.size(), equals + 1));
        if (!pair.empty()) fields_.emplace_back(decode(pair.substr(0, equals)), decode(value));
    }
}

std::string Form::get(std::string_view name) const {
    const auto named = [&](const auto& field) { return field.first == name; };
    const auto found = std::ranges::find_if(fields_, named);
    return found == fields_.end() || std::ranges::count_if(fields_, named) > 1 ? std::string() : found->second;
}

std::string cookie_of(const http::Request& request, std::string_view name) {
    for (auto rest = request.headers.get("Cookie"); !rest.empty();) {
        auto pair = rest.substr(0, rest.find(';'));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        while (pair.starts_with(' ')) pair.remove_prefix(1);
        if (pair.starts_with(name) && pair.substr(name.size()).starts_with('='))
            return std::string(pair.substr(name.size() + 1));
    }
    return {};
}

}  // namespace syncd
