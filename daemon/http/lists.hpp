// Lists in pages: pageSize and pageToken in, {results, pagination} out.
#pragma once

#include "config/core/error.hpp"
#include "connector/http/message.hpp"
#include "daemon/http/router.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace syncd {

inline constexpr std::int64_t page_size_max = 1000, page_size_default = 100;

/// What of a list is asked for.
class ListPage {
public:
    /// `list` names the list, with the path's names and these filters of the query: a token is good for that alone.
    /// Errors: invalid_input for a pageSize that is none, or a token that is damaged or of another list.
    static result<ListPage> of(const Call& call, std::string list, const std::vector<std::string>& filters = {});

    std::int64_t size() const { return size_; }
    /// One more than the page holds, so that the last page knows that it is.
    std::int64_t limit() const { return size_ + 1; }
    /// Where the page before ended: the key or the name of its last row.
    std::optional<std::int64_t> after() const { return after_; }

    /// Takes rows beyond the page away and answers it; `json_of` and `key_of` are of one row.
    template <class Row, class JsonOf>
    http::Response answer(std::vector<Row> rows, const JsonOf& json_of) const {
        const bool done = std::int64_t(rows.size()) <= size_;
        if (!done) rows.resize(std::size_t(size_));
        boost::json::array results;
        for (const auto& row : rows) results.push_back(json_of(row));
        return respond(std::move(results), done ? std::nullopt : std::optional(rows.back().key));
    }

private:
    http::Response respond(boost::json::array results, std::optional<std::int64_t> next) const;
    std::string token(std::int64_t after) const;

    std::string scope_;
    std::int64_t size_ = page_size_default;
    std::optional<std::int64_t> after_;
};

/// An error where the query's filter of that name has another value than these.
result<void> check_filter(const Call& call, std::string_view name, const std::vector<std::string>& allowed);

http::Response json_response(int status, const boost::json::value& value);
/// Null where the text is empty.
boost::json::value text_or_null(const std::string& text);

}  // namespace syncd
