#include "daemon/http/page.hpp"

#include "connector/http/url.hpp"
#include "connector/oauth/pkce.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd {
namespace {

constexpr std::string_view style =
    "body{margin:0;padding:3rem 1rem;background:#f4f5f7;color:#1d2125;"
    "font:16px/1.5 system-ui,sans-serif}"
    "main{max-width:34rem;margin:0 auto;padding:2rem;background:#fff;border:1px solid #d8dce2;border-radius:8px}"
    "h1{margin:0 0 1rem;font-size:1.35rem}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.4rem 1.5rem;margin:1.2rem 0}"
    "dt{color:#5b6470}dd{margin:0;overflow-wrap:anywhere}"
    "label{display:block;margin:1rem 0 .3rem}"
    "input[type=password]{width:100%;box-sizing:border-box;padding:.55rem;font:inherit;border:1px solid #9aa3af;"
    "border-radius:5px}"
    "button,.button{display:inline-block;margin-top:1rem;padding:.6rem 1.2rem;font:inherit;color:#fff;"
    "background:#0a5cad;border:0;border-radius:5px;text-decoration:none;cursor:pointer}"
    "button:hover,.button:hover{background:#084a8c}"
    "footer{max-width:34rem;margin:1rem auto 0;color:#5b6470;font-size:.85rem}"
    "@media (prefers-color-scheme:dark){body{background:#16191d;color:#e6e8eb}"
    "main{background:#1f242a;border-color:#39414b}dt,footer{color:#a3acb8}"
    "input[type=password]{background:#16191d;color:inherit}}";

/// The style as a content security policy names it.
std::string style_source() {
    auto digest = oauth::digest_of(style) + "=";
    std::ranges::replace(digest, '-', '+');
    std::ranges::replace(digest, '_', '/');
    return "'sha256-" + digest + "'";
}

}  // namespace

std::string escape_html(std::string_view text) {
    std::string out;
    for (const char c : text) switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    return out;
}

http::Response html_page(int status, std::string_view title, std::string body, PageWith with) {
    const bool form = with == PageWith::form;
    const auto policy =
        fmt::format("default-src 'none'; style-src {}; base-uri 'none'; frame-ancestors 'none'; form-action {}",
                    style_source(), form ? "'self'" : "'none'");
    return {status,
            {{"Content-Type", "text/html; charset=utf-8"},
             {"Content-Security-Policy", policy},
             {"Cache-Control", "no-store"},
             {"X-Content-Type-Options", "nosniff"},
             // With no-referrer a browser hides its Origin when it posts the form, and we refuse such posts.
             {"Referrer-Policy", form ? "same-origin" : "no-referrer"}},
            fmt::format(
                "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0} – bentley-syncd</title>"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                "<style>{1}</style></head>\n<body><main><h1>{0}</h1>\n{2}\n</main>"
                "<footer>bentley-syncd</footer></body></html>\n",
                escape_html(title), style, body)};
}

http::Response plain_page(int status, std::string_view title, std::string_view text) {
    return html_page(status, title, "<p>" + escape_html(text) + "</p>");
}

std::string base_path(const std::string& public_url) {
    const auto url = http::parse_url(public_url);
    auto path = url ? url->target.substr(0, url->target.find('?')) : std::string();
    while (path.ends_with('/')) path.pop_back();
    return path;
}

bool is_https(std::string_view public_url) { return public_url.starts_with("https://"); }

}  // namespace syncd
