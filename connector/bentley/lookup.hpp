// Finding out whether a write whose answer was lost has happened. Pure: it says what to ask and judges the answers.
#pragma once

#include "config/core/model.hpp"
#include "connector/bentley/catalog.hpp"
#include "connector/bentley/page.hpp"
#include "connector/bentley/write.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace syncd::bentley {

/// A write whose answer was lost.
struct Lost {
    WriteType type{};
    std::string record{};   // as it was sent
    std::string id{};       // of an update
    std::string marker{};   // that the record was given; empty: none
    std::string creator{};  // who we are to the provider: an email address or a user's id; empty: unknown
    Timestamp first_sent_at{}, sent_at{};  // the first and the last attempt
};

/// How far a lookup can tell.
enum class Certainty {
    none,     // there is nothing to look with
    content,  // only one match of equal content by our creator
    unique,   // a key that is there once, a marker, or the state of the very record
};
Certainty certainty(const Object& object, const Lost& lost);

/// The record with the marker in it: a tag, a hashtag, an entry of metadata. Empty where the object takes none.
std::optional<std::string> with_marker(const Object& object, std::string_view record, std::string_view marker);

/// The user that the tokens of a service application stand for, as the provider writes it.
std::string service_user(const Catalog& catalog, std::string_view client_id);

/// A lookup in progress: ask next(), give the answer to take(), until there is no next.
class Lookup {
public:
    /// REQUIRES an object that outlives it.
    Lookup(const Object& object, std::string_view base_url, Lost lost);

    /// The next GET to make; empty: done. At most 50.
    std::optional<WriteRequest> next() const;
    /// Its answer, 200 or 404. Errors: invalid_body, or what another status stands for; the lookup can't go on then.
    result<void> take(const http::Response& response);

    enum class What {
        nothing,  // it did not happen
        ours,     // it did: `written`
        taken,    // the unique key belongs to another record
        unclear,  // several records could be it, or none can be told
    };
    struct Found {
        What what{};
        Written written{};
        std::string why{};  // for people
    };
    /// REQUIRES that it is done.
    Found found() const;

    /// By what a lookup tells the record.
    enum class Means { none, state, marker, unique, inside, content };
    static Means means(const Object& object, const Lost& lost);

private:
    struct Row {
        std::string id, raw;
    };

    result<void> take_update(const http::Response& response);
    result<void> take_own(const http::Response& response);
    result<void> take_list(const http::Response& response);
    result<void> take_inside(const http::Response& response);
    /// The rows of a page; the next one is what is asked for next.
    result<std::vector<Row>> take_page(const ReadFacts& facts, const http::Response& response);
    void judge(const std::string& id, std::string_view row);
    void judge_inside();
    void next_parent();
    result<void> finish();
    result<void> end(What what, std::string why);

    const Object* object_;
    std::string base_url_;
    Lost lost_;
    Means means_;
    std::string url_;  // to be asked now; empty: done
    int asked_ = 0;
    std::set<std::string> seen_;  // pages of this list
    std::deque<Row> parents_;     // whose insides are still to be read; the first one's are being read
    bool in_parents_ = false;
    std::vector<Row> inside_;  // of the first one, so far
    std::vector<Row> ours_;
    std::size_t unclear_rows_ = 0;
    std::optional<Found> found_;
};

}  // namespace syncd::bentley
