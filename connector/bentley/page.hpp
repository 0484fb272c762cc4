// A page of a list: where the first one is, and what an answer holds. Pure.
#pragma once

#include "config/core/error.hpp"
#include "config/core/model.hpp"
#include "connector/bentley/catalog.hpp"
#include "connector/http/message.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace syncd::bentley {

struct ListRequest {
    std::int64_t page_size = 0;             // 0: the object's largest
    std::optional<Timestamp> since, until;  // by facts.incremental, both inclusive
    std::string itwin_id;                   // this iTwin's rows only, by facts.per_itwin; empty: what the caller sees
    std::optional<Timestamp> from, before;  // a slice by facts.slices, without `before`; empty: open
    std::map<std::string, std::string> query;  // further parameters; a filter of the user's is joined with ours
};

/// The URL of the first page. Times are sent in whole seconds, `since` and `from` rounded down, the others up.
std::string first_page_url(const ReadFacts& facts, const std::string& base_url, const ListRequest& request);
/// The URL of the list of these records; `page_size` as in ListRequest. REQUIRES facts.by_ids and ids.
std::string by_ids_url(const ReadFacts& facts, const std::string& base_url, const std::string& itwin_id,
                       std::span<const std::string> ids, std::int64_t page_size = 0);
/// The headers that go with every page: Accept and the catalog's.
http::Headers page_headers(const ReadFacts& facts);
/// The URL of a record's own read. REQUIRES facts.own.
std::string own_url(const ReadFacts& facts, const std::string& base_url, const std::string& id);

/// One page from an answer with status 200. Rows that stand twice in it count once, the last one.
/// Errors: invalid_body (not JSON, another content type, no array, a record without id, a next link to another origin
/// than `base_url`). Never a short page. Source: iTwin Platform, page links in `_links.next.href`: absent, null, {} and
/// an empty href all mean the last page; so does, where the catalog says it, a link to the page itself, `url`.
result<Page> parse_page(const ReadFacts& facts, const std::string& base_url, const http::Response& response,
                        std::string_view url = {});

/// The record in the answer to its own read. Errors: invalid_body.
result<Record> parse_own(const ReadFacts& facts, const http::Response& response);

}  // namespace syncd::bentley
