// Pages for people: plain HTML that works without scripts and loads nothing.
#pragma once

#include "connector/http/message.hpp"

#include <string>
#include <string_view>

namespace syncd {

/// Safe inside elements and quoted attributes.
std::string escape_html(std::string_view text);

enum class PageWith { nothing, form };  // a form posts to us

/// `body` is HTML; what strangers gave has been escaped. Nothing keeps the page or frames it.
http::Response html_page(int status, std::string_view title, std::string body, PageWith with = PageWith::nothing);
/// A page that says one thing.
http::Response plain_page(int status, std::string_view title, std::string_view text);

/// The path in front of all our routes, as a browser sees them: where a reverse proxy put us. Empty: none.
std::string base_path(const std::string& public_url);
bool is_https(std::string_view public_url);

}  // namespace syncd
