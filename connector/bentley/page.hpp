// A page of a list: where the first one is, and what an answer holds. Pure.
#pragma once

#include "config/core/error.hpp"
#include "config/core/model.hpp"
#include "connector/bentley/catalog.hpp"
#include "connector/http/message.hpp"

#include <map>
#include <optional>
#include <string>

namespace syncd::bentley {

struct ListRequest {
    std::int64_t page_size = 0;                // 0: the object's largest
    std::optional<Timestamp> since;            // for incremental reads
    std::optional<Timestamp> until;            // end of a range
    std::map<std::string, std::string> query;  // further parameters
};

/// The URL of the first page.
std::string first_page_url(const ReadFacts& facts, const std::string& base_url, const ListRequest& request);
/// The headers that go with every page: Accept and the catalog's.
http::Headers page_headers(const ReadFacts& facts);
/// The URL of a record's own read. REQUIRES facts.own.
std::string own_url(const ReadFacts& facts, const std::string& base_url, const std::string& id);

/// One page from an answer with status 200. Rows that stand twice in it count once, the last one.
/// Errors: invalid_body (not JSON, another content type, no array, a record without id, a next link to another origin
/// than `base_url`). Never a short page. Source: iTwin Platform, page links in `_links.next.href`: absent, null, {} and
/// an empty href all mean the last page.
result<Page> parse_page(const ReadFacts& facts, const std::string& base_url, const http::Response& response);

}  // namespace syncd::bentley
