// Lists of records as the provider pages them. Selections and whole bodies are kept until the data change.
#pragma once

#include "tests/sandbox/call.hpp"
#include "tests/sandbox/data.hpp"
#include "tests/sandbox/selection.hpp"

#include <map>
#include <string>
#include <vector>

namespace syncd::sandbox {

inline constexpr std::size_t cached_body_bytes_max = 512u << 20;   // all kept pages; beyond it they are dropped
inline constexpr std::size_t cached_selections_max = 1024;         // filtered lists, likewise

/// How a fault bends a page that is otherwise right.
struct Twist {
    std::string next{};                    // this link instead of the right one
    bool loop = false;                     // the next link is the page's own
    bool null_next = false;                // "next":null on the last page, whatever is right there
    bool no_next = false;                  // the chain ends early
    bool wrong_key = false;                // the array has another name
    bool no_id = false;                    // the first record has lost its id
    bool omit = false;                     // the first record is missing
    bool twice = false;                    // the first record stands there twice
    bool empty = false;                    // no rows, but the next link is right
    bool any() const {
        return !next.empty() || loop || null_next || no_next || wrong_key || no_id || omit || twice || empty;
    }
};

class Pages {
public:
    explicit Pages(const Data& data) : data_(data) {}

    /// The answer to a list call; `origin` goes in front of links ("http://127.0.0.1:8720").
    http::Response list(const ObjectRow& row, const Call& call, const std::string& origin, const Twist& twist);
    /// The record's text, its signed URL or time of access new.
    std::string fresh(const Record& record);

private:
    using Rows = std::vector<const Record*>;

    struct Frame {                         // what a page shows of a selection
        std::size_t first = 0, end = 0;
        std::string self{}, prev{}, next{};  // empty: none
        bool next_null = false;
        std::optional<std::size_t> cap{};  // X-Max-Return
    };
    struct Body {
        std::string text;
        std::vector<Renewed> renewed;
    };

    const Selection& select(const ObjectRow& row, const Call& call);
    static std::string selecting(const ObjectRow& row, const Call& call);
    using Refusal = std::optional<http::Response>;
    static Refusal frame_by_offset(const ObjectRow& row, const Call& call, const std::string& url, std::size_t rows,
                                   Frame& frame);
    static Refusal frame_by_token(const ObjectRow& row, const Call& call, const std::string& url, const Rows& rows,
                                  Frame& frame);
    static Refusal frame_by_offset_token(const ObjectRow& row, const Call& call, const std::string& url,
                                         std::size_t rows, Frame& frame);
    static Refusal frame_page(const ObjectRow& row, const Call& call, const std::string& url, const Rows& rows,
                              Frame& frame);
    static Body assemble(const ObjectRow& row, const Rows& rows, const Frame& frame, bool minimal, const Twist& twist);
    void renew(std::string& text, Renewed where) const;
    void forget_when_changed();

    const Data& data_;
    std::uint64_t version_ = 0;
    std::uint64_t reads_ = 0;              // makes what is renewed another each time
    std::map<std::string, Selection> selections_;
    std::map<std::string, Body> bodies_;
    std::size_t body_bytes_ = 0;
};

}  // namespace syncd::sandbox
